import type { ErrorCode } from '../../contract/error-codes.ts';
import {
  ACTION_LENGTH_MAX,
  AGENT_ID_LENGTH_MAX,
  type AgentId,
  type ServerName,
  UNKNOWN_AGENT_ID,
} from '../../contract/ids.ts';
import {
  CONTEXT_BYTES_MAX,
  type Level,
  LOSS_ACTION,
  MESSAGE_BYTES_MAX,
  RECORD_BYTES_MAX,
  type RejectedLine,
} from '../../contract/record.ts';
import { SAMPLED_KEY, TAGS_KEY } from '../../contract/rules.ts';
import { NervesysError } from '../../platform/errors.ts';
import { parseJsonExactly } from '../../platform/exact-json.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { BUILT_IN_REDACTION, REDACTED_KEY, type Redaction } from '../redaction/index.ts';
import { CanonicalLines } from './canonical-lines.ts';
import { parseLevel } from './level.ts';

export { parseLevel };

/** What a source knows of every record it brings; a record's own fields win. */
export interface EncodeDefaults {
  readonly server: ServerName;
  /** Time of arrival, epoch ms: the timestamp of a record that has none. */
  readonly now: number;
  readonly agentId?: AgentId;
  readonly level?: Level;
  readonly action?: string;
  /** Added to each record's context where it has no such key. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** What is taken out of messages and contexts; absent: all credentials. */
  readonly redaction?: Redaction;
  /** It is the lean agent's own record, which may be a loss receipt; no source says this. */
  readonly isOwn?: true;
}

export interface Encoded {
  readonly records: EncodedRecord[];
  /** The first `REJECTED_LISTED_MAX` lines that could not be taken. */
  readonly rejected: RejectedLine[];
  /** How many more there were. */
  readonly rejectedMore: number;
}

const LINE_FEED = 0x0a;

/** A body of 16 MiB may hold millions of broken lines; naming each would take a hundred times its memory. */
export const REJECTED_LISTED_MAX = 100;

interface Encoding {
  records: EncodedRecord[];
  rejected: RejectedLine[];
  rejectedMore: number;
}

/** One line as a source read it, valid JSON object or plain text; plain text becomes the message. Never rejects. */
export function encodeTextLine(line: string, defaults: EncodeDefaults): EncodedRecord {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (text.startsWith('{') && text.length <= RECORD_BYTES_MAX) {
    const value = parseJson(text);
    if (isObject(value)) {
      const message = value['message'] ?? value['msg'] ?? value['event'];
      return encodeObject(message === undefined ? { ...value, message: text } : { ...value, message }, defaults);
    }
  }
  return encodeObject({ message: text }, defaults);
}

/**
 * NDJSON as bytes: each line one record; empty lines are passed over, broken ones named. Line numbers count from 1. Records in
 * canonical form are copied rather than parsed (`record-scanner.ts`) and go on using `body`, which must not change.
 */
export function encodeNdjson(body: Buffer, defaults: EncodeDefaults): Encoded {
  const encoding: Encoding = { records: [], rejected: [], rejectedMore: 0 };
  const canonical = CanonicalLines.in(body, defaults);
  let line = 0;
  for (let start = 0; start < body.length; ) {
    line++;
    const record = canonical?.take(start);
    if (record !== undefined) {
      encoding.records.push(record);
      start = canonical!.next;
      continue;
    }
    const found = body.indexOf(LINE_FEED, start);
    const end = found === -1 ? body.length : found;
    encodeJsonText(body.toString('utf8', start, end), line, defaults, encoding);
    start = end + 1;
  }
  return encoding;
}

/** A parsed JSON body: one record, or an array of records (element n is "line" n). */
export function encodeValues(values: readonly unknown[], defaults: EncodeDefaults): Encoded {
  const encoding: Encoding = { records: [], rejected: [], rejectedMore: 0 };
  values.forEach((value, index) => {
    encodeValue(value, index + 1, defaults, encoding);
  });
  return encoding;
}

function encodeJsonText(text: string, line: number, defaults: EncodeDefaults, encoding: Encoding): void {
  if (text.trim() === '') return;
  let value: unknown;
  try {
    value = parseJsonExactly(text);
  } catch (error) {
    const reason = (error as Error).message.slice(0, 200);
    reject(encoding, line, 'NSV_RECORD_NOT_JSON', () => `line ${line} is not valid JSON: ${reason}`);
    return;
  }
  encodeValue(value, line, defaults, encoding);
}

