import type { ReportFacts } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import type { RenderedReport } from '../renderer.ts';
import { reportWords } from '../words/index.ts';
import { summaryPage } from './summary-page.ts';
import { type Manuscript, typeset } from './typeset.ts';

/**
 * The PDF of a day, week or month. The same facts give the same bytes on every machine: there is no clock in it but the facts', no zone
 * but theirs, no font but ours. Synchronous, and takes about a second of its thread; throws `NSV_REPORT_FAILED`.
 */
export function renderSummary(
  facts: ReportFacts,
  lang: ReportLanguage,
  onWarning?: Manuscript['onWarning'],
): RenderedReport {
  const page = summaryPage(facts, reportWords(lang));
  const bytes = typeset({
    source: 'summary.typ',
    page,
    madeAt: facts.gathered_at,
    ...(onWarning === undefined ? {} : { onWarning }),
  });
  return { bytes, title: page.title, summary: `${page.headline} ${page.verdict}` };
}
