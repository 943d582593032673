import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Epoch, Sequence, ServerName } from '../../contract/ids.ts';
import { windowStart } from '../../contract/object-key.ts';
import type { ArchivedRecord, Level, LevelCounts } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { ProcessLock } from '../../platform/process-lock.ts';
import { randomHex } from '../../platform/random.ts';
import { AppendQueue, textBytesOf, type Waiting } from './append-queue.ts';
import { freeScratch, type NewBlock, writeBlocks } from './block-writer.ts';
import { freeSpareTexts } from './chunk.ts';
import { DiskReserve, openingWithReserve, reservePath } from './disk-reserve.ts';
import { DiskRoom } from './disk-room.ts';
import { BufferFull, recordsTooLarge, shuttingDown, unusable } from './errors.ts';
import { type EvictionHost, makeRoom } from './eviction.ts';
import { KeptBeats } from './kept-beats.ts';
import { LossBook } from './loss-book.ts';
import { LOSSES_META, Losses } from './losses.ts';
import { formatAnswers, RememberedAnswers, requestKeyOf } from './remembered-answers.ts';
import { answerRepeats, type Sorted } from './repeats.ts';
import type { Resealed } from './reseal.ts';
import { RevisionLog } from './revision-log.ts';
import { openBufferFile, walReserveBytes } from './schema.ts';
import { passing, SealedBatches } from './sealed-batches.ts';
import { type BatchSizes, DROPPED_SEALED_META, Sealer } from './sealer.ts';
import { ShortTermMemory } from './short-term-memory.ts';
import { BufferStore, isBusy, isNoSpace, type StoredBatch } from './store.ts';
import type {
  AppendOptions,
  AppendResult,
  BufferStats,
  EncodedRecord,
  LinesBeforeQuery,
  RecentQuery,
  RecordSink,
  SealedBatch,
  TailPosition,
} from './types.ts';
import { WaitingAlerts } from './waiting-alerts.ts';

/*
 * The buffer: what stands between "accepted" and "archived".
 *
 * A record's way
 *   append() → queue → group commit (one transaction, one fdatasync) → block in the file, chunk in memory → answer
 *   → the open batch reaches its bytes or its window ends → sealed: an archive object in `batches`, its blocks deleted, in one
 *     transaction → announced → its key is noted → the archive confirms → removed, and the file shrinks.
 *   A record of a source that can't wait may end otherwise: when the buffer is full it is given up, with a loss receipt (`eviction.ts`).
 *
 * Invariants
 *   1. append() resolves only after COMMIT at synchronous=FULL; when it rejects, nothing of it is stored.
 *   2. Sequences run 1, 2, 3, … within an epoch; each that was given out stands in exactly one of `blocks`, `batches`, what the
 *      archive has, and what was given up (`losses`, later a loss receipt).
 *   3. A batch belongs to one window, that of its records' arrival, and its text is at most `batchTextBytes`, unless
 *      a single block is larger.
 *   4. A sealed batch's bytes change only while nobody else can know of it, to give records up; from when it is announced they never
 *      do. Its key, once noted, changes only when another's object stands there.
 *   5. Batches are sealed in the order of their records, one at a time, and handed out in that order.
 *   6. On a disk that others fill up, room is made with the reserve: what the archive has can always be removed.
 *   7. New records are refused (NSV_BUFFER_FULL) when they would leave no room for sealing: a batch takes the place of its blocks
 *      in the same transaction, so the file needs little more, and the WAL as much as the largest batch (`walReserveBytes`).
 *   8. What stands on the disk never passes `limitBytes`, in the middle of a checkpoint neither (`DiskRoom`). While an outside
 *      reader keeps the WAL from being folded, whatever has no room waits: sealing, and removing what the archive has.
 *   9. Records of sources that wait are never given up, and while others are, none of them takes the room.
 *
 * Every byte is accounted for: file (blocks, batches, answers, positions, alerts and beats within its page cap), WAL (a commit, or a batch
 * that is sealed), wal-index and disk reserve share `limitBytes`; nothing temporary is written elsewhere.
 *
 * Opening is recovery: what SQLite recovers from its WAL is what was acknowledged (1); blocks of the open window are read back
 * into chunks, in order, and cut by the same rules as when they arrived. A batch that was being sealed is simply sealed again:
 * its blocks are still there, or the batch is (2). A file whose contents aren't what was stored is set aside before (`salvage.ts`).
 */

