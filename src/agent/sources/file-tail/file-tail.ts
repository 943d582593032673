import { readdir, stat } from 'node:fs/promises';
import { dirname, join, matchesGlob } from 'node:path';
import type { AgentId, ServerName } from '../../../contract/ids.ts';
import { RECORD_BYTES_MAX } from '../../../contract/record.ts';
import type { Clock } from '../../../platform/clock.ts';
import { errorCode } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import { Pace } from '../../../platform/pace.ts';
import type { EncodedRecord, RecordSink, TailPosition } from '../../buffer/types.ts';
import type { Redaction } from '../../redaction/index.ts';
import type { AgentRegistry } from '../../registry.ts';
import { encodeLine, type LineReading } from '../line-formats/encode-line.ts';
import { openTimeZone } from '../line-formats/time-zone.ts';
import { findFiles, fixedPrefix } from './find-files.ts';
import { type JoinsRecord, openJoiner } from './join-lines.ts';
import { fileIdentity, TailedFile, type TailSource } from './tailed-file.ts';

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
 * A full buffer holds the reading: nothing is dropped, the files are where the lines wait. Memory is bounded by one chunk and one
 * batch being stored while the next is read, whatever the files' sizes.
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
  readonly limits?: Partial<FileTailLimits>;
}

export interface FileTailLimits {
  readonly pollMs: number;
  /** A file without growth for `idleAfterMs` is asked only so often. */
  readonly idlePollMs: number;
  readonly idleAfterMs: number;
  readonly discoveryMs: number;
  /** A file without a name is closed once it was quiet for so long: writers go on for a moment after a rotation. */
  readonly rotatedQuietMs: number;
  /** A record of several lines is whole when its file was quiet for so long. */
  readonly multilineQuietMs: number;
  /** Read at once, of one file. */
  readonly chunkBytes: number;
  readonly lineBytesMax: number;
  /** Stored at once; of one file and of all. A chunk of empty lines would be a hundred times its size as records. */
  readonly linesPerTurnMax: number;
  readonly batchBytesMax: number;
  readonly batchRecordsMax: number;
  /** Open files; more are left out, and said. */
  readonly filesMax: number;
  /** How often it is tried again while the buffer takes nothing. */
  readonly heldMs: number;
}

const LIMITS_DEFAULT: FileTailLimits = {
  pollMs: 250,
  idlePollMs: 1_000,
  idleAfterMs: 10_000,
  discoveryMs: 1_000,
  rotatedQuietMs: 30_000,
  multilineQuietMs: 1_000,
  chunkBytes: 256 * 1024,
  lineBytesMax: RECORD_BYTES_MAX,
  linesPerTurnMax: 5_000,
  batchBytesMax: 1024 * 1024,
  batchRecordsMax: 20_000,
  filesMax: 500,
  heldMs: 500,
};
/** A folder with more entries is not searched for a file that was renamed while no agent ran. */
const SEARCHED_ENTRIES_MAX = 5_000;

interface Batch {
  readonly records: readonly EncodedRecord[];
  readonly positions: readonly TailPosition[];
}

/** Positions of other sources lie beside those of files, under names of their own. */
const FILE_IDENTITY = /^\d+:\d+$/;

interface SourceReading extends LineReading {
  readonly joins: JoinsRecord | undefined;
}

export class FileTail implements AsyncDisposable {
  readonly #options: FileTailOptions;
  readonly #limits: FileTailLimits;
  readonly #files = new Map<string, TailedFile>();
  /** The latest position of every file that was ever read, by identity. */
  readonly #positions = new Map<string, TailPosition>();
  /** Patterns that were followed before this start: what they find now without a position is new, not old. */
  readonly #followedBefore: ReadonlySet<string>;
  readonly #scratch: Buffer;
  /** How the lines of each source are read. */
  readonly #readings: ReadonlyMap<TailSource, SourceReading>;
  readonly #discovery: Pace;
  readonly #reading: Pace;
  #firstDiscovery = true;
  #turn = 0;
  #held = false;
  #stopped = false;

