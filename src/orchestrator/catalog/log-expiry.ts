import type { StorageSettings } from '../../config/index.ts';
import type { ExpiryAnswer } from '../../contract/expiry.ts';
import { parseObjectKey } from '../../contract/object-key.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { writeDuration } from '../../platform/quantity.ts';
import type { Archive } from '../../storage/archive.ts';
import { ORCHESTRATOR_ALERTS_SERVER, raiseNow, settleNow } from '../alerts/raise.ts';
import type { Database, Queryable } from '../database/database.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import {
  type ExpiredObject,
  type ExpiryHorizon,
  forgetExpired,
  readExpired,
  sumExpired,
} from '../database/queries/expired-objects.ts';
import { whileAlone } from '../database/while-alone.ts';
import type { Duties, DutyReport } from '../duties.ts';
import type { EventHub } from '../fleet/event-hub.ts';

export interface LogExpiryOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: EventHub;
  /** Changes with the configuration, while we run; `undefined`: there is none yet, and nothing is removed. */
  readonly storage: () => StorageSettings | undefined;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

/** One replica removes at a time. */
const EXPIRY_LOCK = 0x6e73_7678; // "nsvx"
/** Whatever a configuration says, nothing younger is removed. */
export const RETENTION_MS_MIN = 86_400_000;
/** What came late, or was found by a reindex, stays so long at least (or as long as the retention is, if that is shorter). */
const LATE_MS = 7 * 86_400_000;
/** A round takes some ten seconds, within one transaction that holds nothing but the claim. */
const ROUND_OBJECTS = 100;
/** A fifth of what Storj grants a project: agents and readers come first. 20 a second are 1.7 million a day. */
const PAUSE_MS = 50;
const LOOK_MS = 600_000;
const RETRY_MS = 60_000;
const ALERT_KEY = 'retention.failed';

/**
 * Removes logs past their retention from the archive, the oldest first, at a bounded pace, whichever replica comes first. Only what the catalog
 * has as archived, under a name that is a batch's of that server and window, and the catalog forgets it after the archive has. Each round is
 * told in the log and the audit log.
 */
export class LogExpiry implements AsyncDisposable {
  readonly #options: LogExpiryOptions;
  readonly #pace: Pace;
  readonly #report: DutyReport | undefined;
  #isDenied = false;

  constructor(options: LogExpiryOptions) {
    this.#options = options;
    this.#report = options.duties?.take('log_expiry');
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): void {
    this.#pace.start(RETRY_MS);
  }

  /** Looks at once, not in its time. */
  nudge(): void {
    this.#pace.nudge();
  }

  /** What is of windows before this (epoch ms) may be gone; `undefined`: logs are kept for ever. */
  get horizon(): number | undefined {
    const retentionMs = this.#retentionMs();
    return retentionMs === undefined ? undefined : this.#options.clock.now() - retentionMs;
  }

  /** What is past its retention now. Rejects with `NSV_RETENTION_NOT_SET`. */
  async preview(): Promise<Omit<ExpiryAnswer, 'dry_run'>> {
    const retentionMs = this.#retentionMs();
    if (retentionMs === undefined)
      throw new NervesysError('NSV_RETENTION_NOT_SET', 'remove logs past their retention: they are kept for ever', {
        hint: 'set retention: { logs: 400d } in storage.yaml',
      });
    const horizon = this.#horizonOf(retentionMs);
    const { oldest, newest, ...sum } = await sumExpired(this.#options.database, horizon);
    return {
      retention_ms: retentionMs,
      before: horizon.windowBefore.toISOString(),
      ...sum,
      oldest: oldest?.toISOString() ?? null,
      newest: newest?.toISOString() ?? null,
    };
  }

  /** Removes some; answers how many. Tests call it, the loop paces it. Rejects as archive and database do; what was removed until then is noted. */
  async expireOnce(signal?: AbortSignal): Promise<number> {
    const { database } = this.#options;
    const retentionMs = this.#retentionMs();
    if (retentionMs === undefined) return 0;
    const horizon = this.#horizonOf(retentionMs);
    let failure: unknown;
    const removed = await whileAlone(database, EXPIRY_LOCK, async (transaction) => {
      const objects = await readExpired(transaction, horizon, ROUND_OBJECTS);
      const gone: ExpiredObject[] = [];
      try {
        for (const object of objects) {
          await this.#remove(object, signal);
          gone.push(object);
        }
      } catch (error) {
        failure = error;
      }
      if (gone.length > 0) await this.#note(transaction, gone, retentionMs);
      return gone.length;
    });
    if (failure !== undefined) throw failure;
    return removed ?? 0;
  }

  async close(): Promise<void> {
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    try {
      const count = await this.expireOnce(signal);
      await this.#settle(count);
      this.#report?.();
      return count === ROUND_OBJECTS ? 0 : LOOK_MS;
    } catch (error) {
      signal.throwIfAborted();
      this.#report?.(error);
      if (errorCode(error) === 'NSV_ARCHIVE_DENIED') {
        await this.#tellDenied(error).catch(() => undefined); // Postgres away: the next round tells it
        return LOOK_MS;
      }
      this.#options.logger.warn(
        'logs past their retention could not be removed; it is tried again',
        errorFields(error),
      );
      return RETRY_MS;
    }
  }

