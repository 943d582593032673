import { useEffect, useRef, useState } from 'preact/hooks';
import type { AlertView } from '../../contract/fleet.ts';
import { ALERTS_ADDRESS } from '../model/view.ts';
import { AlertItem } from './alert-item.tsx';
import { usePage, useWords } from './page-context.ts';

/** More would push the fleet off the screen; the rest is one click away. */
const SHOWN_AT_FIRST = 3;

/** What went wrong and nobody has seen yet, newest first; all of it is on a page of its own. */
export function AlertList({ alerts }: { readonly alerts: readonly AlertView[] }) {
  const words = useWords();
  const open = alerts.filter((alert) => alert.state === 'open');
  return (
    <section class="alerts" aria-labelledby="alerts-title">
      <div class="toolbar">
        <h2 id="alerts-title">{words.say('alerts')}</h2>
        {open.length === 0 && <span class="count">{words.say('alertsNone')}</span>}
        <a href={ALERTS_ADDRESS}>{words.say('alertsAll')}</a>
      </div>
      {open.length > 0 && (
        <ul class="alert-list">
          {open.slice(0, SHOWN_AT_FIRST).map((alert) => (
            <AlertItem key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      <NewAlert alert={open[0]} />
    </section>
  );
}

/** Tells a screen reader of an alert that came while the page was open; the ones from before are in the list. */
export function NewAlert({ alert }: { readonly alert: AlertView | undefined }) {
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
