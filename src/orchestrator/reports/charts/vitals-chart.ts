import type { ReportFacts, Spread } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { percent } from './chart-numbers.ts';
import { numberInSentence, wordLabel } from './chart-text.ts';
import { type ItemApi, notKnownSeries, rounded, runsOf } from './custom-shapes.ts';
import { CHART_WIDTH_PX, type ChartPlan } from './draw-chart.ts';
import {
  DASHED_LINE_ICON,
  gridOf,
  LINE_ICON,
  legendOf,
  panelTitle,
  RIM_PX,
  sideOf,
  slotAxis,
  valueAxis,
} from './layout.ts';
import { BAND, MIDDLE_LINE, MOST_LINE, NOT_KNOWN } from './palette.ts';
import { slotNames } from './slot-names.ts';
import { CHART_WORDS, type ChartWords } from './words.ts';

const VITALS = ['cpu_percent', 'ram_percent'] as const;
const VALUES_PX = 40;
const GAP_PX = 8;
const PANEL_PX = (CHART_WIDTH_PX - GAP_PX) / 2;
const TOP_PX = 42;
const HEIGHT_PX = 110;

/** How loaded servers were over time: CPU and memory side by side, each with half of the servers, nearly all, and the most of any. */
export function vitalsPlan(facts: ReportFacts, lang: ReportLanguage): ChartPlan {
  const words = CHART_WORDS[lang];
  const side = sideOf(lang);
  const { names, isLabelled } = slotNames(facts, words);
  // Half as wide as the other charts: every other label.
  const written = names.flatMap((_, index) => (isLabelled(index) ? [index] : [])).filter((_, n) => n % 2 === 0);
  const known = (vital: (typeof VITALS)[number]) => facts.by_slot.map(({ vitals }) => vitals[vital]);
  const hasGaps = VITALS.some((vital) => known(vital).includes(null));
  const option = {
    legend: legendOf(side, [
      { name: words.spread.p50, fill: { color: MIDDLE_LINE }, icon: LINE_ICON },
      { name: words.spread.p95, fill: { color: BAND } },
      { name: words.spread.max, fill: { color: MOST_LINE }, icon: DASHED_LINE_ICON },
      ...(hasGaps ? [{ name: words.notKnown, fill: NOT_KNOWN }] : []),
    ]),
    title: VITALS.map((vital, grid) => panelTitle(side, words.vitals[vital], grid * (PANEL_PX + GAP_PX), TOP_PX - 18)),
    grid: VITALS.map((_, grid) =>
      gridOf(side, {
        before: grid * (PANEL_PX + GAP_PX) + VALUES_PX,
        width: PANEL_PX - VALUES_PX - RIM_PX,
        top: TOP_PX,
        height: HEIGHT_PX,
      }),
    ),
    xAxis: VITALS.map((_, grid) => slotAxis(side, grid, names, (index) => written.includes(index))),
    yAxis: VITALS.map((_, grid) => ({ ...valueAxis(side, grid, percent, 100), interval: 25 })),
    series: VITALS.flatMap((vital, grid) => {
      const spreads = known(vital);
      return [
        notKnownSeries(side, words, grid, spreads, (spread) => spread !== null),
        ...(['p95', 'max', 'p50'] as const).map((part) => spreadSeries(part, vital, grid, spreads, words, lang)),
      ];
    }),
  };
  return { title: words.titles.vitals, alt: altOf(facts, words), heightPx: TOP_PX + HEIGHT_PX + 22, option };
}

/**
 * One shape for each run of slots that are known, in steps: a number is of its whole slot, and nothing is known of the way to the next.
 * One slot between gaps is seen like any other.
 */
function spreadSeries(
  part: keyof Spread,
  vital: string,
  grid: number,
  spreads: readonly (Spread | null)[],
  words: ChartWords,
  lang: ReportLanguage,
): object {
  const runs = runsOf(spreads, (spread) => spread !== null);
  const color = { p50: MIDDLE_LINE, p95: BAND, max: MOST_LINE }[part];
  return {
    type: 'custom',
    id: `${vital}-${part}`,
    name: wordLabel(words.spread[part], lang),
    xAxisIndex: grid,
    yAxisIndex: grid,
    silent: true,
    itemStyle: { color },
    encode: { x: 0, y: 2 },
    data: runs.map(([first, last]) => [first, last, spreads[first]?.[part] ?? 0]),
    renderItem: (_: unknown, api: ItemApi) => {
      const half = api.size([1, 0])[0] / 2;
      const steps = (of: keyof Spread) =>
        spreads.slice(api.value(0), api.value(1) + 1).flatMap((spread, n) => {
          const [x, y] = api.coord([api.value(0) + n, spread?.[of] ?? 0]);
          const [before, after] = lang === 'he' ? [x + half, x - half] : [x - half, x + half];
          return [
            [rounded(before), rounded(y)],
            [rounded(after), rounded(y)],
          ];
        });
      if (part === 'p95')
        return {
          type: 'polygon',
          shape: { points: [...steps('p95'), ...steps('p50').reverse()] },
          style: { fill: color },
        };
      return {
        type: 'polyline',
        shape: { points: steps(part) },
        style: {
          fill: 'none',
          stroke: color,
          lineWidth: part === 'p50' ? 1.8 : 0.9,
          lineDash: part === 'p50' ? [] : [3, 2],
        },
      };
    },
  };
}

function altOf({ by_slot }: ReportFacts, words: ChartWords): string {
  const most = (vital: (typeof VITALS)[number]) => {
    const all = by_slot.flatMap(({ vitals }) => vitals[vital]?.max ?? []);
    return all.length === 0 ? undefined : numberInSentence(percent(Math.max(...all)));
  };
  const [cpu, ram] = [most('cpu_percent'), most('ram_percent')];
  return cpu === undefined && ram === undefined ? words.alt.vitalsNothing : words.alt.vitals({ cpu, ram });
}
