import type { SealedBatch } from '../buffer/types.ts';
import type { BatchQueue } from './uploader.ts';

/** A queue that ends: what is left of a damaged buffer. */
export interface EndingQueue extends BatchQueue {
  /** Called once nothing is left in it. */
  discard(): void;
}

/** The buffer's queue, and before it another one until that is empty. The other's ids are negative, which tells them apart. */
export class BatchQueues implements BatchQueue {
  readonly #buffer: BatchQueue;
  #first: EndingQueue | undefined;

  constructor(buffer: BatchQueue) {
    this.#buffer = buffer;
  }

  putFirst(queue: EndingQueue): void {
    this.#first = queue;
    this.#discardIfEmpty();
  }

  nextBatch(): SealedBatch | undefined {
    return this.#first?.nextBatch() ?? this.#buffer.nextBatch();
  }

  batchObject(id: number): Buffer {
    return this.#queueOf(id).batchObject(id);
  }

  announcing(id: number): void {
    this.#queueOf(id).announcing(id);
  }

  noteKey(id: number, key: string): void {
    this.#queueOf(id).noteKey(id, key);
  }

  removeArchived(id: number): void {
    this.#queueOf(id).removeArchived(id);
    this.#discardIfEmpty();
  }

  #queueOf(id: number): BatchQueue {
    return id < 0 && this.#first !== undefined ? this.#first : this.#buffer;
  }

  #discardIfEmpty(): void {
    if (this.#first === undefined || this.#first.nextBatch() !== undefined) return;
    this.#first.discard();
    this.#first = undefined;
  }
}
