import { type Level, MESSAGE_BYTES_MAX } from '../contract/record.ts';
import { type PlainObject, plainContext, plainText } from './plain-value.ts';
import { wallClockMs } from './timers.ts';

/** One record, as transports and adapters of other loggers hand it over. */
export interface LogRecord {
  readonly level: Level;
  /** Text; of anything else its text is taken. */
  readonly message: unknown;
  readonly action?: string | undefined;
  /** Epoch milliseconds or ISO 8601; now where absent. */
  readonly timestamp?: number | string | undefined;
  readonly agentId?: string | undefined;
  /** Fields; an `Error` becomes `context.error`. */
  readonly context?: unknown;
}

/** The record as one line of NDJSON, read from the caller's objects at once, so that they may change afterwards. Never throws. */
export function recordLine(record: LogRecord, bound: PlainObject = {}): string {
  return JSON.stringify({
    timestamp: timestampOf(record.timestamp),
    level: record.level,
    ...(record.agentId === undefined ? {} : { agent_id: record.agentId }),
    action: record.action ?? '',
    // One character past the bound is left, so that the agent marks what it cuts.
    message: plainText(record.message).slice(0, MESSAGE_BYTES_MAX + 1),
    context: { ...bound, ...plainContext(record.context) },
  });
}

function timestampOf(given: number | string | undefined): string {
  if (typeof given === 'string') return given;
  const at = new Date(given ?? wallClockMs());
  return Number.isNaN(at.getTime()) ? new Date(wallClockMs()).toISOString() : at.toISOString();
}
