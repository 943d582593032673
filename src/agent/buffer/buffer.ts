import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Epoch, Sequence, ServerName } from '../../contract/ids.ts';
import { windowStart } from '../../contract/object-key.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { ProcessLock } from '../../platform/process-lock.ts';
import { randomHex } from '../../platform/random.ts';
import { type NewBlock, writeBlocks } from './block-writer.ts';
import { inflateMember } from './chunk.ts';
import { DiskReserve, openingWithReserve, reservePath } from './disk-reserve.ts';
import { DiskRoom } from './disk-room.ts';
import { OpenBatch } from './open-batch.ts';
import { type KeyedAnswers, RememberedAnswers } from './remembered-answers.ts';
import { openBufferFile, walReserveBytes } from './schema.ts';
import { ShortTermMemory, type StoredText } from './short-term-memory.ts';
import { BufferStore, isBusy, isNoSpace } from './store.ts';
import type {
  AppendOptions,
  AppendResult,
  BufferStats,
  EncodedRecord,
  RecentQuery,
  RecordSink,
  SealedBatch,
  TailPosition,
} from './types.ts';

/*
 * The buffer: what stands between "accepted" and "archived".
 *
 * A record's way
 *   append() → queue → group commit (one transaction, one fdatasync) → block in the file, chunk in memory → answer
 *   → the open batch reaches its bytes or its window ends → sealed: an archive object in `batches`, its blocks deleted, in one
 *     transaction → its key is noted → the archive confirms → removed, and the file shrinks.
 *
 * Invariants
 *   1. append() resolves only after COMMIT at synchronous=FULL; when it rejects, nothing of it is stored.
 *   2. Sequences run 1, 2, 3, … within an epoch; `blocks` and `batches` together are one unbroken run up to the last sequence,
 *      and each sequence stands in exactly one of them.
 *   3. A batch belongs to one window, that of its records' arrival, and its text is at most `batchTextBytes`, unless
 *      a single block is larger.
 *   4. A sealed batch's bytes never change; its key, once noted, changes only when another's object stands there.
 *   5. Batches are sealed in the order of their records, one at a time, and handed out in that order.
 *   6. On a disk that others fill up, room is made with the reserve: what the archive has can always be removed.
 *   7. New records are refused (NSV_BUFFER_FULL) when they would leave no room for sealing: a batch takes the place of its blocks
 *      in the same transaction, so the file needs little more, and the WAL as much as the largest batch (`walReserveBytes`).
 *   8. What stands on the disk never passes `limitBytes`, in the middle of a checkpoint neither (`DiskRoom`). While an outside
 *      reader keeps the WAL from being folded, whatever has no room waits: sealing, and removing what the archive has.
 *
 * Opening is recovery: what SQLite recovers from its WAL is what was acknowledged (1); blocks of the open window are read back
 * into chunks, in order, and cut by the same rules as when they arrived. A batch that was being sealed is simply sealed again:
 * its blocks are still there, or the batch is (2).
 */

/** Text waiting for its commit; beyond it appends are refused, so that a stalled disk can't fill the memory. */
const QUEUE_BYTES_MAX = 64_000_000;
/** Text of one transaction: bounds the WAL and the time that the event loop is held. */
const COMMIT_BYTES_MAX = 4_000_000;
/** Batches that are closed but still being compressed and stored; beyond it commits wait. */
const CLOSING_BATCHES_MAX = 3;
/** On a disk that others fill up, records are refused that would leave less than this. */
const DISK_KEPT_FREE_BYTES = 1_000_000;
const HELD_BY_A_READER = 'an outside reader holds a snapshot of the file';
/** A file's position, with its paths. */
const POSITION_BYTES = 500;
const BATCH_TEXT_BYTES_LOW = 200_000;
const VACUUM_STEP_PAGES = 400;
const VACUUM_STEP_PAGES_LOW = 4;
/** The file is given back once nothing was stored or removed for this long; after a while also amid a trickle of records. */
const SHRINK_QUIET_MS = 200;
const SHRINK_PATIENCE_MS = 5_000;
/** So long until it is tried again where an outside reader was in the way. */
const SHRINK_AGAIN_MS = 1_000;
const SHRINK_OPEN_BYTES_MAX = 1_000_000;

