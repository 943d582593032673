import type { OnFull } from '../../config/index.ts';
import { type RequestKey, requestKeyOf } from './remembered-answers.ts';
import type { AppendOptions, AppendResult, EncodedRecord, TailPosition } from './types.ts';

/** One append that waits for its commit. */
export interface Waiting {
  readonly records: readonly EncodedRecord[];
  readonly positions: readonly TailPosition[];
  readonly key: RequestKey | undefined;
  readonly onFull: OnFull;
  readonly dropped: number;
  readonly revision: string | undefined;
  /** About what it takes as text in the file. */
  readonly textBytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** `{"id":"…-…",` with the longest sequence, and the line feed. */
const RECORD_EXTRA_BYTES = 48;

/** Bytes of text that records will take, about. */
export function textBytesOf(records: readonly EncodedRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += (record.byteLength ?? Buffer.byteLength(record.json)) + RECORD_EXTRA_BYTES;
  return bytes;
}

/** Appends in the order of their coming, bounded by the bytes of their text. */
export class AppendQueue {
  readonly #bytesMax: number;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hasRoomFor(textBytes: number): boolean {
    return this.#bytes + textBytes <= this.#bytesMax;
  }

  /** Resolves or rejects as the commit that takes it does. */
  push(records: readonly EncodedRecord[], options: AppendOptions, textBytes: number): Promise<AppendResult> {
    const { positions = [], onFull = 'hold', dropped = 0, revision } = options;
    const key = requestKeyOf(options);
    return new Promise((resolve, reject) =>
      this.add({ records, positions, key, onFull, dropped, revision, textBytes, resolve, reject }),
    );
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#bytes += waiting.textBytes;
  }

  /** The oldest ones, up to `bytesMax` of text, but at least one. */
  take(bytesMax: number): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { textBytes } of this.#waiting) {
      if (count > 0 && bytes + textBytes > bytesMax) break;
      bytes += textBytes;
      count++;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  refuseAll(reason: unknown): void {
    this.#bytes = 0;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
  }
}
