import { parseLevel, parseTimestamp } from '../record-encoder.ts';
import { readPrefix } from './line-prefix.ts';
import type { TimeContext } from './timestamps.ts';

/*
 * Loggers agree on what a log line holds, and not on what the fields are called. The names of the common ones are moved to ours; a field
 * that can't be read as what its name says stays where it was.
 */

type Fields = Record<string, unknown>;

const MESSAGE_NAMES = ['message', 'msg', 'event', '@m', '@mt', 'textPayload'];
const LEVEL_NAMES = ['level', 'severity', 'levelname', 'lvl', 'loglevel', 'log.level', '@l'];
const TIME_NAMES = ['timestamp', 'time', '@timestamp', 'ts', 'asctime', '@t', 'datetime', 't'];

/** The fields of a JSON or logfmt line under a record's names; `line` is the message of one that has none. */
export function renameFields(given: Readonly<Fields>, line: string, context: TimeContext): Fields {
  const fields: Fields = Object.assign(Object.create(null), given);
  rename(fields, 'message', MESSAGE_NAMES, (value) => (value === null || value === undefined ? undefined : value));
  fields['message'] ??= line;
  rename(fields, 'level', LEVEL_NAMES, (value) => parseLevel(value));
  rename(fields, 'timestamp', TIME_NAMES, (value, name) => readTime(value, name, context));
  if (fields['timestamp'] === undefined && fields['time'] !== undefined) {
    fields['_time'] = fields['time']; // no time, and a record's `time` would be taken for one
    delete fields['time'];
  }
  return fields;
}

function rename(
  fields: Fields,
  to: string,
  names: readonly string[],
  read: (value: unknown, name: string) => unknown,
): void {
  for (const name of names) {
    const value = fields[name];
    const found = value === undefined ? undefined : read(value, name);
    if (found === undefined) continue;
    if (name !== to && fields[to] !== undefined) return; // the place is taken by something unreadable, which is told as such
    delete fields[name];
    fields[to] = found;
    return;
  }
}

/** A record's own fields are UTC without a zone, as everywhere; the other names are local times as their loggers write them. */
function readTime(value: unknown, name: string, context: TimeContext): string | undefined {
  if (name === 'timestamp' || name === 'time') {
    const known = parseTimestamp(value);
    if (known !== undefined) return known;
  } else if (typeof value === 'number') return parseTimestamp(value);
  if (typeof value !== 'string') return undefined;
  const number = /^\d{10}(\.\d+)?$|^\d{13}$/.test(value) ? Number(value) : undefined;
  if (number !== undefined) return parseTimestamp(number);
  const { at } = readPrefix(value, context);
  return at === undefined ? undefined : new Date(at).toISOString();
}

/** What a container runtime wraps a line in: Docker's json-file and the CRI format of Kubernetes. */
export interface ContainerLine {
  readonly text: string;
  readonly stream: string;
  readonly timestamp: string | undefined;
}

const DOCKER_FIELDS: ReadonlySet<string> = new Set(['log', 'stream', 'time', 'attrs']);

export function dockerLine(fields: Readonly<Fields>): ContainerLine | undefined {
  const { log, stream, time } = fields;
  if (typeof log !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
  for (const key in fields) if (!DOCKER_FIELDS.has(key)) return undefined;
  return { text: log.replace(/\r?\n$/, ''), stream, timestamp: parseTimestamp(time) };
}

/** `2025-01-15T08:00:00.123456789Z stderr F text`. */
export function criLine(line: string): ContainerLine | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) [FP] /.exec(
    line.slice(0, 64),
  );
  if (match === null) return undefined;
  return { text: line.slice(match[0].length), stream: match[2]!, timestamp: parseTimestamp(match[1]) };
}
