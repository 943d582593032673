import type { ReportFacts, TemplateFact } from '../../../../contract/report-facts.ts';
import type { Book } from '../book.ts';
import { columnName } from '../book.ts';
import { safeText } from '../cell-types.ts';
import { type Column, writeTable } from '../table.ts';
import type { WorkbookWords } from '../words.ts';
import { bar } from './agents-sheet.ts';

interface TemplateRow extends TemplateFact {
  readonly is_new: boolean;
}

export function templateColumns({ yes, no, report }: WorkbookWords): readonly Column<TemplateRow>[] {
  const say = (is: boolean) => (is ? yes : no);
  return [
    { key: 'line', type: 'text', width: 60, value: ({ text }) => text },
    { key: 'lines', type: 'count', width: 11, value: ({ lines }) => lines },
    { key: 'linesBefore', type: 'count', width: 11, value: ({ lines_before }) => lines_before },
    { key: 'debug', type: 'count', width: 10, value: ({ level_counts }) => level_counts.DEBUG },
    { key: 'info', type: 'count', width: 10, value: ({ level_counts }) => level_counts.INFO },
    { key: 'warn', type: 'count', width: 10, value: ({ level_counts }) => level_counts.WARN },
    { key: 'error', type: 'count', width: 10, value: ({ level_counts }) => level_counts.ERROR },
    { key: 'critical', type: 'count', width: 10, value: ({ level_counts }) => level_counts.CRITICAL },
    {
      key: 'onAgents',
      type: 'text',
      width: 36,
      value: ({ agents, agents_total }) => {
        const more = agents_total - agents.length;
        return [...agents.map(safeText), ...(more > 0 ? [report.andMore(more)] : [])].join(', ');
      },
    },
    { key: 'agentsTotal', type: 'count', width: 9, value: ({ agents_total }) => agents_total },
    { key: 'isAlert', type: 'words', width: 9, value: ({ is_alert }) => say(is_alert) },
    { key: 'isNew', type: 'words', width: 8, value: ({ is_new }) => say(is_new) },
    { key: 'firstSeen', type: 'instant', width: 20, value: ({ first_seen_at }) => first_seen_at },
    { key: 'template', type: 'text', width: 19, value: ({ template }) => template },
  ];
}

/** Each kind of line once: the new ones, those with errors, and those with most lines; by lines. */
export function templateRows({ templates }: ReportFacts): readonly TemplateRow[] {
  const isNew = new Set(templates.new.map(({ template }) => template));
  const all = new Map([...templates.top, ...templates.errors, ...templates.new].map((one) => [one.template, one]));
  return [...all.values()]
    .map((one) => ({ ...one, is_new: isNew.has(one.template) }))
    .sort((a, b) => b.lines - a.lines || (a.template < b.template ? -1 : 1));
}

export function writeTemplates(book: Book, facts: ReportFacts, words: WorkbookWords): void {
  const sheet = words.sheets.templates;
  book.addSheet(sheet);
  const rows = templateRows(facts);
  const table = writeTable(book, sheet, templateColumns(words), rows, words, { frozenColumns: 1 });
  if (rows.length === 0) return;
  const name = columnName(table.column('lines') ?? 1);
  book.format(sheet, `${name}2:${name}${table.lastRow}`, [bar('A8C8E4')]);
}
