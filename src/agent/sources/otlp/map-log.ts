import type { Level } from '../../../contract/record.ts';
import { parseLevel } from '../record-encoder.ts';
import type { JsonObject } from './messages.ts';
import { agentNameOf, contextOf, firstWord, normalisedColumns } from './normalise.ts';
import type { Origin } from './read-request.ts';
import { idOf, isoOf, nanosOf, numberOf, readAnyValue, readAttributes, textOr } from './values.ts';

/** The fields of a record, as the record encoder takes them; `undefined` is absent. */
export interface RecordFields {
  readonly timestamp: string | undefined;
  readonly level: Level;
  readonly agent_id: string | undefined;
  readonly action: string | undefined;
  readonly message: string;
  readonly context: Readonly<Record<string, unknown>>;
}

/** A log record of OTLP → a record. @throws Unreadable */
export function mapLog(log: JsonObject, origin: Origin): RecordFields {
  const attributes = readAttributes(log['attributes']);
  const body = readAnyValue(log['body']);
  const eventName = textOr(log['eventName'], '');
  const action = eventName || firstWord(attributes, ['event.name', 'gen_ai.operation.name']);
  const severityNumber = numberOf(log['severityNumber']) ?? 0;
  const severityText = textOr(log['severityText'], '');
  const dropped = numberOf(log['droppedAttributesCount']) ?? 0;
  return {
    timestamp: isoOf(nanosOf(log['timeUnixNano']), nanosOf(log['observedTimeUnixNano'])),
    level: levelOf(severityNumber, severityText, action),
    agent_id: agentNameOf(attributes, origin),
    action,
    message: messageOf(body) || action || firstWord(attributes, ['exception.message', 'message']) || '',
    context: contextOf(
      {
        ...normalisedColumns(attributes, origin, true),
        trace_id: idOf(log['traceId'], 16),
        span_id: idOf(log['spanId'], 8),
        event_name: eventName === '' ? undefined : eventName,
        severity_text: severityText === '' || parseLevel(severityText) !== undefined ? undefined : severityText,
        dropped_attributes: dropped > 0 ? dropped : undefined,
      },
      attributes,
      origin,
      true,
    ),
  };
}

function messageOf(body: unknown): string {
  if (body === null) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

const SEVERITIES: readonly Level[] = ['DEBUG', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'];
/** `api_error`, `codex.internal_error`: the coding agents' events have no severity, their names have. */
const NAMES_AN_ERROR = /(?:^|[._])(?:error|exception)$/;

/** 1–4 TRACE, 5–8 DEBUG, 9–12 INFO, 13–16 WARN, 17–20 ERROR, 21–24 FATAL; 0 is unspecified: the text decides, then the event's name. */
function levelOf(severityNumber: number, severityText: string, action: string | undefined): Level {
  const level = SEVERITIES[Math.floor((severityNumber - 1) / 4)];
  if (severityNumber >= 1 && level !== undefined) return level;
  return parseLevel(severityText) ?? (NAMES_AN_ERROR.test(action ?? '') ? 'ERROR' : 'INFO');
}
