import type { AgentFacts, ReportFacts } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { percent } from './chart-numbers.ts';
import { nameInSentence, nameLabel, numberInSentence, wordLabel } from './chart-text.ts';
import { type ItemApi, rectBetween, shapeStyle } from './custom-shapes.ts';
import { CHART_WIDTH_PX, type ChartPlan, FONT_PX } from './draw-chart.ts';
import { gridOf, labels, legendOf, panelNote, RIM_PX, type Side, sideOf, styleOf } from './layout.ts';
import { FAINT_INK, STATE_FILLS, STATES_IN_ORDER } from './palette.ts';
import { slotNames } from './slot-names.ts';
import { CHART_WORDS, type ChartWords } from './words.ts';

/** So many rows still leave room for the other charts on the page; the worst AI agents come first, the rest is told as a number. */
export const AGENT_ROWS_MAX = 16;
const ROW_PX = 17;
const NAMES_PX = 138;
const LEGEND_PX = 24;
const TIMES_PX = 20;
/** Of trouble: a minute in a month would else be thinner than a printer's dot. */
const TROUBLE_WIDTH_LEAST_PX = 1.5;

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
    ...(more > 0 ? facts.by_slot.flatMap(({ seconds }) => Object.keys(seconds)) : []),
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
      timeAxis(side, facts, names, isLabelled),
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
      ...states.map((state) => rowSeries(state, rows, words, lang)),
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

function rowSeries(state: ShownState, rows: readonly Row[], words: ChartWords, lang: ReportLanguage): object {
  const isTrouble = state === 'down' || state === 'late' || state === 'degraded';
  return {
    type: 'custom',
    id: `rows-${state}`,
    name: wordLabel(words.states[state], lang),
    silent: true,
    // Trouble is drawn over what is around it: its least width may reach into that.
    z: isTrouble ? 3 : 2,
    itemStyle: styleOf(STATE_FILLS[state]),
    encode: { x: [1, 2], y: 0 },
    data: rows.flatMap(({ spans }, row) =>
      spans.filter((span) => span.state === state).map(({ from, to }) => [row, from, to]),
    ),
    renderItem: (_: unknown, api: ItemApi) => {
      const [row, from, to] = [api.value(0), api.value(1), api.value(2)];
      const [x0, y] = api.coord([from, row]);
      const [x1] = api.coord([to, row]);
      const height = ROW_PX - 5;
      return {
        type: 'rect',
        shape: rectBetween(x0, x1, y - height / 2, height, isTrouble ? TROUBLE_WIDTH_LEAST_PX : 0),
        style: shapeStyle(STATE_FILLS[state]),
      };
    },
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
      const all = Object.values(seconds).reduce((sum, one) => sum + one, 0);
      return all === 0 ? '-' : (seconds[state] ?? 0) / all;
    }),
  };
}

/** Exact to the second, labelled where slots begin (hours) or in their middle (days). */
function timeAxis(
  side: Side,
  { kind, period, slots }: ReportFacts,
  names: readonly string[],
  isLabelled: (index: number) => boolean,
): object {
  const starts = slots.map(({ starts_at }) => (Date.parse(starts_at) - Date.parse(period.starts_at)) / 1_000);
  const middles = slots.map(
    ({ starts_at, ends_at }) =>
      ((Date.parse(starts_at) + Date.parse(ends_at)) / 2 - Date.parse(period.starts_at)) / 1_000,
  );
  const places = kind === 'daily' ? starts : middles;
  const shown = places.flatMap((place, index) => (isLabelled(index) ? [{ place, name: names[index] ?? '' }] : []));
  return {
    type: 'value',
    gridIndex: 0,
    min: 0,
    max: period.seconds,
    inverse: side.isMirrored,
    axisLabel: {
      ...labels(),
      customValues: shown.map(({ place }) => place),
      formatter: (value: number) => shown.find(({ place }) => place === value)?.name ?? '',
    },
    axisTick: { show: true, customValues: starts.filter((_, index) => isLabelled(index)), length: 3 },
    axisLine: { show: true, onZero: false, lineStyle: { color: FAINT_INK, width: 0.8 } },
    splitLine: { show: false },
  };
}

function rowAxis(side: Side, grid: number, names: readonly string[]): object {
  return {
    type: 'category',
    gridIndex: grid,
    position: side.start,
    inverse: true,
    data: names,
    axisLabel: { ...labels(), interval: 0 },
    axisTick: { show: false },
    axisLine: { show: false },
  };
}

function altOf({ agents, totals }: ReportFacts, words: ChartWords): string {
  if (agents.length === 0) return words.alt.availabilityNobody;
  const down = agents.filter(({ seconds }) => (seconds.down ?? 0) > 0);
  const worst = down.toSorted((a, b) => (b.seconds.down ?? 0) - (a.seconds.down ?? 0))[0];
  return words.alt.availability({
    agents: agents.length,
    wereDown: down.length,
    share: totals.availability === null ? undefined : numberInSentence(percent(totals.availability * 100)),
    worst:
      worst === undefined
        ? undefined
        : { name: nameInSentence(worst.agent_id), minutes: Math.max(1, Math.round((worst.seconds.down ?? 0) / 60)) },
  });
}
