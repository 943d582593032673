import {
  ACTION_LENGTH_MAX,
  AGENT_ID_LENGTH_MAX,
  type AgentId,
  type ServerName,
  UNKNOWN_AGENT_ID,
} from '../../contract/ids.ts';
import { CONTEXT_BYTES_MAX, LEVELS, type Level, LOSS_ACTION, MESSAGE_BYTES_MAX } from '../../contract/record.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { parseLevel } from './level.ts';
import { NameTable } from './name-table.ts';

/*
 * The short way of a record from a request's bytes to the archive's: found in place, checked strictly, copied, never parsed.
 *
 * It takes a line only in *canonical form*: what `JSON.stringify` would write of it, with the fields of a record and no others.
 * Then the archived line has the same bytes, and it is enough to know where they stand. Canonical means
 *   - one object, no whitespace; keys among timestamp, level, agent_id, action, message, context, each at most once, in any order
 *   - a timestamp in ISO 8601, UTC, ms; texts within their bounds; names without escapes and controls; no action that is reserved
 *   - strings with just the escapes that `JSON.stringify` writes; numbers as it writes them, of at most 15 digits, which are the
 *     same number in binary and back (DBL_DIG); no -0, no exponent
 *   - objects whose keys come once, none of them beginning with a digit (JavaScript moves such keys to the front); little nesting
 * All else is left to `record-encoder.ts`, which means the same by definition, at six times the cost. A test feeds both with
 * hundreds of thousands of lines and mutations of them and compares the bytes.
 *
 * The caller has checked that the bytes are UTF-8 (`buffer.isUtf8`, a few µs for a request), so bytes from 0x80 need no look here.
 * A line feed cannot stand inside a line's strings, so no scan leaves its line.
 */

/** What a record takes from its source where it doesn't say it itself, ready to be copied. */
export interface ScanDefaults {
  readonly server: ServerName;
  /** ISO 8601, UTC, ms. */
  readonly timestamp: string;
  readonly level: Level;
  /** `level` stands for want of another. */
  readonly isLevelAssumed: boolean;
  readonly agentId: AgentId;
  /** Empty: none. */
  readonly action: string;
}

/** Deeper values are left to the encoder, which has a bound of its own (and a reason for it). */
const DEPTH_MAX = 32;
/** Keys of all objects that are open at one time; more are left to the encoder. */
const OPEN_KEYS_MAX = 256;
const DIGITS_MAX = 15;
const TIMESTAMP_LENGTH = 24;

const KEYS = ['timestamp', 'level', 'agent_id', 'action', 'message', 'context'] as const;
const [TIMESTAMP, LEVEL, AGENT_ID, ACTION, MESSAGE, CONTEXT] = [0, 1, 2, 3, 4, 5] as const;
/** `"key":`, as it stands in the line. */
const KEY_BYTES = KEYS.map((key) => Uint8Array.from(Buffer.from(`"${key}":`)));
/** The last four keys in the order of the archive, three bits each: then they can be copied in one piece. */
const ARCHIVE_ORDER = (AGENT_ID << 9) | (ACTION << 6) | (MESSAGE << 3) | CONTEXT;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const DELETE = 0x7f;

/** Where the last scanned line has its values: start and end by key, the quotes of strings left out. Start -1: absent. */
const spans = new Int32Array(2 * KEYS.length);
let keyOrder = 0;
/** Where `"agent_id":` begins. */
let tailStart = 0;

/** Hashes of the keys of the objects that are open, outermost first. */
const openKeys = new Int32Array(OPEN_KEYS_MAX);
let openKeysCount = 0;

/**
 * The record that begins at `bytes[at]`, or `undefined` when it isn't one in canonical form. Whoever calls looks whether the line ends
 * at its `lineEnd`. The record refers to `bytes`, which must not change until it is stored. `spare`: one
 * that is not needed any more, to be used again.
 */
