import { useEffect, useRef, useState } from 'preact/hooks';
import type { AlertView } from '../../contract/fleet.ts';
import { Age } from './age.tsx';
import { SEVERITY_WORDS } from './marks.tsx';
import { usePage, useWords } from './page-context.ts';

/** More would push the fleet off the screen; the rest is one click away. */
const SHOWN_AT_FIRST = 3;

/** What went wrong, newest first: the open ones at first, all of them on demand. */
export function AlertList({ alerts }: { readonly alerts: readonly AlertView[] }) {
  const words = useWords();
  const [all, setAll] = useState(false);
  const open = alerts.filter((alert) => alert.state === 'open');
  const shown = all ? alerts : open.slice(0, SHOWN_AT_FIRST);
  return (
    <section class="alerts" aria-labelledby="alerts-title">
      <div class="toolbar">
        <h2 id="alerts-title">{words.say('alerts')}</h2>
        {open.length === 0 && <span class="count">{words.say('alertsNone')}</span>}
        {(all || alerts.length > shown.length) && (
          <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? words.say('alertsShowFewer') : words.say('alertsShowAll', { count: words.number(alerts.length) })}
          </button>
        )}
      </div>
      {shown.length > 0 && (
        <ul class="alert-list">
          {shown.map((alert) => (
            <AlertItem key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      <NewAlert alert={open[0]} />
    </section>
  );
}

function AlertItem({ alert }: { readonly alert: AlertView }) {
  const words = useWords();
  return (
    <li class={`alert alert-${alert.severity} alert-${alert.state}`}>
      <span class="severity">{words.say(SEVERITY_WORDS[alert.severity])}</span>
      <span class="alert-title">
        <bdi>{alert.title}</bdi>
      </span>
      <span class="alert-where">
        {alert.agent_id !== null && (
          <>
            <bdi>{alert.agent_id}</bdi>
            {' · '}
          </>
        )}
        <bdi dir="ltr">{alert.server}</bdi>
      </span>
      <span class="alert-when">
        {alert.state === 'acknowledged' && <span class="alert-state">{words.say('alertAcknowledged')}</span>}
        {alert.state === 'resolved' && <span class="alert-state">{words.say('alertResolved')}</span>}
        {alert.count > 1 && <span>{words.say('alertTimes', { count: words.number(alert.count) })}</span>}
        {alert.count > 1 && <FirstAge at={alert.first_at} />}
        <Age at={alert.last_at} />
      </span>
    </li>
  );
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

/** Tells a screen reader of an alert that came while the page was open; the ones from before are in the list. */
function NewAlert({ alert }: { readonly alert: AlertView | undefined }) {
  const words = useWords();
  const { live } = usePage();
  const openedAt = useRef(live.now());
  const [told, setTold] = useState('');
  const isNew = alert !== undefined && Date.parse(alert.first_at) >= openedAt.current;
  useEffect(() => {
    if (isNew) setTold(words.say('alertNew', { title: alert.title }));
  }, [isNew, alert?.id, alert?.title, words]);
  return (
    <p class="visually-hidden" aria-live="polite">
      {told}
    </p>
  );
}
