import type { CriticalAlertFacts, CriticalFacts, FactsPeriod, FactsSlot } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { nameLabel, wordLabel } from './chart-text.ts';
import { CHART_WIDTH_PX, type ChartPlan, drawChart, FONT_PX, type ReportChart } from './draw-chart.ts';
import { gridOf, legendOf, panelNote, RIM_PX, sideOf } from './layout.ts';
import { type Fill, NOT_KNOWN, STATE_FILLS } from './palette.ts';
import { hourNames } from './slot-names.ts';
import { NAMES_PX, ROW_PX, type RowSpan, rowAxis, spanSeries, timeAxis } from './timeline-rows.ts';
import { CHART_WORDS } from './words.ts';

/** Of a day with more alerts, the rest is told as a number. */
export const ALERT_ROWS_MAX = 30;
const LEGEND_PX = 24;
const TIMES_PX = 20;
const HOUR_MS = 3_600_000;

/** How an alert stood: nobody had seen it, somebody had, or (after the facts were gathered) it wasn't over yet. */
const STANDS = ['unseen', 'seen', 'goes_on'] as const;
export type AlertStand = (typeof STANDS)[number];
const FILLS: Readonly<Record<AlertStand, Fill>> = {
  unseen: STATE_FILLS.down,
  seen: STATE_FILLS.degraded,
  goes_on: NOT_KNOWN,
};

/** The alerts of a day, a row each. */
export function renderCriticalChart(facts: CriticalFacts, lang: ReportLanguage): ReportChart {
  return drawChart(criticalPlan(facts, lang));
}

export function criticalPlan(facts: CriticalFacts, lang: ReportLanguage): ChartPlan {
  const words = CHART_WORDS[lang];
  const side = sideOf(lang);
  const shown = facts.alerts.slice(0, ALERT_ROWS_MAX);
  const rows = shown.map((alert) => standsOf(alert, facts));
  const stands = STANDS.filter((stand) => rows.some((spans) => spans.some((span) => span.stand === stand)));
  const rowsPx = Math.max(1, rows.length) * ROW_PX;
  const slots = hoursOf(facts.period);
  const more = facts.total - shown.length;
  const notesTop = LEGEND_PX + rowsPx + TIMES_PX;
  const option = {
    legend: legendOf(
      side,
      stands.map((stand) => ({ name: words.alertStands[stand], fill: FILLS[stand] })),
    ),
    title: more > 0 ? [panelNote(side, words.moreAlerts(more), NAMES_PX, notesTop)] : [],
    grid: [
      gridOf(side, { before: NAMES_PX, width: CHART_WIDTH_PX - NAMES_PX - RIM_PX, top: LEGEND_PX, height: rowsPx }),
    ],
    xAxis: [timeAxis(side, { ...facts, slots }, hourNames(slots))],
    yAxis: [
      rowAxis(
        side,
        0,
        shown.map(({ agent_id, server }, n) => nameLabel(`${n + 1} · ${agent_id ?? server}`, FONT_PX, NAMES_PX - 10)),
      ),
    ],
    series: stands.map((stand) =>
      spanSeries({
        id: `alerts-${stand}`,
        name: wordLabel(words.alertStands[stand], lang),
        fill: FILLS[stand],
        isTrouble: stand !== 'goes_on',
        spans: rows.map((spans) => spans.filter((span) => span.stand === stand)),
      }),
    ),
  };
  return {
    title: words.titles.critical,
    alt: words.alt.critical({ alerts: facts.total, open: facts.open }),
    heightPx: notesTop + (more > 0 ? 16 : 0),
    option,
  };
}

/** When the facts were gathered, or the end of the day where that was later. */
export function toldUntil({ gathered_at, period }: CriticalFacts): number {
  return Math.min(Date.parse(gathered_at), Date.parse(period.ends_at));
}

/** How an alert stood over the day, in seconds from its start. It may have begun before, come back, and go on after. */
function standsOf(
  { first_at, acknowledged_at, resolved_at, state, timeline }: CriticalAlertFacts,
  facts: CriticalFacts,
): readonly (RowSpan & { readonly stand: AlertStand })[] {
  const start = Date.parse(facts.period.starts_at);
  const since = (at: number) => Math.min(facts.period.seconds, Math.max(0, (at - start) / 1_000));
  const events =
    timeline.length > 0
      ? timeline
      : [
          { at: first_at, event: 'opened' },
          ...(acknowledged_at === null ? [] : [{ at: acknowledged_at, event: 'acknowledged' }]),
          ...(resolved_at === null ? [] : [{ at: resolved_at, event: 'resolved' }]),
        ];
  const until = toldUntil(facts);
  const spans: (RowSpan & { stand: AlertStand })[] = [];
  let stand: AlertStand | undefined;
  let from = 0;
  const end = (at: number) => {
    const [begins, ends] = [since(from), since(at)];
    if (stand !== undefined && ends > begins) spans.push({ stand, from: begins, to: ends });
    from = at;
  };
  for (const { at, event } of events) {
    const next = STAND_AFTER[event];
    if (next === undefined) continue;
    end(Math.min(until, Date.parse(at)));
    stand = next === 'over' ? undefined : next;
  }
  // What happened may be told in part; when it was over is known for certain.
  end(resolved_at === null ? until : Math.min(until, Date.parse(resolved_at)));
  if (state !== 'resolved' && since(until) < facts.period.seconds)
    spans.push({ stand: 'goes_on', from: since(until), to: facts.period.seconds });
  return spans;
}

/** Others (it grew worse, it was told to somebody) leave it as it stood. */
const STAND_AFTER: Readonly<Partial<Record<string, AlertStand | 'over'>>> = {
  opened: 'unseen',
  reopened: 'unseen',
  acknowledged: 'seen',
  resolved: 'over',
};

/** By the clock of the zone: 23, 24 or 25 of them. */
function hoursOf({ starts_at, seconds, time_zone }: FactsPeriod): readonly FactsSlot[] {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: time_zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return Array.from({ length: Math.ceil(seconds / 3_600) }, (_, n) => {
    const start = Date.parse(starts_at) + n * HOUR_MS;
    return {
      starts_at: new Date(start).toISOString(),
      ends_at: new Date(start + HOUR_MS).toISOString(),
      label: clock.format(start),
    };
  });
}