export interface BufferOptions {
  readonly path: string;
  readonly server: ServerName;
  readonly limitBytes: number;
  readonly windowMs: number;
  readonly batchTextBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a batch was sealed; `byWindow` when its window ended rather than its size being reached. */
  readonly onSealed?: (byWindow: boolean) => void;
}

interface Waiting {
  readonly records: readonly EncodedRecord[];
  readonly options: AppendOptions;
  readonly textBytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

export class LogBuffer implements RecordSink, AsyncDisposable {
  readonly epoch: Epoch;
  readonly #options: BufferOptions;
  readonly #store: BufferStore;
  readonly #lock: ProcessLock;
  readonly #reserve: DiskReserve;
  readonly #room: DiskRoom;
  readonly #answers: RememberedAnswers;
  readonly #memory = new ShortTermMemory();
  readonly #closing = new AbortController();
  #queue: Waiting[] = [];
  #queueBytes = 0;
  #commitScheduled = false;
  #open: OpenBatch | undefined;
  /** Closed batches whose sealing has not ended, oldest first. */
  #closingBatches: OpenBatch[] = [];
  #sealing: Promise<void> = Promise.resolve();
  #sealFailure: unknown;
  #lastSequence: Sequence;
  #batches: (SealedBatch & { readonly oldestAt: number })[];
  /** Batches that the archive has and the file still holds, since there was no room to remove them. */
  #archived: number[] = [];
  #lastArchivedAt: number | null;
  #held = false;
  #changedAt = 0;
  #shrinking: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: BufferOptions, store: BufferStore, lock: ProcessLock) {
    this.#options = options;
    this.#reserve = new DiskReserve(reservePath(options.path));
    const { limitBytes, batchTextBytes, clock } = options;
    const fileBytesMax = limitBytes - walReserveBytes(limitBytes, batchTextBytes);
    this.#room = new DiskRoom(store, this.#reserve, limitBytes, fileBytesMax, clock);
    this.#store = store;
    this.#lock = lock;
    let epoch = store.meta('epoch');
    if (epoch === undefined) {
      epoch = randomHex(8);
      store.setMeta('epoch', epoch);
    }
    this.epoch = epoch as Epoch;
    this.#lastSequence = store.lastSequence();
    this.#batches = store.batches();
    this.#answers = new RememberedAnswers(store, options.limitBytes, options.clock);
    const archivedAt = store.meta('last_archived_at');
    this.#lastArchivedAt = archivedAt === undefined ? null : Number(archivedAt);
  }

