import type { BackupSettings } from '../../config/index.ts';
import type { BackupView } from '../../contract/backup.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { randomHex } from '../../platform/random.ts';
import type { Archive } from '../../storage/archive.ts';
import { ORCHESTRATOR_ALERTS_SERVER, raiseNow, settleNow } from '../alerts/raise.ts';
import type { Database } from '../database/database.ts';
import {
  type BackupState,
  claimBackup,
  failBackup,
  finishBackup,
  forgetBackups,
  readBackupState,
  renewBackup,
} from '../database/queries/backups.ts';
import type { Duties, DutyReport } from '../duties.ts';
import type { EventHub } from '../fleet/event-hub.ts';
import { makeBackup } from './make-backup.ts';
import { localTime, nightOf } from './schedule.ts';
import { tendBackups } from './tend-backups.ts';

export interface BackupKeeperOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: EventHub;
  /** Changes with the configuration, while we run; `undefined`: it isn't known yet. */
  readonly settings: () => BackupSettings | undefined;
  /** Text of one part; tests make it small. */
  readonly partTextBytes?: number | undefined;
  readonly leaseMs?: number | undefined;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

const LOOK_MS = 30_000;
/** A replica that is killed stands in the others' way for so long. It renews three times within. */
const LEASE_MS = 120_000;
/** A backup that takes longer has something wrong with it; it fails, and people are told. */
const DEADLINE_MS = 12 * 3_600_000;
const RETRY_MS = 300_000;
const RETRY_MS_MAX = 3_600_000;
/** Without a good one for so long the alert is critical. */
const CRITICAL_MS = 3 * 86_400_000;
/** One that was broken off is a restart; the second in a row is told. */
const BROKEN_OFF_TOLD = 2;
const ALERT_KEY = 'backup.failed';

/**
 * Makes the database's backup each night, whichever replica comes first, proves it, tends the earlier ones, and tells people when it fails.
 *
 * States of one: running (a row with a lease, one at a time) → done, failed. What is broken off by a kill is failed once its lease is over; its
 * objects have no manifest, so nothing takes them for a backup, and the next one sweeps them away.
 */
export class BackupKeeper implements AsyncDisposable {
  readonly #options: BackupKeeperOptions;
  readonly #pace: Pace;
  readonly #report: DutyReport | undefined;
  readonly #closing = new AbortController();
  #making: Promise<void> | undefined;

  constructor(options: BackupKeeperOptions) {
    this.#options = options;
    this.#report = options.duties?.take('backup_watch');
    this.#pace = new Pace(options.clock, () => this.#round());
  }

  start(): void {
    this.#pace.start();
  }

  get enabled(): boolean {
    return this.#options.settings()?.enabled === true;
  }

  /** Begins one now, whatever the time; it goes on by itself. Rejects with `NSV_BACKUP_RUNNING`. */
  async begin(askedBy: string): Promise<BackupView> {
    const claimed = await this.#claim(askedBy);
    if (claimed !== undefined) return claimed;
    throw new NervesysError('NSV_BACKUP_RUNNING', 'back up the database: it is being done already');
  }

