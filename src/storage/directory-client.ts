import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { constants, link, lstat, mkdir, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { randomHex } from '../platform/random.ts';
import type { Archive, ArchiveObject } from './archive.ts';
import { checkListPrefix, checkObjectKey, checkReplaceableKey } from './object-path.ts';

export interface DirectoryArchiveOptions {
  readonly clock: Clock;
}

/** Files being written stand here, in the archive's own file system, under names that no key can have. */
const TEMPORARY_FOLDER = '.nervesys-tmp';
/** A file is written in seconds; one this old was left by a writer that was killed. Another process may be writing a younger one. */
const TEMPORARY_AGE_MS_MAX = 600_000;
/** How many folders are remembered as durable; when it is reached they are synced once more, nothing else. */
const SYNCED_FOLDERS_MAX = 10_000;
const READ_CHUNK_BYTES = 256 * 1024;

/**
 * The archive in a folder. An object is written aside, synced, and given its name by `link()`, which fails where a name is
 * taken: so a name always holds the whole of one object, and two writers can't overwrite each other. `put` answers only
 * once file, name and every folder above it are synced, also when it answers `taken` (the other writer may not be there yet).
 */
export class DirectoryArchive implements Archive {
  readonly description: string;
  readonly #root: string;
  /** Folders that are known to be on disk by name, so that a batch costs two fsyncs and not five. */
  readonly #synced = new Set<string>();

  /** Creates the folder where it is missing and clears what killed writers left. Rejects with `NSV_ARCHIVE_*` when it is unusable. */
  static async open(path: string, options: DirectoryArchiveOptions): Promise<DirectoryArchive> {
    const root = resolve(path);
    const archive = new DirectoryArchive(root);
    await archive
      .#failing('open', '', async () => {
        await makeFoldersDurably(join(root, TEMPORARY_FOLDER));
        await archive.#clearTemporary(options.clock.now());
        await rm(await archive.#writeTemporary(Buffer.alloc(0)));
      })
      .catch((error: unknown) => {
        // A full or busy disk is no reason not to start: batches wait in the buffer.
        if (!(error instanceof NervesysError && error.retryable && error.code !== 'NSV_ARCHIVE_UNREACHABLE'))
          throw error;
      });
    return archive;
  }

  private constructor(root: string) {
    this.#root = root;
    this.description = `folder ${root}`;
  }

  async put(key: string, body: Uint8Array, signal?: AbortSignal): Promise<'created' | 'taken'> {
    const path = this.#pathOf(key);
    signal?.throwIfAborted();
    return this.#failing('put', key, async () => {
      const temporary = await this.#writeTemporary(body);
      try {
        signal?.throwIfAborted();
        await this.#makeFolder(dirname(path));
        const outcome = await linkUnlessTaken(temporary, path);
        await syncFolder(dirname(path));
        return outcome;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async replace(key: string, body: Uint8Array, _mediaType: string, signal?: AbortSignal): Promise<void> {
    checkReplaceableKey(key);
    const path = this.#pathOf(key);
    signal?.throwIfAborted();
    await this.#failing('replace', key, async () => {
      const temporary = await this.#writeTemporary(body);
      try {
        signal?.throwIfAborted();
        await this.#makeFolder(dirname(path));
        await rename(temporary, path);
        await syncFolder(dirname(path));
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async head(key: string, signal?: AbortSignal): Promise<ArchiveObject | undefined> {
    const path = this.#pathOf(key);
    return this.#failing('head', key, async () => {
      try {
        await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
        const hash = createHash('md5');
        const chunk = Buffer.allocUnsafe(READ_CHUNK_BYTES);
        let bytes = 0;
        for (;;) {
          signal?.throwIfAborted();
          const { bytesRead } = await file.read(chunk, 0, chunk.length, bytes);
          if (bytesRead === 0) break;
          hash.update(chunk.subarray(0, bytesRead));
          bytes += bytesRead;
        }
        return { key, bytes, md5: hash.digest('hex') };
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    });
  }

  async get(
    key: string,
    options: { readonly range?: readonly [start: number, end: number]; readonly signal?: AbortSignal } = {},
  ): Promise<Buffer> {
    const path = this.#pathOf(key);
    options.signal?.throwIfAborted();
    return this.#failing('get', key, async () => {
      try {
        await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
        const { size } = await file.stat();
        const start = Math.min(size, options.range?.[0] ?? 0);
        const end = Math.max(start, Math.min(size, options.range?.[1] ?? size));
        const body = Buffer.allocUnsafe(end - start);
        let filled = 0;
        while (filled < body.length) {
          const { bytesRead } = await file.read(body, filled, body.length - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return body.subarray(0, filled);
      } catch (error) {
        if (!isAbsence(error)) throw error;
        throw new NervesysError('NSV_ARCHIVE_NOT_FOUND', `get ${key}: nothing stands there in ${this.description}`);
      }
    });
  }

  /** The folders above it that are empty then go as well: a year of days would be listed for nothing. */
  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const path = this.#pathOf(key);
    signal?.throwIfAborted();
    await this.#failing('delete', key, async () => {
      try {
        if ((await lstat(path)).isDirectory()) return; // a folder is no object
        await unlink(path);
      } catch (error) {
        if (!isAbsence(error)) throw error;
        return;
      }
      await syncFolder(dirname(path));
      for (let folder = dirname(path); folder !== this.#root; folder = dirname(folder)) {
        this.#synced.delete(folder);
        try {
          await rmdir(folder);
        } catch (error) {
          if (isAbsence(error)) continue; // somebody else was at it
          if (NOT_EMPTY.has(errorCode(error))) return;
          throw error;
        }
      }
    });
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ArchiveObject> {
    checkListPrefix(prefix);
    const folders = [prefix];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      signal?.throwIfAborted();
      for (const entry of await this.#entries(folder)) {
        const key = folder + entry.name;
        if (entry.name.startsWith('.')) continue;
        if (entry.isDirectory()) folders.push(`${key}/`);
        else if (entry.isFile()) {
          const bytes = await this.#sizeOf(key);
          if (bytes !== undefined) yield { key, bytes, md5: undefined };
        }
      }
    }
  }

  /** A folder has no address: the orchestrator serves uploads into it. */
  presignPut(): undefined {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between calls.
  }

  #pathOf(key: string): string {
    checkObjectKey(key);
    return join(this.#root, key);
  }

  /** Writes and syncs a file aside; returns its path. A failed write leaves nothing. */
  async #writeTemporary(body: Uint8Array): Promise<string> {
    const path = join(this.#root, TEMPORARY_FOLDER, `${process.pid}-${randomHex()}`);
    try {
      await using file = await open(path, 'wx', 0o640);
      await file.writeFile(body);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return path;
  }

  /**
   * Makes the folder and those above it, up to the root, durably. Never makes the root itself: when that is gone, its disk
   * is probably not mounted, and filling the mount point would hide the batches as soon as it is.
   */
  async #makeFolder(folder: string): Promise<void> {
    if (folder === this.#root) return;
    if (this.#synced.has(folder) && (await isFolder(folder))) return;
    await this.#makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o750 }).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    await syncFolder(dirname(folder));
    if (this.#synced.size >= SYNCED_FOLDERS_MAX) this.#synced.clear();
    this.#synced.add(folder);
  }

  async #clearTemporary(now: number): Promise<void> {
    const folder = join(this.#root, TEMPORARY_FOLDER);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined); // its writer has just finished with it
      if (found !== undefined && now - found.mtimeMs > TEMPORARY_AGE_MS_MAX) await rm(path, { force: true });
    }
  }

  async #entries(folder: string): Promise<Dirent[]> {
    return this.#failing('list', folder, () =>
      readdir(join(this.#root, folder), { withFileTypes: true }).catch((error: unknown) => {
        // An archive without anything under the prefix is an empty list; a root that is gone is a failure.
        if (isAbsence(error) && folder !== '') return [];
        throw error;
      }),
    );
  }

  async #sizeOf(key: string): Promise<number | undefined> {
    return this.#failing('list', key, async () => {
      try {
        return (await stat(join(this.#root, key))).size;
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    });
  }

  /** Gives file-system failures their code, message and hint; lets ours and aborts pass. */
  async #failing<T>(verb: string, key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NervesysError || !(error instanceof Error) || !('syscall' in error)) throw error;
      throw folderError(`${verb}${key === '' ? '' : ` ${key}`}: ${this.description}`, error);
    }
  }
}