export function scanRecord(
  bytes: Buffer,
  at: number,
  defaults: ScanDefaults,
  spare?: ScannedRecord,
): ScannedRecord | undefined {
  const end = scanLine(bytes, at);
  if (end === -1) return undefined;
  if (spans[2 * MESSAGE] === -1) return undefined;
  const level = spans[2 * LEVEL] === -1 ? defaults.level : levelAt(bytes);
  if (level === undefined) return undefined;
  const agentId = spans[2 * AGENT_ID] === -1 ? defaults.agentId : nameAt(bytes, AGENT_ID, AGENT_ID_LENGTH_MAX);
  const action = spans[2 * ACTION] === -1 ? defaults.action : nameAt(bytes, ACTION, ACTION_LENGTH_MAX);
  if (agentId === undefined || agentId === '' || action === undefined) return undefined;
  if ((action === '' && defaults.action !== '') || action === LOSS_ACTION) return undefined;
  const head = headOf(defaults.server, level);
  const timestampAt = spans[2 * TIMESTAMP]!;
  const isInOrder = (keyOrder & 0xfff) === ARCHIVE_ORDER && timestampAt !== -1;
  const record = isInOrder
    ? (spare ?? new ScannedRecord()).set(
        agentId as AgentId,
        level,
        action,
        head,
        bytes,
        timestampAt,
        tailStart,
        end,
        spans[2 * MESSAGE]!,
        spans[2 * MESSAGE + 1]!,
        end,
      )
    : assemble(bytes, end, agentId as AgentId, level, action, head, defaults);
  record.isLevelAssumed = defaults.isLevelAssumed && spans[2 * LEVEL] === -1;
  return record;
}

const LEVEL_LENGTH_MAX = 20;
const levels = new NameTable(parseLevel);
const names = new NameTable((name) => name);

function levelAt(bytes: Buffer): Level | undefined {
  const start = spans[2 * LEVEL]!;
  const end = spans[2 * LEVEL + 1]!;
  return end - start > LEVEL_LENGTH_MAX ? undefined : levels.get(bytes, start, end);
}

/** An AI agent's name or an action; `undefined` when it may be longer than `lengthMax`. */
function nameAt(bytes: Buffer, key: number, lengthMax: number): string | undefined {
  const start = spans[2 * key]!;
  const end = spans[2 * key + 1]!;
  return end - start > lengthMax ? undefined : names.get(bytes, start, end);
}

/** A record whose archived bytes stand in a source's buffer. Whoever brings many may use them again once they are stored. */
export class ScannedRecord implements EncodedRecord {
  agentId = UNKNOWN_AGENT_ID;
  level: Level = 'INFO';
  action = '';
  isJudged = false;
  isLevelAssumed = false;
  /** UTF-8 bytes of `json`. */
  byteLength = 0;
  /** Where the line ended that it was read from. */
  lineEnd = 0;
  #head: Uint8Array = NOTHING;
  #bytes: Buffer = NOTHING;
  #timestampAt = 0;
  #tailStart = 0;
  #tailEnd = 0;
  #messageAt = 0;
  #messageEnd = 0;

  /** Returns itself. */
  set(
    agentId: AgentId,
    level: Level,
    action: string,
    head: Uint8Array,
    bytes: Buffer,
    timestampAt: number,
    tailStart: number,
    tailEnd: number,
    messageAt: number,
    messageEnd: number,
    lineEnd: number,
  ): this {
    this.agentId = agentId;
    this.level = level;
    this.action = action;
    this.byteLength = TIMESTAMP_KEY.length + TIMESTAMP_LENGTH + head.length + tailEnd - tailStart;
    this.lineEnd = lineEnd;
    this.#head = head;
    this.#bytes = bytes;
    this.#timestampAt = timestampAt;
    this.#tailStart = tailStart;
    this.#tailEnd = tailEnd;
    this.#messageAt = messageAt;
    this.#messageEnd = messageEnd;
    this.isJudged = false;
    return this;
  }

  get timestamp(): string {
    return this.#bytes.toString('latin1', this.#timestampAt, this.#timestampAt + TIMESTAMP_LENGTH);
  }

