import type { ReportFacts } from '../../../../contract/report-facts.ts';
import { gapsSection } from '../../documents/sections/point-sections.ts';
import { zone } from '../../words/formats.ts';
import type { Book } from '../book.ts';
import { type CellType, ownText } from '../cell-types.ts';
import { freezeAndPrint, styleHeader } from '../table.ts';
import type { ColumnKey, SheetKey, WorkbookWords } from '../words.ts';
import { agentColumns } from './agents-sheet.ts';
import { alertColumns } from './alerts-sheet.ts';
import { archiveColumns, archiveTotals } from './archive-sheet.ts';
import { HOUR_COLUMNS } from './hours-sheet.ts';
import { levelColumns } from './levels-sheet.ts';
import { TOTALS } from './summary-sheet.ts';
import { templateColumns } from './templates-sheet.ts';
import { workColumns } from './work-sheet.ts';

type Row = readonly [sheet: string, name: string, means: string, unit: string, source: string];
type Shown = readonly { readonly key: ColumnKey; readonly type: CellType }[];

/** What every number of the workbook means, its unit, and from where it is: made of the columns themselves, so that none is left out. */
export function definitions(facts: ReportFacts, words: WorkbookWords): readonly Row[] {
  const { general } = words;
  const zoneText = zone(facts.period.starts_at, facts.period.time_zone);
  const gaps = gapsSection(facts, words.report)?.points ?? [];
  const about: readonly Row[] = [
    general.unknown,
    { ...general.version, name: `${general.version.name} ${facts.version}` },
    general.zone(zoneText),
    general.habit,
    general.cut,
    ...(gaps.length === 0
      ? [{ name: general.gap, means: general.noGap }]
      : gaps.map(({ text }) => ({ name: general.gap, means: text }))),
  ].map(({ name, means }) => [general.name, name, means, '', ''] as const);
  const totals = TOTALS.map(
    ([key, type]) =>
      [
        words.sheets.summary,
        words.totals[key].name,
        words.totals[key].means,
        words.units[type],
        words.sources.summary,
      ] as const,
  );
  const of = (sheet: SheetKey, columns: Shown): readonly Row[] =>
    columns.map(({ key, type }) => [
      words.sheets[sheet],
      words.columns[key].name,
      words.columns[key].means,
      words.units[type],
      words.sources[sheet],
    ]);
  return [
    ...about,
    ...totals,
    ...of('agents', agentColumns(words)),
    ...of('hours', HOUR_COLUMNS),
    ...of('levels', levelColumns(facts, words)),
    ...of('templates', templateColumns(words)),
    ...of('alerts', alertColumns(words)),
    ...of('archive', [...archiveTotals(facts), ...archiveColumns(words)].filter(isFirstOfItsKey)),
    ...(facts.ai_work === null ? [] : of('work', workColumns(words))),
  ];
}

function isFirstOfItsKey({ key }: Shown[number], index: number, all: Shown): boolean {
  return all.findIndex((one) => one.key === key) === index;
}

const WIDTHS = [16, 24, 90, 24, 46];

export function writeDefinitions(book: Book, facts: ReportFacts, words: WorkbookWords): void {
  const sheet = words.sheets.definitions;
  book.addSheet(sheet);
  WIDTHS.forEach((width, index) => {
    const column = 'ABCDE'[index];
    book.call('SetColWidth', sheet, column, column, width);
    book.call('SetColStyle', sheet, column, book.style('words', { wrap: true }));
  });
  const { sheet: of, name, means, unit, source } = words.definitions;
  book.row(sheet, 'A1', [of, name, means, unit, source]);
  styleHeader(
    book,
    sheet,
    1,
    WIDTHS.map(() => 'words'),
  );
  const rows = definitions(facts, words);
  rows.forEach((row, index) => {
    book.row(
      sheet,
      `A${index + 2}`,
      row.map((text) => (text === '' ? null : ownText(text))),
    );
    const lines = Math.ceil(row[2].length / 95);
    if (lines > 1) book.call('SetRowHeight', sheet, index + 2, 14 * lines);
  });
  freezeAndPrint(book, sheet, words, { headerRow: 1, columns: WIDTHS.length, lastRow: rows.length + 1 });
}
