import { emptyLevelCounts, LEVELS, type Level } from '../../contract/record.ts';
import type { PendingRecord } from './output-record.ts';

/** A line costs this much beside its text (array slot, object, string header), so that many short lines can't slip past the bound. */
const RECORD_OVERHEAD_BYTES = 120;
/** Dropping makes this much room at once, so that it isn't done again for each line. */
const KEPT_AFTER_DROP = 0.9;

/** Records that wait for the agent, oldest first, bounded in bytes. What is dropped is counted by level, for somebody to tell. */
export class RecordQueue {
  readonly #bytesMax: number;
  #records: PendingRecord[] = [];
  #head = 0;
  #bytes = 0;
  #dropped = emptyLevelCounts();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#records.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  push(record: PendingRecord): void {
    this.#records.push(record);
    this.#bytes += sizeOf(record);
  }

  /** Takes the oldest records: at most `recordsMax`, and together at most `bytesMax` of JSON, but at least one. */
  take(recordsMax: number, bytesMax: number): PendingRecord[] {
    let end = this.#head;
    for (let bytes = 0; end < this.#records.length && end - this.#head < recordsMax; end++) {
      bytes += Buffer.byteLength(this.#records[end]!.json) + 1;
      if (bytes > bytesMax && end > this.#head) break;
    }
    const taken = this.#records.slice(this.#head, end);
    for (const record of taken) this.#bytes -= sizeOf(record);
    this.#head = end;
    if (this.#head > 1024 && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Makes room, least valuable first: DEBUG, then INFO, WARN, ERROR, CRITICAL, each from the oldest on. Returns how many went. */
  dropLeastValuable(): number {
    const goal = this.#bytesMax * KEPT_AFTER_DROP;
    const before = this.length;
    let records = this.#records.slice(this.#head);
    for (const level of LEVELS) {
      if (this.#bytes <= goal) break;
      records = records.filter((record) => {
        if (record.level !== level || this.#bytes <= goal) return true;
        this.#bytes -= sizeOf(record);
        this.#dropped[level]++;
        return false;
      });
    }
    this.#records = records;
    this.#head = 0;
    return before - records.length;
  }

  /** What was dropped since the last call; `undefined` when nothing was. */
  takeDropped(): Record<Level, number> | undefined {
    const dropped = this.#dropped;
    if (LEVELS.every((level) => dropped[level] === 0)) return undefined;
    this.#dropped = emptyLevelCounts();
    return dropped;
  }
}

/** UTF-16 length stands for bytes here: it is what the text costs in memory, for plain ASCII exactly. */
function sizeOf(record: PendingRecord): number {
  return record.json.length + RECORD_OVERHEAD_BYTES;
}
