import { createContext, Script } from 'node:vm';
import type { Level } from '../../contract/record.ts';
import { LEVELS } from '../../contract/record.ts';
import { NervesysError } from '../../platform/errors.ts';
import { parseDuration } from '../../platform/quantity.ts';

/** Which archived records are wanted. Bounds are epoch ms, `since` included, `until` not. */
export interface LogQuery {
  readonly server?: string | undefined;
  readonly agentId?: string | undefined;
  /** This level and above. */
  readonly level?: Level | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** A regular expression, looked for in action, message and context. */
  readonly grep?: string | undefined;
  readonly limit: number;
}

/** A line of an object, and what is needed to order and choose it. */
export interface LogLine {
  readonly text: string;
  /** Epoch ms; NaN where the record's timestamp is no date. */
  readonly at: number;
}

export const PATTERN_LENGTH_MAX = 200;
/** How far into a record's text the expression looks. */
const SEARCHED_LENGTH_MAX = 16 * 1024;
/**
 * Some expressions take exponential time (`(a+)+$`). Nothing tells them apart for certain, so each chunk of lines (about 1 MB of
 * text; an ordinary expression needs some ms for it) has this much time, and then the search is refused.
 */
const PATTERN_TIME_MS_MAX = 500;

/** Chooses records of one query. */
export class LogFilter {
  readonly #query: LogQuery;
  readonly #levelMin: number;
  readonly #matches: ((texts: string[]) => boolean[]) | undefined;

  /** Throws `NSV_BODY_INVALID` when the expression isn't one. */
  constructor(query: LogQuery) {
    this.#query = query;
    this.#levelMin = query.level === undefined ? 0 : LEVELS.indexOf(query.level);
    this.#matches = query.grep === undefined ? undefined : textMatcher(query.grep);
  }

  /** The lines of a chunk of NDJSON that are wanted, in their order. A line that isn't one of our records is passed over. */
  choose(ndjson: string): LogLine[] {
    const lines: LogLine[] = [];
    const texts: string[] = [];
    for (const text of ndjson.split('\n')) {
      if (text === '') continue;
      const record = parseRecord(text);
      if (record === undefined || !this.#isWanted(record)) continue;
      lines.push({ text, at: Date.parse(String(record.timestamp)) });
      if (this.#matches !== undefined) texts.push(searchedText(record));
    }
    if (this.#matches === undefined || lines.length === 0) return lines;
    const matched = this.#matches(texts);
    return lines.filter((_line, i) => matched[i]);
  }

  #isWanted(record: ParsedRecord): boolean {
    const { server, agentId, since, until } = this.#query;
    if (this.#levelMin > 0 && LEVELS.indexOf(record.level as Level) < this.#levelMin) return false;
    if (agentId !== undefined && record.agent_id !== agentId) return false;
    if (server !== undefined && record.server !== server) return false;
    if (since === undefined && until === undefined) return true;
    const at = Date.parse(String(record.timestamp));
    return at >= (since ?? Number.NEGATIVE_INFINITY) && at < (until ?? Number.POSITIVE_INFINITY);
  }
}

interface ParsedRecord {
  readonly timestamp?: unknown;
  readonly level?: unknown;
  readonly server?: unknown;
  readonly agent_id?: unknown;
  readonly action?: unknown;
  readonly message?: unknown;
  readonly context?: unknown;
}

function parseRecord(text: string): ParsedRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function searchedText({ action, message, context }: ParsedRecord): string {
  const words = [action, message].filter((word) => typeof word === 'string');
  const hasContext = typeof context === 'object' && context !== null && Object.keys(context).length > 0;
  return [...words, ...(hasContext ? [JSON.stringify(context)] : [])].join('\n').slice(0, SEARCHED_LENGTH_MAX);
}

/** Plain text is searched as such; anything else in a context that can be stopped in the middle of a match. */
function textMatcher(grep: string): (texts: string[]) => boolean[] {
  if (grep.length > PATTERN_LENGTH_MAX) {
    throw new NervesysError('NSV_BODY_INVALID', `grep is longer than ${PATTERN_LENGTH_MAX} characters`);
  }
  if (!/[\\^$.*+?()[\]{}|]/.test(grep)) return (texts) => texts.map((text) => text.includes(grep));
  let pattern: RegExp;
  try {
    pattern = new RegExp(grep, 'u');
  } catch (error) {
    throw new NervesysError('NSV_BODY_INVALID', `grep is not a regular expression: ${(error as Error).message}`);
  }
  const script = new Script('texts.map((text) => pattern.test(text))');
  const sandbox: { texts: string[]; pattern: RegExp } = { texts: [], pattern };
  const context = createContext(sandbox);
  return (texts) => {
    sandbox.texts = texts;
    try {
      return script.runInContext(context, { timeout: PATTERN_TIME_MS_MAX }) as boolean[];
    } catch (error) {
      throw new NervesysError('NSV_BODY_INVALID', 'grep takes too long: the expression is too costly', {
        cause: error,
        hint: 'Avoid repeated groups that themselves repeat, such as (a+)+.',
      });
    }
  };
}

/** An ISO 8601 instant or date, or a duration that lies back from now (`1h`), as epoch ms. Throws `NSV_BODY_INVALID`. */
export function parseInstant(name: string, text: string, now: number): number {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return now - agoMs;
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new NervesysError('NSV_BODY_INVALID', `${name} ${JSON.stringify(text.slice(0, 50))} is no instant`, {
    hint: 'Write 1h, 30m, 7d, a date (2025-12-10) or an instant with zone (2025-12-10T19:45:00Z).',
  });
}
