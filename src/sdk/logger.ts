/**
 * `nervesys/logger`: how a program speaks to the lean agent of its server. No dependency, nothing thrown into the program, nothing
 * that keeps it alive. How records travel is told in `delivery.ts`.
 */
import type { AgentStatus } from '../contract/heartbeat.ts';
import { LEVELS, type Level } from '../contract/record.ts';
import { AgentDoor } from './agent-door.ts';
import { Delivery, type DeliveryCounts, QUEUE_BYTES_MAX, QUEUE_RECORDS_MAX } from './delivery.ts';
import { isError, type PlainObject, plainContext, plainText } from './plain-value.ts';
import { nothingWaits, somethingWaits } from './process-end.ts';
import { type LogRecord, recordLine } from './record-line.ts';
import { writeToStderr } from './stderr.ts';

export { type CaptureOptions, captureConsole } from './console.ts';
export type { AgentStatus, DeliveryCounts, Level, LogRecord };

export type LevelName = Level | Lowercase<Level>;

/** The fields of a record: an object, or an `Error`, which becomes `context.error`. */
export type LogContext = object;

/** All of it may be left out: `nervesys exec` tells its child who it is and where the agent is. */
export interface LoggerOptions {
  /** Whose records these are, `GROK`. Default: `NERVESYS_AGENT_ID`; without either they are filed under `unknown`. */
  readonly agentId?: string | undefined;
  /** The lean agent. Default: `NERVESYS_URL`, else `http://127.0.0.1:4318`. */
  readonly url?: string | undefined;
  /** The lean agent's Unix socket, to be used instead of the URL's host and port. */
  readonly socketPath?: string | undefined;
  /** Records below it are left out. Default: `DEBUG`, all of them. */
  readonly level?: LevelName | undefined;
  /** The action of records that name none. */
  readonly action?: string | undefined;
  /** Fields of every record. */
  readonly context?: LogContext | undefined;
  /** How many records may wait while the agent is away; more go to the fallback. */
  readonly queueRecordsMax?: number | undefined;
  /** How many bytes they may have together. */
  readonly queueBytesMax?: number | undefined;
  /** How long the end of the program may wait for the agent, in ms. Default: 3,000. */
  readonly exitTimeoutMs?: number | undefined;
  /** Takes each line of NDJSON that can't be delivered. Default: standard error. */
  readonly fallback?: ((line: string) => void) | undefined;
}

/** What an AI agent may say of itself beside its status. */
export interface StatusFacts {
  readonly last_action?: string;
  /** Why it is so, in words. */
  readonly detail?: string;
  /** This process, where the lean agent sees it (not from within a container): while it lives, the AI agent counts as seen. */
  readonly pid?: number;
  readonly [more: string]: unknown;
}

export interface ChildOptions {
  readonly agentId?: string | undefined;
  readonly action?: string | undefined;
}

const URL_DEFAULT = 'http://127.0.0.1:4318';
const EXIT_TIMEOUT_MS_DEFAULT = 3_000;
const FLUSH_TIMEOUT_MS_DEFAULT = 10_000;
const CLOSE_TIMEOUT_MS_DEFAULT = 5_000;
/** Records of our own about the delivery itself. */
const OWN_ACTION = 'nervesys.logger';
/** From here on a record goes at once: an alert may hang on it. */
const URGENT_FROM = LEVELS.indexOf('ERROR');

/**
 * A logger with a connection of its own. One a program is enough; parts of it get children.
 * @throws TypeError for options that can never work: a URL that is none, a level that doesn't exist.
 */
export function createLogger(options: LoggerOptions = {}): NervesysLogger {
  const agentId = options.agentId ?? (process.env['NERVESYS_AGENT_ID'] || undefined);
  const fallback = options.fallback ?? writeToStderr;
  const ownLine = (message: string, context: Readonly<Record<string, unknown>>) =>
    recordLine({ level: 'WARN', action: OWN_ACTION, message, agentId, context });
  const door = new AgentDoor({ url: addressOf(options.url, fallback, ownLine), socketPath: options.socketPath });
  const waiting = { exitTimeoutMs: options.exitTimeoutMs ?? EXIT_TIMEOUT_MS_DEFAULT };
  const delivery: Delivery = new Delivery({
    door,
    queueRecordsMax: options.queueRecordsMax ?? QUEUE_RECORDS_MAX,
    queueBytesMax: options.queueBytesMax ?? QUEUE_BYTES_MAX,
    fallback,
    ownLine,
    onBusy: (busy) => (busy ? somethingWaits(delivery, waiting) : nothingWaits(delivery)),
  });
  return new NervesysLogger(delivery, {
    agentId,
    action: options.action,
    levelMin: levelIndex(options.level ?? 'DEBUG'),
    context: plainContext(options.context),
  });
}

interface Bound {
  readonly agentId: string | undefined;
  readonly action: string | undefined;
  readonly levelMin: number;
  readonly context: PlainObject;
}

