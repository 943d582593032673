import type { FactsTotals, ReportFacts, RevisionFacts, TrendDay } from '../../../../contract/report-facts.ts';
import { gapsSection } from '../../documents/sections/point-sections.ts';
import { zone } from '../../words/formats.ts';
import { unfinishedSince } from '../../words/outages.ts';
import { type Book, cellName } from '../book.ts';
import type { CellType, CellValue } from '../cell-types.ts';
import { LIGHT_FILLS } from '../colors.ts';
import { HEADER_FILL, headerLook, headerOf, printAs } from '../table.ts';
import type { ColumnKey, WorkbookWords } from '../words.ts';

/** In the order in which they are shown. */
export const TOTALS: readonly (readonly [key: keyof FactsTotals, type: CellType])[] = [
  ['servers', 'count'],
  ['agents', 'count'],
  ['availability', 'share'],
  ['down_seconds', 'duration'],
  ['late_seconds', 'duration'],
  ['records', 'count'],
  ['errors', 'count'],
  ['error_rate', 'share'],
  ['dropped_records', 'count'],
  ['lost_records', 'count'],
  ['alerts_opened', 'count'],
  ['alerts_critical', 'count'],
  ['archived_bytes', 'bytes'],
  ['text_bytes', 'bytes'],
  ['objects', 'count'],
  ['archive_cost', 'money'],
  ['ai_calls', 'count'],
  ['ai_tokens', 'count'],
  ['ai_cost_usd', 'dollars'],
];
const TREND: readonly (keyof FactsTotals)[] = [
  'availability',
  'records',
  'errors',
  'error_rate',
  'alerts_opened',
  'lost_records',
  'archived_bytes',
];
const REVISIONS: readonly (readonly [
  key: ColumnKey,
  type: CellType,
  of: (one: RevisionFacts, words: WorkbookWords) => CellValue,
])[] = [
  ['found', 'instant', ({ found_at }) => found_at],
  ['revision', 'text', ({ revision }) => revision.slice(0, 12)],
  [
    'revisionState',
    'words',
    ({ state }, { report }) => (report.revisionState as Readonly<Record<string, string>>)[state] ?? state,
  ],
  ['author', 'text', ({ commit }) => commit?.author ?? null],
  ['subject', 'text', ({ commit, refused }) => refused?.first ?? commit?.subject ?? null],
];
const WIDTHS = [24, 19, 14, 14, 14, 14, 14, 14];
/** Room for six charts, two beside each other. */
const CHART_ROWS = 42;
/** Of a difference of shares; `unit` is a word of ours, in points of percent. */
const pointsFormat = (unit: string) => ['+0.00', '-0.00', '0.00'].map((digits) => `${digits}" ${unit}"`).join(';');
const CHANGE = '+0.0%;-0.0%;0.0%';

/** Where charts and their numbers stand. */
export interface SummaryPlaces {
  readonly chartsRow: number;
  /** First and last row of the 14 days. */
  readonly trend: readonly [first: number, last: number];
}
/** Columns of the trend that charts draw, from 1. */
export const TREND_COLUMNS = { day: 1, records: 3, error_rate: 5, archived_bytes: 8 } as const;

export interface SummaryText {
  readonly title: string;
  readonly verdict: string;
}

