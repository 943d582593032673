import { parseLevel, parseTimestamp } from '../../agent/sources/record-encoder.ts';
import type { AgentId } from '../../contract/ids.ts';
import type { Level } from '../../contract/record.ts';
import type { OutputLine } from './line-splitter.ts';

/** What is known of every line of one run. */
export interface RunFacts {
  readonly agentId: AgentId;
  readonly pid: number;
}

/** A record as it goes to the agent: one line of NDJSON, and its level for when some must go. */
export interface PendingRecord {
  readonly json: string;
  readonly level: Level;
}

const STREAM_LEVEL = { stdout: 'INFO', stderr: 'WARN' } as const satisfies Record<string, Level>;
export type OutputStream = keyof typeof STREAM_LEVEL;

/**
 * A line of output as a record. A JSON object is read as a record: its own fields win; anything else becomes the message.
 * `at` (epoch ms, the time of reading) is the timestamp of a line that has none.
 */
export function outputRecord(line: OutputLine, stream: OutputStream, facts: RunFacts, at: number): PendingRecord {
  const text = line.text.endsWith('\r') ? line.text.slice(0, -1) : line.text;
  const own = text.startsWith('{') && line.cutFromBytes === undefined ? parseObject(text) : undefined;
  const level = parseLevel(own?.['level']);
  const record: Record<string, unknown> = { agent_id: facts.agentId, ...own };
  if (!hasText(record['agent_id'])) record['agent_id'] = facts.agentId;
  record['message'] = own?.['message'] ?? own?.['msg'] ?? own?.['event'] ?? text;
  record['context'] = context(own, stream, facts, line);
  if (parseTimestamp(own?.['timestamp'] ?? own?.['time']) === undefined) {
    moveAside(record, 'timestamp');
    record['timestamp'] = new Date(at).toISOString();
  }
  if (level === undefined) {
    moveAside(record, 'level');
    // Of ordinary output nobody said a level; the agent then takes the same, and knows that it is a guess.
    if (STREAM_LEVEL[stream] !== 'INFO') record['level'] = STREAM_LEVEL[stream];
  }
  if (record['action'] === undefined) record['action'] = 'output';
  return { json: JSON.stringify(record), level: level ?? STREAM_LEVEL[stream] };
}

/** The line's own context, and where the line came from; never over something the line says itself. */
function context(
  own: Readonly<Record<string, unknown>> | undefined,
  stream: OutputStream,
  facts: RunFacts,
  line: OutputLine,
): Record<string, unknown> {
  const given = own?.['context'];
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries({ stream, pid: facts.pid })) {
    if (own === undefined || !Object.hasOwn(own, key)) fields[key] = value;
  }
  if (line.cutFromBytes !== undefined) {
    fields['_truncated'] = ['line'];
    fields['_line_bytes'] = line.cutFromBytes;
  }
  if (isObject(given)) return { ...fields, ...given };
  return given === undefined || given === null ? fields : { ...fields, value: given };
}

/** A field that can't be used as what it is named for stays readable, in the context. */
function moveAside(record: Record<string, unknown>, name: string): void {
  if (record[name] === undefined) return;
  record['context'] = { [`_${name}`]: record[name], ...(record['context'] as object) };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // plain text that begins with a brace
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