  /** Makes one if its time has come and nobody is at it; answers whether. Tests call it, the loop paces it. */
  async backUpIfDue(): Promise<boolean> {
    const { database, clock } = this.#options;
    const settings = this.#options.settings();
    if (settings?.enabled !== true || this.#making !== undefined) return false;
    const now = clock.now();
    const state = await readBackupState(database, new Date(now));
    if (!isDue(state, settings, now)) return false;
    if ((await this.#claim(null)) === undefined) return false;
    await this.#making;
    return true;
  }

  /** Gives up what it is at: another replica, or the next start, begins anew. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await Promise.all([this.#pace.close(), this.#making]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(): Promise<number> {
    try {
      await this.backUpIfDue();
      this.#report?.();
    } catch (error) {
      this.#report?.(error);
      if (!this.#closing.signal.aborted)
        this.#options.logger.warn('whether a backup is due could not be found out', errorFields(error));
    }
    return LOOK_MS;
  }

  async #claim(askedBy: string | null): Promise<BackupView | undefined> {
    const { database, clock, logger } = this.#options;
    const settings = this.#options.settings();
    if (settings === undefined || this.#closing.signal.aborted)
      throw new NervesysError('NSV_SHUTTING_DOWN', 'back up the database: the orchestrator is not ready');
    const now = clock.now();
    const claim = {
      run: randomHex(6),
      day: localTime(now, settings.timeZone).day,
      night: nightOf(now, settings),
      askedBy,
    };
    const { claimed, brokenOff } = await claimBackup(database, claim, new Date(now), this.#leaseUntil());
    if (claimed === undefined) return undefined;
    if (brokenOff) await this.#tellBrokenOff();
    logger.info('a backup of the database has begun', { run: claim.run, day: claim.day });
    const making: Promise<void> = this.#make(claim, settings).finally(() => {
      if (this.#making === making) this.#making = undefined;
    });
    this.#making = making;
    return claimed;
  }

  /** Never rejects: what goes wrong is noted, logged and told. */
  async #make({ run, day }: { run: string; day: string }, settings: BackupSettings): Promise<void> {
    const { database, archive, clock, logger } = this.#options;
    const giveUp = new AbortController();
    const signal = AbortSignal.any([giveUp.signal, this.#closing.signal]);
    const done = new AbortController();
    const renewing = this.#renew(run, giveUp, done.signal);
    const startedAt = clock.monotonic();
    try {
      const { parts, ...made } = await makeBackup({ ...this.#options, run, day, beatsMs: settings.beatsMs, signal });
      if (!(await finishBackup(database, run, { ...made, parts }, new Date(clock.now())))) throw leaseLost(run);
      const durationMs = Math.round(clock.monotonic() - startedAt);
      logger.info('the database is backed up', {
        run,
        key: made.key,
        rows: made.rows,
        sizeBytes: made.bytes,
        durationMs,
      });
      await this.#tellSuccess();
      await tendBackups({ database, archive, clock, logger, keep: settings.keep, signal }).catch((error: unknown) => {
        if (!signal.aborted) logger.warn('earlier backups could not be tended', errorFields(error));
      });
    } catch (error) {
      await this.#noteFailure(run, giveUp.signal.aborted ? giveUp.signal.reason : error);
    } finally {
      done.abort();
      await renewing;
    }
  }

  async #renew(run: string, giveUp: AbortController, done: AbortSignal): Promise<void> {
    const { database, clock, logger } = this.#options;
    const deadline = clock.monotonic() + DEADLINE_MS;
    const everyMs = (this.#options.leaseMs ?? LEASE_MS) / 3;
    for (;;) {
      await clock.sleep(everyMs, done).catch(() => undefined);
      if (done.aborted) return;
      if (clock.monotonic() > deadline)
        return giveUp.abort(
          new NervesysError(
            'NSV_BACKUP_FAILED',
            `back up the database: not done after ${DEADLINE_MS / 3_600_000} hours`,
          ),
        );
      try {
        if (!(await renewBackup(database, run, this.#leaseUntil()))) return giveUp.abort(leaseLost(run));
      } catch (error) {
        // The next time may be in time still; if not, another replica may have taken over, and finishing finds that out.
        logger.warn('the lease of a backup was not renewed', errorFields(error));
      }
    }
  }

  async #noteFailure(run: string, error: unknown): Promise<void> {
    const { database, clock, logger } = this.#options;
    const closing = this.#closing.signal.aborted;
    if (!closing)
      logger.error('the database could not be backed up; it is tried again', { run, ...errorFields(error) });
    try {
      if (closing) await forgetBackups(database, [run]);
      else {
        await failBackup(database, run, describeError(error), new Date(clock.now()));
        await this.#tellFailure(error);
      }
    } catch (noting) {
      // Its lease runs out; then it counts as broken off.
      if (!closing) logger.warn('that a backup failed could not be noted', errorFields(noting));
    }
  }

  async #tellBrokenOff(): Promise<void> {
    const { database, clock, logger } = this.#options;
    logger.warn('the backup before was broken off');
    const { failures } = await readBackupState(database, new Date(clock.now()));
    if (failures >= BROKEN_OFF_TOLD) await this.#tellFailure(undefined);
  }

  async #tellFailure(error: unknown): Promise<void> {
    const { database, clock, hub } = this.#options;
    const now = clock.now();
    const { lastGoodAt, madeAt, failures } = await readBackupState(database, new Date(now));
    const ageMs = now - (lastGoodAt ?? madeAt).getTime();
    await raiseNow(
      { database, hub },
      [
        {
          server: ORCHESTRATOR_ALERTS_SERVER,
          agentId: null,
          dedupKey: ALERT_KEY,
          kind: ALERT_KEY,
          severity: ageMs >= CRITICAL_MS ? 'critical' : 'warning',
          title:
            lastGoodAt === null
              ? 'The database is not backed up: there is no good backup yet'
              : `The database is not backed up: the last good backup is of ${lastGoodAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
          detail: {
            code: error === undefined ? 'NSV_BACKUP_FAILED' : errorCode(error),
            reason: error === undefined ? 'it was broken off, more than once' : describeError(error).slice(0, 1_000),
            failures,
            last_good_at: lastGoodAt?.toISOString() ?? null,
          },
        },
      ],
      new Date(now),
    );
  }

  async #tellSuccess(): Promise<void> {
    const { database, clock, hub } = this.#options;
    const over = [{ server: ORCHESTRATOR_ALERTS_SERVER, dedupKey: ALERT_KEY }];
    await settleNow({ database, hub }, over, new Date(clock.now()));
  }

  #leaseUntil(): Date {
    return new Date(this.#options.clock.now() + (this.#options.leaseMs ?? LEASE_MS));
  }
}

/** Whether the last night has no backup, and it isn't too soon after an attempt that failed. */
export function isDue(state: BackupState, settings: BackupSettings, now: number): boolean {
  const night = nightOf(now, settings);
  // A database that was made after that night's time owes it nothing.
  const since = state.night ?? nightOf(state.madeAt.getTime(), settings);
  if (state.running || night <= since) return false;
  const waitMs = state.failures === 0 ? 0 : Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(10, state.failures - 1));
  const failedAt = state.failedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  return now >= failedAt + waitMs || failedAt > now; // a clock that was set back is no reason to wait
}

function leaseLost(run: string): NervesysError {
  return new NervesysError('NSV_BACKUP_FAILED', `back up the database: run ${run} lost its turn to another replica`);
}
