import type { Clock } from './clock.ts';
import { describeError, errorCode, NervesysError } from './errors.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured facts of one log line; constant field names (`agentId`, `sizeBytes`, `durationMs`, `errorCode`), never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The message is a constant phrase; what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 10, info: 20, warn: 30, error: 40 };
/** The same message is written at most this often; what was left out is counted on the next line of it. */
const REPEAT_QUIET_MS = 10_000;
const REPEATS_REMEMBERED_MAX = 500;

export interface LoggerOptions {
  readonly clock: Clock;
  readonly write: (line: string) => void;
  readonly level?: LogLevel;
  /** `json` for machines (one object a line), `text` for a terminal. */
  readonly format?: 'json' | 'text';
}

export function createLogger(options: LoggerOptions, fields: LogFields = {}): Logger {
  return new LineLogger(options, fields, new Map());
}

/** Swallows everything: for tests and for commands whose output is the answer. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/** The fields of an error worth logging: its chain of messages, code and hint. */
export function errorFields(error: unknown): LogFields {
  const hint = error instanceof NervesysError ? error.hint : undefined;
  return { error: describeError(error), errorCode: errorCode(error), ...(hint === undefined ? {} : { hint }) };
}

class LineLogger implements Logger {
  readonly #options: LoggerOptions;
  readonly #fields: LogFields;
  readonly #seen: Map<string, { at: number; left: number }>;

  constructor(options: LoggerOptions, fields: LogFields, seen: Map<string, { at: number; left: number }>) {
    this.#options = options;
    this.#fields = fields;
    this.#seen = seen;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }
  child(fields: LogFields): Logger {
    return new LineLogger(this.#options, { ...this.#fields, ...fields }, this.#seen);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (RANK[level] < RANK[this.#options.level ?? 'info']) return;
    const now = this.#options.clock.now();
    const repeated =
      level === 'warn' || level === 'error'
        ? this.#repeats(`${level} ${message} ${fields['errorCode'] ?? ''}`, now)
        : 0;
    if (repeated === undefined) return;
    const all = { ...this.#fields, ...fields, ...(repeated > 0 ? { repeated } : {}) };
    this.#options.write(
      this.#options.format === 'text' ? formatText(now, level, message, all) : formatJson(now, level, message, all),
    );
  }

  /** How many lines like this were left out since the last one written; `undefined`: leave this one out too. */
  #repeats(key: string, now: number): number | undefined {
    const seen = this.#seen.get(key);
    if (seen !== undefined && now - seen.at < REPEAT_QUIET_MS && now >= seen.at) {
      seen.left++;
      return undefined;
    }
    if (this.#seen.size >= REPEATS_REMEMBERED_MAX) this.#seen.clear();
    this.#seen.set(key, { at: now, left: 0 });
    return seen?.left ?? 0;
  }
}

function formatJson(now: number, level: LogLevel, message: string, fields: LogFields): string {
  return `${JSON.stringify({ timestamp: new Date(now).toISOString(), level: level.toUpperCase(), message, ...fields })}\n`;
}

function formatText(now: number, level: LogLevel, message: string, fields: LogFields): string {
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => `${key}=${typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`,
    );
  return `${new Date(now).toISOString().slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${message}${facts.length > 0 ? `  ${facts.join(' ')}` : ''}\n`;
}
