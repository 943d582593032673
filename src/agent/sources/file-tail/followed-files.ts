import { readdir, stat } from 'node:fs/promises';
import { dirname, join, matchesGlob } from 'node:path';
import type { Clock } from '../../../platform/clock.ts';
import { errorCode } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import type { RecordSink, TailPosition } from '../../buffer/types.ts';
import { findFiles, fixedPrefix } from './find-files.ts';
import type { FileTailLimits } from './limits.ts';
import { fileIdentity, TailedFile, type TailSource } from './tailed-file.ts';

/*
 * The files that the patterns stand for: open, or parked, and how far each was read.
 *
 * Descriptors are bounded. Where more files match than may be open, those that were read to their end and were quiet longest are
 * closed (`park`), and opened again, at their position, once they have another size. So thousands of files take turns,
 * and none is left out. A parked file that lost its name is looked for by its inode in its folder, as one that was renamed while no agent
 * ran: what its writer added before the rename is read then.
 */

export interface FollowedFilesOptions {
  readonly sources: readonly TailSource[];
  readonly sink: Pick<RecordSink, 'positions' | 'forgetPosition'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: FileTailLimits;
}

/** A folder with more entries is not searched for a file that was renamed. */
const SEARCHED_ENTRIES_MAX = 5_000;
/** Positions of other sources lie beside those of files, under names of their own. */
const FILE_IDENTITY = /^\d+:\d+$/;

export class FollowedFiles implements AsyncDisposable {
  readonly #options: FollowedFilesOptions;
  readonly #open = new Map<string, TailedFile>();
  /** Sizes of the files that were closed to make room, at which all of them was read that could be. */
  readonly #parked = new Map<string, number>();
  /** The latest position of every file that was ever read, by identity. */
  readonly #positions = new Map<string, TailPosition>();
  /** Patterns that were followed before this start: what they find now without a position is new, not old. */
  readonly #followedBefore: ReadonlySet<string>;
  /** Where files begin for us that are not read from their beginning, by identity. */
  readonly #startsAt = new Map<string, number>();
  /** Positions of files that no pattern finds, to be looked for by their inode. */
  #lost: TailPosition[] = [];
  /** Why a file can't be followed, by path: told once. */
  #refusals = new Map<string, string>();
  #firstDiscovery = true;
  #opened = 0;
  #waiting = 0;

  constructor(options: FollowedFilesOptions) {
    this.#options = options;
    for (const position of options.sink.positions())
      if (FILE_IDENTITY.test(position.file)) this.#positions.set(position.file, position);
    this.#followedBefore = new Set(
      options.sources.map(({ file }) => file).filter((pattern) => this.#hasPositionUnder(fixedPrefix(pattern))),
    );
  }

