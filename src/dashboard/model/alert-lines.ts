import { isLevel, type Level } from '../../contract/record.ts';
import { readable } from './readable.ts';

/** A log line as the page shows it. All of it came from a source: it may hold anything. */
export interface Line {
  /** As it was given; null: there is none. */
  readonly timestamp: string | null;
  readonly level: Level | null;
  readonly action: string;
  readonly message: string;
  /** The line that the alert was told of. */
  readonly isTold?: boolean;
}

/** More is in the archive. */
const LINES_BEFORE_MAX = 100;
const MESSAGE_LENGTH_MAX = 4_000;
const ACTION_LENGTH_MAX = 100;

/** A record in archive form; `undefined`: it is none. */
export function readLine(record: unknown): Line | undefined {
  if (typeof record !== 'object' || record === null) return undefined;
  const { timestamp, level, action, message } = record as Readonly<Record<string, unknown>>;
  if (typeof message !== 'string') return undefined;
  return {
    timestamp: typeof timestamp === 'string' && !Number.isNaN(Date.parse(timestamp)) ? timestamp : null,
    level: isLevel(level) ? level : null,
    action: typeof action === 'string' ? readable(action, ACTION_LENGTH_MAX) : '',
    message: readable(message, MESSAGE_LENGTH_MAX),
  };
}

/** The lines before an alert, newest last, and the one that it was told of, where its detail is of a line. */
export function linesOfAlert(detail: Readonly<Record<string, unknown>>): readonly Line[] {
  const before = detail['lines_before'];
  const lines = (Array.isArray(before) ? before : []).flatMap((one) => readLine(one) ?? []);
  const own = isOfLine(detail) ? readLine(detail) : undefined;
  if (own === undefined) return lines.slice(-LINES_BEFORE_MAX);
  const last = lines.at(-1);
  const isThere = last?.message === own.message && last.timestamp === own.timestamp;
  return [...(isThere ? lines.slice(0, -1) : lines), { ...own, isTold: true }].slice(-LINES_BEFORE_MAX);
}

/** Whether an alert's detail tells of a line itself: a rule's does, the archive's refusal has a message of another kind. */
export function isOfLine(detail: Readonly<Record<string, unknown>>): boolean {
  return isLevel(detail['level']) && typeof detail['message'] === 'string';
}