/** What a manager looks at first: the verdict, the numbers against others, charts, the last days, changes, and what is missing. */
export function writeSummary(book: Book, facts: ReportFacts, words: WorkbookWords, text: SummaryText): SummaryPlaces {
  const sheet = words.sheets.summary;
  book.addSheet(sheet);
  WIDTHS.forEach((width, index) => {
    const column = cellName(index + 1, 1).slice(0, -1);
    book.call('SetColWidth', sheet, column, column, width);
  });
  book.cell(sheet, 'A1', text.title, 'words', { bold: true, size: 16 });
  book.call('SetRowHeight', sheet, 1, 24);
  wide(book, sheet, 2, text.verdict, 2);
  writePeriod(book, sheet, facts, words);
  let row = writeNumbers(book, sheet, 11, facts, words) + 1;
  heading(book, sheet, row, words.headings.charts);
  book.call('InsertPageBreak', sheet, cellName(1, row));
  const chartsRow = row + 1;
  row += CHART_ROWS + 2;
  book.call('InsertPageBreak', sheet, cellName(1, row));
  const [first, last] = writeTrend(book, sheet, row, facts, words);
  row = writeRevisions(book, sheet, last + 2, facts, words);
  const missing = [
    ...(gapsSection(facts, words.report)?.points ?? []).map(({ text: gap }) => gap),
    ...(facts.ai_work?.cost_is_partial === true ? [words.report.partialCost] : []),
  ];
  if (missing.length > 0) {
    heading(book, sheet, row, words.headings.gaps);
    for (const gap of missing) wide(book, sheet, ++row, gap, 2);
  }
  book.call('SetSheetDimension', sheet, `A1:H${row}`);
  // Its columns fit the page as they are; fitted by Excel, it would not heed the break before the charts.
  printAs(book, sheet, words, 'unfitted');
  return { chartsRow, trend: [first, last] };
}

function writePeriod(
  book: Book,
  sheet: string,
  { period, version, gathered_at, agents }: ReportFacts,
  words: WorkbookWords,
): void {
  const label = { bold: true } as const;
  const told: readonly (readonly [label: string, value: CellValue, type: CellType])[] = [
    [words.period.name, period.name, 'words'],
    [words.period.zone, zone(period.starts_at, period.time_zone).replace(/[\u2066-\u2069]/g, ''), 'text'],
    [words.period.from, period.starts_at, 'instant'],
    [words.period.to, period.ends_at, 'instant'],
    [words.period.version, version, 'count'],
    [words.period.gathered, gathered_at, 'instant'],
  ];
  told.forEach(([name, value, type], index) => {
    book.cell(sheet, cellName(1, 4 + index), name, 'words', label);
    book.cell(sheet, cellName(2, 4 + index), value, type, {});
  });
  book.cell(sheet, 'E4', words.period.lights, 'words', { bold: true, fill: HEADER_FILL });
  book.cell(sheet, 'F4', words.period.agentCount, 'words', { bold: true, fill: HEADER_FILL });
  (['red', 'yellow', 'green', 'grey'] as const).forEach((light, index) => {
    const { fill, ink } = LIGHT_FILLS[light];
    book.cell(sheet, cellName(5, 5 + index), words.report.light[light], 'words', { fill, color: ink });
    book.cell(sheet, cellName(6, 5 + index), agents.filter((agent) => agent.light === light).length, 'count');
  });
}

/** Each number beside those it is compared with. Returns the row after it. */
function writeNumbers(book: Book, sheet: string, row: number, facts: ReportFacts, words: WorkbookWords): number {
  const { compared, kind } = facts;
  const isPart = unfinishedSince(facts) !== undefined;
  const others: readonly (readonly [label: string, of: FactsTotals | null])[] = [
    [words.report.compared.before[kind], compared.before],
    ...(kind === 'daily' ? [[words.report.compared.weekBefore, compared.week_before] as const] : []),
    [words.report.compared.habit[kind](compared.habit_of), compared.habit],
  ];
  headers(
    book,
    sheet,
    row,
    [words.number, words.report.compared.now[kind], ...others.flatMap(([label]) => [label, words.change])],
    ['words'],
  );
  TOTALS.forEach(([key, type], index) => {
    const at = row + 1 + index;
    const now = facts.totals[key];
    book.cell(sheet, cellName(1, at), words.totals[key].name, 'words', { border: true });
    known(book, sheet, cellName(2, at), now, type, words, true);
    others.forEach(([, of], n) => {
      const then = of?.[key] ?? null;
      known(book, sheet, cellName(3 + 2 * n, at), then, type, words);
      // An amount of a part of a period is less than that of a whole one, which says nothing.
      const isComparable = !isPart || type === 'share';
      writeChange(book, sheet, cellName(4 + 2 * n, at), { now: isComparable ? now : null, then, type }, words);
    });
  });
  return row + 1 + TOTALS.length;
}

