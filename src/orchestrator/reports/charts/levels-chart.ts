import { LEVELS, type Level } from '../../../contract/record.ts';
import type { ReportFacts } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { compactNumber, wholeNumber } from './chart-numbers.ts';
import { numberInSentence, wordLabel } from './chart-text.ts';
import { notKnownSeries } from './custom-shapes.ts';
import { CHART_WIDTH_PX, type ChartPlan } from './draw-chart.ts';
import { gridOf, legendOf, panelTitle, RIM_PX, sideOf, slotAxis, styleOf, valueAxis } from './layout.ts';
import { LEVEL_FILLS, NOT_KNOWN } from './palette.ts';
import { slotNames } from './slot-names.ts';
import { CHART_WORDS, type ChartWords } from './words.ts';

const VALUES_PX = 44;
const WIDTH_PX = CHART_WIDTH_PX - VALUES_PX - RIM_PX;
const PANELS = [
  { top: 42, height: 96, levels: LEVELS },
  // A few errors among many thousand records would be thinner than a hair: they get a scale of their own.
  { top: 184, height: 62, levels: ['WARN', 'ERROR', 'CRITICAL'] as const satisfies readonly Level[] },
] as const;

/** How many records of each level there were over time, and below, on its own scale, what was wrong among them. */
export function levelsPlan(facts: ReportFacts, lang: ReportLanguage): ChartPlan {
  const words = CHART_WORDS[lang];
  const side = sideOf(lang);
  const { names, isLabelled } = slotNames(facts, words);
  const hasGaps = facts.by_slot.some(({ level_counts }) => level_counts === null);
  const option = {
    legend: legendOf(side, [
      ...LEVELS.map((level) => ({ name: words.levels[level], fill: LEVEL_FILLS[level] })),
      ...(hasGaps ? [{ name: words.notKnown, fill: NOT_KNOWN }] : []),
    ]),
    title: [
      panelTitle(side, words.allRecords, 0, PANELS[0].top - 18),
      panelTitle(side, words.warningsAndWorse, 0, PANELS[1].top - 18),
    ],
    grid: PANELS.map(({ top, height }) => gridOf(side, { before: VALUES_PX, width: WIDTH_PX, top, height })),
    xAxis: PANELS.map((_, grid) => slotAxis(side, grid, names, isLabelled)),
    yAxis: PANELS.map((_, grid) => ({ ...valueAxis(side, grid, compactNumber), minInterval: 1 })),
    series: PANELS.flatMap(({ levels }, grid) => [
      ...levels.map((level) => ({
        type: 'bar',
        id: `${grid}-${level}`,
        name: wordLabel(words.levels[level], lang),
        stack: `panel-${grid}`,
        xAxisIndex: grid,
        yAxisIndex: grid,
        silent: true,
        barCategoryGap: '18%',
        itemStyle: styleOf(LEVEL_FILLS[level]),
        data: facts.by_slot.map(({ level_counts }) => level_counts?.[level] ?? '-'),
      })),
      notKnownSeries(side, words, grid, facts.by_slot, ({ level_counts }) => level_counts !== null),
    ]),
  };
  return { title: words.titles.levels, alt: altOf(facts, names, words), heightPx: 266, option };
}

function altOf({ by_slot, totals }: ReportFacts, names: readonly string[], words: ChartWords): string {
  const sums = by_slot.map(({ level_counts }) =>
    level_counts === null ? undefined : LEVELS.reduce((sum, level) => sum + level_counts[level], 0),
  );
  const known = sums.filter((sum) => sum !== undefined);
  if (known.length === 0) return words.alt.levelsNothing;
  const errors = by_slot.reduce(
    (sum, { level_counts }) => sum + (level_counts === null ? 0 : level_counts.ERROR + level_counts.CRITICAL),
    0,
  );
  return words.alt.levels({
    records: numberInSentence(wholeNumber(totals.records ?? known.reduce((sum, one) => sum + one, 0))),
    errors: numberInSentence(wholeNumber(totals.errors ?? errors)),
    busiest: numberInSentence(names[sums.indexOf(Math.max(...known))] ?? ''),
    slots: by_slot.length,
    unknown: by_slot.length - known.length,
  });
}
