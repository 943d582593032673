import { useState } from 'preact/hooks';
import type { SilenceView } from '../../contract/fleet.ts';
import { isolate, readable } from '../model/readable.ts';
import { alertAddress } from '../model/view.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { usePage, useWords } from './page-context.ts';
import { isOperator, useRole } from './use-role.ts';

/** More would push the alerts off the screen; the rest is one click away. */
const SHOWN_AT_FIRST = 3;
const REASON_LENGTH_MAX = 500;

interface SilenceListProps {
  readonly silences: readonly SilenceView[];
  /** One was ended and is gone, and its button with it: the focus needs another place. */
  readonly onEnded: () => void;
}

/** Of what nobody is told, until when and why; those that end first first. */
export function SilenceList({ silences, onEnded }: SilenceListProps) {
  const words = useWords();
  const role = useRole();
  const [all, setAll] = useState(false);
  if (silences.length === 0) return null;
  return (
    <section aria-labelledby="silences-title">
      <div class="toolbar">
        <h2 id="silences-title">{words.say('silences')}</h2>
        <span class="count">{words.number(silences.length)}</span>
        {silences.length > SHOWN_AT_FIRST && (
          <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? words.say('alertsShowFewer') : words.say('alertsShowAll', { count: words.number(silences.length) })}
          </button>
        )}
      </div>
      <ul class="silence-list">
        {(all ? silences : silences.slice(0, SHOWN_AT_FIRST)).map((silence) => (
          <Silence key={silence.id} silence={silence} mayEnd={isOperator(role)} onEnded={onEnded} />
        ))}
      </ul>
    </section>
  );
}

interface SilenceProps extends Pick<SilenceListProps, 'onEnded'> {
  readonly silence: SilenceView;
  readonly mayEnd: boolean;
}

function Silence({ silence, mayEnd, onEnded }: SilenceProps) {
  const words = useWords();
  const { alerts, live } = usePage();
  const { id, starts_at: from, ends_at: to, created_by: by, reason } = silence;
  const times = { from: words.moment(from), to: words.moment(to) };
  const isToCome = Date.parse(from) > live.now();
  return (
    <li>
      <span class="silence-what">
        <What silence={silence} />
      </span>
      <span class="silence-when">{words.say(isToCome ? 'silenceFromTo' : 'silenceTo', times)}</span>
      <span class="silence-why">
        <bdi>{readable(reason, REASON_LENGTH_MAX)}</bdi>{' '}
        <span class="soft">{words.say('silenceBy', { name: isolate(by) })}</span>
      </span>
      {mayEnd && (
        <ConfirmButton
          label={words.say('silenceEnd')}
          question={words.say('silenceEndAsk')}
          refusal={words.say('cancel')}
          harmless
          onConfirm={async () => {
            await alerts.endSilence(id);
            onEnded();
          }}
        />
      )}
    </li>
  );
}

/** Names and patterns, as they were given. */
function What({ silence: { alert_id: alertId, kind, agent_id: agentId, server } }: { readonly silence: SilenceView }) {
  const words = useWords();
  if (alertId !== null) return <a href={alertAddress(alertId)}>{words.say('silenceOne')}</a>;
  const names = [kind, agentId, server].filter((name) => name !== null);
  if (names.length === 0) return words.say('silenceEverything');
  return names.map((name, index) => (
    <>
      {index > 0 && ' · '}
      <bdi dir="ltr">{name}</bdi>
    </>
  ));
}