/** Of shares the difference in points, of other numbers its share of the other; empty where there is none. */
function writeChange(
  book: Book,
  sheet: string,
  cell: string,
  { now, then, type }: { readonly now: number | null; readonly then: number | null; readonly type: CellType },
  words: WorkbookWords,
): void {
  const isShare = type === 'share';
  const isTold = now !== null && then !== null && (isShare || then !== 0);
  const value = !isTold ? null : isShare ? (now - then) * 100 : (now - then) / then;
  const look = { border: true, format: isShare ? pointsFormat(words.points) : CHANGE, color: '5D636B' };
  book.cell(sheet, cell, value, isShare ? 'count' : 'share', look);
}

function writeTrend(
  book: Book,
  sheet: string,
  row: number,
  { trend }: ReportFacts,
  words: WorkbookWords,
): readonly [number, number] {
  heading(book, sheet, row, words.headings.trend);
  headers(book, sheet, row + 1, [words.day, ...TREND.map((key) => words.totals[key].name)], ['day']);
  const types = new Map(TOTALS);
  trend.forEach((day: TrendDay, index) => {
    const at = row + 2 + index;
    book.cell(sheet, cellName(1, at), day.day, 'day', { border: true });
    // Empty, not a dash: charts take a text for nothing.
    TREND.forEach((key, n) => {
      book.cell(sheet, cellName(n + 2, at), day[key], types.get(key) ?? 'count', { border: true });
    });
  });
  return [row + 2, row + 1 + trend.length];
}

function writeRevisions(
  book: Book,
  sheet: string,
  row: number,
  { revisions }: ReportFacts,
  words: WorkbookWords,
): number {
  if (revisions.length === 0) return row;
  heading(book, sheet, row, words.headings.changes);
  headers(
    book,
    sheet,
    row + 1,
    REVISIONS.map(([key, type]) => headerOf({ key, type }, book, words)),
    REVISIONS.map(() => 'words'),
  );
  revisions.forEach((one, index) => {
    REVISIONS.forEach(([, type, of], n) => {
      book.cell(sheet, cellName(n + 1, row + 2 + index), of(one, words), type);
    });
  });
  return row + 3 + revisions.length;
}

function known(
  book: Book,
  sheet: string,
  cell: string,
  value: number | null,
  type: CellType,
  words: WorkbookWords,
  bold = false,
): void {
  const look = { border: true, ...(bold ? { bold } : {}) };
  if (value === null) book.cell(sheet, cell, words.report.unknown, 'words', { ...look, centered: true });
  else book.cell(sheet, cell, value, type, look);
}

function headers(book: Book, sheet: string, row: number, names: readonly string[], types: readonly CellType[]): void {
  names.forEach((name, index) => {
    book.cell(sheet, cellName(index + 1, row), name, 'words', headerLook(types[index] ?? 'count'));
  });
  book.call('SetRowHeight', sheet, row, 30);
}

function heading(book: Book, sheet: string, row: number, text: string): void {
  book.cell(sheet, cellName(1, row), text, 'words', { bold: true, size: 12 });
}

const POINTS_A_LINE = 14;

/** A sentence over the whole width: such a cell does not grow by itself. */
function wide(book: Book, sheet: string, row: number, text: string, linesMin: number): void {
  book.call('MergeCell', sheet, cellName(1, row), cellName(WIDTHS.length, row));
  book.cell(sheet, cellName(1, row), text, 'words', { wrap: true });
  const lines = Math.max(linesMin, Math.ceil(text.length / 125));
  book.call('SetRowHeight', sheet, row, lines * POINTS_A_LINE);
}