function encodeValue(value: unknown, line: number, defaults: EncodeDefaults, encoding: Encoding): void {
  if (!isObject(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
    reject(encoding, line, 'NSV_RECORD_NOT_OBJECT', () => `line ${line} is ${kind}, not an object`);
  } else if (value['message'] === undefined || value['message'] === null) {
    reject(encoding, line, 'NSV_RECORD_NO_MESSAGE', () => `line ${line} has no "message"`);
  } else encoding.records.push(encodeObject(value, defaults));
}

function reject(encoding: Encoding, line: number, code: ErrorCode, message: () => string): void {
  if (encoding.rejected.length < REJECTED_LISTED_MAX) encoding.rejected.push({ line, code, message: message() });
  else encoding.rejectedMore++;
}

/** A JSON object in the shape of a record → what is stored. Bounds are applied, unknown fields go into the context. */
export function encodeObject(value: Readonly<Record<string, unknown>>, defaults: EncodeDefaults): EncodedRecord {
  const truncated: string[] = [];
  let context = contextOf(value, defaults);

  const timestamp = parseTimestamp(value['timestamp'] ?? value['time']);
  if (timestamp === undefined && isThere(value['timestamp']))
    context = withNote(context, '_timestamp', value['timestamp']);
  else if (timestamp === undefined && isThere(value['time'])) context = withNote(context, 'time', value['time']);
  const level = parseLevel(value['level']);
  if (level === undefined && isThere(value['level'])) context = withNote(context, '_level', value['level']);

  // Redacted whole, before it is cut; which settings apply is told by the name as it came.
  const name = withoutControls(textOf(value['agent_id'])) || defaults.agentId || UNKNOWN_AGENT_ID;
  const redactor = (defaults.redaction ?? BUILT_IN_REDACTION).for(name);
  const agentId = cutText(redactor.redactText(name), AGENT_ID_LENGTH_MAX, 'agent_id', truncated);
  let action = cutText(
    redactor.redactText(textOf(value['action'])) || defaults.action || '',
    ACTION_LENGTH_MAX,
    'action',
    truncated,
  );
  if (action === LOSS_ACTION && defaults.isOwn !== true) {
    context = withNote(context, '_action', action);
    action = '';
  }
  let message = textOf(value['message']);
  let contextJson = stringify(context);
  if (contextJson === undefined) {
    truncated.push('context');
    context = withoutDepth(context);
    contextJson = JSON.stringify(context);
  }
  // Before anything is cut, as half a secret is not recognised.
  const redacted = redactor.redact(message, context, contextJson);
  if (redacted !== undefined) {
    ({ message, context } = redacted);
    contextJson = JSON.stringify(context);
  }
  const { _truncated: former } = context;
  if (message.length * 3 > MESSAGE_BYTES_MAX && Buffer.byteLength(message) > MESSAGE_BYTES_MAX) {
    message = cutUtf8(message, MESSAGE_BYTES_MAX);
    truncated.push('message');
  }
  if (contextJson.length * 3 > CONTEXT_BYTES_MAX && Buffer.byteLength(contextJson) > CONTEXT_BYTES_MAX) {
    if (!truncated.includes('context')) truncated.push('context');
    context = cutContext(context);
    if (redacted !== undefined) context[REDACTED_KEY] = redacted.kinds;
    contextJson = '';
  }
  if (truncated.length > 0 || contextJson === '')
    contextJson = JSON.stringify({ ...context, _truncated: withFormer(former, truncated) });
  if (contextJson.includes('\\ud')) contextJson = withoutLoneSurrogates(contextJson);

  const iso = timestamp ?? new Date(defaults.now).toISOString();
  const effectiveLevel = level ?? defaults.level ?? 'INFO';
  const json = `"timestamp":"${iso}","level":"${effectiveLevel}","server":"${defaults.server}","agent_id":${JSON.stringify(agentId)},"action":${JSON.stringify(action)},"message":${JSON.stringify(message)},"context":${contextJson}}`;
  const isLevelAssumed = level === undefined && defaults.level === undefined;
  return { agentId: agentId as AgentId, level: effectiveLevel, action, timestamp: iso, json, isLevelAssumed };
}

/** Programs write null for what they have not. */
function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

const OWN_FIELDS: ReadonlySet<string> = new Set(['timestamp', 'level', 'agent_id', 'action', 'message', 'context']);

/** The record's context, the source's defaults, and every field that a record doesn't have by name. */
function contextOf(value: Readonly<Record<string, unknown>>, defaults: EncodeDefaults): Record<string, unknown> {
  const given = value['context'];
  const context: Record<string, unknown> = { ...defaults.context };
  for (const key in value) {
    if (!OWN_FIELDS.has(key) && !(key === 'time' && value['timestamp'] === undefined)) setOwn(context, key, value[key]);
  }
  if (isObject(given)) {
    for (const key in given) {
      if (Object.hasOwn(context, key) && Object.hasOwn(value, key)) setOwn(context, `_${key}`, value[key]);
      setOwn(context, key, given[key]);
    }
  } else if (given !== undefined && given !== null) setOwn(context, 'value', given);
  return context;
}

/** Assigns as data: a key `__proto__` must become a field like any other. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

function withNote(context: Record<string, unknown>, key: string, value: unknown): Record<string, unknown> {
  return key in context ? context : { ...context, [key]: value };
}

/** What is cut now, after what was when the record was encoded before: rules encode it again. */
function withFormer(former: unknown, truncated: readonly string[]): readonly string[] {
  const known = Array.isArray(former) ? former.filter((field) => CUT_FIELDS.includes(field)) : [];
  return [...new Set([...known, ...truncated])];
}

const CUT_FIELDS: readonly unknown[] = ['agent_id', 'action', 'message', 'context'];
/** What was done with a record is kept before what it says itself. */
const MARKS: readonly string[] = [TAGS_KEY, SAMPLED_KEY, REDACTED_KEY];

/** Keeps the fields that fit, in order; a field too large by itself is kept as the beginning of its text. */
function cutContext(context: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  let left = CONTEXT_BYTES_MAX - 1024; // room for the marks themselves
  const entries = Object.entries(context);
  const [marks, others] = [
    entries.filter(([key]) => MARKS.includes(key)),
    entries.filter(([key]) => !MARKS.includes(key)),
  ];
  for (const [key, value] of [...marks, ...others]) {
    const json = JSON.stringify(value) ?? 'null';
    const bytes = Buffer.byteLength(json) + Buffer.byteLength(key) * 2 + 8;
    if (bytes <= left) {
      setOwn(kept, key, value);
      left -= bytes;
    } else if (left > 512 && Buffer.byteLength(key) < 128) {
      const text = cutToJson(typeof value === 'string' ? value : json, left - 256);
      setOwn(kept, key, text);
      left -= Buffer.byteLength(JSON.stringify(text)) + Buffer.byteLength(key) * 2 + 8;
    }
  }
  return kept;
}

/** How often a text is cut by what its beginning takes; few have quotes and controls so unevenly that this isn't enough. */
const CUTS_MAX = 4;

/** A beginning of `text` that takes at most `bytesMax` as JSON, where a quote takes two bytes and a control character six. */
function cutToJson(text: string, bytesMax: number): string {
  let cut = cutUtf8(text, bytesMax);
  for (let cuts = 0; cuts < CUTS_MAX; cuts++) {
    const bytes = Buffer.byteLength(JSON.stringify(cut));
    if (bytes <= bytesMax) return cut;
    cut = cutUtf8(cut, Math.floor((Buffer.byteLength(cut) * bytesMax) / bytes) - 2);
  }
  return cutUtf8(cut, Math.floor(bytesMax / 6) - 2);
}

/** The longest prefix of `text` within `bytesMax` UTF-8 bytes that ends at a character boundary. */
export function cutUtf8(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text.length > bytesMax ? text.slice(0, bytesMax) : text, 'utf8');
  if (bytes.length <= bytesMax) return text.length > bytesMax ? text.slice(0, bytesMax) : text;
  let end = bytesMax;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function cutText(text: string, lengthMax: number, field: string, truncated: string[]): string {
  if (text.length <= lengthMax) return text;
  truncated.push(field);
  const end = /[\ud800-\udbff]/.test(text[lengthMax - 1]!) ? lengthMax - 1 : lengthMax;
  return Buffer.from(text.slice(0, end)).toString(); // a slice would keep the whole text in memory for as long as the name
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed();
  if (value === undefined || value === null) return '';
  return stringify(value) ?? NESTED_TOO_DEEPLY;
}

/** JSON text in which half characters, which `JSON.stringify` writes as escapes and strict readers refuse, are replaced. */
function withoutLoneSurrogates(json: string): string {
  return json.replace(/\\(?:\\|ud[89a-f][0-9a-f]{2})/g, (found) => (found === '\\\\' ? found : '\ufffd'));
}

const CONTROLS = /[\u0000-\u001f\u007f]/;

/** Names go into heartbeats and SQL, which have no place for NUL and its kin. */
function withoutControls(text: string): string {
  return CONTROLS.test(text) ? text.replaceAll(new RegExp(CONTROLS, 'g'), '\ufffd') : text;
}

const NESTED_TOO_DEEPLY = '[nested too deeply]';

/**
 * Levels of arrays and objects within a field. `JSON.parse` reads any depth, but `JSON.stringify` and most readers of an archive
 * (Python stops at 1,000) don't write or read it again.
 */
const NESTING_MAX = 500;

/** JSON, or `undefined` for a value nested too deeply. */
function stringify(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value) ?? '';
    return json.length > 2 * NESTING_MAX && isDeeperThan(NESTING_MAX, value) ? undefined : json;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // the stack was not deep enough
    throw error;
  }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** The context with those fields replaced that are nested too deeply to be written. */
