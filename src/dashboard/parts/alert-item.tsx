import type { AlertView } from '../../contract/fleet.ts';
import { isolate, readable } from '../model/readable.ts';
import { alertAddress } from '../model/view.ts';
import { Age } from './age.tsx';
import { SEVERITY_WORDS } from './marks.tsx';
import { useWords } from './page-context.ts';

const TITLE_LENGTH_MAX = 500;

/** One alert of a list; all of it leads to what is known of it. */
export function AlertItem({ alert }: { readonly alert: AlertView }) {
  const words = useWords();
  return (
    <li class={`alert alert-${alert.severity} alert-${alert.state}`}>
      <span class="severity">{words.say(SEVERITY_WORDS[alert.severity])}</span>
      <a class="alert-title" href={alertAddress(alert.id)}>
        <bdi>{readable(alert.title, TITLE_LENGTH_MAX)}</bdi>
      </a>
      <AlertWhere alert={alert} />
      <span class="alert-when">
        <WhoHasIt alert={alert} />
        {alert.count > 1 && <span>{words.say('alertTimes', { count: words.number(alert.count) })}</span>}
        {alert.count > 1 && <FirstAge at={alert.first_at} />}
        <Age at={alert.last_at} />
      </span>
    </li>
  );
}

/** The AI agent and its server; names keep their own direction. */
export function AlertWhere({ alert }: { readonly alert: Pick<AlertView, 'agent_id' | 'server'> }) {
  return (
    <span class="alert-where">
      {alert.agent_id !== null && (
        <>
          <bdi>{alert.agent_id}</bdi>
          {' · '}
        </>
      )}
      <bdi dir="ltr">{alert.server}</bdi>
    </span>
  );
}

/** Nothing of an open one; else who has seen it, or ended it. */
function WhoHasIt({ alert }: { readonly alert: AlertView }) {
  const words = useWords();
  const { state, acknowledged_by: seenBy, resolved_by: endedBy } = alert;
  switch (state) {
    case 'open':
      return null;
    case 'acknowledged':
      return (
        <span class="alert-state">
          {seenBy === null
            ? words.say('alertAcknowledged')
            : words.say('alertAcknowledgedBy', { name: isolate(seenBy) })}
        </span>
      );
    case 'resolved':
      return (
        <span class="alert-state">
          {endedBy === null ? words.say('alertResolved') : words.say('alertResolvedBy', { name: isolate(endedBy) })}
        </span>
      );
    default:
      return state satisfies never;
  }
}

function FirstAge({ at }: { readonly at: string }) {
  const words = useWords();
  const [before = '', after = ''] = words.say('alertFirst').split('{age}');
  return (
    <span>
      {before}
      <Age at={at} />
      {after}
    </span>
  );
}
