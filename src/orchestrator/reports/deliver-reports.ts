import type { ReportSettings, ShelfSettings } from '../../config/index.ts';
import { REPORT_MEDIA_TYPES } from '../../contract/reports.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { type Random, randomHex } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import type { Shelf, ShelfFile } from '../../storage/shelf.ts';
import type { Database } from '../database/database.ts';
import type { ReportName } from '../database/queries/report-claims.ts';
import {
  claimDelivery,
  type DeliveryClaim,
  endDelivery,
  endOtherShelves,
  failDelivery,
  giveBackDelivery,
  mendDelivery,
  readDueShelves,
  renewDelivery,
  retryShelf,
} from '../database/queries/report-deliveries.ts';
import { shelfNotes } from '../database/queries/shelf-notes.ts';
import type { ReportFiles } from './report-files.ts';
import { isLeaseLost, leaseLost, underLease } from './under-lease.ts';

/** `retried`: it failed and is tried again; `failed`: it is given up until somebody changes something. */
export const SHELF_OUTCOMES = ['delivered', 'retried', 'failed'] as const;
export type ShelfOutcome = (typeof SHELF_OUTCOMES)[number];

export interface DelivererOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly files: ReportFiles;
  /** As the configuration says now. */
  readonly settings: () => Pick<ReportSettings, 'root' | 'shelves'>;
  /** Rejects with `NSV_SHELF_UNCONFIGURED`. What it opens is closed here. */
  readonly openShelf: (settings: ShelfSettings, root: string) => Promise<Shelf>;
  /** What else it is opened with: when that changes it is opened anew. May throw. Kept in memory alone. */
  readonly shelfCredential: (settings: ShelfSettings) => string | undefined;
  /** Where people find this orchestrator. */
  readonly publicUrl: () => string;
  readonly leaseMs: number;
  readonly onDelivery?: ((shelf: string, outcome: ShelfOutcome) => void) | undefined;
  /** Told when a report's deliveries are others than before. */
  readonly onChange?: ((report: ReportName) => void) | undefined;
}

const BACKOFF = { baseMs: 120_000, maxMs: 3_600_000 }; // with jitter, from half of it on
/** What could not be brought in this time is given up; a person is told long before. */
const GIVE_UP_AFTER_MS = 3 * 86_400_000;
/** A file may be tens of megabytes, and a line slow. */
const DEADLINE_MS = 1_200_000;
/** When a shelf's settings are mended, what failed is brought of periods that ended lately; older ones by hand. */
const RETRIED_MS = 7 * 86_400_000;
/** Replicas don't learn of another configuration in the same instant. */
const SHELF_AWAITED_MS = 120_000;

interface OpenShelf {
  readonly key: string;
  readonly shelf: Promise<Shelf>;
}

/**
 * Brings files to shelves. What a shelf is to have stands in the database, is claimed by one replica, and is noted once the shelf has it; `put`
 * is idempotent, so a replica that is killed between the two is followed by another that meets the same file. A shelf is brought one file at
 * a time, the oldest first, and none waits for another shelf.
 */
