import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { EncodedRecord } from '../../../../src/agent/buffer/types.ts';
import { DetectorEngine, type DetectorHit } from '../../../../src/agent/edge-ai/detectors/index.ts';
import { RecordView } from '../../../../src/agent/rules/record-view.ts';
import { mapLog } from '../../../../src/agent/sources/otlp/map-log.ts';
import { mapSpan } from '../../../../src/agent/sources/otlp/map-span.ts';
import { encodeObject, encodeTextLine } from '../../../../src/agent/sources/record-encoder.ts';
import type { AgentId, ServerName } from '../../../../src/contract/ids.ts';
import { TRIAGE_DEFAULT, type TriageSettings } from '../../../../src/contract/triage-settings.ts';

/*
 * Transcripts (`tests/fixtures/transcripts/`) are what AI agents and their frameworks send, one item a line: an OTLP log or span with its
 * attributes as a plain object, a record as of POST /logs, or a plain line; `after` is in seconds since the one before. The first line says
 * who sends. They take the way that the real ones take, up to the record.
 */

export const START = Date.parse('2026-03-02T08:00:00.000Z');

export interface Item {
  readonly after?: number;
  readonly log?: {
    readonly body?: string;
    readonly severity?: number;
    readonly attributes: Attributes;
    /** 16 hex digits. */
    readonly spanId?: string;
  };
  readonly span?: {
    readonly name: string;
    readonly attributes: Attributes;
    readonly ms?: number;
    readonly error?: string;
    readonly spanId?: string;
  };
  readonly record?: Readonly<Record<string, unknown>>;
  readonly line?: string;
}

type Attributes = Readonly<Record<string, unknown>>;

export interface At {
  readonly now: number;
  readonly record: EncodedRecord;
}

export function readTranscript(name: string): readonly At[] {
  const file = path.resolve(import.meta.dirname, `../../../fixtures/transcripts/${name}.ndjson`);
  const [first, ...items] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Item);
  return recordsOf((first as { agent: string }).agent, items);
}

export function recordsOf(agentId: string, items: readonly Item[], from = START): readonly At[] {
  let now = from;
  return items.map((item) => {
    now += (item.after ?? 1) * 1_000;
    return { now, record: recordOf(agentId, item, now) };
  });
}

export function recordOf(agentId: string, item: Item, now: number): EncodedRecord {
  const defaults = { server: 'AIGARDEN01' as ServerName, now, agentId: agentId as AgentId };
  if (item.line !== undefined) return encodeTextLine(item.line, defaults);
  if (item.record !== undefined) return encodeObject(item.record, defaults);
  const origin = { resource: { 'service.name': agentId }, scope: '', scopeVersion: '', scopeAttributes: {} };
  if (item.log !== undefined) {
    const { body = '', severity = 9, attributes, spanId } = item.log;
    const log = { body: { stringValue: body }, severityNumber: severity, attributes: listOf(attributes), spanId };
    return encodeObject({ ...mapLog(log, origin) }, defaults);
  }
  const { name, attributes, ms = 100, error, spanId } = item.span!;
  const span = {
    name,
    spanId,
    attributes: listOf(attributes),
    startTimeUnixNano: String(BigInt(Math.round(now - ms)) * 1_000_000n),
    endTimeUnixNano: String(BigInt(Math.round(now)) * 1_000_000n),
    ...(error === undefined ? {} : { status: { code: 2, message: error } }),
  };
  return encodeObject({ ...mapSpan(span, origin)! }, defaults);
}

function listOf(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return { stringValue: typeof value === 'string' ? value : JSON.stringify(value) };
}

/** The defaults with other thresholds of single detectors. */
export function settingsWith(
  detectors: {
    readonly [K in keyof TriageSettings['detectors']]?: Partial<TriageSettings['detectors'][K]>;
  },
): TriageSettings {
  const merged = Object.entries(TRIAGE_DEFAULT.detectors).map(([key, base]) => [
    key,
    { ...base, ...detectors[key as keyof typeof detectors] },
  ]);
  return { ...TRIAGE_DEFAULT, detectors: Object.fromEntries(merged) };
}

export function viewOf(record: EncodedRecord): RecordView {
  return new RecordView().of(record);
}

/** All that is told of records, those that one record alone tells among it, in their order. */
export function hitsOf(
  records: readonly At[],
  settings: TriageSettings = TRIAGE_DEFAULT,
  engine = new DetectorEngine(),
): readonly DetectorHit[] {
  const view = new RecordView();
  engine.use(() => settings, START);
  return records.flatMap(({ now, record }) => {
    view.of(record);
    const alone = engine.lookAtOne(view);
    const hits = engine.look(view, undefined, now);
    return alone === undefined ? hits : [alone, ...hits];
  });
}

export function namesOf(hits: readonly DetectorHit[]): readonly string[] {
  return hits.map(({ detector }) => detector);
}
