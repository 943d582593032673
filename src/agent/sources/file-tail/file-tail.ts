import type { OnFull } from '../../../config/index.ts';
import type { ServerName } from '../../../contract/ids.ts';
import type { Clock } from '../../../platform/clock.ts';
import { errorCode } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import { Pace } from '../../../platform/pace.ts';
import type { RecordSink } from '../../buffer/types.ts';
import type { Redaction } from '../../redaction/index.ts';
import type { AgentRegistry } from '../../registry.ts';
import { appendInPieces } from '../append-in-pieces.ts';
import { FollowedFiles } from './followed-files.ts';
import { type FileTailLimits, LIMITS_DEFAULT } from './limits.ts';
import { RecordReader } from './record-reader.ts';
import { TailBatch } from './tail-batch.ts';
import type { TailedFile, TailSource } from './tailed-file.ts';

/*
 * Follows files: each line becomes a record, exactly once, over rotations and restarts.
 *
 * Two loops. *Discovery* (each second) finds the files that the patterns stand for, opens new ones, and notices which have
 * lost their name. *Reading* (a few times a second) asks each open file whether it grew, and brings its new lines to the buffer, some of
 * every file in turn, together with how far each was read: position and records are one transaction, so a crash repeats nothing
 * and loses nothing.
 *
 * A file is known by device and inode, and by its first bytes (a reused inode, a rewritten file). Rotation by rename: the old file is
 * read to its end by its open handle until it was quiet for `rotatedQuietMs`, while the new one is followed already; a last
 * line without a line break counts as a line then. Rotation by copy and truncate: the file got shorter, or begins otherwise,
 * and is read from its beginning. What the writer wrote between copy and truncation is lost to every follower.
 * A file that was renamed while no agent ran is looked for by its inode in the folder where it was.
 *
 * Where lines are joined to records (stack traces), the last record of a file waits until the next begins, or until its writer was silent
 * for `multilineQuietMs`. Till then the position stays before it: its lines are read again rather than remembered.
 *
 * A full buffer holds the reading: nothing is dropped, the files are where the lines wait. Memory is bounded by two batches, one
 * being stored while the next is read, whatever the files' sizes.
 */

export interface FileTailOptions {
  readonly sources: readonly TailSource[];
  readonly server: ServerName;
  readonly sink: RecordSink;
  readonly registry?: AgentRegistry;
  /** What is taken out of records; absent: all credentials. */
  readonly redaction?: Redaction;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What becomes of the lines in a full buffer; absent: `hold`, the files wait. */
  readonly onFull?: OnFull;
  readonly limits?: Partial<FileTailLimits>;
}

/**
 * Between two looks at thousands of files, a file: to look takes about 30 µs each, so a few per cent of the time; more while some wait for
 * their turn. Up to a thousand files nothing changes. Not by the time that a look took: under load that is waiting, and rotations are quick.
 */
const DISCOVERY_MS_A_FILE = 1;
const DISCOVERY_MS_A_FILE_CROWDED = 0.2;

export class FileTail implements AsyncDisposable {
  readonly #options: FileTailOptions;
  readonly #limits: FileTailLimits;
  readonly #files: FollowedFiles;
  /** How the lines of each source are read. */
  readonly #readers: ReadonlyMap<TailSource, RecordReader>;
  /** One is stored while the next is read. */
  readonly #batches: readonly [TailBatch, TailBatch];
  readonly #discovery: Pace;
  readonly #reading: Pace;
  #batchesRead = 0;
  #readAt = 0;
  #turn = 0;
  #held = false;
  #stopped = false;

  private constructor(options: FileTailOptions) {
    const { sources, server, sink, redaction, clock, logger } = options;
    const limits = { ...LIMITS_DEFAULT, ...options.limits };
    this.#options = options;
    this.#limits = limits;
    this.#files = new FollowedFiles({ sources, sink, clock, logger, limits });
    const reading = {
      server,
      clock,
      linesMax: limits.linesPerTurnMax,
      ...(redaction === undefined ? {} : { redaction }),
    };
    this.#readers = new Map(sources.map((source) => [source, new RecordReader(source, reading)]));
    this.#batches = [new TailBatch(limits), new TailBatch(limits)];
    this.#discovery = new Pace(clock, () => this.#discoveryRound());
    this.#reading = new Pace(clock, (signal) => this.#readingRound(signal));
  }