/** Text waiting for its commit; beyond it appends are refused, so that a stalled disk can't fill the memory. */
const QUEUE_BYTES_MAX = 64_000_000;
/** Text that waits until others are given up for it; beyond it such sources must wait after all. */
const PRESSED_BYTES_MAX = 8_000_000;
/** Text of one transaction: bounds the WAL and the time that the event loop is held. */
const COMMIT_BYTES_MAX = 4_000_000;
/** On a disk that others fill up, records are refused that would leave less than this. */
const DISK_KEPT_FREE_BYTES = 1_000_000;
/** Which revision of the configuration ran from which record on. */
const REVISIONS_META = 'configs';
/** The length of the windows that blocks belong to. */
const WINDOW_META = 'window_ms';
/** How many records rules have dropped in all. */
const DROPPED_META = 'dropped';
const HELD_BY_A_READER = 'an outside reader holds a snapshot of the file';
/** A file's position, with its paths. */
const POSITION_BYTES = 500;
const SHRINK_OPEN_BYTES_MAX = 1_000_000;
const FREE_PAGES_KEPT = 16;
/** Batches that records are given up of are joined up to this size: quickly written, and many enough records. */
const JOINED_BYTES_MAX = 1_000_000;

/** What may be changed while it is open. */
export interface BufferSizes extends BatchSizes {
  readonly limitBytes: number;
}

export interface BufferOptions extends BufferSizes {
  readonly path: string;
  readonly server: ServerName;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a batch was sealed; `byWindow` when its window ended rather than its size being reached. */
  readonly onSealed?: (byWindow: boolean) => void;
  /** Called when a loss receipt was written, also while the buffer is opened: with what it counts, all that was ever lost, and whom to tell. */
  readonly onLoss?: (lost: LevelCounts, lostRecords: number, alerts: WaitingAlerts) => void;
  /** Called once, when the first records come. */
  readonly onFirstAppend?: () => void;
}

export class LogBuffer implements RecordSink, AsyncDisposable {
  readonly epoch: Epoch;
  /** What is to be told to people; it waits here until the orchestrator has it. */
  readonly alerts: WaitingAlerts;
  /** What the orchestrator has missed while it was away. */
  readonly beats: KeptBeats;
  readonly #options: BufferOptions;
  #sizes: BufferSizes;
  readonly #store: BufferStore;
  readonly #lock: ProcessLock;
  readonly #room: DiskRoom;
  readonly #answers: RememberedAnswers;
  readonly #batches: SealedBatches;
  readonly #sealer: Sealer;
  readonly #lossBook: LossBook;
  readonly #revisions: RevisionLog;
  readonly #memory = new ShortTermMemory();
  readonly #queue = new AppendQueue(QUEUE_BYTES_MAX);
  /** What had no room and may have others give way. */
  readonly #pressed = new AppendQueue(PRESSED_BYTES_MAX);
  #relieving: Promise<void> | undefined;
  #commitScheduled = false;
  #lastSequence: Sequence;
  /** By rules, since the epoch began. */
  #dropped = 0;
  #held = false;
  #appended = false;
  #closed: Promise<void> | undefined;

