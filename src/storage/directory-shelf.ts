import { constants, lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Clock, withDeadline } from '../platform/clock.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { randomHex } from '../platform/random.ts';
import type { Shelf, ShelfFile, ShelfNotes, ShelvedFile } from './shelf.ts';
import { checkShelfFile, claimPlace, closedError, markOf, readMark, type Standing } from './shelf-file.ts';

export interface DirectoryShelfSettings {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** The folder below it that holds the reports. */
  readonly root: string;
  /** Whether the path is made, with all above it, where it is missing; else only its last part is: its disk may not be mounted. */
  readonly makePath: boolean;
}

/** Names of files that are being written: hidden from people, and none that a report can have. */
const DRAFT = /^\.nervesys-[0-9a-f]{16}\.tmp$/;
/** Below the root, hidden from people: what is known of each report that stands there (`StandingReport`). */
const MARKS = '.nervesys';
/** A few megabytes over a slow line; a network file system whose server is gone answers never, and can't be told to give up. */
const PATIENCE_MS = 120_000;
/** A file is written in seconds; one this old was left by a writer that was killed. */
const DRAFT_AGE_MS_MAX = 600_000;

/**
 * Reports in a folder. A file is written aside in the folder where it goes, synced, and takes its name by `rename`: at every instant the
 * old or the new version stands there whole, and readers who have the old one open keep it.
 */
export class DirectoryShelf implements Shelf {
  readonly name: string;
  readonly type = 'folder';
  readonly #settings: DirectoryShelfSettings;
  readonly #clock: Clock;
  #closed = false;
  /** What hangs in the file system since somebody tired of waiting. */
  #hanging: Promise<unknown> | undefined;

  /** Touches nothing yet. */
  constructor(settings: DirectoryShelfSettings, { clock }: { readonly clock: Clock }) {
    this.name = settings.name;
    this.#settings = settings;
    this.#clock = clock;
  }