  private constructor(options: FileTailOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS_DEFAULT, ...options.limits };
    for (const position of options.sink.positions())
      if (FILE_IDENTITY.test(position.file)) this.#positions.set(position.file, position);
    this.#readings = new Map(options.sources.map((source) => [source, readingOf(source)]));
    this.#followedBefore = new Set(
      options.sources.map(({ file }) => file).filter((pattern) => this.#hasPositionUnder(fixedPrefix(pattern))),
    );
    this.#scratch = Buffer.alloc(options.sources.length === 0 ? 0 : this.#limits.lineBytesMax);
    this.#discovery = new Pace(options.clock, () => this.#discoveryRound());
    this.#reading = new Pace(options.clock, (signal) => this.#readingRound(signal));
  }

  static async open(options: FileTailOptions): Promise<FileTail> {
    return new FileTail(options);
  }

  /** Returns itself. Without sources it does nothing, at no cost. */
  start(): this {
    if (this.#options.sources.length > 0) this.#discovery.start();
    return this;
  }

  /** Files being followed, bytes of them not yet read, and whether the buffer takes nothing just now. */
  stats(): { readonly files: number; readonly behindBytes: number; readonly held: boolean } {
    let behindBytes = 0;
    for (const file of this.#files.values()) behindBytes += file.behindBytes;
    return { files: this.#files.size, behindBytes, held: this.#held };
  }

  /** Ends after what is being stored; what was read beyond it is read again at the next start. Safe twice. */
  async close(): Promise<void> {
    await Promise.all([this.#discovery.close(), this.#reading.close()]);
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => file.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #discoveryRound(): Promise<number> {
    const { logger } = this.#options;
    try {
      await this.#discover();
      if (this.#firstDiscovery) await this.#findRenamed();
    } catch (error) {
      logger.error('looking for files failed; it is tried again', errorFields(error));
      return this.#limits.discoveryMs;
    }
    if (this.#firstDiscovery) {
      this.#firstDiscovery = false;
      this.#reading.start();
    }
    return this.#limits.discoveryMs;
  }

  /** Opens files that a pattern finds and that aren't open, and notes which open ones none finds any more. */
  async #discover(): Promise<void> {
    const { sources, clock } = this.#options;
    const found = new Set<string>();
    const unopened: { readonly path: string; readonly source: TailSource }[] = [];
    for (const source of sources)
      for (const path of await findFiles(source.file)) {
        const id = await identityOf(path);
        if (id === undefined || found.has(id)) continue;
        found.add(id);
        const open = this.#files.get(id);
        if (open === undefined) unopened.push({ path, source });
        else {
          if (open.path !== path) open.dirty = true; // its position is found by this path after a restart
          open.path = path;
          open.goneAt = undefined;
        }
      }
    // Before the new ones are opened: whose place they take is read to its end first.
    for (const file of this.#files.values()) if (!found.has(file.id)) file.noteGone(clock.monotonic());
    for (const { path, source } of unopened) await this.#open(path, source);
  }

  async #open(path: string, source: TailSource, startAt = this.#startAt(source)): Promise<TailedFile | undefined> {
    const { clock, logger } = this.#options;
    if (this.#files.size >= this.#limits.filesMax) {
      logger.warn('too many files match; the rest is left out', { path, filesMax: this.#limits.filesMax });
      return undefined;
    }
    try {
      const stored = (id: string) => this.#positions.get(id);
      const now = clock.monotonic();
      const file = await TailedFile.open(path, source, stored, startAt, now, this.#limits.chunkBytes);
      if (file === undefined || this.#files.has(file.id)) {
        await file?.close();
        return undefined;
      }
      this.#files.set(file.id, file);
      this.#reading.nudge();
      logger.info('following a file', { path, agentId: source.agentId, offset: file.offset });
      return file;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') logger.warn('a file cannot be followed', { path, ...errorFields(error) });
      return undefined;
    }
  }

  /** `end` is about what was written before anybody asked to follow: at the first start with this pattern, and only then. */
  #startAt(source: TailSource): 'beginning' | 'end' {
    return source.startAt === 'end' && this.#firstDiscovery && !this.#followedBefore.has(source.file)
      ? 'end'
      : 'beginning';
  }

  /** Files with a position that no pattern finds: renamed while no agent ran. They are read to their end; those that are gone are forgotten. */
  async #findRenamed(): Promise<void> {
    const missing = [...this.#positions.values()].filter(({ file }) => !this.#files.has(file));
    for (const [folder, positions] of Map.groupBy(missing, ({ path }) => dirname(path))) {
      const there = await identitiesIn(folder);
      if (there === undefined) continue; // not readable now: keeping a position costs nothing, losing it would double lines
      const renamed: { readonly path: string; readonly position: TailPosition }[] = [];
      for (const position of positions) {
        const path = there.get(position.file);
        if (path === undefined) this.#forget(position.file);
        else renamed.push({ path, position });
      }
      for (const { path, position } of await oldestFirst(renamed)) {
        const source = this.#options.sources.find(({ file }) => matchesGlob(position.path, file));
        if (source !== undefined) await this.#openRenamed(path, source, position);
      }
    }
  }

  async #openRenamed(path: string, source: TailSource, position: TailPosition): Promise<void> {
    const file = await this.#open(path, source, 'beginning');
    if (file === undefined) return;
    file.goneAt = this.#options.clock.monotonic();
    file.path = position.path; // by the name that the pattern finds it is known over the next restart too
    const isAnother = file.offset !== position.offset; // the inode was given to a file that nobody asked to follow
    if (!isAnother && file.behindBytes > 0) return;
    this.#files.delete(file.id);
    await file.close();
    if (isAnother) this.#forget(file.id);
  }

  /** Reads until no file has a whole line more. While a batch is being stored the next is read. */
  async #readingRound(signal: AbortSignal): Promise<number> {
    if (this.#stopped) return this.#limits.idlePollMs;
    await this.#check();
    let storing: Promise<void> = Promise.resolve();
    while (!signal.aborted) {
      const batch = await this.#collect();
      await storing;
      if (batch === undefined || this.#stopped) break;
      storing = this.#store(batch, signal);
      storing.catch(() => undefined); // awaited above, after the next batch was read
    }
    await storing;
    await this.#closeFinished(signal);
    return this.#untilNextCheck();
  }

  /** Asks each file whether it grew. */
  async #check(): Promise<void> {
    const { clock } = this.#options;
    for (const file of [...this.#files.values()]) {
      const now = clock.monotonic();
      if (now < file.checkAt) continue;
      await this.#guard(file, () => file.check(now));
      if (file.pending && now - file.grownAt >= this.#limits.multilineQuietMs) file.release();
      const idle = now - file.grownAt > this.#limits.idleAfterMs;
      file.checkAt = idle ? now + this.#limits.idlePollMs : 0;
    }
  }

  /** While every file is idle nothing wakes up in between: an idle host stays idle. Discovery nudges when it opens a file. */
  #untilNextCheck(): number {
    const { pollMs, idlePollMs } = this.#limits;
    for (const file of this.#files.values()) if (file.checkAt === 0) return pollMs;
    return idlePollMs;
  }

  /** The next lines of all files in turn, and the positions they lead to; `undefined` when there is nothing. */
  async #collect(): Promise<Batch | undefined> {
    const { batchBytesMax, batchRecordsMax } = this.#limits;
    const records: EncodedRecord[] = [];
    const touched = new Set<TailedFile>();
    let bytes = 0;
    let progress = true;
    while (progress) {
      progress = false;
      for (const file of this.#inTurn()) {
        if (bytes >= batchBytesMax || records.length >= batchRecordsMax) break;
        if (!file.hasMore && !file.dirty) continue;
        touched.add(file); // a file that waits is known after a restart all the same, whatever its name is by then
        if (!file.hasMore || this.#waitsForOlder(file)) continue;
        const before = file.offset;
        await this.#guard(file, () => this.#readInto(records, file));
        bytes += file.offset - before;
        progress = true;
        this.#turn++;
      }
    }
    const positions = [...touched].filter((file) => file.dirty).map((file) => this.#takePosition(file));
    return positions.length === 0 ? undefined : { records, positions };
  }

  /** Whether a file of the same source that was rotated before it still has lines, or may have: they go first. */
  #waitsForOlder(file: TailedFile): boolean {
    let openedBefore = true;
    for (const other of this.#files.values()) {
      if (other === file) {
        openedBefore = false;
        continue;
      }
      if (other.source !== file.source || other.goneAt === undefined || !(other.hasMore || other.unchecked)) continue;
      if (file.goneAt === undefined || other.goneAt < file.goneAt) return true;
      if (other.goneAt === file.goneAt && openedBefore) return true;
    }
    return false;
  }

  async #readInto(records: EncodedRecord[], file: TailedFile): Promise<void> {
    const { server, clock, redaction } = this.#options;
    const reading = this.#readings.get(file.source)!;
    const final = this.#isFinished(file);
    const lines = await file.readLines(this.#scratch, this.#limits.linesPerTurnMax, final, reading.joins);
    const defaults = {
      server,
      now: clock.now(),
      agentId: file.source.agentId as AgentId,
      ...(redaction === undefined ? {} : { redaction }),
    };
    for (const line of lines) if (line.trim() !== '') records.push(encodeLine(line, reading, defaults));
  }

  #takePosition(file: TailedFile): TailPosition {
    const position = file.position();
    file.dirty = false;
    this.#positions.set(file.id, position);
    return position;
  }

  /** The open files, beginning after the one that was read last: under load each gets its turn. */
  #inTurn(): TailedFile[] {
    const files = [...this.#files.values()];
    const start = files.length === 0 ? 0 : this.#turn % files.length;
    return [...files.slice(start), ...files.slice(0, start)];
  }

  /** Stores a batch, however long the buffer takes nothing: it waits here and the files wait behind it. Rejects when aborted. */
  async #store({ records, positions }: Batch, signal: AbortSignal): Promise<void> {
    const { sink, registry, clock, logger } = this.#options;
    for (;;) {
      try {
        await sink.append(records, { positions });
        if (this.#held) logger.info('the buffer takes lines of files again');
        this.#held = false;
        registry?.note(records);
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
    for (const file of [...this.#files.values()]) {
      if (file.hasMore || file.dirty || !this.#isFinished(file)) continue;
      if (file.behindBytes > 0) {
        await this.#storeLastLine(file, signal);
        continue; // closed with the next round, once that is stored
      }
      this.#files.delete(file.id);
      await file.close();
      if (file.deleted) this.#forget(file.id); // its inode may be another file's from now on
      this.#options.logger.info('a rotated file was read to its end', { path: file.path, offset: file.offset });
    }
  }

  async #storeLastLine(file: TailedFile, signal: AbortSignal): Promise<void> {
    const records: EncodedRecord[] = [];
    await this.#guard(file, () => this.#readInto(records, file));
    if (!this.#files.has(file.id) || !file.dirty) return;
    await this.#store({ records, positions: [this.#takePosition(file)] }, signal);
  }

  #forget(id: string): void {
    this.#positions.delete(id);
    this.#options.sink.forgetPosition(id);
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
      this.#files.delete(file.id);
      this.#positions.set(file.id, file.position()); // what was read of it so far is in the batch that is being made
      await file.close().catch(() => undefined); // its handle is of no use either way
    }
  }

  #hasPositionUnder(prefix: string): boolean {
    for (const { path } of this.#positions.values()) if (path.startsWith(prefix)) return true;
    return false;
  }
}

function readingOf({ format = 'auto', multiline, timeZone }: TailSource): SourceReading {
  return {
    format,
    zone: openTimeZone(timeZone),
    joins: multiline === undefined ? undefined : openJoiner(multiline),
  };
}

async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined); // gone between listing and looking
  return found?.isFile() ? fileIdentity(found) : undefined;
}

/** By when they were last written: what was rotated first comes first. */
async function oldestFirst<T extends { readonly path: string }>(files: readonly T[]): Promise<T[]> {
  const dated = await Promise.all(
    files.map(async (file) => ({ file, at: (await stat(file.path).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  return dated.sort((a, b) => a.at - b.at).map(({ file }) => file);
}

/** The files of a folder by identity; `undefined` when it can't be read, is empty (perhaps not mounted) or too large to search. */
async function identitiesIn(folder: string): Promise<Map<string, string> | undefined> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0 || names.length > SEARCHED_ENTRIES_MAX) return undefined;
  const found = new Map<string, string>();
  for (const name of names) {
    const path = join(folder, name);
    const id = await identityOf(path);
    if (id !== undefined) found.set(id, path);
  }
  return found;
}
