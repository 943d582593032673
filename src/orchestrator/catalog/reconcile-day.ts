import type { ServerName } from '../../contract/ids.ts';
import { parseObjectKey, serverDayPrefix } from '../../contract/object-key.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Archive, ArchiveObject } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import { withinArchiveTime } from './archive-time.ts';
import { adoptObject } from './batch-rows.ts';
import { isSoundManifest } from './batch-schema.ts';
import { fetchManifest } from './standing-object.ts';

/** Manifests fetched at the same time. */
const FETCHES_MAX = 8;
/** How long an announcement may wait for it; what was learnt until then is kept, and the next one goes on from there. */
const RECONCILE_TIMEOUT_MS = 9_000;
/** Days remembered as known (one a server and day); when it is reached they are looked at once more, nothing else. */
const DAYS_MAX = 20_000;
/** Names of objects that are no batches of ours, remembered so that a day full of them is got through in the end, a look at a time. */
const FOREIGN_MAX = 20_000;

/**
 * Makes sure that the catalog knows what stands in the archive of one server and day before it names anything there. A catalog
 * that was restored from a backup has lost its newest rows: it would give a batch a second name beside the one it already has.
 * Costs one listing a server and day of each process, since a database isn't restored under a running one.
 */
export class DayReconciler {
  readonly #parts: {
    readonly database: Database;
    readonly archive: Archive;
    readonly clock: Clock;
    readonly logger: Logger;
  };
  readonly #known = new Map<string, Promise<void>>();
  readonly #foreign = new Set<string>();

  constructor(parts: { database: Database; archive: Archive; clock: Clock; logger: Logger }) {
    this.#parts = parts;
  }

  /** Resolves once the day (`YYYY-MM-DD`, UTC) is known. Rejects with the archive's error: then nothing may be named. */
  async ensure(server: ServerName, day: string, signal: AbortSignal): Promise<void> {
    const prefix = serverDayPrefix(server, day);
    const running = this.#known.get(prefix);
    // Who joins another's look and sees it fail, by that one's abort perhaps, looks himself.
    if (running !== undefined) return running.catch(() => this.again(server, day, signal));
    return this.again(server, day, signal);
  }

  /** Looks once more: something stands there that the catalog doesn't know. */
  async again(server: ServerName, day: string, signal: AbortSignal): Promise<void> {
    const prefix = serverDayPrefix(server, day);
    if (this.#known.size >= DAYS_MAX) this.#known.clear();
    const looking = withinArchiveTime(this.#parts.clock, RECONCILE_TIMEOUT_MS, signal, (inTime) =>
      this.#adoptUnknown(server, prefix, inTime),
    );
    this.#known.set(prefix, looking);
    try {
      await looking;
    } catch (error) {
      if (this.#known.get(prefix) === looking) this.#known.delete(prefix);
      throw error;
    }
  }

  async #adoptUnknown(server: ServerName, prefix: string, signal: AbortSignal): Promise<void> {
    const { database, archive, logger, clock } = this.#parts;
    const { rows } = await database.query<{ key: string }>(
      `SELECT key FROM archive_objects WHERE server = $1 AND starts_with(key, $2) AND state = 'archived'`,
      [server, prefix],
    );
    const archived = new Set(rows.map((row) => row.key));
    const adoptOne = async (object: ArchiveObject) => {
      const manifest = await fetchManifest(archive, object, signal);
      const parsed = parseObjectKey(object.key);
      const fits =
        isSoundManifest(manifest, object.bytes) &&
        manifest.server === server &&
        Date.parse(manifest.window) === parsed?.windowAt;
      if (!fits) this.#noteForeign(object.key);
      const adopted = fits && (await adoptObject(database, { ...object, manifest }, new Date(clock.now())));
      if (adopted) logger.info('an object of the archive was added to the catalog', { key: object.key });
      else logger.warn('an object of the archive does not fit the catalog', { key: object.key });
    };
    let unknown: ArchiveObject[] = [];
    for await (const object of archive.list(prefix, signal)) {
      if (archived.has(object.key) || this.#foreign.has(object.key) || parseObjectKey(object.key) === undefined)
        continue;
      unknown.push(object);
      if (unknown.length < FETCHES_MAX) continue;
      await Promise.all(unknown.map(adoptOne));
      unknown = [];
    }
    await Promise.all(unknown.map(adoptOne));
  }

  #noteForeign(key: string): void {
    if (this.#foreign.size >= FOREIGN_MAX) this.#foreign.clear();
    this.#foreign.add(key);
  }
}