  static async open(options: FileTailOptions): Promise<FileTail> {
    return new FileTail(options);
  }

  /** Returns itself. Without sources it does nothing, at no cost. */
  start(): this {
    if (this.#options.sources.length > 0) this.#discovery.start();
    return this;
  }

  /** Files being followed, bytes of the open ones not yet read, and whether the buffer takes nothing just now. */
  stats(): { readonly files: number; readonly behindBytes: number; readonly held: boolean } {
    const behindBytes = this.#files.open().reduce((sum, file) => sum + file.behindBytes, 0);
    return { files: this.#files.count, behindBytes, held: this.#held };
  }

  /** Ends after what is being stored; what was read beyond it is read again at the next start. Safe twice. */
  async close(): Promise<void> {
    await Promise.all([this.#discovery.close(), this.#reading.close()]);
    await this.#files[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #discoveryRound(): Promise<number> {
    const { logger } = this.#options;
    try {
      const opened = await this.#files.discover();
      this.#reading.start();
      if (opened) this.#reading.nudge();
    } catch (error) {
      logger.error('looking for files failed; it is tried again', errorFields(error));
    }
    const { count, waiting } = this.#files;
    const msAFile = waiting > 0 ? DISCOVERY_MS_A_FILE_CROWDED : DISCOVERY_MS_A_FILE;
    return Math.max(this.#limits.discoveryMs, (count + waiting) * msAFile);
  }

  /** Reads until no file has a whole line more. While a batch is being stored the next is read. */
  async #readingRound(signal: AbortSignal): Promise<number> {
    if (this.#stopped) return this.#limits.idlePollMs;
    await this.#check();
    let storing: Promise<void> = Promise.resolve();
    while (!signal.aborted) {
      const batch = await this.#collect(signal);
      await storing;
      if (batch === undefined || this.#stopped) break;
      storing = this.#store(batch, signal);
      storing.catch(() => undefined); // awaited above, after the next batch was read
    }
    await storing;
    await this.#closeFinished(signal);
    await this.#files.park();
    this.#releaseWhenIdle();
    return this.#untilNextCheck();
  }

  /** Asks each file whether it grew. */
  async #check(): Promise<void> {
    const { clock } = this.#options;
    for (const file of this.#files.open()) {
      const now = clock.monotonic();
      if (now < file.checkAt) continue;
      await this.#guard(file, () => file.check(now));
      if (file.pending && now - file.grownAt >= this.#limits.multilineQuietMs) file.release();
      const idle = now - file.grownAt > this.#limits.idleAfterMs;
      file.checkAt = idle ? now + this.#limits.idlePollMs : 0;
    }
  }

  #releaseWhenIdle(): void {
    if (this.#options.clock.monotonic() - this.#readAt < this.#limits.idleAfterMs) return;
    for (const batch of this.#batches) batch.release();
  }

  /** While every file is idle nothing wakes up in between: an idle host stays idle. Discovery nudges when it opens a file. */
  #untilNextCheck(): number {
    const { pollMs, idlePollMs } = this.#limits;
    return this.#files.open().some((file) => file.checkAt === 0) ? pollMs : idlePollMs;
  }

  /** The next lines of all files in turn, and the positions they lead to; `undefined` when there is nothing. */
  async #collect(signal: AbortSignal): Promise<TailBatch | undefined> {
    const batch = this.#batches[this.#batchesRead % 2]!;
    batch.clear();
    const touched = new Set<TailedFile>();
    let progress = true;
    while (progress && !signal.aborted) {
      progress = false;
      const rotated = this.#files.open().filter(mayHaveOlderLines);
      for (const file of this.#inTurn()) {
        if (batch.isFull) break;
        if (!file.hasMore && !file.dirty) continue;
        touched.add(file); // a file that waits is known after a restart all the same, whatever its name is by then
        if (!file.hasMore || waitsForOlder(file, rotated)) continue;
        await this.#guard(file, () => this.#readInto(batch, file));
        progress = true;
        this.#turn++;
      }
    }
    for (const file of touched) if (file.dirty) batch.positions.push(this.#files.takePosition(file));
    if (batch.positions.length === 0) return undefined;
    this.#batchesRead++;
    this.#readAt = this.#options.clock.monotonic();
    return batch;
  }

  async #readInto(batch: TailBatch, file: TailedFile): Promise<void> {
    const reader = this.#readers.get(file.source)!;
    const { length } = batch.records;
    const taken = await file.read(batch.room(), this.#isFinished(file), (bytes, stretch) =>
      reader.read(bytes, stretch, batch.records, batch.spares),
    );
    if (batch.records.length > length) batch.keep(taken); // the rest of a line that was cut fills no batch
  }

  /** The open files, beginning after the one that was read last: under load each gets its turn. */
  #inTurn(): TailedFile[] {
    const files = this.#files.open();
    const start = files.length === 0 ? 0 : this.#turn % files.length;
    return [...files.slice(start), ...files.slice(0, start)];
  }

  /** Stores a batch, however long the buffer takes nothing: it waits here and the files wait behind it. Rejects when aborted. */
  async #store({ records, positions }: TailBatch, signal: AbortSignal): Promise<void> {
    const { sink, registry, clock, logger, onFull = 'hold' } = this.#options;
    const left = [...records];
    for (;;) {
      try {
        // In pieces only where a small limit has no room for them together: a crash between two would bring the first ones twice.
        await appendInPieces(sink, left, { positions, onFull }, (stored, ruled) => registry?.note(stored, ruled));
        if (this.#held) logger.info('the buffer takes lines of files again');
        this.#held = false;
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (errorCode(error) === 'NSV_SHUTTING_DOWN') {
          this.#stopped = true; // the buffer closed before us; what was not stored is read again at the next start
          return;
        }
        const full = errorCode(error) === 'NSV_BUFFER_FULL';
        if (!this.#held && full) logger.warn('the buffer is full: files are not read on', errorFields(error));
        else if (!full) logger.error('lines of files could not be stored; it is tried again', errorFields(error));
        this.#held = true;
        await clock.sleep(this.#limits.heldMs, signal);
      }
    }
  }

  /**
   * A rotated file that was found quiet long enough: what stands after its last line break is its last line. By the last look at it, not by the
   * time now: while the buffer was full nobody looked.
   */
  #isFinished(file: TailedFile): boolean {
    if (file.goneAt === undefined) return false;
    return file.lookedAt - Math.max(file.goneAt, file.grownAt) >= this.#limits.rotatedQuietMs;
  }

  /** Closes files without a name that have nothing more to give. */
  async #closeFinished(signal: AbortSignal): Promise<void> {
    for (const file of this.#files.open()) {
      if (file.hasMore || file.dirty || !this.#isFinished(file)) continue;
      // Once more: storing may have taken long, and its writer may have gone on meanwhile.
      await this.#guard(file, () => file.check(this.#options.clock.monotonic()));
      if (!this.#files.isOpen(file) || file.hasMore || !this.#isFinished(file)) continue;
      if (file.behindBytes > 0) {
        await this.#storeLastLine(file, signal);
        continue; // closed with the next round, once that is stored
      }
      await this.#files.finish(file);
    }
  }

  async #storeLastLine(file: TailedFile, signal: AbortSignal): Promise<void> {
    const batch = this.#batches[0];
    batch.clear();
    await this.#guard(file, () => this.#readInto(batch, file));
    if (!this.#files.isOpen(file) || !file.dirty) return;
    batch.positions.push(this.#files.takePosition(file));
    await this.#store(batch, signal);
  }

  /** Work on one file that may fail by itself (a dying disk, a server gone): it is closed, and found anew by discovery, at its position. */
  async #guard(file: TailedFile, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.logger.warn('a file could not be read; it is opened anew', {
        path: file.path,
        ...errorFields(error),
      });
      await this.#files.abandon(file);
    }
  }
}

/** It was rotated, and still has lines, or may have. */
function mayHaveOlderLines({ goneAt, hasMore, unchecked }: TailedFile): boolean {
  return goneAt !== undefined && (hasMore || unchecked);
}

/** Whether one of the same source that was rotated before `file` is to be read first; `rotated` in the order of their opening. */
function waitsForOlder(file: TailedFile, rotated: readonly TailedFile[]): boolean {
  let openedBefore = true;
  for (const other of rotated) {
    if (other === file) openedBefore = false;
    else if (other.source === file.source && mayHaveOlderLines(other)) {
      const otherGoneAt = other.goneAt!;
      if (file.goneAt === undefined || otherGoneAt < file.goneAt) return true;
      if (otherGoneAt === file.goneAt && openedBefore) return true;
    }
  }
  return false;
}
