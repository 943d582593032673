import type { Clock } from '../../platform/clock.ts';
import type { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { inflateMember } from './chunk.ts';
import type { DiskRoom } from './disk-room.ts';
import type { BatchObject, OpenBatch } from './open-batch.ts';
import type { Resealed } from './reseal.ts';
import type { StoredText } from './short-term-memory.ts';
import { type BufferStore, freeBlob, isBusy, isNoSpace, type StoredBatch } from './store.ts';

const VACUUM_STEP_PAGES = 400;
const VACUUM_STEP_PAGES_LOW = 4;
/** The file is given back once nothing was stored or removed for this long; after a while also amid a trickle of records. */
const SHRINK_QUIET_MS = 200;
const SHRINK_PATIENCE_MS = 5_000;
/** So long until it is tried again where an outside reader was in the way. */
const SHRINK_AGAIN_MS = 1_000;

export interface SealedBatchesOptions {
  readonly store: BufferStore;
  readonly room: DiskRoom;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is thrown where even a small write has no room. */
  readonly full: () => NervesysError;
  /** So much comes in that pages given back now would be needed again at once. */
  readonly isBusy: () => boolean;
}

/**
 * The batches that wait for the archive, oldest first, as the file has them; and giving the file back once they are gone. A batch's
 * bytes may change only until it is announced (`announcing`): then somebody else may know of it.
 */
export class SealedBatches {
  readonly #options: SealedBatchesOptions;
  readonly #closing = new AbortController();
  #batches: readonly StoredBatch[];
  /** What the uploader reads just now, one batch at a time. */
  #handedOut: { readonly id: number; readonly object: Buffer } | undefined;
  /** Those that the archive has and the file still holds, since there was no room to remove them. */
  #archived: number[] = [];
  #lastArchivedAt: number | null;
  #changedAt = 0;
  #shrinking: Promise<void> | undefined;

  constructor(options: SealedBatchesOptions) {
    const { store } = options;
    this.#options = options;
    this.#batches = store.batches();
    const archivedAt = store.meta('last_archived_at');
    this.#lastArchivedAt = archivedAt === undefined ? null : Number(archivedAt);
  }

  get all(): readonly StoredBatch[] {
    return this.#batches;
  }

  get lastArchivedAt(): number | null {
    return this.#lastArchivedAt;
  }

  /** Stores a sealed batch and runs `alongside` in one transaction. */
  add(open: OpenBatch, object: BatchObject, alongside: () => void): void {
    const { store, room, clock } = this.#options;
    const sealedAt = clock.now();
    // Blocks first: their pages are filled again by the batch, so that the file needn't grow on a disk without room.
    const id = room.makingRoom(() =>
      store.transaction(() => {
        alongside();
        return store.insertBatch(open, object, sealedAt);
      }),
    );
    const { manifest, md5, sha256, bytes } = object;
    const batch: StoredBatch = {
      id,
      manifest,
      windowAt: open.windowAt,
      oldestAt: open.openedAt,
      bytes: bytes.length,
      md5,
      sha256,
      key: null,
      sealedAt,
      evictable: open.evictable,
      announced: false,
    };
    this.#batches = [...this.#batches, batch];
  }

  /**
   * Puts what was sealed again in the place of neighbouring batches, under the id of the last, and runs `alongside` in the same transaction.
   * False, and nothing happens, where one has been announced or is gone by now.
   */
  replace(batches: readonly StoredBatch[], { object, evictable }: Resealed, alongside: () => void): boolean {
    const { store, room } = this.#options;
    if (!batches.every((batch) => this.#batches.includes(batch))) return false;
    const last = batches.at(-1)!;
    const { oldestAt } = batches[0]!;
    room.makingRoom(() =>
      store.transaction(() => {
        for (const { id } of batches) if (id !== last.id || object === undefined) store.deleteBatch(id);
        if (object !== undefined) store.replaceBatch(last.id, object, oldestAt, evictable);
        alongside();
      }),
    );
    const { manifest, md5, sha256, bytes } = object ?? {};
    this.#batches = this.#batches.flatMap((one) => {
      if (!batches.includes(one)) return [one];
      return object === undefined || one !== last
        ? []
        : [{ ...one, oldestAt, manifest: manifest!, md5: md5!, sha256: sha256!, bytes: bytes!.length, evictable }];
    });
    return true;
  }

  /** Its bytes, for as long as it is here: `removeArchived` takes them back. */
  object(id: number): Buffer {
    const object = this.#options.store.batchObject(id);
    if (object === undefined) throw new RangeError(`batch ${id} is not in the buffer`);
    this.#handedOut = { id, object };
    return object;
  }

  /** Bytes of a member, as its manifest places it. */
  member({ id, manifest, bytes }: StoredBatch, offset: number, memberBytes: number): Buffer | undefined {
    const dataBytes = manifest.members.reduce((sum, member) => sum + member.bytes, 0);
    return this.#options.store.batchObjectPart(id, bytes - dataBytes + offset, memberBytes);
  }

  /** Notes durably that others may know of the batch from now on, where that makes a difference to it. */
  announcing(id: number): void {
    const batch = this.#batches.find((one) => one.id === id);
    if (batch?.evictable === undefined || batch.announced) return;
    this.#smallWrite(() => this.#options.store.setAnnounced(id));
    this.#change(id, { announced: true });
  }

  noteKey(id: number, key: string): void {
    this.#smallWrite(() => this.#options.store.setBatchKey(id, key));
    this.#change(id, { key });
  }

  /**
   * Forgets a batch that the archive has. Where there is no room to do it, it leaves the file later: until then a restart
   * would deliver it again, under the key that was noted, and find it there.
   */
  removeArchived(id: number): void {
    const now = this.#options.clock.now();
    if (this.#handedOut?.id === id) freeBlob(this.#handedOut.object);
    this.#handedOut = undefined;
    if (!this.#archived.includes(id)) this.#archived.push(id);
    this.removePassed();
    this.#batches = this.#batches.filter((batch) => batch.id !== id);
    this.#lastArchivedAt = now;
    this.shrinkSoon();
  }

  /** Something has left the file: where no batch waits, it is given back once it is quiet. */
  shrinkSoon(): void {
    this.noteChange();
    if (this.#batches.length === 0) this.#shrinking ??= this.#shrinkWhenQuiet();
  }

  /** Removes from the file what the archive has, as far as there is room for it. */
  removePassed(): void {
    const { store, room, clock } = this.#options;
    passing(() => {
      for (let id = this.#archived[0]; id !== undefined; id = this.#archived[0]) {
        if (!room.fitsSmallWrite()) return;
        const removed = id;
        room.makingRoom(() =>
          store.transaction(() => {
            store.deleteBatch(removed);
            store.setMeta('last_archived_at', String(clock.now()));
          }),
        );
        this.#archived.shift();
      }
    });
  }

  /** Records came or went: the file isn't given back this moment. */
  noteChange(): void {
    this.#changedAt = this.#options.clock.now();
  }

  /** Their members, each readable by itself as long as its batch is here. */
  storedTexts(): StoredText[] {
    return this.#batches.flatMap(({ id, manifest: { members } }) => {
      const now = () => this.#batches.find((batch) => batch.id === id); // it may have been sealed again
      return members.map((_, index) => ({
        mayHave: (agentId) => {
          const { agents, agents_more: more } = now()?.manifest ?? { agents: {}, agents_more: 0 };
          return more > 0 || Object.hasOwn(agents, agentId);
        },
        text: async () => {
          const batch = now();
          if (this.#closing.signal.aborted || batch === undefined) return undefined;
          // Joined with others it may have more members than it had.
          const left = batch.manifest.members.slice(index, index + 1 < members.length ? index + 1 : undefined);
          const parts = left.flatMap(({ offset, bytes }) => this.member(batch, offset, bytes) ?? []);
          return parts.length === 0 ? undefined : Buffer.concat(await Promise.all(parts.map(inflateMember)));
        },
      }));
    });
  }

  /** Gives free pages back to the file system, in steps, as far as they can be given back now. */
  async shrink(): Promise<void> {
    const { store, room } = this.#options;
    if (this.#closing.signal.aborted) return;
    this.removePassed();
    for (let before = Infinity, free = store.freePages(); free > 0 && free < before; ) {
      before = free;
      const pages = room.pagesToMove(room.isLow ? VACUUM_STEP_PAGES_LOW : VACUUM_STEP_PAGES);
      if (pages === 0) return;
      room.makingRoom(() => store.vacuumStep(pages));
      if (room.isLow) room.fold();
      await new Promise(setImmediate); // let intake have its turn between steps
      if (this.#closing.signal.aborted) return;
      free = store.freePages();
    }
    room.fold();
    room.takeReserve();
  }

  /** Ends what goes on by itself; the store stays its owner's. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await this.#shrinking;
  }

  #change(id: number, change: Partial<StoredBatch>): void {
    this.#batches = this.#batches.map((batch) => (batch.id === id ? { ...batch, ...change } : batch));
  }

  #smallWrite(write: () => void): void {
    const { room, full } = this.#options;
    if (!room.fitsSmallWrite()) throw full();
    room.makingRoom(write);
  }

  async #shrinkWhenQuiet(): Promise<void> {
    const { clock, logger, store, room } = this.#options;
    const { signal } = this.#closing;
    try {
      const patienceEndsAt = clock.monotonic() + SHRINK_PATIENCE_MS;
      do await clock.sleep(SHRINK_QUIET_MS, signal);
      while (!this.#isQuiet() && (clock.monotonic() < patienceEndsAt || this.#options.isBusy()));
      while (this.#batches.length === 0) {
        await this.shrink();
        if (this.#archived.length === 0 && store.freePages() === 0 && room.fold()) break;
        await clock.sleep(SHRINK_AGAIN_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted) logger.warn('the buffer file could not be shrunk', errorFields(error));
    } finally {
      this.#shrinking = undefined;
    }
  }

  #isQuiet(): boolean {
    const sinceMs = this.#options.clock.now() - this.#changedAt;
    return sinceMs >= SHRINK_QUIET_MS || sinceMs < 0;
  }
}

/** Does what can as well be done later: a disk without room and a lock of another program pass. */
export function passing(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isNoSpace(error) && !isBusy(error)) throw error;
  }
}
