import { isUtf8 } from 'node:buffer';
import { ACTION_LENGTH_MAX, AGENT_ID_LENGTH_MAX, UNKNOWN_AGENT_ID } from '../../contract/ids.ts';
import { BUILT_IN_REDACTION, type Redaction, Suspects } from '../redaction/index.ts';
import type { EncodeDefaults } from './record-encoder.ts';
import { type ScanDefaults, ScannedRecord, scanRecord } from './record-scanner.ts';

/** Records that are used again for the next batch: so many objects would be most of what there is to collect. */
export class SpareRecords {
  readonly #records: ScannedRecord[] = [];
  #used = 0;

  get next(): ScannedRecord {
    this.#records[this.#used] ??= new ScannedRecord();
    return this.#records[this.#used]!;
  }

  /** The next one is in use. */
  take(): void {
    this.#used++;
  }

  /** All of them were stored. */
  reuse(): void {
    this.#used = 0;
  }
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The lines of a buffer that may go the short way: in canonical form, and without anything that redaction would have to look at. What
 * it takes goes on using the buffer, which must not change until the records are stored.
 */
export class CanonicalLines {
  /** Where the line begins that follows the one taken last. */
  next = 0;
  readonly #bytes: Buffer;
  readonly #defaults: ScanDefaults;
  readonly #redaction: Redaction;
  readonly #suspects: Suspects;
  readonly #spares: SpareRecords | undefined;

  private constructor(bytes: Buffer, defaults: ScanDefaults, redaction: Redaction, spares: SpareRecords | undefined) {
    this.#bytes = bytes;
    this.#defaults = defaults;
    this.#redaction = redaction;
    this.#suspects = new Suspects(bytes);
    this.#spares = spares;
  }

  /** `undefined` where no line can go the short way: the bytes are not UTF-8, or each record's context gets something from the source. */
  static in(bytes: Buffer, defaults: EncodeDefaults, spares?: SpareRecords): CanonicalLines | undefined {
    const scanDefaults = scanDefaultsOf(defaults);
    if (scanDefaults === undefined || !isUtf8(bytes)) return undefined;
    return new CanonicalLines(bytes, scanDefaults, defaults.redaction ?? BUILT_IN_REDACTION, spares);
  }

  /** The record of the line at `start`, or `undefined` when it has to go the long way. Lines are asked about in order. */
  take(start: number): ScannedRecord | undefined {
    const spare = this.#spares?.next;
    const record = scanRecord(this.#bytes, start, this.#defaults, spare);
    if (record === undefined) return undefined;
    const next = lineStartAfter(this.#bytes, record.lineEnd);
    if (next === -1 || this.#redaction.for(record.agentId).mayHoldBytes(start, record.lineEnd, this.#suspects))
      return undefined;
    this.next = next;
    if (record === spare) this.#spares!.take();
    return record;
  }
}

/** Where the next line begins when a line ends at `end`; -1 when it goes on. */
function lineStartAfter(bytes: Buffer, end: number): number {
  if (end === bytes.length) return end;
  const at = bytes[end] === CARRIAGE_RETURN ? end + 1 : end;
  return bytes[at] === LINE_FEED ? at + 1 : -1;
}

function scanDefaultsOf(defaults: EncodeDefaults): ScanDefaults | undefined {
  const { server, now, agentId = UNKNOWN_AGENT_ID, level, action = '', context = {} } = defaults;
  if (Object.keys(context).length > 0 || agentId === '' || agentId.length > AGENT_ID_LENGTH_MAX) return undefined;
  if (action.length > ACTION_LENGTH_MAX) return undefined;
  const timestamp = new Date(now).toISOString();
  return { server, timestamp, level: level ?? 'INFO', isLevelAssumed: level === undefined, agentId, action };
}
