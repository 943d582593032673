import type { AgentFacts, ReportFacts, SlotFacts } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { share } from './chart-numbers.ts';
import { nameInSentence, nameLabel, numberInSentence, wordLabel } from './chart-text.ts';
import { CHART_WIDTH_PX, type ChartPlan, FONT_PX } from './draw-chart.ts';
import { gridOf, labels, legendOf, panelNote, RIM_PX, sideOf, styleOf } from './layout.ts';
import { STATE_FILLS, STATES_IN_ORDER } from './palette.ts';
import { slotNames } from './slot-names.ts';
import { NAMES_PX, ROW_PX, rowAxis, spanSeries, timeAxis } from './timeline-rows.ts';
import { CHART_WORDS, type ChartWords } from './words.ts';

/** So many rows still leave room for the other charts on the page; the worst AI agents come first, the rest is told as a number. */
export const AGENT_ROWS_MAX = 16;
const LEGEND_PX = 24;
const TIMES_PX = 20;
type ShownState = (typeof STATES_IN_ORDER)[number];
interface Row {
  readonly name: string;
  /** Of the period, in seconds from its start. */
  readonly spans: readonly { readonly state: ShownState; readonly from: number; readonly to: number }[];
}

/** In which states AI agents were over the period, a row each; above them all together where there are more than rows. */
export function availabilityPlan(facts: ReportFacts, lang: ReportLanguage): ChartPlan {
  const words = CHART_WORDS[lang];
  const side = sideOf(lang);
  const rows = facts.agents.slice(0, AGENT_ROWS_MAX).map((agent) => rowOf(agent, facts));
  const more = facts.agents.length - rows.length;
  if (rows.length === 0) rows.push({ name: '', spans: [{ state: 'unknown', from: 0, to: facts.period.seconds }] });
  const stripPx = more > 0 ? 40 : 0;
  const rowsPx = rows.length * ROW_PX;
  const occurring = new Set([
    ...rows.flatMap(({ spans }) => spans.map(({ state }) => state)),
    ...(more > 0
      ? facts.by_slot.flatMap(({ seconds }) => (isEmpty(seconds) ? ['unknown'] : Object.keys(seconds)))
      : []),
  ]);
  const states = STATES_IN_ORDER.filter((state) => occurring.has(state));
  const width = CHART_WIDTH_PX - NAMES_PX - RIM_PX;
  const { names, isLabelled } = slotNames(facts, words);
  const timesTop = LEGEND_PX + stripPx + rowsPx;
  const option = {
    legend: legendOf(
      side,
      states.map((state) => ({ name: words.states[state], fill: STATE_FILLS[state] })),
    ),
    title: more > 0 ? [panelNote(side, words.moreAgents(more), NAMES_PX, timesTop + TIMES_PX)] : [],
    grid: [
      gridOf(side, { before: NAMES_PX, width, top: LEGEND_PX + stripPx, height: rowsPx }),
      ...(more > 0 ? [gridOf(side, { before: NAMES_PX, width, top: LEGEND_PX, height: stripPx - 12 })] : []),
    ],
    xAxis: [
      timeAxis(side, facts, { names, isLabelled }),
      ...(more > 0 ? [{ type: 'category', gridIndex: 1, inverse: side.isMirrored, data: names, show: false }] : []),
    ],
    yAxis: [
      rowAxis(
        side,
        0,
        rows.map(({ name }) => name),
      ),
      ...(more > 0
        ? [
            {
              ...rowAxis(side, 1, [wordLabel(words.fleet(facts.agents.length), lang)]),
              data: undefined,
              type: 'value',
              min: 0,
              max: 1,
              interval: 0.5,
              splitLine: { show: false },
              axisLabel: {
                ...labels(),
                formatter: (value: number) => (value === 0.5 ? wordLabel(words.fleet(facts.agents.length), lang) : ''),
              },
            },
          ]
        : []),
    ],
    series: [
      ...states.map((state) =>
        spanSeries({
          id: `rows-${state}`,
          name: wordLabel(words.states[state], lang),
          fill: STATE_FILLS[state],
          isTrouble: state === 'down' || state === 'late' || state === 'degraded',
          spans: rows.map(({ spans }) => spans.filter((span) => span.state === state)),
        }),
      ),
      ...(more > 0 ? states.map((state) => stripSeries(state, facts, words, lang)) : []),
    ],
  };
  return {
    title: words.titles.availability,
    alt: altOf(facts, words),
    heightPx: timesTop + TIMES_PX + (more > 0 ? 16 : 0),
    option,
  };
}

/** Seconds from the start of the period; one who was in one state all the time has one span of it. */
function rowOf(agent: AgentFacts, { agents, period }: ReportFacts): Row {
  const since = (at: string) =>
    Math.min(period.seconds, Math.max(0, (Date.parse(at) - Date.parse(period.starts_at)) / 1_000));
  const isTwice = agents.some((other) => other !== agent && other.agent_id === agent.agent_id);
  const name = isTwice ? `${agent.agent_id} · ${agent.server}` : agent.agent_id;
  return {
    name: nameLabel(name, FONT_PX, NAMES_PX - 10),
    spans:
      agent.spans === null
        ? [{ state: agent.state ?? 'unknown', from: 0, to: period.seconds }]
        : agent.spans.map(({ from, to, state }) => ({ state, from: since(from), to: since(to) })),
  };
}

/** The share of the fleet's time in a state, slot by slot. */
function stripSeries(state: ShownState, facts: ReportFacts, words: ChartWords, lang: ReportLanguage): object {
  return {
    type: 'bar',
    id: `strip-${state}`,
    name: wordLabel(words.states[state], lang),
    stack: 'strip',
    xAxisIndex: 1,
    yAxisIndex: 1,
    silent: true,
    barCategoryGap: '0%',
    itemStyle: styleOf(STATE_FILLS[state]),
    data: facts.by_slot.map(({ seconds }) => {
      if (isEmpty(seconds)) return state === 'unknown' ? 1 : 0;
      return (seconds[state] ?? 0) / Object.values(seconds).reduce((sum, one) => sum + one, 0);
    }),
  };
}

/** Of a slot of which nobody's state is known. */
function isEmpty(seconds: SlotFacts['seconds']): boolean {
  return Object.values(seconds).every((one) => one === 0);
}

function altOf({ agents, totals }: ReportFacts, words: ChartWords): string {
  if (agents.length === 0) return words.alt.availabilityNobody;
  const down = agents.filter(({ seconds }) => (seconds.down ?? 0) > 0);
  const worst = down.toSorted((a, b) => (b.seconds.down ?? 0) - (a.seconds.down ?? 0))[0];
  return words.alt.availability({
    agents: agents.length,
    wereDown: down.length,
    share: totals.availability === null ? undefined : numberInSentence(share(totals.availability)),
    worst:
      worst === undefined
        ? undefined
        : { name: nameInSentence(worst.agent_id), minutes: Math.max(1, Math.round((worst.seconds.down ?? 0) / 60)) },
  });
}