  compareTimestamp(other: Pick<EncodedRecord, 'timestamp'>): number {
    const isScanned = other instanceof ScannedRecord;
    const text = isScanned ? '' : other.timestamp;
    for (let i = 0; i < TIMESTAMP_LENGTH; i++) {
      const theirs = isScanned ? other.#bytes[other.#timestampAt + i]! : text.charCodeAt(i);
      const difference = this.#bytes[this.#timestampAt + i]! - theirs;
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** For whoever needs it as text; the buffer doesn't. */
  get json(): string {
    const out = Buffer.allocUnsafe(this.byteLength);
    this.writeTo(out, 0);
    return out.toString('utf8');
  }

  messageJson(bytesMax: number): string {
    return this.#bytes.toString('utf8', this.#messageAt, Math.min(this.#messageEnd, this.#messageAt + bytesMax));
  }

  /** Writes `json` at `out[at]`, and returns where it ends. */
  writeTo(out: Buffer, at: number): number {
    const bytes = this.#bytes;
    const head = this.#head;
    let to = at;
    // Short pieces are copied faster by hand than by a call.
    for (let i = 0; i < TIMESTAMP_KEY.length; i++) out[to++] = TIMESTAMP_KEY[i]!;
    for (let i = this.#timestampAt, end = i + TIMESTAMP_LENGTH; i < end; i++) out[to++] = bytes[i]!;
    for (let i = 0; i < head.length; i++) out[to++] = head[i]!;
    bytes.copy(out, to, this.#tailStart, this.#tailEnd);
    return to + this.#tailEnd - this.#tailStart;
  }
}

const NOTHING = Buffer.alloc(0);
const TIMESTAMP_KEY = Uint8Array.from(Buffer.from('"timestamp":"'));

/** `","level":"INFO","server":"AIGARDEN01",`: what stands between a record's timestamp and its `agent_id`. */
function headOf(server: ServerName, level: Level): Uint8Array {
  if (headsServer !== server) {
    headsServer = server;
    heads = new Map(
      LEVELS.map((word) => [word, Uint8Array.from(Buffer.from(`","level":"${word}","server":"${server}",`))]),
    );
  }
  return heads.get(level)!;
}
let headsServer: ServerName | undefined;
let heads: ReadonlyMap<Level, Uint8Array> = new Map();

/** A record whose fields don't stand in the archive's order, or not all of them: put together in memory of its own. */
function assemble(
  bytes: Buffer,
  lineEnd: number,
  agentId: AgentId,
  level: Level,
  action: string,
  head: Uint8Array,
  defaults: ScanDefaults,
): ScannedRecord {
  const part = (key: number) => bytes.toString('latin1', spans[2 * key], spans[2 * key + 1]);
  const timestamp = spans[2 * TIMESTAMP] === -1 ? defaults.timestamp : part(TIMESTAMP);
  // Names and the message are quoted anew; what was absent is text of our own, so it may need more than Latin-1.
  const utf8 = (text: string) => Buffer.from(JSON.stringify(text)).toString('latin1');
  const agentJson = spans[2 * AGENT_ID] === -1 ? utf8(agentId) : `"${part(AGENT_ID)}"`;
  const actionJson = spans[2 * ACTION] === -1 ? utf8(action) : `"${part(ACTION)}"`;
  const contextJson = spans[2 * CONTEXT] === -1 ? '{}' : part(CONTEXT);
  const before = `${timestamp}"agent_id":${agentJson},"action":${actionJson},"message":"`;
  const message = part(MESSAGE);
  const own = Buffer.from(`${before}${message}","context":${contextJson}}`, 'latin1');
  const messageEnd = before.length + message.length;
  return new ScannedRecord().set(
    agentId,
    level,
    action,
    head,
    own,
    0,
    TIMESTAMP_LENGTH,
    own.length,
    before.length,
    messageEnd,
    lineEnd,
  );
}

/** Finds the values of the line at `at`; the index after its closing brace, or -1. */
function scanLine(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== OPEN_BRACE) return -1;
  spans.fill(-1);
  keyOrder = 0;
  let i = at + 1;
  for (;;) {
    const key = keyAt(bytes, i);
    if (key === -1 || spans[2 * key] !== -1) return -1;
    keyOrder = (keyOrder << 3) | key;
    if (key === AGENT_ID) tailStart = i;
    i += KEY_BYTES[key]!.length;
    if (key === CONTEXT) {
      if (bytes[i] !== OPEN_BRACE) return -1;
      const end = scanContext(bytes, i);
      if (end === -1 || end - i > CONTEXT_BYTES_MAX) return -1;
      spans[2 * CONTEXT] = i;
      spans[2 * CONTEXT + 1] = end;
      i = end;
    } else {
      if (bytes[i] !== QUOTE) return -1;
      const end = key === MESSAGE ? scanString(bytes, i + 1) : scanPlain(bytes, i + 1);
      if (end === -1) return -1;
      if (key === TIMESTAMP && !isTimestamp(bytes, i + 1, end)) return -1;
      if (key === MESSAGE && end - i - 1 > MESSAGE_BYTES_MAX) return -1;
      spans[2 * key] = i + 1;
      spans[2 * key + 1] = end;
      i = end + 1;
    }
    const next = bytes[i];
    if (next === CLOSE_BRACE) return i + 1;
    if (next !== COMMA) return -1;
    i++;
  }
}

/** Which key stands at `at`, quotes and colon included; -1: none of a record's. */
function keyAt(bytes: Uint8Array, at: number): number {
  let key: number;
  switch (bytes[at + 1]) {
    case 0x74:
      key = TIMESTAMP;
      break;
    case 0x6c:
      key = LEVEL;
      break;
    case 0x61:
      key = bytes[at + 2] === 0x67 ? AGENT_ID : ACTION;
      break;
    case 0x6d:
      key = MESSAGE;
      break;
    case 0x63:
      key = CONTEXT;
      break;
    default:
      return -1;
  }
  const expected = KEY_BYTES[key]!;
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return -1;
  return key;
}

/** The closing quote of a name: text without escapes and controls. */
function scanPlain(bytes: Uint8Array, at: number): number {
  for (let i = at; ; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) return i;
    if (!(byte >= 0x20) || byte === BACKSLASH || byte === DELETE) return -1;
  }
}

/** The closing quote of a string that is written as `JSON.stringify` writes it. */
function scanString(bytes: Uint8Array, at: number): number {
  for (let i = at; ; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) return i;
    if (!(byte >= 0x20)) return -1; // a raw control character, or the end of the bytes
    if (byte === BACKSLASH) {
      i = escapeEnd(bytes, i + 1);
      if (i === -1) return -1;
    }
  }
}

/** The last byte of the escape whose letter stands at `at`; -1 unless `JSON.stringify` writes it so. */
function escapeEnd(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
    case BACKSLASH:
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at;
    case 0x75: {
      // \u0000 to \u001f, in lower case, without those that have a letter; lone surrogates are for the encoder
      if (bytes[at + 1] !== ZERO || bytes[at + 2] !== ZERO) return -1;
      const high = bytes[at + 3];
      if (high !== 0x30 && high !== 0x31) return -1;
      const low = bytes[at + 4]!;
      const isDigit = low >= ZERO && low <= NINE;
      if (!isDigit && !(low >= 0x61 && low <= 0x66)) return -1;
      if (high === 0x30 && (low === 0x38 || low === 0x39 || low === 0x61 || low === 0x63 || low === 0x64)) return -1;
      return at + 4;
    }
    default:
      return -1;
  }
}

