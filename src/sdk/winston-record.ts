import type { Level } from '../contract/record.ts';
import type { LogRecord } from './record-line.ts';

/** Where winston keeps the level as it was before a format coloured it (`triple-beam`'s LEVEL). */
const RAW_LEVEL = Symbol.for('level');
/** Arguments after the message. winston merges objects among them into the record; the originals are still here. */
const SPLAT = Symbol.for('splat');

/** winston's `info` → a record. */
export function winstonRecord(info: unknown): LogRecord {
  if (typeof info !== 'object' || info === null) return { level: 'INFO', message: info };
  const symbols = info as Record<symbol, unknown>;
  const { level, message, timestamp, action, agent_id, ...rest } = { ...info } as Record<string, unknown>;
  const context: Record<string, unknown> = rest;
  const error = errorOf(info, message, symbols[SPLAT]);
  if (error !== undefined) {
    // winston spreads an error's own fields over the record, those of an HTTP client's with the whole request in them.
    for (const key of Object.keys(error)) if (context[key] === error[key as keyof typeof error]) delete context[key];
    if (context['cause'] === (error as { cause?: unknown }).cause) delete context['cause'];
    delete context['stack'];
    context['error'] ??= error;
  }
  // `format.timestamp({ format })` may write in any way people read dates; only what is surely a time stands for one.
  const at =
    typeof timestamp === 'number' || (typeof timestamp === 'string' && ISO.test(timestamp)) ? timestamp : undefined;
  if (at === undefined && timestamp !== undefined) context['timestamp'] = timestamp;
  if (action !== undefined && typeof action !== 'string') context['action'] = action;
  return {
    level: winstonLevel(symbols[RAW_LEVEL] ?? level),
    message: message ?? (info instanceof Error ? info.message : ''),
    action: typeof action === 'string' ? action : undefined,
    agentId: typeof agent_id === 'string' && agent_id !== '' ? agent_id : undefined,
    timestamp: at,
    context,
  };
}

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/;

/** npm's, syslog's and cli's levels, as winston ships them; a level of somebody's own is `INFO`. */
export function winstonLevel(level: unknown): Level {
  return LEVEL_OF[String(level).toLowerCase()] ?? 'INFO';
}

const LEVEL_OF: Readonly<Record<string, Level>> = {
  emerg: 'CRITICAL',
  alert: 'CRITICAL',
  crit: 'CRITICAL',
  critical: 'CRITICAL',
  fatal: 'CRITICAL',
  error: 'ERROR',
  warning: 'WARN',
  warn: 'WARN',
  notice: 'INFO',
  help: 'INFO',
  data: 'INFO',
  info: 'INFO',
  prompt: 'INFO',
  http: 'DEBUG',
  verbose: 'DEBUG',
  input: 'DEBUG',
  debug: 'DEBUG',
  silly: 'DEBUG',
  trace: 'DEBUG',
};

/** The error of a record: itself, its message, one among its arguments, or what is left of one, its stack. */
function errorOf(info: object, message: unknown, splat: unknown): object | undefined {
  if (info instanceof Error) return info;
  if (message instanceof Error) return message;
  const argument = Array.isArray(splat) ? splat.find((value): value is Error => value instanceof Error) : undefined;
  if (argument !== undefined) return argument;
  const { stack } = info as { stack?: unknown };
  if (typeof stack !== 'string') return undefined;
  const name = /^(\w*(?:Error|Exception))\b/.exec(stack)?.[1] ?? 'Error';
  return { name, message, stack };
}
