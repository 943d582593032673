import { emptyLevelCounts, LEVELS, type Level } from '../../contract/record.ts';
import type { EncodedRecord } from '../buffer/types.ts';

/** A record costs this much in memory beside its JSON. */
const RECORD_OVERHEAD_BYTES = 250;
/** Dropping makes this much room at once, so that it isn't done again for each record. */
const KEPT_AFTER_DROP = 0.9;

/**
 * Records of a source that can't wait, while the buffer takes none. Bounded in bytes; past that the least valuable go, oldest first, and
 * are counted by level for somebody to tell.
 */
export class WaitingRecords {
  readonly #bytesMax: number;
  #records: EncodedRecord[] = [];
  #bytes = 0;
  #dropped = emptyLevelCounts();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#records.length;
  }

  /** Dropped since they were last told. */
  get dropped(): number {
    return LEVELS.reduce((sum, level) => sum + this.#dropped[level], 0);
  }

  push(record: EncodedRecord): void {
    this.#records.push(record);
    this.#bytes += costOf(record);
    if (this.#bytes > this.#bytesMax) this.#drop();
  }

  /** All of them; they are no longer waiting. */
  take(): EncodedRecord[] {
    const taken = this.#records;
    this.#records = [];
    this.#bytes = 0;
    return taken;
  }

  /** Puts back, before all others, what could not be stored. */
  giveBack(records: readonly EncodedRecord[]): void {
    this.#records = [...records, ...this.#records];
    for (const record of records) this.#bytes += costOf(record);
    if (this.#bytes > this.#bytesMax) this.#drop();
  }

  /** What was dropped since the last call; `undefined`: nothing. */
  takeDropped(): Record<Level, number> | undefined {
    if (this.dropped === 0) return undefined;
    const dropped = this.#dropped;
    this.#dropped = emptyLevelCounts();
    return dropped;
  }

  /** Undoes `takeDropped` where the telling failed. */
  giveBackDropped(dropped: Readonly<Record<Level, number>>): void {
    for (const level of LEVELS) this.#dropped[level] += dropped[level];
  }

  #drop(): void {
    const goal = this.#bytesMax * KEPT_AFTER_DROP;
    for (const level of LEVELS) {
      if (this.#bytes <= goal) return;
      this.#records = this.#records.filter((record) => {
        if (record.level !== level || this.#bytes <= goal) return true;
        this.#bytes -= costOf(record);
        this.#dropped[level]++;
        return false;
      });
    }
  }
}

function costOf(record: EncodedRecord): number {
  return record.json.length + RECORD_OVERHEAD_BYTES;
}