  /**
   * Opens or creates the buffer, and recovers what it holds.
   * @throws NervesysError `NSV_BUFFER_LOCKED` when another process has it, `NSV_BUFFER_UNUSABLE` when it can't be opened.
   */
  static open(options: BufferOptions): LogBuffer {
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw unusable(options.path, error);
    }
    const lock = lockBuffer(options.path);
    let store: BufferStore | undefined;
    try {
      const { path, limitBytes, batchTextBytes } = options;
      const db = openingWithReserve(path, () => openBufferFile(path, limitBytes, batchTextBytes));
      store = new BufferStore(db, path);
      const buffer = new LogBuffer(options, store, lock);
      buffer.#recover();
      return buffer;
    } catch (error) {
      store?.close();
      lock.release();
      throw error instanceof NervesysError ? error : unusable(options.path, error);
    }
  }

  append(records: readonly EncodedRecord[], options: AppendOptions = {}): Promise<AppendResult> {
    if (this.#closing.signal.aborted) return Promise.reject(shuttingDown());
    let textBytes = 0;
    for (const record of records) textBytes += (record.byteLength ?? record.json.length) + 48; // the id, and a few escapes more or less
    if (this.#queueBytes + textBytes > QUEUE_BYTES_MAX)
      return Promise.reject(this.#full(`${this.#queueBytes} bytes are waiting for the disk already`));
    if (this.#sealingIsStuck) return Promise.reject(this.#full(describeError(this.#sealFailure), this.#sealFailure));
    return new Promise((resolve, reject) => {
      this.#queue.push({ records, options, textBytes, resolve, reject });
      this.#queueBytes += textBytes;
      this.#scheduleCommit();
    });
  }

  /** Closes the open batch, if any, and resolves when every closed batch is sealed; rejects with the reason why one is not. */
  async seal(): Promise<void> {
    this.#closeOpenBatch(false);
    if (this.#sealFailure !== undefined) this.#sealNext(false);
    await this.#sealing;
    if (this.#sealFailure !== undefined) throw this.#sealFailure;
    if (this.#closed !== undefined && this.#closingBatches.length > 0) throw shuttingDown();
  }

  /**
   * Closes the open batch if its window has ended (or the clock has left it), and does what had to wait. Called by the owner's
   * timer.
   */
  sealEndedWindow(): void {
    try {
      this.#removeArchivedBatches();
      this.#deleteForgottenAnswers();
    } catch (error) {
      this.#options.logger.error('what is not needed any more could not be removed', errorFields(error));
    }
    const { clock, windowMs } = this.#options;
    if (this.#open !== undefined && this.#open.windowAt !== windowStart(clock.now(), windowMs))
      this.#closeOpenBatch(true);
    if (this.#sealFailure !== undefined && this.#closingBatches.length > 0) this.#sealNext(true);
  }

  /** The oldest sealed batch, without its bytes. */
  nextBatch(): SealedBatch | undefined {
    return this.#batches[0];
  }

  batchObject(id: number): Buffer {
    const object = this.#store.batchObject(id);
    if (object === undefined) throw new RangeError(`batch ${id} is not in the buffer`);
    return object;
  }

  /**
   * Notes durably where a batch is about to be put.
   * @throws NervesysError `NSV_BUFFER_FULL` when even that would pass the limit: an outside reader holds the file.
   */
  noteKey(id: number, key: string): void {
    if (!this.#room.fitsSmallWrite()) throw this.#full(HELD_BY_A_READER);
    this.#room.makingRoom(() => this.#store.setBatchKey(id, key));
    this.#batches = this.#batches.map((batch) => (batch.id === id ? { ...batch, key } : batch));
  }

  /**
   * Forgets a batch that the archive has confirmed. Where there is no room to do it, it leaves the file later: until
   * then a restart would deliver it again, under the key that was noted, and find it there.
   */
  removeArchived(id: number): void {
    const now = this.#options.clock.now();
    if (!this.#archived.includes(id)) this.#archived.push(id);
    this.#removeArchivedBatches();
    this.#batches = this.#batches.filter((batch) => batch.id !== id);
    this.#lastArchivedAt = now;
    this.#changedAt = now;
    if (this.#batches.length === 0) this.#shrinking ??= this.#shrinkWhenQuiet();
  }

  positions(): readonly TailPosition[] {
    return this.#store.positions();
  }

  /** Where there is no room it stays: a position of a file that is gone harms nobody. */
  forgetPosition(file: string): void {
    if (this.#room.fitsSmallWrite()) this.#passing(() => this.#room.makingRoom(() => this.#store.deletePosition(file)));
  }

  recent(query: RecentQuery): Promise<readonly ArchivedRecord[]> {
    return this.#memory.recent(query);
  }

  meta(name: string): string | undefined {
    return this.#store.meta(name);
  }

  /** @throws NervesysError `NSV_BUFFER_FULL` when it would pass the limit: an outside reader holds the file. */
  setMeta(name: string, value: string): void {
    if (!this.#room.fitsSmallWrite(Buffer.byteLength(value))) throw this.#full(HELD_BY_A_READER);
    this.#room.makingRoom(() => this.#store.setMeta(name, value));
  }

  stats(): BufferStats {
    const filling = [...this.#closingBatches, ...(this.#open === undefined ? [] : [this.#open])];
    const openRecords = filling.reduce((sum, batch) => sum + batch.records, 0);
    return {
      epoch: this.epoch,
      bytes: this.#room.bytes,
      limitBytes: this.#options.limitBytes,
      records: openRecords + this.#batches.reduce((sum, batch) => sum + batch.manifest.records, 0),
      openRecords,
      batches: this.#batches.map(({ id, manifest, bytes, key, sealedAt }) => ({
        id,
        first: manifest.first,
        last: manifest.last,
        records: manifest.records,
        bytes,
        key,
        sealedAt,
      })),
      oldestAt: this.#batches[0]?.oldestAt ?? filling[0]?.openedAt ?? null,
      lastArchivedAt: this.#lastArchivedAt,
      lastSequence: this.#lastSequence,
      lostRecords: 0,
      held: this.#held,
    };
  }

  /** Gives free pages back to the file system, in steps, as far as they can be given back now. */
  async shrink(): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#removeArchivedBatches();
    for (let before = Infinity, free = this.#store.freePages(); free > 0 && free < before; ) {
      before = free;
      const pages = this.#room.pagesToMove(this.#room.isLow ? VACUUM_STEP_PAGES_LOW : VACUUM_STEP_PAGES);
      if (pages === 0) return;
      this.#room.makingRoom(() => this.#store.vacuumStep(pages));
      if (this.#room.isLow) this.#room.fold();
      await new Promise(setImmediate); // let intake have its turn between steps
      if (this.#closed !== undefined) return;
      free = this.#store.freePages();
    }
    this.#room.fold();
    this.#reserve.take();
  }

  /** Commits what waits, and closes the file; the open batch stays in it as blocks. Safe twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    while (this.#queue.length > 0 && this.#closingBatches.length < CLOSING_BATCHES_MAX) this.#commit();
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    this.#refuseWaiting(shuttingDown());
    await this.#sealing;
    await this.#shrinking;
    try {
      this.#store.close();
    } finally {
      this.#lock.release();
    }
  }

  #scheduleCommit(): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    // Two turns of the event loop gather what other connections have ready: 22,000 single-record posts/s instead of 17,000.
    setImmediate(() =>
      setImmediate(() => {
        this.#commitScheduled = false;
        if (this.#queue.length === 0 || this.#closingBatches.length >= CLOSING_BATCHES_MAX) return;
        this.#commit();
        if (this.#queue.length > 0) this.#scheduleCommit();
      }),
    );
  }

  /** One transaction for as many waiting appends as fit: blocks, positions and idempotency keys, then the answers. */
  #commit(): void {
    const group: Waiting[] = [];
    let groupBytes = 0;
    while (
      this.#queue.length > 0 &&
      (group.length === 0 || groupBytes + this.#queue[0]!.textBytes <= COMMIT_BYTES_MAX)
    ) {
      const waiting = this.#queue.shift()!;
      group.push(waiting);
      groupBytes += waiting.textBytes;
    }
    this.#queueBytes -= groupBytes;
    const { fresh, repeats } = this.#answerRepeats(group);
    if (fresh.length === 0) return;
    const now = this.#options.clock.now();
    const windowAt = windowStart(now, this.#options.windowMs);
    const answers = groupAnswers(fresh);
    let blocks: readonly NewBlock[];
    let answersRow: number | undefined;
    try {
      blocks = writeBlocks(
        fresh.flatMap((waiting) => waiting.records),
        this.epoch,
        this.#lastSequence + 1,
      );
      const answersJson = answers.length === 0 ? '' : JSON.stringify(answers);
      const positions = fresh.flatMap(({ options }) => options.positions ?? []);
      const blockBytes = blocks.reduce((sum, block) => sum + block.body.length, 0);
      this.#refuseWhenFull(blockBytes + Buffer.byteLength(answersJson) + positions.length * POSITION_BYTES);
      answersRow = this.#store.transaction(() => {
        for (const position of positions) this.#store.setPosition(position);
        for (const { first, body, records } of blocks)
          this.#store.insertBlock({
            firstId: first,
            lastId: first + records.length - 1,
            windowAt,
            arrivedAt: now,
            body,
          });
        return answersJson === '' ? undefined : this.#store.insertAnswers(now, answersJson);
      });
    } catch (error) {
      const refusal = isNoSpace(error) || isBusy(error) ? this.#full(describeError(error), error) : error;
      for (const waiting of [...fresh, ...repeats.keys()]) waiting.reject(refusal);
      return;
    }
    // It is stored: nothing from here on may become a rejection. What throws ends the process, and the file tells it all again.
    if (answersRow !== undefined) this.#answers.remember(answersRow, answers);
    for (const block of blocks) this.#fill(block, windowAt, now);
    this.#held = false;
    this.#changedAt = now;
    for (const waiting of fresh) waiting.resolve({});
    for (const [waiting, repeatedAnswer] of repeats) waiting.resolve({ repeatedAnswer });
    if (this.#room.isLow) this.#room.fold();
  }

  /**
   * Answers those requests whose key is remembered, also while the buffer is full: for them nothing is stored. Apart from them
   * there are repeats of others in the same group, which share their fate, and what is new.
   */
  #answerRepeats(group: readonly Waiting[]): { readonly fresh: Waiting[]; readonly repeats: Map<Waiting, string> } {
    const fresh: Waiting[] = [];
    const repeats = new Map<Waiting, string>();
    const firsts = new Map<string, string>();
    for (const waiting of group) {
      const { idempotencyKey: key, answer = '' } = waiting.options;
      const remembered = key === undefined ? undefined : this.#answers.get(key);
      const first = key === undefined ? undefined : firsts.get(key);
      if (remembered !== undefined) waiting.resolve({ repeatedAnswer: remembered });
      else if (first !== undefined) repeats.set(waiting, first);
      else fresh.push(waiting);
      if (key !== undefined && first === undefined) firsts.set(key, answer);
    }
    return { fresh, repeats };
  }

  /** Takes a committed block into the batch of its window, cutting the batch where it would grow too large. */
  #fill(block: NewBlock, windowAt: number, arrivedAt: number): void {
    const open = this.#open;
    if (open !== undefined && open.windowAt !== windowAt) this.#closeOpenBatch(true);
    else if (open !== undefined && open.textBytes + block.body.length > this.#batchTextBytes)
      this.#closeOpenBatch(false);
    this.#open ??= new OpenBatch(windowAt, block.first, arrivedAt);
    const chunk = this.#open.add(block.body, block.records, arrivedAt);
    if (chunk !== undefined) this.#memory.remember(chunk);
    this.#lastSequence = block.first + block.records.length - 1;
    if (this.#open.textBytes >= this.#batchTextBytes) this.#closeOpenBatch(false);
  }

  #closeOpenBatch(byWindow: boolean): void {
    if (this.#open === undefined) return;
    this.#closingBatches.push(this.#open);
    this.#open = undefined;
    this.#sealNext(byWindow);
  }

  #sealNext(byWindow: boolean): void {
    this.#sealing = this.#sealing.then(async () => {
      try {
        while (this.#closingBatches.length > 0 && this.#closed === undefined) await this.#sealOldest(byWindow);
        this.#sealFailure = undefined;
      } catch (error) {
        // The blocks are still in the file: nothing is lost, and the owner's timer tries again.
        this.#sealFailure = error;
        this.#options.logger.error('a batch could not be sealed', errorFields(error));
        if (this.#sealingIsStuck) this.#refuseWaiting(this.#full(describeError(error), error));
      }
    });
  }

  /** Then nothing is committed until a later attempt at sealing succeeds. */
  get #sealingIsStuck(): boolean {
    return this.#sealFailure !== undefined && this.#closingBatches.length >= CLOSING_BATCHES_MAX;
  }

  #refuseWaiting(refusal: NervesysError): void {
    this.#queueBytes = 0;
    for (const waiting of this.#queue.splice(0)) waiting.reject(refusal);
  }

  async #sealOldest(byWindow: boolean): Promise<void> {
    const batch = this.#closingBatches[0]!;
    const { server, windowMs, clock } = this.#options;
    const origin = {
      server,
      epoch: this.epoch,
      previousEpoch: (this.#store.meta('previous_epoch') as Epoch | undefined) ?? null,
      windowMs,
    };
    const object = await batch.finish(origin, this.#store.meta('last_manifest_sha256') ?? null);
    const sealedAt = clock.now();
    if (!this.#room.fitsBatch(object.bytes.length))
      throw this.#full(`there is no room to seal a batch of ${object.bytes.length} bytes`);
    // Blocks first: their pages are filled again by the batch, so that the file needn't grow on a disk without room.
    const id = this.#room.makingRoom(() =>
      this.#store.transaction(() => {
        this.#store.deleteBlocksThrough(batch.last);
        this.#store.setMeta('sealed_through', String(batch.last));
        this.#store.setMeta('last_manifest_sha256', sha256Hex(object.manifestJson));
        return this.#store.insertBatch(batch, object, sealedAt);
      }),
    );
    const { manifest, md5, sha256, bytes } = object;
    this.#batches.push({
      id,
      manifest,
      windowAt: batch.windowAt,
      oldestAt: batch.openedAt,
      bytes: bytes.length,
      md5,
      sha256,
      key: null,
      sealedAt,
    });
    this.#closingBatches.shift();
    if (this.#room.isLow) this.#room.fold();
    this.#options.onSealed?.(byWindow);
    if (this.#queue.length > 0) this.#scheduleCommit();
  }

  /** Removes from the file what the archive has, as far as there is room for it. */
  #removeArchivedBatches(): void {
    this.#passing(() => {
      for (let id = this.#archived[0]; id !== undefined; id = this.#archived[0]) {
        if (!this.#room.fitsSmallWrite()) return;
        const removed = id;
        this.#room.makingRoom(() =>
          this.#store.transaction(() => {
            this.#store.deleteBatch(removed);
            this.#store.setMeta('last_archived_at', String(this.#options.clock.now()));
          }),
        );
        this.#archived.shift();
      }
    });
  }

  #deleteForgottenAnswers(): void {
    if (!this.#answers.forgetOld() || !this.#room.fitsSmallWrite()) return;
    this.#passing(() => this.#room.makingRoom(() => this.#answers.deleteForgotten()));
  }

  /** Does what can as well be done later: a disk without room and a lock of another program pass. */
  #passing(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isNoSpace(error) && !isBusy(error)) throw error;
    }
  }

  /** Invariants 7 and 8. */
  #refuseWhenFull(incomingBytes: number): void {
    if (!this.#room.fitsRecords(incomingBytes)) {
      const { limitBytes } = this.#options;
      throw this.#full(`${this.#room.bytes} of ${limitBytes} bytes are in use and ${incomingBytes} more came`);
    }
    if (!this.#room.isLeftFor(incomingBytes, DISK_KEPT_FREE_BYTES))
      throw this.#full(`its disk has only ${this.#room.freeBytes()} bytes left`);
  }

  /** On a disk that is filling up, batches are small enough to be sealed with nothing but the reserve. */
  get #batchTextBytes(): number {
    const { batchTextBytes } = this.#options;
    return this.#room.isLow ? Math.min(batchTextBytes, BATCH_TEXT_BYTES_LOW) : batchTextBytes;
  }

  #full(found: string, cause?: unknown): NervesysError {
    this.#held = true;
    return new NervesysError('NSV_BUFFER_FULL', `store records in ${this.#options.path}: ${found}`, {
      retryable: true,
      cause,
      hint: 'repeat later; `nervesys doctor` says why the buffer does not drain',
    });
  }

  async #shrinkWhenQuiet(): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      const patienceEndsAt = clock.monotonic() + SHRINK_PATIENCE_MS;
      do await clock.sleep(SHRINK_QUIET_MS, this.#closing.signal);
      while (!this.#isQuiet() && (clock.monotonic() < patienceEndsAt || this.#isBusy()));
      while (this.#batches.length === 0) {
        await this.shrink();
        if (this.#archived.length === 0 && this.#store.freePages() === 0 && this.#room.fold()) break;
        await clock.sleep(SHRINK_AGAIN_MS, this.#closing.signal);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) logger.warn('the buffer file could not be shrunk', errorFields(error));
    } finally {
      this.#shrinking = undefined;
    }
  }

  #isQuiet(): boolean {
    const sinceMs = this.#options.clock.now() - this.#changedAt;
    return sinceMs >= SHRINK_QUIET_MS || sinceMs < 0;
  }

  /** So much comes in that pages given back now would be needed again at once. */
  #isBusy(): boolean {
    return this.#closingBatches.length > 0 || (this.#open?.textBytes ?? 0) > SHRINK_OPEN_BYTES_MAX;
  }

  /** A sealed batch's members, each readable by itself as long as the batch is here. */
  #storedTexts({ id, manifest, bytes }: SealedBatch): StoredText[] {
    const dataBytes = manifest.members.reduce((sum, member) => sum + member.bytes, 0);
    return manifest.members.map((member) => ({
      mayHave: (agentId) => manifest.agents_more > 0 || Object.hasOwn(manifest.agents, agentId),
      text: async () => {
        if (this.#closed !== undefined) return undefined;
        const part = this.#store.batchObjectPart(id, bytes - dataBytes + member.offset, member.bytes);
        return part === undefined ? undefined : inflateMember(part);
      },
    }));
  }

  #recover(): void {
    this.#memory.rememberStored(this.#batches.flatMap((batch) => this.#storedTexts(batch)));
    for (const block of this.#store.blocks()) {
      const records = block.body
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const { agent_id: agentId, level, timestamp } = JSON.parse(line) as ArchivedRecord;
          return { agentId, level, timestamp, action: '', json: '' };
        });
      this.#fill({ first: block.firstId, body: Buffer.from(block.body), records }, block.windowAt, block.arrivedAt);
    }
    this.#lastSequence = this.#store.lastSequence();
    this.sealEndedWindow();
  }
}

