import type { CriticalFacts } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import type { RenderedReport } from '../renderer.ts';
import { reportWords } from '../words/index.ts';
import { criticalPage, criticalSummary } from './critical-page.ts';
import { type Manuscript, typeset } from './typeset.ts';

/**
 * The PDF of a day's critical alerts. The same facts give the same bytes on every machine. Synchronous, and takes up to a second of its
 * thread; throws `NSV_REPORT_FAILED`.
 */
export function renderCritical(
  facts: CriticalFacts,
  lang: ReportLanguage,
  onWarning?: Manuscript['onWarning'],
): RenderedReport {
  const words = reportWords(lang);
  const page = criticalPage(facts, words);
  const bytes = typeset({
    source: 'critical.typ',
    page,
    madeAt: facts.gathered_at,
    ...(onWarning === undefined ? {} : { onWarning }),
  });
  return { bytes, title: page.title, summary: criticalSummary(facts, words) };
}
