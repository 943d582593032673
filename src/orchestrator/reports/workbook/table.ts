import { type Book, cellName, columnName, type Look } from './book.ts';
import { type CellType, type CellValue, cellOf, isText } from './cell-types.ts';
import type { ColumnKey, WorkbookWords } from './words.ts';

/** One column of a list: what it is, how wide (in digits), and its value in a row; null: not known. */
export interface Column<Row> {
  readonly key: ColumnKey;
  readonly type: CellType;
  readonly width: number;
  readonly value: (row: Row) => CellValue;
}

export interface TableOptions {
  readonly headerRow?: number;
  /** Columns that stay where they are when the reader scrolls, and are repeated on each printed page. */
  readonly frozenColumns?: number;
  readonly pagesWide?: number;
  /** It may have thousands of rows. */
  readonly isLong?: boolean;
}

export interface Table<Row> {
  readonly headerRow: number;
  /** The header's own row where there are no rows. */
  readonly lastRow: number;
  /** Number of a column, from 1; undefined where the table hasn't got it. */
  column(key: ColumnKey): number | undefined;
  readonly columns: readonly Column<Row>[];
}

export const HEADER_FILL = 'E9EDF2';

/**
 * Writes a list: header, rows, filter, frozen header, widths, and how it prints. Columns have one style each, so that a row is one call; a
 * cell for which nothing is known stays empty.
 */
export function writeTable<Row>(
  book: Book,
  sheet: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  words: WorkbookWords,
  options: TableOptions = {},
): Table<Row> {
  const { headerRow = 1, frozenColumns = 0, pagesWide = 1, isLong = false } = options;
  const types = columns.map(({ type }) => type);
  const lastRow = headerRow + rows.length;
  columns.forEach(({ type, width }, index) => {
    const name = columnName(index + 1);
    book.call('SetColWidth', sheet, name, name, width);
    book.call('SetColStyle', sheet, name, book.style(type));
  });
  const headers = columns.map((column) => headerOf(column, book, words));
  book.row(sheet, cellName(1, headerRow), headers);
  styleHeader(book, sheet, headerRow, types);
  const cells = columns.map(({ type }) => remembering((value) => cellOf(value, type, book.timeZone)));
  const styles = types.map((type) => book.style(type));
  rows.forEach((row, index) => {
    const values = columns.map(({ value }, place) => cells[place]!(value(row)));
    const at = headerRow + 1 + index;
    if (isLong) book.longRow(sheet, at, values, styles);
    else book.row(sheet, cellName(1, at), values);
  });
  freezeAndPrint(book, sheet, words, { headerRow, lastRow, columns: columns.length, frozenColumns, pagesWide });
  return {
    headerRow,
    lastRow,
    columns,
    column: (key) => {
      const index = columns.findIndex((column) => column.key === key);
      return index < 0 ? undefined : index + 1;
    },
  };
}

/** In a long list the same names and instants come again and again, and making cells of them takes longer than all the rest. */
function remembering(make: (value: CellValue) => CellValue): (value: CellValue) => CellValue {
  const made = new Map<string, CellValue>();
  return (value) => {
    if (typeof value !== 'string') return make(value);
    const known = made.get(value);
    if (known !== undefined) return known;
    const cell = make(value);
    made.set(value, cell);
    return cell;
  };
}

export function headerOf({ key, type }: Pick<Column<never>, 'key' | 'type'>, book: Book, words: WorkbookWords): string {
  const { name } = words.columns[key];
  return type === 'instant' ? words.inZone(name, book.timeZone) : name;
}

/** Over numbers it stands where they do. */
export function styleHeader(book: Book, sheet: string, row: number, types: readonly CellType[]): void {
  types.forEach((type, index) => {
    const cell = cellName(index + 1, row);
    book.call('SetCellStyle', sheet, cell, cell, book.style('words', headerLook(type)));
  });
  book.call('SetRowHeight', sheet, row, 42); // three lines
}

export function headerLook(type: CellType): Look {
  return { bold: true, wrap: true, fill: HEADER_FILL, border: true, ...(isText(type) ? {} : { atEnd: true }) };
}

interface Extent extends TableOptions {
  readonly headerRow: number;
  readonly lastRow: number;
  readonly columns: number;
}

/** A filter over the list, a header that stays while the reader scrolls and is repeated on each page, and A4. */
export function freezeAndPrint(book: Book, sheet: string, words: WorkbookWords, extent: Extent): void {
  const { headerRow, lastRow, columns, frozenColumns = 0, pagesWide = 1 } = extent;
  const last = columnName(columns);
  book.call('SetSheetDimension', sheet, `A1:${last}${lastRow}`);
  book.call('AutoFilter', sheet, `A${headerRow}:${last}${lastRow}`, []);
  freeze(book, sheet, headerRow, frozenColumns);
  printRows(book, sheet, headerRow, frozenColumns);
  printAs(book, sheet, words, pagesWide);
}

function freeze(book: Book, sheet: string, headerRow: number, frozenColumns: number): void {
  const pane = frozenColumns === 0 ? 'bottomLeft' : 'bottomRight';
  const topLeft = cellName(frozenColumns + 1, headerRow + 1);
  book.call('SetPanes', sheet, {
    Freeze: true,
    XSplit: frozenColumns,
    YSplit: headerRow,
    TopLeftCell: topLeft,
    ActivePane: pane,
    Selection: [{ SQRef: topLeft, ActiveCell: topLeft, Pane: pane }],
  });
}

function printRows(book: Book, sheet: string, headerRow: number, frozenColumns: number): void {
  const name = `'${sheet.replaceAll("'", "''")}'!`;
  const columns = frozenColumns === 0 ? '' : `${name}$A:$${columnName(frozenColumns)},`;
  book.call('SetDefinedName', {
    Name: '_xlnm.Print_Titles',
    RefersTo: `${columns}${name}$${headerRow}:$${headerRow}`,
    Scope: sheet,
  });
}

const A4 = 9;
const CENTIMETRE = 1 / 2.54;

/** A4 across, as many pages high as it takes. */
export function printAs(book: Book, sheet: string, words: WorkbookWords, pagesWide: number | 'unfitted' = 1): void {
  const paper = { Size: A4, Orientation: 'landscape' };
  if (pagesWide === 'unfitted') book.call('SetPageLayout', sheet, { ...paper, AdjustTo: 76 });
  else {
    book.call('SetSheetProps', sheet, { FitToPage: true });
    book.call('SetPageLayout', sheet, { ...paper, FitToWidth: pagesWide, FitToHeight: 0 });
  }
  book.call('SetPageMargins', sheet, {
    Left: CENTIMETRE,
    Right: CENTIMETRE,
    Top: 1.6 * CENTIMETRE,
    Bottom: 1.6 * CENTIMETRE,
    Header: 0.7 * CENTIMETRE,
    Footer: 0.7 * CENTIMETRE,
    Horizontally: true,
  });
  book.call('SetHeaderFooter', sheet, {
    OddHeader: '&L&A',
    OddFooter: `&L${words.report.product}&R${words.page('&P', '&N')}`,
  });
}