/** The answers to remember, those alike together: a row needs each once. */
function groupAnswers(group: readonly Waiting[]): KeyedAnswers {
  const keys = new Map<string, string[]>();
  for (const { idempotencyKey: key, answer = '' } of group.map(({ options }) => options)) {
    if (key === undefined) continue;
    const alike = keys.get(answer);
    if (alike === undefined) keys.set(answer, [key]);
    else alike.push(key);
  }
  return [...keys];
}

/** One process a buffer; the file itself stays open to other readers. */
function lockBuffer(path: string): ProcessLock {
  let lock: ProcessLock | undefined;
  try {
    lock = ProcessLock.take(`${path}.lock`);
  } catch (error) {
    throw unusable(path, error);
  }
  if (lock !== undefined) return lock;
  throw new NervesysError('NSV_BUFFER_LOCKED', `open the buffer ${path}: another agent has it open`, {
    hint: 'stop the other agent, or give this one a home of its own with --home',
  });
}

function shuttingDown(): NervesysError {
  return new NervesysError('NSV_SHUTTING_DOWN', 'store records: the agent is closing', { retryable: true });
}

function unusable(path: string, error: unknown): NervesysError {
  return new NervesysError('NSV_BUFFER_UNUSABLE', `open the buffer ${path}: ${describeError(error)}`, {
    cause: error,
    hint: 'check that its folder is writable and that its disk has space',
  });
}
