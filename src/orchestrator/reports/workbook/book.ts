import { createRequire } from 'node:module';
import type { Chart, ConditionalFormatOptions, init, NewFile, Style } from 'excelize-wasm';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { NervesysError } from '../../../platform/errors.ts';
import { type CellType, type CellValue, cellOf, isText } from './cell-types.ts';
import { formatsOf } from './formats.ts';
import { finishPackage } from './package-parts.ts';

export type Excelize = Awaited<ReturnType<typeof init>>;

let opened: Promise<Excelize> | undefined;

/** The library, once a process: half a second, and some 100 MB that the process keeps until it ends. */
export function openExcelize(): Promise<Excelize> {
  const { resolve } = createRequire(import.meta.url);
  opened ??= import('excelize-wasm').then(({ init }) => init(resolve('excelize-wasm/excelize.wasm.gz')));
  return opened;
}

/** How a cell looks beyond its number format. */
export interface Look {
  readonly bold?: boolean;
  readonly size?: number;
  readonly fill?: string;
  readonly color?: string;
  readonly wrap?: boolean;
  /** For a number that isn't known, in a column of numbers. */
  readonly centered?: boolean;
  readonly border?: boolean;
  /** Words that stand over or beside numbers. */
  readonly atEnd?: boolean;
  /** In place of the type's own number format. */
  readonly format?: string;
}

const FONT = 'Calibri';
export const INK = '30343A';
const LINE = 'DFE2E6';
const PIECE_LENGTH = 250_000;

/**
 * A workbook that is being written: every answer of the library is looked at, styles are made once each, and cells get what their type
 * says. Sheets stand in the order in which they were added.
 */
export class Book {
  readonly excelize: Excelize;
  readonly isRightToLeft: boolean;
  readonly timeZone: string;
  readonly #file: NewFile;
  readonly #formats: Readonly<Record<CellType, string>>;
  readonly #styles = new Map<string, number>();
  readonly #added = new Map<string, LongText>();
  #sheets = 0;

  constructor(excelize: Excelize, options: { lang: ReportLanguage; timeZone: string; currency: string | null }) {
    this.excelize = excelize;
    this.isRightToLeft = options.lang === 'he';
    this.timeZone = options.timeZone;
    this.#file = excelize.NewFile();
    this.#formats = formatsOf(options.lang, options.currency);
    this.#must('begin', this.#file);
  }

