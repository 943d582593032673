import type { Epoch, ServerName } from '../../contract/ids.ts';
import type { Level } from '../../contract/record.ts';
import { sha256Hex } from '../../platform/digest.ts';
import type { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Chunk } from './chunk.ts';
import type { DiskRoom } from './disk-room.ts';
import { type BatchedBlock, OpenBatch } from './open-batch.ts';
import type { RevisionLog } from './revision-log.ts';
import type { SealedBatches } from './sealed-batches.ts';
import type { BufferStore } from './store.ts';

/** Batches that are closed but still being compressed and stored; beyond it commits wait. */
const CLOSING_BATCHES_MAX = 3;
const BATCH_TEXT_BYTES_LOW = 200_000;
/** How many records that rules dropped are told in manifests. */
export const DROPPED_SEALED_META = 'dropped_sealed';

/** When a batch is full. */
export interface BatchSizes {
  readonly windowMs: number;
  readonly batchTextBytes: number;
}

export interface SealerOptions {
  readonly store: BufferStore;
  readonly room: DiskRoom;
  readonly batches: SealedBatches;
  readonly server: ServerName;
  readonly epoch: Epoch;
  readonly sizes: BatchSizes;
  readonly revisions: RevisionLog;
  readonly logger: Logger;
  /** Told of each chunk that is begun. */
  readonly onChunk: (chunk: Chunk) => void;
  /** A batch was sealed; `byWindow`: since its window ended. */
  readonly onSealed: (byWindow: boolean) => void;
  /** Sealing failed, and nothing more can be committed until it succeeds. */
  readonly onStuck: (error: unknown) => void;
  /** What is thrown for want of room. */
  readonly full: (found: string) => NervesysError;
}

