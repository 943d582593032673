import { MESSAGE_BYTES_MAX } from '../../../contract/record.ts';
import type { JoinsRecord } from './join-lines.ts';
import { LINE_FEED, lineOf, NUL, type SplitOptions, type Stretch, trimmedEnd } from './split-lines.ts';

/** A record of more lines, or longer than a message may be, goes on as the next record: nothing is cut off. */
export const JOINED_LINES_MAX = 1_000;

export interface SplitRecordsOptions extends SplitOptions {
  readonly joins: JoinsRecord;
}

/**
 * As `splitLines`, for records of several lines. A record is whole when the next one begins, so the last one waits (`pending`)
 * and isn't consumed: its lines are read again, and a crash in between loses and doubles nothing. A stretch always begins
 * with a record, which makes the cutting depend on the bytes alone and not on what was read before.
 */
export function splitRecords(bytes: Buffer, options: SplitRecordsOptions, take: (text: string) => void): Stretch {
  const { final, quiet, lineBytesMax, linesMax, joins } = options;
  let taken = 0;
  let at = 0;
  let group: Group | undefined;
  const push = (text: string) => {
    taken++;
    take(text);
  };
  const close = () => {
    if (group !== undefined) push(textOf(bytes, group));
    group = undefined;
  };
  if (options.skipping) {
    const end = bytes.indexOf(LINE_FEED);
    if (end === -1) return { consumed: bytes.length, skipping: true, pending: false };
    at = end + 1;
  }
  while (taken < linesMax) {
    while (bytes[at] === NUL) at++;
    if (at >= bytes.length) break;
    const found = bytes.indexOf(LINE_FEED, at);
    if (found === -1 && bytes.length - at >= lineBytesMax) {
      if (group !== undefined) break; // it goes first, then the long line begins a stretch of its own
      push(lineOf(bytes, at, at + lineBytesMax, bytes.length));
      return { consumed: bytes.length, skipping: true, pending: false };
    }
    if (found === -1 && !final) break;
    const lineEnd = found === -1 ? bytes.length : found;
    const end = trimmedEnd(bytes, at, lineEnd);
    const line = end > at ? lineOf(bytes, at, Math.min(end, at + lineBytesMax), end) : '';
    if (line.trim() !== '') {
      if (group !== undefined && !(fits(group, end) && joins(line, group.lines))) {
        close();
        if (taken >= linesMax) break;
      }
      group ??= { start: at, end, lines: [] };
      group.lines.push(line);
      group.end = end;
    }
    at = Math.min(bytes.length, lineEnd + 1);
  }
  const stuck = taken === 0 && bytes.length >= lineBytesMax; // it fills all the room there is
  if (final || quiet || stuck) {
    const end = group === undefined ? at : Math.min(bytes.length, lineBreakAfter(bytes, group.end));
    close();
    return { consumed: final ? Math.max(at, end) : end, skipping: false, pending: false };
  }
  return { consumed: group?.start ?? at, skipping: false, pending: group !== undefined };
}

interface Group {
  readonly start: number;
  /** After its last line, without the line break. */
  end: number;
  readonly lines: string[];
}

function fits(group: Group, end: number): boolean {
  return group.lines.length < JOINED_LINES_MAX && end - group.start <= MESSAGE_BYTES_MAX;
}

/** All of the record as it was written, blank lines in it too; line breaks are `\n`. */
function textOf(bytes: Buffer, { start, end, lines }: Group): string {
  if (lines.length === 1) return lines[0]!;
  const text = bytes.toString('utf8', start, end);
  return text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text;
}

function lineBreakAfter(bytes: Buffer, end: number): number {
  const found = bytes.indexOf(LINE_FEED, end);
  return found === -1 ? bytes.length : found + 1;
}