  private constructor(options: BufferOptions, store: BufferStore, lock: ProcessLock) {
    this.#options = options;
    const { path, limitBytes, clock, logger } = options;
    this.#sizes = options;
    this.#room = new DiskRoom(store, new DiskReserve(reservePath(path)), limitBytes, fileBytesMax(options), clock);
    this.#store = store;
    this.#lock = lock;
    let epoch = store.meta('epoch');
    if (epoch === undefined) {
      epoch = randomHex(8);
      store.setMeta('epoch', epoch);
    }
    this.epoch = epoch as Epoch;
    const losses = Losses.parse(store.meta(LOSSES_META));
    this.#lossBook = new LossBook(losses, { server: options.server, epoch: this.epoch, clock, logger });
    this.#lastSequence = this.#storedSequence();
    this.#revisions = new RevisionLog(store.meta(REVISIONS_META));
    this.#batches = new SealedBatches({
      store,
      room: this.#room,
      clock,
      logger,
      full: () => this.#full(HELD_BY_A_READER),
      isBusy: () => this.#sealer.sealingNow || this.#sealer.openTextBytes > SHRINK_OPEN_BYTES_MAX,
    });
    this.#sealer = new Sealer({
      store,
      room: this.#room,
      batches: this.#batches,
      server: options.server,
      epoch: this.epoch,
      revisions: this.#revisions,
      sizes: { ...options, windowMs: Number(store.meta(WINDOW_META) ?? options.windowMs) },
      logger,
      onChunk: (chunk) => this.#memory.remember(chunk),
      onSealed: (byWindow) => {
        options.onSealed?.(byWindow);
        if (this.#queue.length > 0) this.#scheduleCommit();
      },
      onStuck: (error) => this.#queue.refuseAll(this.#full(describeError(error), error)),
      full: (found) => this.#full(found),
    });
    this.#answers = new RememberedAnswers(store, limitBytes, clock);
    const tables = { store, room: this.#room, limitBytes, clock, logger, onFreed: () => this.#shrinkSoon() };
    this.alerts = new WaitingAlerts({ ...tables, epoch: this.epoch });
    this.beats = new KeptBeats(tables);
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
    if (this.#closed !== undefined) return Promise.reject(shuttingDown());
    if (!this.#appended) this.#options.onFirstAppend?.();
    this.#appended = true;
    const textBytes = textBytesOf(records);
    const { recordsBytesMax } = this.#room;
    if (textBytes > recordsBytesMax)
      return Promise.reject(recordsTooLarge(textBytes, recordsBytesMax, this.#sizes.limitBytes));
    if (this.#relieving !== undefined) return this.#appendUnderPressure(records, options, textBytes);
    if (!this.#queue.hasRoomFor(textBytes))
      return Promise.reject(this.#full(`${this.#queue.bytes} bytes are waiting for the disk already`));
    const { isStuck, failure } = this.#sealer;
    if (isStuck) return Promise.reject(this.#full(describeError(failure), failure));
    const stored = this.#queue.push(records, options, textBytes);
    this.#scheduleCommit();
    return stored;
  }

  /**
   * Other sizes from now on; what is stored isn't touched. Under a limit that was lowered below what stands on the disk nothing is taken until
   * that has drained.
   */
  setSizes(sizes: BufferSizes): void {
    this.#noteWindow(sizes.windowMs);
    this.#sizes = sizes;
    this.#store.capFile(fileBytesMax(sizes));
    this.#room.setLimits(sizes.limitBytes, fileBytesMax(sizes));
    this.#answers.setLimit(sizes.limitBytes);
    this.alerts.setLimit(sizes.limitBytes);
    this.beats.setLimit(sizes.limitBytes);
    this.#sealer.setSizes(sizes);
  }

  /** Records that come from now on and don't say otherwise are taken under this revision of the configuration; their batches tell it. Where there is no room for that note it is not told. */
  setRevision(revision: string): void {
    if (this.#revisions.current === revision) return;
    this.#beginRevision(revision, this.#lastSequence + 1);
    if (this.#room.fitsSmallWrite()) passing(() => this.#store.setMeta(REVISIONS_META, this.#revisions.format()));
  }

  /** Closes the open batch, if any, and resolves when every closed batch is sealed; rejects with the reason why one is not. */
  async seal(): Promise<void> {
    this.#writeReceipts();
    await this.#sealer.seal();
    if (this.#closed !== undefined && this.#sealer.sealingNow) throw shuttingDown();
  }

  /**
   * Closes the open batch if its window has ended (or the clock has left it), and does what had to wait. Called by the owner's
   * timer.
   */
  sealEndedWindow(): void {
    const { clock } = this.#options;
    try {
      this.#batches.removePassed();
      this.#deleteForgottenAnswers();
      if (this.#lossBook.due) this.#writeReceipts();
    } catch (error) {
      this.#options.logger.error('what is not needed any more could not be removed', errorFields(error));
    }
    this.#sealer.closeEnded(windowStart(clock.now(), this.#sizes.windowMs));
  }

  /** The oldest sealed batch, without its bytes. */
  nextBatch(): SealedBatch | undefined {
    return this.#batches.all[0];
  }

  batchObject(id: number): Buffer {
    return this.#batches.object(id);
  }

  /**
   * To be called before anybody else is told of a batch: none of its records are given up any more.
   * @throws NervesysError `NSV_BUFFER_FULL` when even noting that would pass the limit: an outside reader holds the file.
   */
  announcing(id: number): void {
    this.#batches.announcing(id);
  }

  /** Notes durably where a batch is about to be put. @throws NervesysError `NSV_BUFFER_FULL` as `announcing` does. */
  noteKey(id: number, key: string): void {
    this.#batches.noteKey(id, key);
  }

  /** Forgets a batch that the archive has confirmed. */
  removeArchived(id: number): void {
    this.#batches.removeArchived(id);
  }

  positions(): readonly TailPosition[] {
    return this.#store.positions();
  }

  /** Where there is no room it stays: a position of a file that is gone harms nobody. */
  forgetPosition(file: string): void {
    if (this.#room.fitsSmallWrite()) passing(() => this.#room.makingRoom(() => this.#store.deletePosition(file)));
  }

  recent(query: RecentQuery): Promise<readonly ArchivedRecord[]> {
    return this.#memory.recent(query);
  }

  linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]> {
    return this.#memory.linesBefore(query);
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
    const { filling } = this.#sealer;
    const openRecords = filling.reduce((sum, batch) => sum + batch.records, 0);
    const sealed = this.#batches.all;
    return {
      epoch: this.epoch,
      bytes: this.#room.bytes,
      limitBytes: this.#sizes.limitBytes,
      records: openRecords + sealed.reduce((sum, batch) => sum + batch.manifest.records, 0),
      openRecords,
      batches: sealed.map(({ id, manifest, bytes, key, sealedAt }) => ({
        id,
        first: manifest.first,
        last: manifest.last,
        records: manifest.records,
        bytes,
        key,
        sealedAt,
      })),
      oldestAt: sealed[0]?.oldestAt ?? filling[0]?.openedAt ?? null,
      lastArchivedAt: this.#batches.lastArchivedAt,
      lastSequence: this.#lastSequence,
      lostRecords: this.#lossBook.losses.total,
      droppedRecords: this.#dropped,
      rememberedKeys: this.#answers.size,
      held: this.#held,
    };
  }

  /** Gives free pages back to the file system, in steps, as far as they can be given back now. */
  async shrink(): Promise<void> {
    if (this.#closed === undefined) await this.#batches.shrink();
  }

  /** Gives up memory that is only kept to be used again; for when it is quiet. */
  freeSpareMemory(): void {
    freeScratch();
    freeSpareTexts();
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
    while (this.#queue.length > 0 && !this.#sealer.isBehind) this.#commit();
    this.#queue.refuseAll(shuttingDown());
    this.#pressed.refuseAll(shuttingDown());
    await this.#relieving;
    await this.#sealer.close();
    await this.#batches.close();
    await this.alerts.close();
    try {
      this.#store.close();
    } finally {
      this.#lock.release();
    }
  }

  /** Writes alerts that were told to the file; whether it has them all. */
  saveAlerts(): boolean {
    this.alerts.flush();
    return this.alerts.isSaved;
  }

  /** After alerts and beats have left it: small ones leave pages that the next ones fill. */
  #shrinkSoon(): void {
    if (this.#closed === undefined && this.#store.freePages() > FREE_PAGES_KEPT) this.#batches.shrinkSoon();
  }

  #scheduleCommit(): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    // Two turns of the event loop gather what other connections have ready: 22,000 single-record posts/s instead of 17,000.
    setImmediate(() =>
      setImmediate(() => {
        this.#commitScheduled = false;
        if (this.#queue.length === 0 || this.#sealer.isBehind) return;
        this.#commit();
        if (this.#queue.length > 0) this.#scheduleCommit();
      }),
    );
  }

  /** One transaction for as many waiting appends as fit; where they don't fit the buffer, their sources decide what comes of it. */
  #commit(): void {
    const sorted = answerRepeats(this.#queue.take(this.#groupBytesMax), this.#answers);
    try {
      this.#storeGroup(sorted);
    } catch (error) {
      const mayPress = error instanceof BufferFull && error.byLimit && this.#closed === undefined;
      this.#refuse(sorted, error, mayPress);
      if (this.#pressed.length === 0) return;
      // What came later neither takes the room that is made nor gets in front of its elders.
      this.#refuse(answerRepeats(this.#queue.take(Number.POSITIVE_INFINITY), this.#answers), error, mayPress);
      this.#relieving ??= this.#relieve();
    }
  }

  /** Refuses what has no answer yet, except what may press for room. */
  #refuse({ unanswered }: Sorted, error: unknown, mayPress = false): void {
    const pressingBytesMax = mayPress ? this.#room.bytesBesideFile : 0;
    for (const waiting of unanswered) {
      const { onFull, textBytes } = waiting;
      // Of what rules have dropped whole there is no text: that it fits doesn't mean that it may press again.
      if (mayPress && onFull === 'evict' && textBytes <= pressingBytesMax && this.#pressed.hasRoomFor(textBytes))
        this.#pressed.add(waiting);
      else waiting.reject(error);
    }
  }

  /**
   * Stores a group, and what of it is given up at once: blocks, positions and idempotency keys in one transaction, then the answers.
   * Throws before anything is stored.
   */
  #storeGroup({ fresh, repeats }: Sorted, given: ReadonlyMap<Level, number> = new Map()): void {
    if (fresh.length === 0) return;
    const now = this.#options.clock.now();
    const keys = fresh.flatMap(({ key }) => key ?? []);
    const answersJson = formatAnswers(keys);
    const positions = fresh.flatMap((waiting) => waiting.positions);
    const dropped = fresh.reduce((sum, waiting) => sum + waiting.dropped, 0);
    let answersRow: number | undefined;
    this.#write(
      fresh.flatMap(({ records }) => records),
      {
        now,
        evictable: evictableRecords(fresh),
        refuse: (bytes) => this.#refuseWhenFull(bytes + besideBytes(answersJson, positions)),
        given,
        alongside: () => {
          for (const position of positions) this.#store.setPosition(position);
          this.#noteRevisions(fresh);
          if (dropped > 0) this.#store.setMeta(DROPPED_META, String(this.#dropped + dropped));
          if (answersJson !== '') answersRow = this.#store.insertAnswers(now, answersJson);
        },
      },
    );
    // It is stored: nothing from here on may become a rejection. What throws ends the process, and the file tells it all again.
    if (answersRow !== undefined) this.#answers.remember(answersRow, keys);
    this.#dropped += dropped;
    this.#sealer.noteDropped(dropped);
    this.#held = false;
    for (const waiting of fresh) waiting.resolve({});
    for (const [waiting, repeatedAnswer] of repeats) waiting.resolve({ repeatedAnswer });
    if (this.#room.isLow) this.#room.fold();
  }

  /** Where another revision begins within a group that is about to be stored. */
  #noteRevisions(group: readonly Waiting[]): void {
    let first = this.#lastSequence + 1;
    let isOther = false;
    for (const { records, revision } of group) {
      if (revision !== undefined && revision !== this.#revisions.current && records.length > 0) {
        this.#beginRevision(revision, first);
        isOther = true;
      }
      first += records.length;
    }
    if (isOther) this.#store.setMeta(REVISIONS_META, this.#revisions.format());
  }

  #beginRevision(revision: string, first: Sequence): void {
    this.#revisions.begin(revision, first, Number(this.#store.meta('sealed_through') ?? 0));
  }

  /** Numbers records and stores them, with what goes `alongside`, in one transaction; then they are in the open batch. */
  #write(records: readonly EncodedRecord[], write: Write): void {
    const { now, evictable, refuse, given = new Map(), alongside } = write;
    const windowAt = windowStart(now, this.#sizes.windowMs);
    let last = this.#lastSequence + records.length;
    const { losses: before } = this.#lossBook;
    let losses = before;
    for (const [level, count] of given) {
      losses = losses.with(level, [[last + 1, last + count]]);
      last += count;
    }
    let blocks: readonly NewBlock[];
    try {
      blocks = writeBlocks(records, this.epoch, this.#lastSequence + 1, evictable);
      refuse(blocks.reduce((sum, { body }) => sum + body.length, 0));
      this.#store.transaction(() => {
        for (const { first, last, body, evictable } of blocks)
          this.#store.insertBlock({ firstId: first, lastId: last, windowAt, arrivedAt: now, body, evictable });
        if (losses !== before) this.#store.setMeta(LOSSES_META, losses.format());
        alongside();
      });
    } catch (error) {
      throw isNoSpace(error) || isBusy(error) ? this.#full(describeError(error), error) : error;
    }
    if (losses !== before) this.#lossBook.note(losses);
    for (const block of blocks) this.#sealer.fill(block, windowAt, now);
    this.#lastSequence = last;
    this.#batches.noteChange();
  }

  /** While records are given up, only their like may come: what is freed is not for sources that can wait (invariant 9). */
  #appendUnderPressure(
    records: readonly EncodedRecord[],
    options: AppendOptions,
    textBytes: number,
  ): Promise<AppendResult> {
    try {
      const key = requestKeyOf(options);
      const repeatedAnswer = key === undefined ? undefined : this.#answers.answerOf(key);
      if (repeatedAnswer !== undefined) return Promise.resolve({ repeatedAnswer });
    } catch (error) {
      return Promise.reject(error);
    }
    if (options.onFull === 'evict' && this.#pressed.hasRoomFor(textBytes))
      return this.#pressed.push(records, options, textBytes);
    return Promise.reject(this.#full('records of sources that cannot wait are being given up for others of them'));
  }

  /** Makes room for what presses, a group after the other. */
  async #relieve(): Promise<void> {
    while (this.#pressed.length > 0 && this.#closed === undefined) {
      const sorted = answerRepeats(
        this.#pressed.take(Math.min(this.#groupBytesMax, this.#room.bytesBesideFile)),
        this.#answers,
      );
      if (sorted.fresh.length === 0) continue;
      try {
        const relieved = await makeRoom(sorted.fresh, this.#evictionHost);
        if (relieved === undefined) throw this.#full('nothing that may be given up is worth less than what comes');
        if (this.#closed !== undefined) throw shuttingDown();
        this.#storeGroup({ ...sorted, fresh: relieved.kept }, relieved.given);
      } catch (error) {
        this.#refuse(sorted, isNoSpace(error) || isBusy(error) ? this.#full(describeError(error), error) : error);
      }
    }
    this.#relieving = undefined;
  }

  get #evictionHost(): EvictionHost {
    return {
      batches: this.#batches,
      fits: (group) => {
        const bytes = neededBytes(group);
        const lacking = this.#lacking(bytes);
        if (lacking !== undefined && !(lacking.byLimit && bytes <= this.#room.bytesBesideFile)) throw lacking;
        return lacking === undefined;
      },
      sealEvictable: (level) => this.#sealer.sealEvictable(level),
      requireRoomFor: (bytes) => this.#sealer.requireRoomFor(bytes),
      giveUp: (level, batches, resealed) => this.#giveUp(level, batches, resealed),
      joined: {
        bytesMax: Math.min(JOINED_BYTES_MAX, this.#room.bytesBesideFile),
        textBytesMax: this.#sizes.batchTextBytes,
      },
      mayGiveUp: () => {
        if (this.#lossBook.losses.many) this.#writeReceipts();
        return this.#closed === undefined && !this.#lossBook.losses.many;
      },
    };
  }

  /** The loss is noted in the transaction in which they go, and only known of once that stands. */
  #giveUp(level: Level, batches: readonly StoredBatch[], resealed: Resealed): void {
    const losses = this.#lossBook.losses.with(level, resealed.given);
    // Where nothing is left of batches, what they told of dropped records is for the next manifest.
    const untold = resealed.object === undefined ? batches.reduce((sum, one) => sum + one.manifest.dropped, 0) : 0;
    const note = () => {
      this.#store.setMeta(LOSSES_META, losses.format());
      if (untold > 0)
        this.#store.setMeta(DROPPED_SEALED_META, String(Number(this.#store.meta(DROPPED_SEALED_META) ?? 0) - untold));
    };
    if (!this.#batches.replace(batches, resealed, note)) return;
    this.#lossBook.note(losses);
    this.#sealer.noteDropped(untold);
  }

  /** Tells the archive what was given up; where there is no room for that yet, it stays noted. */
  #writeReceipts(): void {
    const now = this.#options.clock.now();
    const settlement = this.#closed === undefined ? this.#lossBook.receipts(now) : undefined;
    if (settlement === undefined || !this.#room.fitsSmallWrite(textBytesOf(settlement.records))) return;
    try {
      this.#write(settlement.records, {
        now,
        refuse: () => undefined,
        alongside: () => this.#store.setMeta(LOSSES_META, settlement.rest.format()),
      });
    } catch (error) {
      if (error instanceof BufferFull) return;
      throw error;
    }
    this.#lossBook.settled(settlement);
    for (const lost of settlement.lost) this.#options.onLoss?.(lost, settlement.rest.total, this.alerts);
  }

  #deleteForgottenAnswers(): void {
    if (!this.#answers.forgetOld() || !this.#room.fitsSmallWrite()) return;
    passing(() => this.#room.makingRoom(() => this.#answers.deleteForgotten()));
  }

  get #groupBytesMax(): number {
    return Math.min(COMMIT_BYTES_MAX, this.#room.recordsBytesMax);
  }

  /** Invariants 7 and 8. */
  #refuseWhenFull(incomingBytes: number): void {
    const lacking = this.#lacking(incomingBytes);
    if (lacking !== undefined) throw lacking;
  }

  /** Why records of so many bytes have no room; `undefined`: they have. */
  #lacking(incomingBytes: number): BufferFull | undefined {
    if (!this.#room.fitsRecords(incomingBytes)) {
      const { limitBytes } = this.#sizes;
      return this.#full(
        `${this.#room.bytes} of ${limitBytes} bytes are in use and ${incomingBytes} more came`,
        undefined,
        true,
      );
    }
    if (this.#room.isLeftFor(incomingBytes, DISK_KEPT_FREE_BYTES)) return undefined;
    return this.#full(`its disk has only ${this.#room.freeBytes()} bytes left`);
  }

  #full(found: string, cause?: unknown, byLimit = false): BufferFull {
    this.#held = true;
    return new BufferFull(`store records in ${this.#options.path}: ${found}`, cause, byLimit);
  }

  /** The greatest sequence that was ever given out, as far as the file knows. */
  #storedSequence(): Sequence {
    return Math.max(this.#store.lastSequence(), this.#lossBook.losses.through);
  }

  /** How long the windows are that blocks in the file belong to, for whoever recovers them. */
  #noteWindow(windowMs: number): void {
    if (Number(this.#store.meta(WINDOW_META)) === windowMs) return;
    // Where there is no room now, a crash would give the blocks of this window the length of the former one.
    if (this.#room.fitsSmallWrite()) passing(() => this.#store.setMeta(WINDOW_META, String(windowMs)));
  }

  #recover(): void {
    this.#memory.rememberStored(this.#batches.storedTexts());
    for (const block of this.#store.blocks()) {
      let server = this.#options.server;
      const records = block.body
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const { agent_id: agentId, level, timestamp, server: named } = JSON.parse(line) as ArchivedRecord;
          server = named;
          return { agentId, level, timestamp };
        });
      const { firstId: first, lastId: last, evictable, windowAt, arrivedAt } = block;
      const former = server === this.#options.server ? undefined : server;
      this.#sealer.fill(
        { first, last, body: Buffer.from(block.body), records, evictable },
        windowAt,
        arrivedAt,
        former,
      );
    }
    this.#lastSequence = this.#storedSequence();
    this.#dropped = Number(this.#store.meta(DROPPED_META) ?? 0);
    this.#sealer.noteDropped(this.#dropped - Number(this.#store.meta(DROPPED_SEALED_META) ?? 0));
    this.#sealer.setSizes(this.#sizes);
    this.#noteWindow(this.#sizes.windowMs);
    this.sealEndedWindow();
  }
}

function fileBytesMax({ limitBytes, batchTextBytes }: BufferSizes): number {
  return limitBytes - walReserveBytes(limitBytes, batchTextBytes);
}

/** What is stored with records. */
interface Write {
  readonly now: number;
  /** Whether a record may be given up later, by its index. */
  readonly evictable?: ((index: number) => boolean) | undefined;
  /** Throws where so many bytes have no room. */
  readonly refuse: (bytes: number) => void;
  /** Of each level, how many records get a sequence and are given up at once. */
  readonly given?: ReadonlyMap<Level, number>;
  /** Runs in the same transaction. */
  readonly alongside: () => void;
}

/** Bytes that answers and positions take beside their records. */
function besideBytes(answersJson: string, positions: readonly TailPosition[]): number {
  return Buffer.byteLength(answersJson) + positions.length * POSITION_BYTES;
}

/** What a group takes when it is stored, at most. */
function neededBytes(group: readonly Waiting[]): number {
  const answersJson = formatAnswers(group.flatMap(({ key }) => key ?? []));
  const positions = group.flatMap((waiting) => waiting.positions);
  return textBytesOf(group.flatMap(({ records }) => records)) + besideBytes(answersJson, positions);
}

/** Tells by index which records of a group may be given up; `undefined` where none may. */
function evictableRecords(group: readonly Waiting[]): ((index: number) => boolean) | undefined {
  if (!group.some(({ onFull }) => onFull === 'evict')) return undefined;
  const flags = group.flatMap(({ records, onFull }) => records.map(() => onFull === 'evict'));
  return (index) => flags[index] === true;
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