  async put(file: ShelfFile, notes: ShelfNotes, signal: AbortSignal): Promise<ShelvedFile> {
    this.#checkOpen(signal);
    checkShelfFile(this.name, file);
    const { path, root } = this.#settings;
    const target = resolve(path, root, file.path);
    const shelved = { id: null, link: pathToFileURL(target).href };
    const mark = resolve(path, root, MARKS, `${file.path}.json`);
    return this.#failing(`put ${file.path}`, signal, async (within) => {
      const look = () => standingAt(target, mark);
      if (!(await claimPlace(this.name, notes, `folder ${file.path}`, file, look))) return shelved;
      this.#checkOpen(within);
      // First the mark: where the file stands it has its own.
      await this.#place(mark, markOf(file), within);
      await this.#place(target, file.bytes, within);
      return shelved;
    });
  }

  /** In the place of what stands there, durably. */
  async #place(target: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const folder = dirname(target);
    await this.#makeFolders(folder);
    await this.#sweep(folder);
    const draft = join(folder, `.nervesys-${randomHex(8)}.tmp`);
    try {
      await writeDurably(draft, bytes);
      signal.throwIfAborted();
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await syncFolder(folder);
  }

  /** Writes and takes away an empty file: rights and read-only disks show in no other way. */
  async check(_notes: ShelfNotes, signal: AbortSignal): Promise<void> {
    this.#checkOpen(signal);
    await this.#failing('check', signal, async () => {
      const { path } = this.#settings;
      await this.#makeFolders(path);
      const draft = join(path, `.nervesys-${randomHex(8)}.tmp`);
      await writeDurably(draft, new Uint8Array()).finally(() => rm(draft, { force: true }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(signal: AbortSignal): void {
    if (this.#closed) throw closedError(this.name);
    signal.throwIfAborted();
  }

  async #makeFolders(folder: string): Promise<void> {
    const { path, makePath } = this.#settings;
    if (makePath) await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const missing: string[] = [];
    for (let one = folder; !(await isFolder(one)); one = dirname(one)) {
      missing.unshift(one);
      if (one === path) break;
    }
    for (const one of missing) {
      await mkdir(one, { mode: 0o750 }).catch((error: unknown) => {
        if (errorCode(error) !== 'EEXIST') throw error;
      });
      await syncFolder(dirname(one));
    }
  }

  /** Takes away what killed writers left in the folder. */
  async #sweep(folder: string): Promise<void> {
    for (const name of await readdir(folder)) {
      if (!DRAFT.test(name)) continue;
      const found = await lstat(join(folder, name)).catch(() => undefined); // its writer has just finished with it
      if (found !== undefined && this.#clock.now() - found.mtimeMs > DRAFT_AGE_MS_MAX)
        await rm(join(folder, name), { force: true });
    }
  }

  /**
   * With a deadline. While something hangs nothing else is tried: each attempt would take one more of the few threads that the whole process has
   * for files, and nobody can give them back.
   */
  async #failing<T>(verb: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const attempt = `shelf ${this.name}: ${verb}: folder ${this.#settings.path}`;
    if (this.#hanging !== undefined) throw hangs(attempt);
    try {
      return await withDeadline(this.#clock, PATIENCE_MS, signal, async (within) => {
        const working = work(within);
        const late = Promise.withResolvers<never>();
        const onAbort = () => {
          if (signal.aborted) return late.reject(signal.reason);
          const over = () => {
            this.#hanging = undefined;
          };
          this.#hanging = working.then(over, over);
          late.reject(hangs(attempt));
        };
        within.addEventListener('abort', onAbort, { once: true });
        return Promise.race([working, late.promise]).finally(() => within.removeEventListener('abort', onAbort));
      });
    } catch (error) {
      if (!(error instanceof Error) || !('syscall' in error)) throw error;
      throw folderError(attempt, error);
    }
  }
}

function hangs(attempt: string): NervesysError {
  return new NervesysError('NSV_SHELF_UNREACHABLE', `${attempt} does not answer: its file system hangs`, {
    retryable: true,
    hint: 'is it a network drive whose server is away? Bring that back, or unmount it (umount -f -l); the report goes by itself then',
  });
}

async function standingAt(target: string, mark: string): Promise<Standing> {
  const absent = (error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  };
  const found = await lstat(target).catch(absent);
  if (!found?.isFile()) return undefined; // a link is nobody's report, and a folder in the way is told when it is met
  return readMark(await readFile(mark).catch(absent), found.size);
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await using handle = await open(path, 'wx', 0o640);
  await handle.writeFile(bytes);
  await handle.sync();
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync().catch((error: unknown) => {
    if (errorCode(error) !== 'EINVAL') throw error; // some network file systems sync names by themselves and know no fsync of folders
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function folderError(attempt: string, cause: Error): NervesysError {
  const code = errorCode(cause);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new NervesysError('NSV_SHELF_DENIED', `${attempt} may not be written by this user (${code})`, {
        cause,
        hint: 'give the folder to the user that runs Nervesys (chown), or name another one',
      });
    case 'EROFS':
      return new NervesysError('NSV_SHELF_DENIED', `${attempt} is on a read-only file system (EROFS)`, {
        cause,
        hint: 'mount it for writing, or name another folder',
      });
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new NervesysError('NSV_SHELF_FULL', `${attempt} has no space left (${code})`, {
        cause,
        retryable: true,
        hint: 'free space on its disk or raise the quota; the report goes by itself then',
      });
    case 'ENOENT':
      return new NervesysError('NSV_SHELF_NO_FOLDER', `${attempt} is not there`, {
        cause,
        retryable: true,
        hint: 'mount its disk, or make the folder above it',
      });
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new NervesysError('NSV_SHELF_REJECTED', `${attempt} cannot hold such a path (${code})`, {
        cause,
        hint: 'does a file stand where a folder is to be, or a folder where a report is to be?',
      });
    case 'EMFILE':
    case 'ENFILE':
    case 'EBUSY':
    case 'EAGAIN':
    case 'ETXTBSY':
      return new NervesysError('NSV_SHELF_BUSY', `${attempt} failed for a moment (${code})`, {
        cause,
        retryable: true,
      });
    default:
      return new NervesysError('NSV_SHELF_UNREACHABLE', `${attempt} does not work (${code})`, {
        cause,
        retryable: true,
        hint: 'is its disk mounted and healthy?',
      });
  }
}
