import { useMemo } from 'preact/hooks';
import type { AlertDetail } from '../../contract/fleet.ts';
import { sayAlertEvent, sayDelivery } from '../messages/timeline-words.ts';
import { type TimelineEntry, timelineOf } from '../model/alert-timeline.ts';
import { readable } from '../model/readable.ts';
import { SEVERITY_WORDS } from './marks.tsx';
import { useWords } from './page-context.ts';

const TEXT_LENGTH_MAX = 1_000;

/** What happened to an alert, who did it, and whom it was told to, oldest first. */
export function AlertTimeline({ alert }: { readonly alert: AlertDetail }) {
  const words = useWords();
  const { events, deliveries } = alert;
  const entries = useMemo(() => timelineOf({ events, deliveries }), [events, deliveries]);
  return (
    <section>
      <h2>{words.say('alertTimeline')}</h2>
      {entries.length === 0 && <p class="soft">{words.say('timelineNone')}</p>}
      <ol class="timeline">
        {entries.map((entry, index) => (
          <li key={index} class={`timeline-${looks(entry)}`}>
            <time dateTime={entry.at} title={entry.at}>
              {words.moment(entry.at)}
            </time>
            <span class="dot" aria-hidden="true" />
            <Said entry={entry} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Said({ entry }: { readonly entry: TimelineEntry }) {
  const words = useWords();
  if (entry.type === 'event') {
    const { event } = entry;
    return (
      <div>
        <p>{sayAlertEvent(words, event, SEVERITY_WORDS[event.severity])}</p>
        {event.note !== null && (
          <p class="timeline-note">
            <bdi>{readable(event.note, TEXT_LENGTH_MAX)}</bdi>
          </p>
        )}
      </div>
    );
  }
  const { delivery } = entry;
  return (
    <div>
      <p>{sayDelivery(words, delivery)}</p>
      {delivery.error !== null && delivery.state !== 'told' && (
        <p class="refusal">
          <bdi>{readable(delivery.error, TEXT_LENGTH_MAX)}</bdi>
        </p>
      )}
    </div>
  );
}

/** How an entry is painted: by what happened, or by how telling it went. */
function looks(entry: TimelineEntry): string {
  return entry.type === 'event' ? entry.event.event : entry.delivery.state;
}
