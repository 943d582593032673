import type { ReportFacts } from '../../../contract/report-facts.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { documentTitle } from '../documents/document-title.ts';
import type { RenderedReport } from '../renderer.ts';
import { verdict } from '../words/verdict.ts';
import { Book, openExcelize } from './book.ts';
import { ownText } from './cell-types.ts';
import { addCharts } from './charts.ts';
import { writeAgents } from './sheets/agents-sheet.ts';
import { writeAlerts } from './sheets/alerts-sheet.ts';
import { writeArchive } from './sheets/archive-sheet.ts';
import { writeDefinitions } from './sheets/definitions-sheet.ts';
import { writeHours } from './sheets/hours-sheet.ts';
import { writeLevels } from './sheets/levels-sheet.ts';
import { writeSummary } from './sheets/summary-sheet.ts';
import { writeTemplates } from './sheets/templates-sheet.ts';
import { writeWork } from './sheets/work-sheet.ts';
import type { WorkbookWords } from './words.ts';
import { en } from './words-en.ts';
import { he } from './words-he.ts';

const WORDS: Readonly<Record<ReportLanguage, WorkbookWords>> = { en, he };

export function workbookWords(lang: ReportLanguage): WorkbookWords {
  return WORDS[lang];
}

/**
 * The Excel workbook of a period: the same facts give the same bytes on every machine. It holds its thread for seconds where there are a
 * thousand AI agents, and leaves memory behind that only the end of the process gives back: call it in a process of its own. Rejects with
 * `NSV_REPORT_FAILED`, with what the library says.
 */
export async function renderWorkbook(facts: ReportFacts, lang: ReportLanguage): Promise<RenderedReport> {
  const words = WORDS[lang];
  const { headline, sentences } = verdict(facts, words.report);
  const said = [headline, ...sentences].join(' ');
  const title = documentTitle(facts, words.report);
  const book = new Book(await openExcelize(), {
    lang,
    timeZone: facts.period.time_zone,
    currency: facts.archive.currency,
  });
  const summary = writeSummary(book, facts, words, { title, verdict: said });
  writeAgents(book, facts, words);
  writeHours(book, facts, words);
  const levels = writeLevels(book, facts, words);
  writeTemplates(book, facts, words);
  writeAlerts(book, facts, words);
  writeArchive(book, facts, words);
  if (facts.ai_work !== null) writeWork(book, facts.ai_work, words);
  writeDefinitions(book, facts, words);
  addCharts(book, facts, words, { levels, summary });
  describe(book, facts, words, title);
  return { bytes: book.bytes(), title, summary: said };
}

function describe(book: Book, { gathered_at, version }: ReportFacts, words: WorkbookWords, title: string): void {
  const at = `${gathered_at.slice(0, 19)}Z`;
  book.call('SetDocProps', {
    Title: ownText(title),
    Subject: words.subject,
    Creator: words.report.product,
    LastModifiedBy: words.report.product,
    Created: at,
    Modified: at,
    Language: words.report.locale,
    Version: `${version}`,
  });
  book.call('SetAppProps', { Application: 'Microsoft Excel' });
}