  async #remove({ server, key, window_at }: ExpiredObject, signal: AbortSignal | undefined): Promise<void> {
    const { archive, clock } = this.#options;
    signal?.throwIfAborted();
    const name = parseObjectKey(key);
    if (name?.server !== server || name.windowAt !== window_at.getTime())
      throw new Error(`the catalog has ${key} for another server or window: nothing is removed`);
    await clock.sleep(PAUSE_MS, signal);
    try {
      await archive.delete(key, signal);
    } catch (error) {
      // The store may have ended it by itself, where the credential may not.
      if (errorCode(error) !== 'NSV_ARCHIVE_DENIED' || (await archive.head(key, signal)) !== undefined) throw error;
    }
  }

  async #note(transaction: Queryable, gone: readonly ExpiredObject[], retentionMs: number): Promise<void> {
    const { clock, logger } = this.#options;
    const sum = (of: (object: ExpiredObject) => number) => gone.reduce((total, object) => total + of(object), 0);
    const told = {
      objects: gone.length,
      records: sum(({ records }) => records),
      bytes: sum(({ bytes }) => bytes),
      servers: new Set(gone.map(({ server }) => server)).size,
      first: gone[0]!.key,
      last: gone.at(-1)!.key,
      retention: writeDuration(retentionMs),
    };
    logger.info('logs past their retention were removed', told);
    const at = new Date(clock.now());
    await forgetExpired(transaction, gone, at);
    await appendAudit(transaction, {
      at,
      by: { type: 'system', name: null, address: null },
      action: 'logs.expired',
      subject: null,
      detail: told,
    });
  }

  async #tellDenied(error: unknown): Promise<void> {
    const { database, clock, logger, hub } = this.#options;
    if (this.#isDenied) return;
    logger.warn('logs past their retention stay: the archive does not let them be deleted', errorFields(error));
    const trouble = {
      server: ORCHESTRATOR_ALERTS_SERVER,
      agentId: null,
      dedupKey: ALERT_KEY,
      kind: ALERT_KEY,
      severity: 'warning' as const,
      title: 'Logs past their retention are not removed: the archive does not let the orchestrator delete',
      detail: { code: errorCode(error), reason: describeError(error).slice(0, 1_000) },
    };
    await raiseNow({ database, hub }, [trouble], new Date(clock.now()));
    this.#isDenied = true;
  }

  /** It works again, or nothing is to be removed any more. */
  async #settle(count: number): Promise<void> {
    const { database, clock, hub } = this.#options;
    if (count === 0 && !this.#isDenied) return;
    const over = [{ server: ORCHESTRATOR_ALERTS_SERVER, dedupKey: ALERT_KEY }];
    await settleNow({ database, hub }, over, new Date(clock.now()));
    this.#isDenied = false;
  }

  #retentionMs(): number | undefined {
    const retentionMs = this.#options.storage()?.retention?.logsMs;
    return retentionMs === undefined ? undefined : Math.max(RETENTION_MS_MIN, retentionMs);
  }

  #horizonOf(retentionMs: number): ExpiryHorizon {
    const now = this.#options.clock.now();
    const windowMs = this.#options.storage()?.upload.windowMs ?? 0;
    return {
      windowBefore: new Date(now - retentionMs - windowMs),
      archivedBefore: new Date(now - Math.min(LATE_MS, retentionMs)),
    };
  }
}