/** Made by `createLogger` and `child`. No method throws, and none rejects. */
export class NervesysLogger implements AsyncDisposable {
  readonly #delivery: Delivery;
  readonly #bound: Bound;

  /** @internal */
  constructor(delivery: Delivery, bound: Bound) {
    this.#delivery = delivery;
    this.#bound = bound;
  }

  /**
   * `action` says what is being done (`code_review`), `message` what happened; an `Error` may stand for the message or the context.
   * With one argument only, it is the message.
   */
  debug(action: unknown, message?: unknown, context?: LogContext): void {
    this.log('DEBUG', action, message, context);
  }
  info(action: unknown, message?: unknown, context?: LogContext): void {
    this.log('INFO', action, message, context);
  }
  warn(action: unknown, message?: unknown, context?: LogContext): void {
    this.log('WARN', action, message, context);
  }
  error(action: unknown, message?: unknown, context?: LogContext): void {
    this.log('ERROR', action, message, context);
  }
  critical(action: unknown, message?: unknown, context?: LogContext): void {
    this.log('CRITICAL', action, message, context);
  }

  log(level: Level, action: unknown, message?: unknown, context?: LogContext): void {
    if (message === undefined) this.write({ level, message: action, context: withError(context, action) });
    else this.write({ level, action: plainText(action), message, context: withError(context, message) });
  }

  /** A record made by somebody else, with a time and a name of its own: for adapters of other loggers. */
  write(record: LogRecord): void {
    try {
      const rank = LEVELS.indexOf(record.level);
      if (rank < this.#bound.levelMin && rank !== -1) return;
      const { agentId, action, context } = this.#bound;
      const level = rank === -1 ? 'INFO' : record.level;
      const whole = { ...record, level, agentId: record.agentId ?? agentId, action: record.action ?? action };
      this.#delivery.add(recordLine(whole, context), rank >= URGENT_FROM);
    } catch {
      // Nothing is known that gets here (recordLine reads any value), and a logger must not throw into the program that logs.
    }
  }

  /** The same logger with more fields; it shares connection and queue with this one, which is the one to close. */
  child(context: LogContext, options: ChildOptions = {}): NervesysLogger {
    return new NervesysLogger(this.#delivery, {
      ...this.#bound,
      agentId: options.agentId ?? this.#bound.agentId,
      action: options.action ?? this.#bound.action,
      context: { ...this.#bound.context, ...plainContext(context) },
    });
  }

  /**
   * The AI agent's own word about itself, shown on the page at once. The latest wins; `stopped` goes after all records.
   * Resolves with whether the agent has it within `timeoutMs`; it may as well not be awaited.
   */
  status(status: AgentStatus, facts: StatusFacts = {}, timeoutMs = FLUSH_TIMEOUT_MS_DEFAULT): Promise<boolean> {
    const { agentId } = this.#bound;
    if (agentId === undefined) return Promise.resolve(false);
    const body = JSON.stringify({ ...plainContext(facts), status });
    return this.#delivery.setStatus(agentId, body, status === 'stopped', timeoutMs);
  }

  /** Resolves with `true` when the agent has everything logged before, with `false` when `timeoutMs` passed first; the rest still waits. */
  flush(timeoutMs = FLUSH_TIMEOUT_MS_DEFAULT): Promise<boolean> {
    return this.#delivery.flush(timeoutMs);
  }

  /** Delivers what waits; what the agent didn't take in `timeoutMs`, and what is logged later, goes to the fallback. */
  close(timeoutMs = CLOSE_TIMEOUT_MS_DEFAULT): Promise<void> {
    return this.#delivery.close(timeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What became of the records so far, those of the whole family of loggers. */
  get counts(): DeliveryCounts {
    return this.#delivery.counts;
  }
}

/** An error given as message keeps its stack: it joins the context as `error`, unless that has one. */
function withError(context: LogContext | undefined, message: unknown): LogContext | undefined {
  if (!isError(message) || isError(context)) return context;
  return { error: message, ...context };
}

function levelIndex(name: LevelName): number {
  const index = LEVELS.indexOf(String(name).toUpperCase() as Level);
  if (index === -1) throw new TypeError(`level must be one of ${LEVELS.join(', ')}; it is ${String(name)}`);
  return index;
}

/** A wrong option is a mistake in the program, and refused; a wrong environment must not keep a program from starting. */
function addressOf(
  option: string | undefined,
  fallback: (line: string) => void,
  ownLine: (message: string, context: Readonly<Record<string, unknown>>) => string,
): URL {
  if (option !== undefined) {
    if (isHttp(option)) return new URL(option);
    throw new TypeError(`url must be an http or https address; it is ${option}`);
  }
  const url = process.env['NERVESYS_URL'] || URL_DEFAULT;
  if (isHttp(url)) return new URL(url);
  fallback(ownLine('NERVESYS_URL is not an http or https address; the default is used', { url_default: URL_DEFAULT }));
  return new URL(URL_DEFAULT);
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
