import type { ReportFacts, TrendDay } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { compactBytes, compactMoney, compactNumber } from './chart-numbers.ts';
import { numberInSentence, wordLabel } from './chart-text.ts';
import { notKnownSeries } from './custom-shapes.ts';
import { CHART_WIDTH_PX, type ChartPlan } from './draw-chart.ts';
import { gridOf, legendOf, panelTitle, RIM_PX, sideOf, slotAxis, styleOf, valueAxis } from './layout.ts';
import { BAR, BAR_OF_PERIOD, NOT_KNOWN } from './palette.ts';
import { dayName, dayNames } from './slot-names.ts';
import { CHART_WORDS, type ChartWords } from './words.ts';

/** What a trend may be of, in the order of what a reader asks for: costs, and where there are none, volumes. */
const TRENDS = ['ai_cost_usd', 'archive_cost', 'archived_bytes', 'records'] as const;
type Trend = (typeof TRENDS)[number];

const VALUES_PX = 54;
const GAP_PX = 8;
const PANEL_PX = (CHART_WIDTH_PX - GAP_PX) / 2;
const TOP_PX = 42;
const HEIGHT_PX = 84;
const DAY_LABELS_MAX = 5;

/** Two numbers of the last days side by side, each on its own scale: dollars of models and cents of an archive don't add up. */
export function trendPlan(facts: ReportFacts, lang: ReportLanguage): ChartPlan {
  const words = CHART_WORDS[lang];
  const side = sideOf(lang);
  const shown = trendsOf(facts);
  const { names, isLabelled } = dayNames(
    facts.trend.map(({ day }) => day),
    words,
    DAY_LABELS_MAX,
  );
  const hasGaps = shown.some((trend) => facts.trend.some((day) => day[trend] === null));
  const option = {
    legend: legendOf(side, [
      { name: words.trend.thisPeriod, fill: { color: BAR_OF_PERIOD } },
      ...(facts.trend.every((day) => isDayOfPeriod(day, facts))
        ? []
        : [{ name: words.trend.daysBefore, fill: { color: BAR } }]),
      ...(hasGaps ? [{ name: words.notKnown, fill: NOT_KNOWN }] : []),
    ]),
    title: shown.map((trend, grid) =>
      panelTitle(side, trendName(trend, facts, words), grid * (PANEL_PX + GAP_PX), TOP_PX - 18),
    ),
    grid: shown.map((_, grid) =>
      gridOf(side, {
        before: grid * (PANEL_PX + GAP_PX) + VALUES_PX,
        width: PANEL_PX - VALUES_PX - RIM_PX,
        top: TOP_PX,
        height: HEIGHT_PX,
      }),
    ),
    xAxis: shown.map((_, grid) => slotAxis(side, grid, names, isLabelled)),
    yAxis: shown.map((trend, grid) => valueAxis(side, grid, formatOf(trend))),
    series: shown.flatMap((trend, grid) => [
      ...([true, false] as const).map((isOfPeriod) => ({
        type: 'bar',
        id: `${trend}-${isOfPeriod ? 'period' : 'before'}`,
        name: wordLabel(isOfPeriod ? words.trend.thisPeriod : words.trend.daysBefore, lang),
        stack: `panel-${grid}`,
        xAxisIndex: grid,
        yAxisIndex: grid,
        silent: true,
        barCategoryGap: '25%',
        itemStyle: styleOf({ color: isOfPeriod ? BAR_OF_PERIOD : BAR }),
        data: facts.trend.map((day) => (isDayOfPeriod(day, facts) === isOfPeriod ? (day[trend] ?? '-') : '-')),
      })),
      notKnownSeries(side, words, grid, facts.trend, (day) => day[trend] !== null),
    ]),
  };
  return { title: words.titles.trend, alt: altOf(facts, shown[0]!, words), heightPx: TOP_PX + HEIGHT_PX + 22, option };
}

/** The first two of which any day is known; records where there is none, to show that nothing is. */
function trendsOf({ trend }: ReportFacts): readonly Trend[] {
  const known = TRENDS.filter((one) => trend.some((day) => day[one] !== null));
  return known.length === 0 ? ['archived_bytes', 'records'] : known.slice(0, 2);
}

function isDayOfPeriod({ day }: TrendDay, { period }: ReportFacts): boolean {
  return day >= period.first_day && day <= period.last_day;
}

function trendName(trend: Trend, { archive }: ReportFacts, words: ChartWords): string {
  return trend === 'archive_cost' ? words.trend.archive_cost(archive.currency ?? '') : words.trend[trend];
}

function formatOf(trend: Trend): (value: number) => string {
  switch (trend) {
    case 'ai_cost_usd':
    case 'archive_cost':
      return compactMoney;
    case 'archived_bytes':
      return compactBytes;
    case 'records':
      return compactNumber;
    default:
      return trend satisfies never;
  }
}

function altOf(facts: ReportFacts, trend: Trend, words: ChartWords): string {
  const known = facts.trend.flatMap((day) => {
    const value = day[trend];
    return value === null ? [] : [{ day: day.day, value }];
  });
  const most = known.toSorted((a, b) => b.value - a.value)[0];
  if (most === undefined) return words.alt.trendNothing(facts.trend.length);
  return words.alt.trend({
    what: trendName(trend, facts, words),
    days: facts.trend.length,
    unknown: facts.trend.length - known.length,
    most: numberInSentence(formatOf(trend)(most.value)),
    mostOn: numberInSentence(dayName(most.day, words)),
  });
}
