import type { AlertSeverity } from '../../../../contract/alert.ts';
import { isAlertKind } from '../../../../contract/alert-kinds.ts';
import type { AlertFact, ReportFacts } from '../../../../contract/report-facts.ts';
import { name, shortDuration, whenIn } from '../../words/formats.ts';
import type { ReportWords } from '../../words/words.ts';
import type { Sign, TableSection } from '../page.ts';

const ROWS_MAX = 10;
const TITLE_LENGTH_MAX = 160;
const SIGNS: Readonly<Record<AlertSeverity, Sign>> = { critical: 'red', warning: 'yellow', info: 'grey' };

/** The worst alerts: what happened, and what became of it. */
export function incidentsSection(facts: ReportFacts, words: ReportWords): TableSection {
  const { alerts, totals } = facts;
  const shown = alerts.list.slice(0, ROWS_MAX);
  const none = totals.alerts_opened === null ? words.none.notKnown : words.none.incidents;
  return {
    type: 'table',
    heading: words.headings.incidents,
    ...(shown.length === 0 ? { none } : {}),
    columns: [
      { head: words.columns.when, look: 'text' },
      { head: words.columns.severity, look: 'sign' },
      { head: words.columns.what, look: 'text', share: 5 },
      { head: words.columns.course, look: 'text', share: 3 },
    ],
    rows: shown.map((alert) => [
      alert.from_before ? words.incident.fromBefore : whenIn(facts, alert.first_at, words),
      { sign: SIGNS[alert.severity], text: words.alerts.severity[alert.severity] },
      { text: whatHappened(alert, words), also: where(alert, words) },
      courseOf(alert, words),
    ]),
    ...(alerts.total > shown.length && shown.length > 0 ? { note: words.listCut(shown.length, alerts.total) } : {}),
  };
}

/** Titles are English as they were raised; another language says the kind in its own words where it has some. */
function whatHappened({ kind, title }: AlertFact, { language, alerts }: ReportWords): string {
  return language === 'en' || !isAlertKind(kind) ? name(title, TITLE_LENGTH_MAX) : alerts.kinds[kind].what;
}

function where({ agent_id, server }: AlertFact, { incident }: ReportWords): string {
  return agent_id === null ? incident.server(name(server)) : incident.on(name(agent_id), name(server, 40));
}

function courseOf(alert: AlertFact, words: ReportWords): string {
  const { incident } = words;
  const seconds = alert.resolved_at === null ? 0 : (Date.parse(alert.resolved_at) - Date.parse(alert.first_at)) / 1_000;
  const parts = [
    alert.resolved_at === null ? incident.stillOpen : incident.over(shortDuration(seconds, words)),
    seenBy(alert, words),
    ...(alert.count > 1 ? [incident.times(alert.count)] : []),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function seenBy({ acknowledged_at, acknowledged_by, resolved_at }: AlertFact, { incident }: ReportWords): string {
  if (acknowledged_by !== null) return incident.seenBy(name(acknowledged_by, 30));
  if (acknowledged_at !== null) return incident.seen;
  return resolved_at === null ? incident.unseen : '';
}
