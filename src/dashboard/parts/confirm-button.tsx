import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reasonOf } from '../live/api.ts';
import { useWords } from './page-context.ts';

interface ConfirmButtonProps {
  readonly label: string;
  /** What is asked before it is done: what it does, and to what. */
  readonly question: string;
  /** The harmless answer; absent: to keep what there is. */
  readonly refusal?: string;
  /** A button among others rather than a link in a line of text. */
  readonly prominent?: boolean;
  /** It can be taken back as easily. */
  readonly harmless?: boolean;
  /** Whether a reason may be given, which `onConfirm` is handed. */
  readonly asksReason?: boolean;
  /** What the reason is called; absent: that. */
  readonly reasonLabel?: string;
  readonly onConfirm: (reason: string | undefined) => Promise<void>;
}

/** The API's own bound. */
const REASON_CHARACTERS_MAX = 500;

type Step =
  | { readonly type: 'idle' }
  | { readonly type: 'asking'; readonly problem?: string }
  | { readonly type: 'doing' };

/** Something that can't be taken back, or that others should know why: the first press asks, the second does it. What the orchestrator says against it stands beside. */
export function ConfirmButton(props: ConfirmButtonProps) {
  const { label, question, refusal, prominent, harmless, asksReason, onConfirm } = props;
  const words = useWords();
  const [step, setStep] = useState<Step>({ type: 'idle' });
  const [reason, setReason] = useState('');
  const reasonLabel = props.reasonLabel ?? words.say('reasonOptional');
  const keep = useRef<HTMLButtonElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const wasAsked = useRef(false);
  // Before it is painted: whoever sees the question has the harmless answer under Enter.
  useLayoutEffect(() => {
    if (step.type === 'asking') keep.current?.focus(); // a second press of Enter changes nothing
    if (step.type === 'idle' && wasAsked.current) opener.current?.focus({ preventScroll: true });
    wasAsked.current = step.type !== 'idle';
  }, [step.type]);

  const confirm = async () => {
    setStep({ type: 'doing' });
    try {
      await onConfirm(reason.trim() === '' ? undefined : reason.trim());
      setReason('');
      setStep({ type: 'idle' });
    } catch (error) {
      setStep({ type: 'asking', problem: words.say('actionFailed', { reason: reasonOf(error) }) });
    }
  };

  if (step.type === 'idle') {
    return (
      <button
        ref={opener}
        type="button"
        class={prominent ? '' : 'link revoke'}
        onClick={() => setStep({ type: 'asking' })}
      >
        {label}
      </button>
    );
  }
  return (
    <fieldset class="confirm" onKeyDown={(event) => event.key === 'Escape' && setStep({ type: 'idle' })}>
      <legend>{question}</legend>
      {step.type === 'asking' && step.problem !== undefined && (
        <p class="problem" role="alert">
          {step.problem}
        </p>
      )}
      {asksReason && (
        <input
          dir={reason === '' ? undefined : 'auto'} // without a text it is the placeholder's
          class="confirm-reason"
          maxLength={REASON_CHARACTERS_MAX}
          aria-label={reasonLabel}
          placeholder={reasonLabel}
          value={reason}
          disabled={step.type === 'doing'}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      )}
      <button type="button" class={harmless ? 'primary' : 'danger'} disabled={step.type === 'doing'} onClick={confirm}>
        {label}
      </button>
      <button ref={keep} type="button" disabled={step.type === 'doing'} onClick={() => setStep({ type: 'idle' })}>
        {refusal ?? words.say('keep')}
      </button>
    </fieldset>
  );
}
