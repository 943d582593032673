import { stripVTControlCharacters } from 'node:util';
import { mayColour } from './settings.ts';

/** What a program or a person asked for: standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON value, machine-readable, alone on standard output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** A remark beside the answer: standard error, so that it never gets into a pipe. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** An instant of the API's as people read it, to the second or the minute; UTC. */
export function second(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

export function minute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

export type Colour = 'red' | 'yellow' | 'green' | 'blue' | 'dim' | 'bold';
const SGR: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  blue: [34, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** A painter for a stream: paints on a terminal, leaves the text alone in a pipe, with NO_COLOR, or on a dumb terminal. */
export function painter(stream: { readonly isTTY?: boolean }): (colour: Colour, text: string) => string {
  if (stream.isTTY !== true || !mayColour()) return (_colour, text) => text;
  return (colour, text) => `\u001b[${SGR[colour][0]}m${text}\u001b[${SGR[colour][1]}m`;
}

/**
 * Text from outside made safe to show: control characters (and the bidirectional overrides that could disguise a line) are
 * written as `\xNN` / `\u{…}`, so that a log can neither drive the terminal nor forge a line of its own.
 */
export function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => SHORT_ESCAPES[character] ?? hexEscape(character.codePointAt(0)!),
  );
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function hexEscape(code: number): string {
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

export interface Column<Row> {
  readonly title: string;
  /** May be painted; must be free of control characters otherwise. */
  readonly text: (row: Row) => string;
  readonly align?: 'right';
}

/** A table as `docker ps` draws it: upper-case titles, three spaces between columns, no lines. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => column.text(row))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => displayWidth(line[index]!))));
  return cells
    .map((line) =>
      line
        .map((cell, index) => {
          const padding = ' '.repeat(widths[index]! - displayWidth(cell));
          return columns[index]!.align === 'right' ? padding + cell : cell + padding;
        })
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

function displayWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