/** The batch that fills and those that are closed, on their way to being sealed: in the order of their records, one at a time. */
export class Sealer {
  readonly #options: SealerOptions;
  #sizes: BatchSizes;
  #open: OpenBatch | undefined;
  /** Closed batches whose sealing has not ended, oldest first. */
  #closing: OpenBatch[] = [];
  #sealing: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** Dropped by rules, and in no closed batch's count yet. */
  #dropped = 0;
  #stopped = false;

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#sizes = options.sizes;
  }

  /** Other sizes from the next block on. A batch of the former window is closed, and keeps the length of its window. */
  setSizes(sizes: BatchSizes): void {
    if (sizes.windowMs !== this.#sizes.windowMs) this.closeOpen(false);
    this.#sizes = sizes;
  }

  /** What is in blocks yet, oldest first. */
  get filling(): readonly OpenBatch[] {
    return this.#open === undefined ? this.#closing : [...this.#closing, this.#open];
  }

  /** Bytes of text in the open batch. */
  get openTextBytes(): number {
    return this.#open?.textBytes ?? 0;
  }

  get sealingNow(): boolean {
    return this.#closing.length > 0;
  }

  /** As many batches are closed as there may be: commits wait for the oldest. */
  get isBehind(): boolean {
    return this.#closing.length >= CLOSING_BATCHES_MAX;
  }

  /** Why the last attempt failed; `undefined` when it succeeded. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Then nothing is committed until a later attempt succeeds. */
  get isStuck(): boolean {
    return this.#failure !== undefined && this.isBehind;
  }

  /** Takes a committed block into the batch of its window, cutting the batch where it would grow too large. */
  fill(block: BatchedBlock, windowAt: number, arrivedAt: number, formerServer?: ServerName): void {
    const open = this.#open;
    if (open !== undefined && open.windowAt !== windowAt) this.closeOpen(true);
    else if (open !== undefined && open.formerServer !== formerServer) this.closeOpen(false);
    else if (open !== undefined && open.textBytes + block.body.length > this.#textBytesMax) this.closeOpen(false);
    this.#open ??= new OpenBatch(windowAt, block.first, arrivedAt, {
      formerServer,
      windowMs: this.#sizes.windowMs,
    });
    const chunk = this.#open.add(block, arrivedAt);
    if (chunk !== undefined) this.#options.onChunk(chunk);
    if (this.#open.textBytes >= this.#textBytesMax) this.closeOpen(false);
  }

  /** Rules have dropped so many records; the batch that is closed next tells it. */
  noteDropped(count: number): void {
    this.#dropped += count;
  }

  /** Closes the open batch, which is sealed as soon as those before it are. */
  closeOpen(byWindow: boolean): void {
    if (this.#open === undefined) return;
    this.#open.dropped = this.#dropped;
    this.#dropped = 0;
    this.#closing.push(this.#open);
    this.#open = undefined;
    this.#sealNext(byWindow);
  }

  /** Closes the open batch if it isn't of the window that began at `windowAt`, and tries again what failed. */
  closeEnded(windowAt: number): void {
    if (this.#open !== undefined && this.#open.windowAt !== windowAt) this.closeOpen(true);
    if (this.#failure !== undefined && this.sealingNow) this.#sealNext(true);
  }

  /** Closes the open batch, and resolves once all are sealed; rejects with the reason why one is not. */
  async seal(): Promise<void> {
    this.closeOpen(false);
    if (this.#failure !== undefined) this.#sealNext(false);
    await this.#sealing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The same where what isn't sealed yet holds records of that level that may be given up; false: it doesn't, or can't be sealed. */
  async sealEvictable(level: Level): Promise<boolean> {
    if (!this.filling.some(({ evictable }) => evictable !== undefined && evictable.levels[level] > 0)) return false;
    this.closeOpen(false);
    await this.#sealing;
    return this.#failure === undefined && !this.#stopped;
  }

  /** @throws NervesysError `NSV_BUFFER_FULL` where a batch of so many bytes can't take the place of its blocks. */
  requireRoomFor(bytes: number): void {
    const { room, full } = this.#options;
    if (!room.fitsBatch(bytes)) throw full(`there is no room to seal a batch of ${bytes} bytes`);
  }

  /** Resolves once the running sealing has ended; what is not sealed by then stays in its blocks. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#sealing;
  }

  #sealNext(byWindow: boolean): void {
    this.#sealing = this.#sealing.then(async () => {
      try {
        while (this.#closing.length > 0 && !this.#stopped) await this.#sealOldest(byWindow);
        this.#failure = undefined;
      } catch (error) {
        // The blocks are still in the file: nothing is lost, and the owner's timer tries again.
        this.#failure = error;
        this.#options.logger.error('a batch could not be sealed', errorFields(error));
        if (this.isStuck) this.#options.onStuck(error);
      }
    });
  }

  async #sealOldest(byWindow: boolean): Promise<void> {
    const { store, room, batches, server, epoch, revisions, onSealed } = this.#options;
    const batch = this.#closing[0]!;
    const previousEpoch = (store.meta('previous_epoch') as Epoch | undefined) ?? null;
    const configs = revisions.within(batch.first, batch.last);
    const origin = { server, epoch, previousEpoch, windowMs: this.#sizes.windowMs, configs };
    const object = await batch.finish(origin, store.meta('last_manifest_sha256') ?? null);
    this.requireRoomFor(object.bytes.length);
    batches.add(batch, object, () => {
      store.deleteBlocksThrough(batch.last);
      store.setMeta('sealed_through', String(batch.last));
      store.setMeta('last_manifest_sha256', sha256Hex(object.manifestJson));
      if (batch.dropped > 0)
        store.setMeta(DROPPED_SEALED_META, String(Number(store.meta(DROPPED_SEALED_META) ?? 0) + batch.dropped));
    });
    this.#closing.shift();
    if (room.isLow) room.fold();
    onSealed(byWindow);
  }

  /** On a disk that is filling up, batches are small enough to be sealed with nothing but the reserve. */
  get #textBytesMax(): number {
    const { room } = this.#options;
    const { batchTextBytes } = this.#sizes;
    return room.isLow ? Math.min(batchTextBytes, BATCH_TEXT_BYTES_LOW) : batchTextBytes;
  }
}
