import type { EncodedRecord, TailPosition } from '../../buffer/types.ts';
import { SpareRecords } from '../canonical-lines.ts';
import type { FileTailLimits } from './limits.ts';

/**
 * What is stored at once: records of several files, and how far each of them was read. The files are read into its memory, where records
 * may stand until they are stored; it is used again afterwards.
 */
export class TailBatch {
  readonly records: EncodedRecord[] = [];
  readonly positions: TailPosition[] = [];
  spares = new SpareRecords();
  readonly #limits: FileTailLimits;
  #memory: Buffer | undefined;
  #bytes = 0;

  constructor(limits: FileTailLimits) {
    this.#limits = limits;
  }

  /** Where no more may be read into it: another chunk would pass its size. Until then it has room for the longest line. */
  get isFull(): boolean {
    return (
      this.#bytes > this.#limits.batchBytesMax - this.#limits.chunkBytes ||
      this.records.length >= this.#limits.batchRecordsMax
    );
  }

  /** Where the next bytes are read to, as many as a line may have. */
  room(): Buffer {
    const { lineBytesMax } = this.#limits;
    this.#memory ??= Buffer.allocUnsafeSlow(this.#fullFromBytes + lineBytesMax);
    return this.#memory.subarray(this.#bytes, this.#bytes + lineBytesMax);
  }

  /** Keeps the first of the bytes that were read into `room()`. */
  keep(bytes: number): void {
    this.#bytes += bytes;
  }

  get #fullFromBytes(): number {
    return Math.max(0, this.#limits.batchBytesMax - this.#limits.chunkBytes);
  }

  /** Empties it, to be used again. */
  clear(): void {
    this.records.length = 0;
    this.positions.length = 0;
    this.spares.reuse();
    this.#bytes = 0;
  }

  /** Gives its memory back until something is read again. */
  release(): void {
    if (this.#memory === undefined) return;
    this.clear();
    this.#memory = undefined;
    this.spares = new SpareRecords();
  }
}
