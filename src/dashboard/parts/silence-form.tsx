import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AlertDetail } from '../../contract/fleet.ts';
import { reasonOf, type SilenceWish } from '../live/api.ts';
import type { TextKey } from '../messages/words.ts';
import { isolate } from '../model/readable.ts';
import {
  planSilence,
  SILENCE_SCOPES,
  SILENCE_SECONDS,
  type SilencePlan,
  type SilenceScope,
} from '../model/silence-wish.ts';
import { usePage, useWords } from './page-context.ts';

const SCOPE_WORDS: Readonly<Record<SilenceScope, TextKey>> = {
  alert: 'silenceThis',
  kindHere: 'silenceKindHere',
  kind: 'silenceKind',
};

const PROBLEM_WORDS: Readonly<Record<Extract<SilencePlan, { type: 'problem' }>['problem'], TextKey>> = {
  past: 'silencePast',
  far: 'silenceFar',
  reason: 'silenceNoReason',
};

/** The API's own bound. */
const REASON_CHARACTERS_MAX = 500;

interface SilenceFormProps {
  readonly alert: AlertDetail;
  readonly onSilence: (wish: SilenceWish) => Promise<void>;
  readonly onCancel: () => void;
}

/** Which alerts nobody is to be told of, for how long and why. What stands against it stands beside. */
export function SilenceForm({ alert, onSilence, onCancel }: SilenceFormProps) {
  const words = useWords();
  const { live } = usePage();
  const [scope, setScope] = useState<SilenceScope>('alert');
  /** Empty: until a time. */
  const [seconds, setSeconds] = useState(String(SILENCE_SECONDS[0]));
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [doing, setDoing] = useState(false);
  const [problem, setProblem] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (doing) return;
    const time = seconds === '' ? { untilMs: new Date(until).getTime() } : { seconds: Number(seconds) };
    const plan = planSilence(alert, scope, time, reason, live.now());
    if (plan.type === 'problem') return setProblem(words.say(PROBLEM_WORDS[plan.problem]));
    setDoing(true);
    setProblem(undefined);
    try {
      await onSilence(plan.wish);
    } catch (error) {
      setProblem(words.say('actionFailed', { reason: reasonOf(error) }));
      setDoing(false);
    }
  };

  const names = { kind: isolate(alert.kind), server: isolate(alert.server) };
  return (
    <form
      ref={form}
      class="silence-form"
      aria-label={words.say('silence')}
      noValidate
      onSubmit={submit}
      onKeyDown={(event) => event.key === 'Escape' && !doing && onCancel()}
    >
      <fieldset class="choice">
        <legend>{words.say('silenceAsk')}</legend>
        {SILENCE_SCOPES.map((one) => (
          <label key={one}>
            <input type="radio" name="scope" checked={scope === one} onChange={() => setScope(one)} />
            <span>{words.say(SCOPE_WORDS[one], names)}</span>
          </label>
        ))}
      </fieldset>
      <div class="silence-time">
        <label class="field">
          <span>{words.say('silenceFor')}</span>
          <select value={seconds} onChange={({ currentTarget: { value } }) => setSeconds(value)}>
            {SILENCE_SECONDS.map((one) => (
              <option key={one} value={one}>
                {words.duration(one)}
              </option>
            ))}
            <option value="">{words.say('silenceUntilTime')}</option>
          </select>
        </label>
        {seconds === '' && (
          <label class="field">
            <span>{words.say('silenceUntil')}</span>
            <input
              type="datetime-local"
              dir="ltr"
              value={until}
              onInput={({ currentTarget: { value } }) => setUntil(value)}
            />
          </label>
        )}
      </div>
      <label class="field">
        <span>{words.say('silenceReason')}</span>
        <input
          dir="auto"
          maxLength={REASON_CHARACTERS_MAX}
          value={reason}
          onInput={({ currentTarget: { value } }) => setReason(value)}
        />
      </label>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="primary" aria-disabled={doing}>
        {words.say('silenceDo')}
      </button>
      <button type="button" disabled={doing} onClick={onCancel}>
        {words.say('cancel')}
      </button>
    </form>
  );
}
