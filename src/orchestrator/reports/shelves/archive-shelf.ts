import { describeError, errorCode, NervesysError } from '../../../platform/errors.ts';
import type { Archive } from '../../../storage/archive.ts';
import type { Shelf, ShelfFile, ShelfNotes, ShelvedFile } from '../../../storage/shelf.ts';
import {
  checkShelfFile,
  claimPlace,
  closedError,
  markOf,
  readMark,
  type Standing,
} from '../../../storage/shelf-file.ts';

/** Beside `logs/`, `backups/` and `configs/`: nothing that verifies, expires or reindexes looks below it. */
export const REPORTS_PREFIX = 'reports/';
/** What is known of each report that stands there (`StandingReport`). */
const MARKS_PREFIX = `${REPORTS_PREFIX}marks/`;

/** Reports in the archive's bucket or folder. It has no address for people: they fetch the file from the orchestrator. */
export class ArchiveShelf implements Shelf {
  readonly name: string;
  readonly type = 'archive';
  readonly #archive: Archive;
  #closed = false;

  /** The archive stays its owner's, and open. */
  constructor(name: string, archive: Archive) {
    this.name = name;
    this.#archive = archive;
  }

  async put(file: ShelfFile, notes: ShelfNotes, signal: AbortSignal): Promise<ShelvedFile> {
    this.#checkOpen(signal);
    checkShelfFile(this.name, file);
    const shelved = { id: `${REPORTS_PREFIX}${file.path}`, link: null };
    const mark = `${MARKS_PREFIX}${file.path}.json`;
    await this.#failing(`put ${file.path}`, signal, async () => {
      const look = () => this.#standing(shelved.id, mark, signal);
      if (!(await claimPlace(this.name, notes, `archive ${file.path}`, file, look))) return;
      // First the mark: where the file stands it has its own.
      await this.#archive.replace(mark, markOf(file), 'application/json', signal);
      await this.#archive.replace(shelved.id, file.bytes, file.mediaType, signal);
    });
    return shelved;
  }

  async #standing(key: string, mark: string, signal: AbortSignal): Promise<Standing> {
    const found = await this.#archive.head(key, signal);
    if (found === undefined) return undefined;
    const said = await this.#archive.get(mark, { signal }).catch((error: unknown) => {
      if (errorCode(error) === 'NSV_ARCHIVE_NOT_FOUND') return undefined;
      throw error;
    });
    return readMark(said, found.bytes);
  }

  /** Whether it answers; whether it may be written to shows when it is. */
  async check(_notes: ShelfNotes, signal: AbortSignal): Promise<void> {
    this.#checkOpen(signal);
    await this.#failing('check', signal, () => this.#archive.head(`${REPORTS_PREFIX}nervesys.probe`, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(signal: AbortSignal): void {
    if (this.#closed) throw closedError(this.name);
    signal.throwIfAborted();
  }

  async #failing<T>(verb: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NervesysError) || error.code === 'NSV_SHELF_KEEPS_MORE') throw error;
      const [code, hint] = MEANINGS[error.code] ?? (['NSV_SHELF_REJECTED', undefined] as const);
      const advice = error.hint ?? hint;
      throw new NervesysError(code, `shelf ${this.name}: ${verb}: ${describeError(error)}`, {
        cause: error,
        retryable: error.retryable,
        facts: error.facts,
        ...(advice === undefined ? {} : { hint: advice }),
      });
    }
  }
}

const MEANINGS: Readonly<Record<string, readonly [code: string, hint: string]>> = {
  NSV_ARCHIVE_UNREACHABLE: ['NSV_SHELF_UNREACHABLE', 'nothing to do: it is sent again when the archive answers'],
  NSV_ARCHIVE_BUSY: ['NSV_SHELF_BUSY', 'nothing to do: it is sent again'],
  NSV_ARCHIVE_DENIED: ['NSV_SHELF_DENIED', 'the archive’s key must be allowed to write below reports/'],
  NSV_ARCHIVE_NO_BUCKET: ['NSV_SHELF_NO_FOLDER', 'make the bucket, or correct STORJ_BUCKET'],
  NSV_ARCHIVE_FULL: ['NSV_SHELF_FULL', 'make room in the archive, or raise its quota'],
};