function withoutDepth(context: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(context))
    setOwn(kept, key, isDeeperThan(NESTING_MAX - 1, value) ? NESTED_TOO_DEEPLY : value);
  return kept;
}

const ISO_UTC_MS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const ISO_LIKE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?\s*(Z|z|[+-]\d{2}(:?\d{2})?)?$/;
const EPOCH_LIKE = /^\d{9,19}(\.\d{1,9})?$/;
/** Between these a number is seconds, ms, µs or ns since 1970 by its magnitude (years 1973 to 2286). */
const EPOCH_SECONDS_MIN = 1e8;
const EPOCH_SECONDS_MAX = 1e10;

/** ISO 8601 (no zone means UTC) or epoch seconds, ms, µs, ns → ISO 8601 UTC with ms; `undefined` when it is neither. */
export function parseTimestamp(value: unknown): string | undefined {
  if (typeof value === 'string') {
    if (isArchiveForm(value)) return value;
    if (EPOCH_LIKE.test(value)) return parseTimestamp(Number(value));
    if (!ISO_LIKE.test(value) || !isDay(value)) return undefined;
    if (ISO_UTC_MS.test(value)) return isoOf(Date.parse(value));
    const zoned = /(Z|z|[+-]\d{2}(:?\d{2})?)$/.test(value.slice(10));
    let text = value
      .replace(/^(.{10}) /, '$1T')
      .replace(',', '.')
      .replace(/([+-]\d{2})(\d{2})$/, '$1:$2')
      .replace(/T(.*)([+-]\d{2})$/, 'T$1$2:00');
    if (!zoned && text.length > 10) text += 'Z';
    return isoOf(Date.parse(text.replace(/\s+/g, '')));
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const magnitude = Math.abs(value);
  if (magnitude < EPOCH_SECONDS_MIN) return undefined;
  for (const [scale, perMs] of [
    [1, 1e3],
    [1e3, 1],
    [1e6, 1e-3],
    [1e9, 1e-6],
  ] as const) {
    if (magnitude < EPOCH_SECONDS_MAX * scale) return isoOf(value * perMs);
  }
  return undefined;
}

const FORM = '0000-00-00T00:00:00.000Z';
const DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Whether a text is an instant as it is archived, so that nothing needs to be read and written anew: a third of what a plain line costs. 29
 * February and the like are left to those who know the calendar.
 */
function isArchiveForm(text: string): boolean {
  if (text.length !== FORM.length) return false;
  for (let i = 0; i < FORM.length; i++) {
    const code = text.charCodeAt(i);
    const expected = FORM.charCodeAt(i);
    if (expected === ZERO ? code < ZERO || code > NINE : code !== expected) return false;
  }
  const day = twoDigits(text, 8);
  return (
    day >= 1 &&
    day <= (DAYS[twoDigits(text, 5)] ?? 0) &&
    twoDigits(text, 11) <= 23 &&
    twoDigits(text, 14) <= 59 &&
    twoDigits(text, 17) <= 59 &&
    (twoDigits(text, 0) > 0 || twoDigits(text, 2) > 0)
  );
}

const ZERO = 0x30;
const NINE = 0x39;

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

function isoOf(at: number): string | undefined {
  return Math.abs(at) <= 253_402_300_799_999 && !Number.isNaN(at) && at >= -62_135_596_800_000
    ? new Date(at).toISOString()
    : undefined;
}

/** `YYYY-MM-DD…`: whether there is such a day. `Date.parse` takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const day = Number(text.slice(8, 10));
  return day <= 28 || day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
}

function parseJson(text: string): unknown {
  try {
    return parseJsonExactly(text);
  } catch {
    return undefined; // plain text that begins with a brace
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error of a body that is one JSON value, but not parsable at all. */
export function notJson(what: string, error: unknown): NervesysError {
  return new NervesysError('NSV_BODY_INVALID', `${what}: not valid JSON: ${(error as Error).message.slice(0, 200)}`);
}
