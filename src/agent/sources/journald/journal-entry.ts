import { type AgentId, parseAgentId } from '../../../contract/ids.ts';
import type { EncodedRecord } from '../../buffer/types.ts';
import { encodeLine } from '../line-formats/encode-line.ts';
import { SEVERITY_LEVELS } from '../line-formats/levels.ts';
import type { TimeZone } from '../line-formats/time-zone.ts';
import { type EncodeDefaults, parseLevel } from '../record-encoder.ts';

/** Whose the entries are. */
export interface JournalReading {
  readonly zone: TimeZone;
  readonly agentId: AgentId | undefined;
  readonly byUnit: boolean;
  /** The configured AI agents of this server, by their names in lower case. */
  readonly configured: ReadonlyMap<string, AgentId>;
}

/** An entry of the journal in its JSON format (systemd's "Journal JSON Format"). */
export interface JournalEntry {
  readonly cursor: string;
  /** Epoch µs, as the journal received it. */
  readonly realtimeUs: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads a line of `journalctl --output=json`; `undefined` for what is none. */
export function parseEntry(line: string): JournalEntry | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { __CURSOR: cursor, __REALTIME_TIMESTAMP: realtime } = fields as Record<string, unknown>;
  const realtimeUs = Number(realtime);
  if (typeof cursor !== 'string' || cursor === '' || !Number.isSafeInteger(realtimeUs)) return undefined;
  return { cursor, realtimeUs, fields: fields as Record<string, unknown> };
}

/** An entry as a record; its message is read as a line of a file is. `undefined` for one without a message. */
export function encodeEntry(
  { fields, realtimeUs }: JournalEntry,
  reading: JournalReading,
  defaults: EncodeDefaults,
): EncodedRecord | undefined {
  const message = textOf(fields['MESSAGE']);
  if (message === undefined || message.trim() === '') return undefined;
  const unit = textOf(fields['_SYSTEMD_UNIT']) ?? textOf(fields['_SYSTEMD_USER_UNIT']) ?? textOf(fields['UNIT']);
  const agentId = (reading.byUnit ? agentOfUnit(unit, reading.configured) : undefined) ?? reading.agentId;
  const level = SEVERITY_LEVELS[Number(textOf(fields['PRIORITY']) ?? Number.NaN)] ?? parseLevel('info')!;
  const at = Math.floor(realtimeUs / 1_000);
  const context = {
    ...given('unit', unit),
    ...given('identifier', textOf(fields['SYSLOG_IDENTIFIER'])),
    ...given('pid', textOf(fields['_PID'])),
  };
  return encodeLine(
    message,
    { format: 'auto', zone: reading.zone },
    { ...defaults, ...(agentId === undefined ? {} : { agentId }), now: at, level, context },
  );
}

/** `ollama.service` is the AI agent `ollama`, or the configured one of that name in any case; `worker@3.service` is `worker`. */
export function agentOfUnit(unit: string | undefined, configured: ReadonlyMap<string, AgentId>): AgentId | undefined {
  if (unit === undefined) return undefined;
  const name = unit.replace(/\.[a-z]+$/, '').replace(/@.*$/s, '');
  return configured.get(name.toLowerCase()) ?? parseAgentId(name.slice(0, 50));
}

/** Text, or bytes as numbers where it isn't printable UTF-8; of a field that is there several times the first. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return typeof value[0] === 'number' ? Buffer.from(value as number[]).toString('utf8') : textOf(value[0]);
}

function given(key: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [key]: value };
}