/** The context begins at `at`; the index after its closing brace, or -1. */
function scanContext(bytes: Uint8Array, at: number): number {
  openKeysCount = 0;
  return scanObject(bytes, at, 1);
}

function scanObject(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > DEPTH_MAX) return -1;
  let i = at + 1;
  if (bytes[i] === CLOSE_BRACE) return i + 1;
  const ownKeys = openKeysCount;
  let seen = 0;
  for (;;) {
    if (bytes[i] !== QUOTE) return -1;
    i++;
    const first = bytes[i]!;
    if (first >= ZERO && first <= NINE) return -1;
    let hash = 0;
    for (let byte = first; byte !== QUOTE; byte = bytes[++i]!) {
      if (!(byte >= 0x20) || byte === BACKSLASH) return -1;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    // Keys whose hashes are equal may be twice the same: the encoder will know. One bit of 32 spares most comparisons.
    const bit = 1 << (hash ^ (hash >>> 5));
    if ((seen & bit) !== 0) for (let k = ownKeys; k < openKeysCount; k++) if (openKeys[k] === hash) return -1;
    seen |= bit;
    if (openKeysCount === OPEN_KEYS_MAX) return -1;
    openKeys[openKeysCount++] = hash;
    if (bytes[++i] !== COLON) return -1;
    i = scanValue(bytes, i + 1, depth);
    if (i === -1) return -1;
    const next = bytes[i];
    if (next === CLOSE_BRACE) break;
    if (next !== COMMA) return -1;
    i++;
  }
  openKeysCount = ownKeys;
  return i + 1;
}