async function linkUnlessTaken(temporary: string, path: string): Promise<'created' | 'taken'> {
  try {
    await link(temporary, path);
    return 'created';
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'taken';
    if (!NO_HARD_LINKS.has(errorCode(error))) throw error;
    throw new NervesysError('NSV_ARCHIVE_REJECTED', `put ${path}: the file system makes no hard links`, {
      cause: error,
      hint: 'Put the archive folder on a file system with hard links (ext4, xfs, btrfs, zfs, NFS), all of it on one.',
    });
  }
}

const NOT_EMPTY: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'EBUSY']);
const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOSYS']);

async function makeFoldersDurably(folder: string): Promise<void> {
  const topmost = await mkdir(folder, { recursive: true, mode: 0o750 });
  if (topmost === undefined) return;
  for (let made = folder; made.length >= topmost.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync().catch((error: unknown) => {
    if (errorCode(error) !== 'EINVAL') throw error; // some network file systems sync names by themselves and know no fsync of folders
  });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isAbsence(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}

function folderError(attempt: string, cause: Error): NervesysError {
  const code = errorCode(cause);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new NervesysError('NSV_ARCHIVE_DENIED', `${attempt} may not be read or written by this user (${code})`, {
        cause,
        hint: 'Give the folder to the user that runs Nervesys (chown), or name another one.',
      });
    case 'EROFS':
      return new NervesysError('NSV_ARCHIVE_DENIED', `${attempt} is on a read-only file system (EROFS)`, {
        cause,
        hint: 'Mount it for writing, or name another folder.',
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new NervesysError('NSV_ARCHIVE_FULL', `${attempt} has no space left (${code})`, {
        cause,
        retryable: true,
        hint: 'Free space on its disk or raise the quota; batches wait in the buffer and go by themselves.',
      });
    case 'EMFILE':
    case 'ENFILE':
    case 'EBUSY':
      return new NervesysError('NSV_ARCHIVE_BUSY', `${attempt} failed for a moment (${code})`, {
        cause,
        retryable: true,
      });
    case 'ENAMETOOLONG':
    case 'ENOTDIR':
    case 'EISDIR':
      return new NervesysError('NSV_ARCHIVE_REJECTED', `${attempt} can't hold such a path (${code})`, { cause });
    default:
      return new NervesysError('NSV_ARCHIVE_UNREACHABLE', `${attempt} does not work (${code})`, {
        cause,
        retryable: true,
        hint: 'Is its disk mounted and healthy?',
      });
  }
}
