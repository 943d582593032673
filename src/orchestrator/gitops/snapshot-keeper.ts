import { configSnapshotKey } from '../../contract/object-key.ts';
import type { Clock } from '../../platform/clock.ts';
import { gunzip, gzip } from '../../platform/gzip.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { formatTar } from '../../platform/tar.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import {
  noteSnapshot,
  readUnarchivedRevisions,
  type UnarchivedRevision,
} from '../database/queries/config-snapshots.ts';
import type { Duties, DutyReport } from '../duties.ts';
import type { DesiredConfig } from './desired-config.ts';

export interface SnapshotKeeperOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly desired: Pick<DesiredConfig, 'onChange'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

/** What a lost message would have told is seen after this. */
const LOOK_AGAIN_MS = 300_000;
/** The archive away: it is tried again after this, then after twice as long, and so on. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 600_000;
/** At a time; the next round takes the next ones. */
const ROUND_REVISIONS_MAX = 10;
/** What was no commit has no time of its own; one that is the same everywhere gives the same bytes everywhere. 1980, as in ZIP files. */
const NO_TIME_MS = Date.UTC(1980, 0, 1);
/** Far above any configuration's text. */
const TAR_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Puts each revision that is rolled out into the archive, as `configs/snapshots/<sha>.tar.gz`: what the fleet ran can be read there without
 * Git and without our database. No rollout waits for it; an archive that is away gets it later, also after a restart.
 */
export class SnapshotKeeper implements AsyncDisposable {
  readonly #options: SnapshotKeeperOptions;
  readonly #pace: Pace;
  readonly #report: DutyReport | undefined;
  #subscription: Disposable | undefined;
  #failures = 0;

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options;
    this.#report = options.duties?.take('config_snapshots');
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): void {
    this.#subscription = this.#options.desired.onChange(() => this.#pace.nudge());
    this.#pace.start();
  }

  /** Archives some of what is not there yet; answers how many. Rejects with `NSV_ARCHIVE_*` or `NSV_DATABASE_UNREACHABLE`. */
  async archiveOnce(signal?: AbortSignal): Promise<number> {
    const { database, clock } = this.#options;
    const revisions = await readUnarchivedRevisions(database, ROUND_REVISIONS_MAX);
    for (const revision of revisions) {
      signal?.throwIfAborted();
      await this.#archive(revision, signal);
      await noteSnapshot(database, revision.revision, new Date(clock.now()));
    }
    return revisions.length;
  }

  async close(): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #archive({ revision, commit, files }: UnarchivedRevision, signal?: AbortSignal): Promise<void> {
    const { archive, logger } = this.#options;
    const key = configSnapshotKey(commit?.sha ?? revision);
    const tar = formatTar(
      Object.entries(files).map(([name, text]) => ({ name, body: Buffer.from(text) })),
      commit?.committedAt ?? NO_TIME_MS,
    );
    const body = await gzip(tar, { level: 9 });
    if ((await archive.put(key, body, signal)) === 'created' || (await this.#isThere(key, tar, signal))) return;
    // Nothing is overwritten. The same commit read from another of its folders is the one way to this that we know of.
    logger.warn('a snapshot of another content stands in the archive; it stays', { key, revision });
  }

  /** Whether what stands there is this one; another zlib may have compressed it to other bytes. */
  async #isThere(key: string, tar: Buffer, signal?: AbortSignal): Promise<boolean> {
    const standing = await this.#options.archive.get(key, signal === undefined ? {} : { signal });
    const text = await gunzip(standing, { maxOutputLength: TAR_BYTES_MAX }).catch(() => undefined); // no gzip: not ours
    return text?.equals(tar) === true;
  }

  async #round(signal: AbortSignal): Promise<number> {
    try {
      const count = await this.archiveOnce(signal);
      this.#failures = 0;
      this.#report?.();
      return count === ROUND_REVISIONS_MAX ? 0 : LOOK_AGAIN_MS;
    } catch (error) {
      signal.throwIfAborted();
      this.#failures++;
      this.#report?.(error);
      if (this.#failures === 1)
        this.#options.logger.warn(
          'a revision of the configuration is not in the archive yet; it is tried again',
          errorFields(error),
        );
      return Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(this.#failures - 1, 10));
    }
  }
}
