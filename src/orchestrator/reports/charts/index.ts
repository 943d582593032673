import type { ReportFacts } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { availabilityPlan } from './availability-chart.ts';
import { drawChart, type ReportChart } from './draw-chart.ts';
import { levelsPlan } from './levels-chart.ts';
import { trendPlan } from './trend-chart.ts';
import { vitalsPlan } from './vitals-chart.ts';

export { renderCriticalChart } from './critical-chart.ts';
export type { ReportChart } from './draw-chart.ts';

export interface ReportCharts {
  readonly availability: ReportChart;
  readonly levels: ReportChart;
  readonly vitals: ReportChart;
  readonly trend: ReportChart;
}

/**
 * The charts of a summary as SVG for the page, in the font Heebo, with a sentence each for who can't see them. Synchronous, some tens of
 * milliseconds each; the same facts give the same strings. Nothing is held afterwards.
 */
export function renderCharts(facts: ReportFacts, lang: ReportLanguage): ReportCharts {
  return {
    availability: drawChart(availabilityPlan(facts, lang)),
    levels: drawChart(levelsPlan(facts, lang)),
    vitals: drawChart(vitalsPlan(facts, lang)),
    trend: drawChart(trendPlan(facts, lang)),
  };
}
