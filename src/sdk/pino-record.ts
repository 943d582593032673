import type { Level } from '../contract/record.ts';
import { isError } from './plain-value.ts';
import type { LogRecord } from './record-line.ts';

/** What pino calls its fields; both can be set when a pino logger is made. */
export interface PinoKeys {
  readonly messageKey: string;
  readonly errorKey: string;
}

/** A line as pino writes it → a record. What isn't JSON becomes the message. */
export function pinoRecord(line: string, keys: PinoKeys): LogRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null) return { level: 'INFO', message: line };
  const { level, time, timestamp, action, agent_id, ...rest } = value as Record<string, unknown>;
  const context: Record<string, unknown> = rest;
  const message = context[keys.messageKey];
  delete context[keys.messageKey];
  const error = pinoError(context[keys.errorKey]);
  if (error !== undefined) {
    delete context[keys.errorKey];
    context['error'] ??= error;
  }
  if (action !== undefined && typeof action !== 'string') context['action'] = action;
  const at = time ?? timestamp;
  return {
    level: pinoLevel(level),
    message: message ?? error?.['message'] ?? '',
    action: typeof action === 'string' ? action : undefined,
    agentId: typeof agent_id === 'string' && agent_id !== '' ? agent_id : undefined,
    timestamp: typeof at === 'number' || typeof at === 'string' ? at : undefined,
    context,
  };
}

/** pino's numbers (10 trace … 60 fatal), levels of one's own by their neighbours, and names where a formatter writes them. */
export function pinoLevel(level: unknown): Level {
  if (typeof level === 'string') return NAMES[level.toLowerCase()] ?? 'INFO';
  if (typeof level !== 'number') return 'INFO';
  if (level >= 60) return 'CRITICAL';
  if (level >= 50) return 'ERROR';
  if (level >= 40) return 'WARN';
  return level >= 30 ? 'INFO' : 'DEBUG';
}

const NAMES: Readonly<Record<string, Level>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  fatal: 'CRITICAL',
  critical: 'CRITICAL',
};

/** pino's serializer calls an error's name `type`. */
function pinoError(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || isError(value)) return undefined;
  const { type, message, stack, ...rest } = value as Record<string, unknown>;
  if (message === undefined && stack === undefined) return undefined;
  return { name: type ?? rest['name'] ?? 'Error', message, stack, ...rest };
}
