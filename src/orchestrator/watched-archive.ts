import type { Clock } from '../platform/clock.ts';
import { errorCode } from '../platform/errors.ts';
import type { Archive, ArchiveObject, PresignedPut, PresignRequest } from '../storage/archive.ts';

/** What says that the archive is away or closed to us, rather than something of one object. */
const AWAY: ReadonlySet<string> = new Set([
  'NSV_ARCHIVE_UNREACHABLE',
  'NSV_ARCHIVE_BUSY',
  'NSV_ARCHIVE_DENIED',
  'NSV_ARCHIVE_NO_BUCKET',
  'NSV_ARCHIVE_FULL',
]);
/** Without any use for this long, a look is taken when somebody wants to know. */
const LOOK_AGAIN_MS = 60_000;
/** Nothing stands there; asking costs the store one HEAD. */
const LOOKED_FOR = 'logs/nervesys.probe';

/** The archive, with a word on how each use of it went. */
export class WatchedArchive implements Archive {
  readonly #archive: Archive;
  readonly #clock: Clock;
  readonly #note: (error: unknown) => void;
  #usedAt = Number.NEGATIVE_INFINITY;

  constructor(archive: Archive, clock: Clock, note: (error: unknown) => void) {
    this.#archive = archive;
    this.#clock = clock;
    this.#note = note;
  }

  get description(): string {
    return this.#archive.description;
  }

  get guardsNames(): boolean | undefined {
    return this.#archive.guardsNames;
  }

  async prepare(signal?: AbortSignal): Promise<void> {
    await this.#watch(async () => this.#archive.prepare?.(signal));
  }

  /** Looks whether the archive answers, unless it was used a moment ago. Not to be waited for: an archive that is away takes its time. */
  lookSoon(): void {
    if (this.#clock.monotonic() - this.#usedAt < LOOK_AGAIN_MS) return;
    this.head(LOOKED_FOR).catch(() => undefined); // noted
  }

  put(key: string, body: Uint8Array, signal?: AbortSignal, onLostAnswer?: () => void): Promise<'created' | 'taken'> {
    return this.#watch(() => this.#archive.put(key, body, signal, onLostAnswer));
  }

  replace(key: string, body: Uint8Array, mediaType: string, signal?: AbortSignal): Promise<void> {
    return this.#watch(() => this.#archive.replace(key, body, mediaType, signal));
  }

  head(key: string, signal?: AbortSignal): Promise<ArchiveObject | undefined> {
    return this.#watch(() => this.#archive.head(key, signal));
  }

  get(key: string, options?: Parameters<Archive['get']>[1]): Promise<Buffer> {
    return this.#watch(() => this.#archive.get(key, options));
  }

  /** That it may write and not delete is no word on whether it is there. */
  async delete(key: string, signal?: AbortSignal): Promise<void> {
    this.#usedAt = this.#clock.monotonic();
    try {
      await this.#archive.delete(key, signal);
    } catch (error) {
      if (errorCode(error) !== 'NSV_ARCHIVE_DENIED') this.#judge(error);
      throw error;
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ArchiveObject> {
    this.#usedAt = this.#clock.monotonic();
    try {
      yield* this.#archive.list(prefix, signal);
      this.#note(undefined);
    } catch (error) {
      this.#judge(error);
      throw error;
    }
  }

  presignPut(request: PresignRequest): PresignedPut | undefined {
    return this.#archive.presignPut(request);
  }

  /** The archive was handed in and stays open. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #watch<T>(work: () => Promise<T>): Promise<T> {
    this.#usedAt = this.#clock.monotonic(); // now, not at its end: many probes at once must not ask many times
    try {
      const result = await work();
      this.#note(undefined);
      return result;
    } catch (error) {
      this.#judge(error);
      throw error;
    }
  }

  #judge(error: unknown): void {
    const code = errorCode(error);
    if (AWAY.has(code)) this.#note(error);
    else if (code.startsWith('NSV_ARCHIVE_')) this.#note(undefined); // it answered, if not what was hoped for
  }
}