function scanArray(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > DEPTH_MAX) return -1;
  let i = at + 1;
  if (bytes[i] === CLOSE_BRACKET) return i + 1;
  for (;;) {
    i = scanValue(bytes, i, depth);
    if (i === -1) return -1;
    const next = bytes[i];
    if (next === CLOSE_BRACKET) return i + 1;
    if (next !== COMMA) return -1;
    i++;
  }
}

/** The index after the value at `at`, or -1. */
function scanValue(bytes: Uint8Array, at: number, depth: number): number {
  switch (bytes[at]) {
    case QUOTE: {
      const end = scanString(bytes, at + 1);
      return end === -1 ? -1 : end + 1;
    }
    case OPEN_BRACE:
      return scanObject(bytes, at, depth + 1);
    case OPEN_BRACKET:
      return scanArray(bytes, at, depth + 1);
    case 0x74:
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : -1;
    case 0x66:
      return bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65
        ? at + 5
        : -1;
    case 0x6e:
      return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : -1;
    default:
      return scanNumber(bytes, at);
  }
}

/** The index after a number that `JSON.stringify` would write with the same digits, or -1. */
function scanNumber(bytes: Uint8Array, at: number): number {
  let i = bytes[at] === MINUS ? at + 1 : at;
  const start = i;
  let byte = bytes[i]!;
  if (!(byte >= ZERO && byte <= NINE)) return -1;
  const isZero = byte === ZERO;
  if (isZero) byte = bytes[++i]!;
  else while (byte >= ZERO && byte <= NINE) byte = bytes[++i]!;
  if (byte !== DOT) return i - start > DIGITS_MAX || (isZero && start > at) ? -1 : i; // a digit after a zero stops the caller
  let significant = isZero ? -1 : i;
  const fraction = i + 1;
  for (byte = bytes[++i]!; byte >= ZERO && byte <= NINE; byte = bytes[++i]!)
    if (significant === -1 && byte !== ZERO) significant = i;
  if (bytes[i - 1] === ZERO || i === fraction || significant === -1) return -1;
  // Below 0.000001 it would be written with an exponent.
  if (isZero) return significant - fraction > 5 || i - significant > DIGITS_MAX ? -1 : i;
  return i - start - 1 > DIGITS_MAX ? -1 : i;
}

const DAYS = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);

/** `2025-12-10T19:45:00.123Z`, a day that there is (29 February is left to the encoder). */
function isTimestamp(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at !== TIMESTAMP_LENGTH) return false;
  if (bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS || bytes[at + 10] !== 0x54) return false;
  if (bytes[at + 13] !== COLON || bytes[at + 16] !== COLON || bytes[at + 19] !== DOT || bytes[at + 23] !== 0x5a)
    return false;
  const century = twoDigits(bytes, at);
  const year = twoDigits(bytes, at + 2);
  if (century > 99 || year > 99 || (century === 0 && year === 0)) return false;
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  if (month < 1 || month > 12 || day < 1 || day > DAYS[month]!) return false;
  if (twoDigits(bytes, at + 11) > 23 || twoDigits(bytes, at + 14) > 59 || twoDigits(bytes, at + 17) > 59) return false;
  const last = bytes[at + 22]!;
  return twoDigits(bytes, at + 20) <= 99 && last >= ZERO && last <= NINE;
}

/** The number in two digits; more than 99 when they are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 255;
}
