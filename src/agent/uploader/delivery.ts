import type { SealedBatch } from '../buffer/types.ts';

/** A sealed batch on its way: what it is, its bytes, and where to note its key. */
export interface Consignment {
  readonly batch: SealedBatch;
  readonly object: Buffer;
  /** Notes the key durably; called before the first attempt to put the batch there. */
  noteKey(key: string): void;
}

/**
 * How a batch gets to the archive. `deliver` resolves with the key once this very batch stands there, durably; it never
 * overwrites anything, and repeating it after any failure is safe. It rejects with a `NervesysError`; the batch is kept.
 */
export interface Delivery {
  readonly description: string;
  deliver(consignment: Consignment, signal: AbortSignal): Promise<string>;
}