  addSheet(name: string): void {
    if (this.#sheets++ === 0) this.call('SetSheetName', 'Sheet1', name);
    else this.call('NewSheet', name);
    // What is not said of a view, the library takes as false.
    this.call('SetSheetView', name, -1, {
      RightToLeft: this.isRightToLeft,
      ShowGridLines: true,
      ShowRowColHeaders: true,
      ShowZeros: true,
      DefaultGridColor: true,
    });
  }

  /** One of the library's own functions; throws what it complains of. */
  call(name: keyof NewFile, ...parameters: readonly unknown[]): { readonly [key: string]: unknown } {
    const run = this.#file[name] as unknown as (...parameters: readonly unknown[]) => { error?: string | null };
    const answer = run(...parameters);
    this.#must(name, answer);
    return answer as { readonly [key: string]: unknown };
  }

  /** A row of values from a cell on, as the library takes them: in columns that have their style already. */
  row(sheet: string, cell: string, values: readonly CellValue[]): void {
    this.call('SetSheetRow', sheet, cell, values);
  }

  /**
   * A row of a long list, behind all other rows of its sheet; `styles`: of its cells, as `style` numbers them. The library takes about 30 µs and
   * a kilobyte for a cell, so that a thousand AI agents' hours took it ten seconds and 300 MB: such rows are kept away from it, and put into the
   * sheet at the end.
   */
  longRow(sheet: string, row: number, values: readonly CellValue[], styles: readonly number[]): void {
    const cells = values.map((value, index) => {
      if (value === null) return '';
      const at = `<c r="${cellName(index + 1, row)}" s="${styles[index]}"`;
      return typeof value === 'number'
        ? `${at}><v>${value}</v></c>`
        : `${at} t="inlineStr"><is><t xml:space="preserve">${xmlText(value)}</t></is></c>`;
    });
    const rows = this.#added.get(sheet) ?? new LongText();
    this.#added.set(sheet, rows);
    rows.add(`<row r="${row}">${cells.join('')}</row>`);
  }

  /** One cell with its own style. */
  cell(sheet: string, cell: string, value: CellValue, type: CellType, look: Look = {}): void {
    this.row(sheet, cell, [cellOf(value, type, this.timeZone)]);
    this.call('SetCellStyle', sheet, cell, cell, this.style(type, look));
  }

  style(type: CellType, look: Look = {}): number {
    const format = look.format ?? this.#formats[type];
    const key = JSON.stringify([format, isText(type), type === 'words', look]);
    const known = this.#styles.get(key);
    if (known !== undefined) return known;
    const made = this.call('NewStyle', this.#describe(type, format, look))['style'] as number;
    this.#styles.set(key, made);
    return made;
  }

  conditionalStyle(style: Style): number {
    return this.call('NewConditionalStyle', style)['style'] as number;
  }

  format(sheet: string, range: string, rules: readonly ConditionalFormatOptions[]): void {
    this.call('SetConditionalFormat', sheet, range, rules);
  }

  chart(sheet: string, cell: string, chart: Chart, combined?: Chart): void {
    this.call('AddChart', sheet, cell, chart, ...(combined === undefined ? [] : [combined]));
  }

  /** The whole file; nothing can be written any more. */
  bytes(): Uint8Array {
    const written = this.call('WriteToBuffer')['buffer'] as Uint8Array;
    const added = [...this.#added].map(([sheet, rows]) => {
      const { index } = this.call('GetSheetIndex', sheet) as { readonly index: number };
      return [`xl/worksheets/sheet${index + 1}.xml`, rows.take()] as const;
    });
    return finishPackage(written, new Map(added));
  }

  #describe(type: CellType, format: string, look: Look): Style {
    const side = this.isRightToLeft ? 'right' : 'left';
    return {
      Font: {
        Family: FONT,
        Size: look.size ?? 10,
        Color: look.color ?? INK,
        ...(look.bold === true ? { Bold: true } : {}),
      },
      Alignment: {
        Horizontal: look.centered === true ? 'center' : isText(type) && look.atEnd !== true ? side : 'right',
        Vertical: 'top',
        ...(look.wrap === true ? { WrapText: true } : {}),
        // Names and lines run as they themselves do; our words as the sheet does.
        ...(type === 'words' ? { ReadingOrder: this.isRightToLeft ? 2 : 1 } : {}),
      },
      ...(look.fill === undefined ? {} : { Fill: { Type: 'pattern', Pattern: 1, Color: [look.fill] } }),
      ...(look.border === true ? { Border: [{ Type: 'bottom', Color: LINE, Style: 1 }] } : {}),
      ...(format === '@' ? { NumFmt: 49 } : { CustomNumFmt: format }),
    };
  }

  #must(what: string, answer: { error?: string | null } | undefined): void {
    const error = answer?.error;
    if (error !== undefined && error !== null)
      throw new NervesysError('NSV_REPORT_FAILED', `write the workbook: ${what}: ${error.slice(0, 300)}`, {
        hint: 'this is a defect of the program: report it with this message',
      });
  }
}

/** Megabytes of text that grow at their end, outside of the heap: as strings they take it several times over. */
class LongText {
  #pieces: Buffer[] = [];
  #last = '';

  add(text: string): void {
    this.#last += text;
    if (this.#last.length >= PIECE_LENGTH) this.#close();
  }

  /** All of it, once. */
  take(): readonly Buffer[] {
    this.#close();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #close(): void {
    this.#pieces.push(Buffer.from(this.#last));
    this.#last = '';
  }
}

/** As XML; `_x0041_` within would be read as an escape. */
function xmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_');
}

/** `C7`, from numbers that begin with 1. */
export function cellName(column: number, row: number): string {
  return `${columnName(column)}${row}`;
}

export function columnName(column: number): string {
  let rest = column;
  let name = '';
  for (; rest > 0; rest = Math.floor((rest - 1) / 26)) name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
  return name;
}

/** A range of another sheet, as charts and defined names write it: `'AI work'!$A$2:$A$25`. */
export function rangeOf(sheet: string, column: number, firstRow: number, lastRow: number): string {
  const name = `$${columnName(column)}$`;
  return `'${sheet.replaceAll("'", "''")}'!${name}${firstRow}:${name}${lastRow}`;
}