export class ReportDeliverer implements AsyncDisposable {
  readonly #options: DelivererOptions;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #open = new Map<string, OpenShelf>();
  readonly #known = new Map<string, string>();
  readonly #stop = new AbortController();

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /**
   * Begins to bring what is due to shelves that nothing is brought to by this replica; answers what it has begun, each of which ends without
   * rejecting. `true` on each that brought something.
   */
  async begin(): Promise<readonly Promise<boolean>[]> {
    const { database, clock, settings } = this.#options;
    const { shelves } = settings();
    await this.#lookAtShelves(shelves);
    const due = await readDueShelves(database, new Date(clock.now()));
    return shelves
      .filter(({ name }) => due.includes(name) && !this.#busy.has(name))
      .map((shelf) => {
        const working = this.#serve(shelf);
        const ended = working.then(() => void this.#busy.delete(shelf.name));
        this.#busy.set(shelf.name, ended);
        return working;
      });
  }

  /** Brings what is due, to its end; answers how many shelves were served. */
  async deliverOnce(): Promise<number> {
    return (await Promise.all(await this.begin())).filter(Boolean).length;
  }

  async close(): Promise<void> {
    this.#stop.abort(new DOMException('closing', 'AbortError'));
    await Promise.all(this.#busy.values());
    await Promise.all([...this.#open.keys()].map((name) => this.#closeShelf(name)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A shelf whose settings or credential are others than before is tried anew; what waits for one that is gone ends. */
  async #lookAtShelves(shelves: readonly ShelfSettings[]): Promise<void> {
    const { database, clock } = this.#options;
    const now = clock.now();
    for (const shelf of shelves) {
      const key = this.#keyOf(shelf);
      if (this.#known.get(shelf.name) === key) continue;
      // Also at the start: whoever mends a credential in the environment starts us anew.
      await retryShelf(database, shelf.name, new Date(now - RETRIED_MS), new Date(now));
      this.#known.set(shelf.name, key);
    }
    const names = shelves.map(({ name }) => name);
    for (const name of [...this.#known.keys()]) if (!names.includes(name)) this.#known.delete(name);
    await endOtherShelves(database, names, new Date(now - SHELF_AWAITED_MS));
    for (const name of [...this.#open.keys()])
      if (!names.includes(name) && !this.#busy.has(name)) await this.#closeShelf(name);
  }

  /** Never rejects. Answers whether it brought anything. */
  async #serve(settings: ShelfSettings): Promise<boolean> {
    const { database, clock, logger } = this.#options;
    let brought = false;
    try {
      while (!this.#stop.signal.aborted) {
        const now = clock.now();
        const claim = await claimDelivery(database, settings.name, {
          by: randomHex(),
          now: new Date(now),
          until: new Date(now + this.#options.leaseMs),
        });
        if (claim === undefined) break;
        brought = true;
        await this.#bring(settings, claim);
      }
    } catch (error) {
      // Postgres is away: the claim runs out by itself, and then it is tried again.
      if (!this.#stop.signal.aborted)
        logger.warn('a report could not be brought to its end', { shelf: settings.name, ...errorFields(error) });
    }
    return brought;
  }

  async #bring(settings: ShelfSettings, claim: DeliveryClaim): Promise<void> {
    const { database, clock, logger, leaseMs, onDelivery, onChange } = this.#options;
    const what = `deliver ${claim.path} to shelf ${claim.shelf}`;
    let putVersion: number | undefined;
    try {
      await underLease(
        {
          clock,
          logger,
          leaseMs,
          deadlineMs: DEADLINE_MS,
          what,
          renew: (until) => renewDelivery(database, claim, until),
        },
        this.#stop.signal,
        async (signal) => {
          const shelf = await this.#shelf(settings);
          const file = await this.#fileOf(claim, signal);
          signal.throwIfAborted();
          putVersion = file.version;
          const put = await shelf.put(file, shelfNotes(database, claim.shelf), signal);
          if (!(await endDelivery(database, claim, file.version, put, new Date(clock.now())))) throw leaseLost(what);
        },
      );
      logger.info('a report is on its shelf', { shelf: claim.shelf, path: claim.path, version: putVersion });
      onDelivery?.(claim.shelf, 'delivered');
      onChange?.(claim);
    } catch (error) {
      if (this.#stop.signal.aborted) return giveBackDelivery(database, claim);
      if (isLeaseLost(error)) {
        logger.warn('a delivery was taken over by another replica', { shelf: claim.shelf, path: claim.path });
        if (putVersion !== undefined) await mendDelivery(database, claim, putVersion, new Date(clock.now()));
        return;
      }
      await this.#noteFailure(claim, error);
    }
  }

  async #noteFailure(claim: DeliveryClaim, error: unknown): Promise<void> {
    const { database, clock, random, logger, onDelivery, onChange } = this.#options;
    const now = clock.now();
    const asked = error instanceof NervesysError ? Number(error.facts['retryAfterMs'] ?? 0) : 0;
    const waitMs = Math.max(Math.min(asked, BACKOFF.maxMs), backoffMs(claim.attempts, BACKOFF, random));
    const isPassing = isRetryable(error) || errorCode(error) === 'NSV_REPORT_FAILED';
    const isGivenUp = !isPassing || now + waitMs - claim.wanted_at.getTime() > GIVE_UP_AFTER_MS;
    logger.warn('a report could not be delivered', {
      shelf: claim.shelf,
      path: claim.path,
      attempts: claim.attempts,
      isGivenUp,
      ...errorFields(error),
    });
    const fault = {
      code: errorCode(error),
      error: describeError(error),
      hint: hintOf(claim, error),
      dueAt: isGivenUp ? null : new Date(now + waitMs),
    };
    await failDelivery(database, claim, fault, new Date(now));
    onDelivery?.(claim.shelf, isGivenUp ? 'failed' : 'retried');
    onChange?.(claim);
  }

  async #fileOf(claim: DeliveryClaim, signal: AbortSignal): Promise<ShelfFile> {
    const { kind, period, lang, format, path } = claim;
    const file = await this.#options.files.find({ kind, period, lang, format }, undefined, signal);
    // What was there before is the same for each attempt, until one succeeds.
    const isThere = claim.version === claim.wanted && claim.version === file.version && claim.delivered_at !== null;
    return {
      path,
      mediaType: REPORT_MEDIA_TYPES[format],
      bytes: file.content,
      sha256: file.sha256,
      version: file.version,
      title: file.title,
      summary: file.summary,
      lang,
      knows: file.knows,
      replaces: claim.replaces,
      url: `${this.#options.publicUrl()}/api/v1/reports/${kind}/${period}/${lang}.${format}`,
      ...(isThere ? { occasion: `after ${claim.delivered_at.toISOString()}` } : {}),
    };
  }

  /** Only within a delivery to it: nobody else uses or closes it meanwhile. */
  async #shelf(settings: ShelfSettings): Promise<Shelf> {
    const { name } = settings;
    const key = this.#keyOf(settings);
    const standing = this.#open.get(name);
    if (standing?.key === key) return standing.shelf;
    await this.#closeShelf(name);
    const shelf = this.#options.openShelf(settings, this.#options.settings().root);
    this.#open.set(name, { key, shelf });
    shelf.catch(() => this.#open.delete(name)); // it is told below, and opened anew at the next attempt
    return shelf;
  }

  async #closeShelf(name: string): Promise<void> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    try {
      await (await open?.shelf)?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.logger.warn('a shelf could not be closed', { shelf: name, ...errorFields(error) });
    }
  }

  #keyOf(settings: ShelfSettings): string {
    const { languages: _, kinds: __, formats: ___, ...place } = settings;
    let credential: string | undefined;
    try {
      credential = this.#options.shelfCredential(settings);
    } catch (error) {
      credential = `unreadable: ${errorCode(error)}`; // whoever opens the shelf is told why
    }
    return JSON.stringify([place, this.#options.settings().root, credential]);
  }
}

function hintOf({ kind, period, shelf }: DeliveryClaim, error: unknown): string | null {
  const hint = (error instanceof NervesysError ? error.hint : undefined) ?? null;
  if (errorCode(error) !== 'NSV_SHELF_KEEPS_MORE') return hint;
  return `${hint}: nervesys report send ${kind} ${period} --shelf ${shelf} --replace`;
}
