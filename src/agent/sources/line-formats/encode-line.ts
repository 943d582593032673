import { RECORD_BYTES_MAX } from '../../../contract/record.ts';
import type { EncodedRecord } from '../../buffer/types.ts';
import { type EncodeDefaults, encodeObject, encodeTextLine } from '../record-encoder.ts';
import { readPrefix } from './line-prefix.ts';
import { parseLogfmt } from './logfmt.ts';
import { type ContainerLine, criLine, dockerLine, renameFields } from './structured.ts';
import type { TimeZone } from './time-zone.ts';

export const LINE_FORMATS = ['auto', 'json', 'logfmt', 'plain'] as const;
/** How lines are read: `auto` takes each for what it is; the others only for that, or for plain text. */
export type LineFormat = (typeof LINE_FORMATS)[number];

export interface LineReading {
  readonly format: LineFormat;
  readonly zone: TimeZone;
}

/** How long a line may be to be taken apart; a longer one, which was cut, is text. */
const STRUCTURED_LENGTH_MAX = RECORD_BYTES_MAX;

/**
 * A line of a file, or lines that were joined, as a record: timestamp and level from the head of plain text, all fields of JSON and
 * logfmt. The message of plain text is the whole text as it was written. Never rejects; linear in the line's length.
 */
export function encodeLine(text: string, { format, zone }: LineReading, defaults: EncodeDefaults): EncodedRecord {
  const context = { zone, now: defaults.now };
  if (format === 'auto') {
    const wrapped = text.charCodeAt(0) <= 0x39 ? criLine(text) : undefined;
    if (wrapped !== undefined) return encodeContained(wrapped, { format, zone }, defaults);
  }
  if (text.startsWith('{') && (format === 'auto' || format === 'json') && text.length <= STRUCTURED_LENGTH_MAX) {
    // A record in our own names needs no renaming, and the common path is the short one.
    if (OWN_NAMES.every((name) => text.includes(name)) && !text.includes('\n')) return encodeTextLine(text, defaults);
    const fields = parseObject(text);
    if (fields !== undefined) {
      const inner = dockerLine(fields);
      return inner === undefined
        ? encodeObject(renameFields(fields, text, context), defaults)
        : encodeContained(inner, { format, zone }, defaults);
    }
  }
  if ((format === 'auto' || format === 'logfmt') && text.length <= STRUCTURED_LENGTH_MAX) {
    const pairs = format === 'logfmt' || mayBeLogfmt(text) ? parseLogfmt(text) : undefined;
    if (pairs !== undefined && (format === 'logfmt' || isLogfmt(pairs)))
      return encodeObject(renameFields(pairs, text, context), defaults);
  }
  const { at, level } = readPrefix(text, context);
  return encodeObject({ message: text, level, timestamp: at === undefined ? undefined : isoOf(at) }, defaults);
}

const OWN_NAMES = ['"message":', '"timestamp":', '"level":'];

/** What a container wrote is read as if it stood in a file of its own, once: a line that looks wrapped again is text. */
function encodeContained(line: ContainerLine, reading: LineReading, defaults: EncodeDefaults): EncodedRecord {
  const at = line.timestamp === undefined ? defaults.now : Date.parse(line.timestamp);
  const context = { stream: line.stream, ...defaults.context };
  const inner = line.text === '' ? ' ' : line.text;
  const format = inner.startsWith('{"log":') || reading.format !== 'auto' ? 'plain' : reading.format;
  if (criLine(inner) !== undefined) return encodeObject({ message: inner }, { ...defaults, now: at, context });
  return encodeLine(inner, { ...reading, format }, { ...defaults, now: at, context });
}

/** Whether it begins like `key=`; most plain lines are turned down here. */
function mayBeLogfmt(text: string): boolean {
  const equals = text.indexOf('=');
  if (equals <= 0 || equals > 40) return false;
  const space = text.indexOf(' ');
  return space === -1 || space > equals;
}

/** Pairs alone don't make a log line: `a=b` may be anything. One says a level or a message, as loggers do. */
function isLogfmt(pairs: Readonly<Record<string, string>>): boolean {
  return LOGFMT_MARKS.some((name) => pairs[name] !== undefined) && Object.keys(pairs).length > 1;
}

const LOGFMT_MARKS = ['level', 'lvl', 'severity', 'msg', 'message'];

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // plain text that begins with a brace
  }
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