  /** The open ones, in the order in which they were opened; a copy, as work on them may close some. */
  open(): TailedFile[] {
    return [...this.#open.values()];
  }

  isOpen({ id }: TailedFile): boolean {
    return this.#open.has(id);
  }

  /** Open and parked ones. */
  get count(): number {
    return this.#open.size + this.#parked.size;
  }

  /** Files that found no room at the last discovery. */
  get waiting(): number {
    return this.#waiting;
  }

  /** One look at what the patterns stand for now. Returns whether files were opened. */
  async discover(): Promise<boolean> {
    const opened = this.#opened;
    const waited = this.#waiting > 0;
    this.#waiting = 0;
    const found = await this.#findNamed();
    if (this.#firstDiscovery) this.#lost = [...this.#positions.values()].filter(({ file }) => !found.has(file));
    this.#firstDiscovery = false;
    await this.#findLost();
    if (this.#waiting > 0 && !waited)
      this.#options.logger.info('more files match than may be open; they take turns', { waiting: this.#waiting });
    return this.#opened > opened;
  }

  /** Where a file is now, to be stored with the records that it led to. */
  takePosition(file: TailedFile): TailPosition {
    const position = file.position();
    file.dirty = false;
    this.#positions.set(file.id, position);
    return position;
  }

  /** Closes quiet files that were read to their end, as many as wait for room. */
  async park(): Promise<void> {
    if (this.#waiting === 0) return;
    const quietest = this.open()
      .filter((file) => file.goneAt === undefined && !file.hasMore && !file.dirty && !file.pending)
      .sort((a, b) => a.grownAt - b.grownAt)
      .slice(0, this.#waiting);
    for (const file of quietest) {
      this.#parked.set(file.id, file.sizeBytes);
      this.#open.delete(file.id);
      await file.close();
    }
  }

  /** Closes a file that has no name any more and was read to its end. */
  async finish(file: TailedFile): Promise<void> {
    this.#open.delete(file.id);
    await file.close();
    if (file.deleted) this.#forget(file.id); // its inode may be another file's from now on
    this.#options.logger.info('a rotated file was read to its end', { path: file.path, offset: file.offset });
  }

  /** Closes a file whose handle is of no use; it is found anew by discovery, at its position. */
  async abandon(file: TailedFile): Promise<void> {
    this.#open.delete(file.id);
    this.#positions.set(file.id, file.position()); // what was read of it so far is in the batch that is being made
    await file.close().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = this.open();
    this.#open.clear();
    await Promise.all(files.map((file) => file.close()));
  }

  /** Opens files that a pattern finds and that aren't open, and notes which ones none finds any more. Returns who was found. */
  async #findNamed(): Promise<ReadonlySet<string>> {
    const { sources, clock } = this.#options;
    const found = new Set<string>();
    const unopened: { readonly path: string; readonly source: TailSource }[] = [];
    const refusals = this.#refusals;
    this.#refusals = new Map();
    for (const source of sources)
      for (const path of await findFiles(source.file)) {
        const { id, sizeBytes } = (await lookAt(path)) ?? { sizeBytes: 0 };
        if (id === undefined || found.has(id)) continue;
        found.add(id);
        if (this.#passesOver(source)) this.#startsAt.set(id, sizeBytes);
        const file = this.#open.get(id);
        if (file !== undefined) {
          if (file.path !== path) file.dirty = true; // its position is found by this path after a restart
          file.path = path;
          file.goneAt = undefined;
        } else if (this.#parked.get(id) !== sizeBytes) unopened.push({ path, source });
      }
    // Before the new ones are opened: whose place they take is read to its end first.
    for (const file of this.#open.values()) if (!found.has(file.id)) file.noteGone(clock.monotonic());
    for (const { path, source } of unopened) if (this.#hasRoom()) await this.#follow(path, source, refusals);
    for (const id of this.#parked.keys())
      if (!found.has(id)) {
        this.#parked.delete(id);
        this.#lost.push(...[this.#positions.get(id)].filter((position) => position !== undefined));
      }
    return found;
  }

  /** Whether one more may be open; if not, it waits. */
  #hasRoom(): boolean {
    if (this.#open.size < this.#options.limits.filesMax) return true;
    this.#waiting++;
    return false;
  }

  async #follow(path: string, source: TailSource, refusals: ReadonlyMap<string, string>): Promise<void> {
    const { logger } = this.#options;
    try {
      const file = await this.#openFile(path, source);
      if (file === undefined || this.#open.has(file.id)) return await file?.close();
      this.#add(file);
      if (!this.#parked.delete(file.id))
        logger.info('following a file', { path, agentId: source.agentId, offset: file.offset });
    } catch (error) {
      const code = errorCode(error) ?? 'unknown';
      if (code === 'ENOENT') return; // gone between listing and opening
      this.#refusals.set(path, code);
      if (refusals.get(path) !== code) logger.warn('a file cannot be followed', { path, ...errorFields(error) });
    }
  }

  #openFile(path: string, source: TailSource): Promise<TailedFile | undefined> {
    const { clock, limits } = this.#options;
    const known = (id: string) => this.#positions.get(id) ?? this.#startsAt.get(id) ?? 0;
    return TailedFile.open(path, source, known, clock.monotonic(), limits.chunkBytes);
  }

  #add(file: TailedFile): void {
    this.#open.set(file.id, file);
    this.#startsAt.delete(file.id);
    this.#opened++;
  }

  /** `end` is about what was written before anybody asked to follow: at the first start with this pattern, and only then. */
  #passesOver(source: TailSource): boolean {
    return source.startAt === 'end' && this.#firstDiscovery && !this.#followedBefore.has(source.file);
  }

  /** Looks for lost files where they were. They are read to their end; those that are gone are forgotten. */
  async #findLost(): Promise<void> {
    const lost = this.#lost;
    this.#lost = [];
    for (const [folder, positions] of Map.groupBy(lost, ({ path }) => dirname(path))) {
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
    const { clock, logger } = this.#options;
    if (this.#open.has(position.file)) return; // found by its name meanwhile
    if (!this.#hasRoom()) return void this.#lost.push(position);
    const file = await this.#openFile(path, source).catch(() => undefined); // its position stays
    if (file === undefined) return;
    const isAnother = file.offset !== position.offset; // the inode was given to a file that nobody asked to follow
    if (isAnother || file.behindBytes === 0) {
      await file.close();
      if (isAnother) this.#forget(file.id);
      return;
    }
    file.goneAt = clock.monotonic();
    file.path = position.path; // by the name that the pattern finds it is known over the next restart too
    this.#add(file);
    logger.info('following a renamed file to its end', { path, offset: file.offset });
  }

  #forget(id: string): void {
    this.#positions.delete(id);
    this.#options.sink.forgetPosition(id);
  }

  #hasPositionUnder(prefix: string): boolean {
    for (const { path } of this.#positions.values()) if (path.startsWith(prefix)) return true;
    return false;
  }
}

async function lookAt(path: string): Promise<{ readonly id: string; readonly sizeBytes: number } | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined); // gone between listing and looking
  return found?.isFile() ? { id: fileIdentity(found), sizeBytes: Number(found.size) } : undefined;
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
    const file = await lookAt(path);
    if (file !== undefined) found.set(file.id, path);
  }
  return found;
}
