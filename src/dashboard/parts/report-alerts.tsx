import type { AlertFact } from '../../contract/report-facts.ts';
import { readable } from '../model/readable.ts';
import { alertAddress } from '../model/view.ts';
import { SEVERITY_WORDS } from './marks.tsx';
import { useWords } from './page-context.ts';

const ALERTS_SHOWN = 8;
const TITLE_CHARACTERS_MAX = 200;

interface ReportAlertsProps {
  readonly alerts: readonly AlertFact[];
  readonly total: number;
  /** Of the report: a day's alerts are told by the clock that makes its day. */
  readonly zone: string;
}

/** What went wrong in that time, as it stood at its end; each leads to the alert as it is now. */
export function ReportAlerts({ alerts, total, zone }: ReportAlertsProps) {
  const words = useWords();
  if (total === 0) return null;
  const shown = alerts.slice(0, ALERTS_SHOWN);
  return (
    <section aria-labelledby="report-alerts-title">
      <div class="toolbar">
        <h2 id="report-alerts-title">{words.say('reportAlerts')}</h2>
        <span class="count">{words.number(total)}</span>
      </div>
      <ul class="report-alerts">
        {shown.map((one) => (
          <li key={one.id} class={`alert-${one.severity}`}>
            <span class="severity">{words.say(SEVERITY_WORDS[one.severity])}</span>
            <a href={alertAddress(one.id)}>
              <bdi>{readable(one.title, TITLE_CHARACTERS_MAX)}</bdi>
            </a>
            <span class="soft">
              <bdi>{readable(one.agent_id ?? one.server, TITLE_CHARACTERS_MAX)}</bdi>
            </span>
            <span class="soft">
              <time dateTime={one.first_at}>{words.moment(one.first_at, zone)}</time>
              {' · '}
              {words.say(
                one.resolved_at !== null
                  ? 'alertResolved'
                  : one.acknowledged_at !== null
                    ? 'alertAcknowledged'
                    : 'alertOpen',
              )}
            </span>
          </li>
        ))}
        {total > shown.length && <li class="soft">{words.count('reportAlertsMore', total - shown.length)}</li>}
      </ul>
    </section>
  );
}
