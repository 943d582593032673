import type { ReportSettings } from '../../config/index.ts';
import type { ReportKind, SummaryKind } from '../../contract/reports.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { errorFields } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { randomHex } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import {
  claimReport,
  failReport,
  giveBackReport,
  isAnythingWaiting,
  lookAgain,
  planReports,
  type ReportClaim,
  readFirstDataAt,
  renewReport,
} from '../database/queries/report-claims.ts';
import { clearFiles } from '../database/queries/report-files.ts';
import { forgetReports } from '../database/queries/report-versions.ts';
import type { Duties, DutyReport } from '../duties.ts';
import type { EventHub } from '../fleet/event-hub.ts';
import { watchCritical } from './critical-watch.ts';
import { type DelivererOptions, ReportDeliverer } from './deliver-reports.ts';
import { KeptReports } from './kept-reports.ts';
import { type MakingDeps, makeReport } from './make-report.ts';
import { tellMissing } from './missing-report.ts';
import type { Renderer } from './renderer.ts';
import type { ReportDesk } from './report-desk.ts';
import { ReportFiles } from './report-files.ts';
import { expectedDay, lastDueAt, owedPeriods } from './report-schedule.ts';
import { isLeaseLost, underLease } from './under-lease.ts';

/** `unchanged`: it was looked at again, and its facts say nothing new. */
export const REPORT_OUTCOMES = ['made', 'unchanged', 'failed'] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

export interface ReportKeeperOptions
  extends Pick<MakingDeps, 'database' | 'clock' | 'facts' | 'digest'>,
    Pick<DelivererOptions, 'random' | 'logger' | 'openShelf' | 'shelfCredential' | 'publicUrl' | 'onDelivery'> {
  /** Asked for nothing before the first report is due. */
  readonly renderer: Renderer;
  readonly hub: Pick<EventHub, 'publish'>;
  /** Changes with the configuration, while we run. */
  readonly settings: () => ReportSettings;
  /** How long facts are kept after the end of their period. */
  readonly keepFactsMs: () => number;
  /** A replica that is killed stands in the others' way for so long; tests make it short. */
  readonly leaseMs?: number | undefined;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
  /** Told what came of each making. */
  readonly onReport?: ((kind: ReportKind, outcome: ReportOutcome) => void) | undefined;
}

/** At the start there is other work, and nothing that can't wait. */
const START_MS = 5_000;
/** A critical report is to be there within two minutes; a time of the schedule is noticed so late. */
const LOOK_MS = 15_000;
/** Where reports aren't made by themselves, and nobody has asked for one. */
const IDLE_MS = 60_000;
const LEASE_MS = 60_000;
/** A report that takes longer has something wrong with it. */
const MAKING_MS_MAX = 1_200_000;
const BACKOFF = { baseMs: 60_000, maxMs: 3_600_000 };
/** After a start there is something to catch up, and nobody is alarmed before that has had its time. */
const MISSING_AFTER_MS = 600_000;
const SWEEP_MS = 3_600_000;
/** At a time, so that no statement holds others up; the next round takes the next ones. */
const SWEEP_ROWS = 200;
const SUMMARY_KINDS: readonly SummaryKind[] = ['daily', 'weekly', 'monthly'];

/**
 * Makes reports happen: exactly one of each, on time, on every shelf, on any number of replicas.
 *
 * A round looks what is due by the schedule (and what was missed), which days need a report of critical alerts, and whether people miss one;
 * then this replica claims what is due, one report at a time, and brings files to shelves. All that is to be done stands in the database
 * (0017-reports.sql): who is killed in the middle of it is followed by another once its claim has run out.
 */
export class ReportKeeper implements AsyncDisposable {
  /** What people ask; what they want made or sent is begun at once. */
  readonly desk: ReportDesk;
  readonly #options: ReportKeeperOptions;
  readonly #files: ReportFiles;
  readonly #deliverer: ReportDeliverer;
  readonly #pace: Pace;
  readonly #report: DutyReport | undefined;
  readonly #closing = new AbortController();
  readonly #startedAt: number;
  /** The last time of the schedule that was planned for, by kind and schedule. */
  readonly #planned = new Map<SummaryKind, string>();
  #making: Promise<number> | undefined;
  #sweptAt: number | undefined;
  #firstDataAt: number | undefined;
  /** Where reports aren't made by themselves: somebody may have asked for one. */
  #isAsked = true;

  constructor(options: ReportKeeperOptions) {
    this.#options = options;
    const { database, clock, renderer } = options;
    this.#startedAt = clock.monotonic();
    this.#files = new ReportFiles({ database, clock, renderer });
    this.#deliverer = new ReportDeliverer({ ...options, files: this.#files, leaseMs: this.#leaseMs });
    this.#report = options.duties?.take('reports');
    this.#pace = new Pace(options.clock, () => this.#round());
    this.desk = new KeptReports({
      ...options,
      files: this.#files,
      onWish: () => this.look(),
      closing: this.#closing.signal,
    });
  }

  start(): void {
    this.#pace.start(START_MS);
  }

  /** The settings are others, or somebody asked for something: that is looked at now. */
  look(): void {
    this.#isAsked = true;
    this.#pace.nudge();
  }

  /** A round to its end: all that is due is made and delivered, as far as it can be now. The loop paces rounds and waits for none of that. */
  async workOnce(): Promise<void> {
    await this.#plan();
    await this.#make();
    await this.#deliverer.deliverOnce();
    await this.#tellMissing();
  }

  /** Lets go of what is past its time; a step of it. */
  async sweep(): Promise<void> {
    const { database, clock, keepFactsMs, settings, logger } = this.#options;
    const now = clock.now();
    const cleared = await clearFiles(database, new Date(now - settings().keepFilesMs), SWEEP_ROWS);
    const forgotten = await forgetReports(database, new Date(now - keepFactsMs()), SWEEP_ROWS);
    if (cleared > 0 || forgotten > 0)
      logger.info('reports past their time were let go of', { files: cleared, reports: forgotten });
    // A full step: there may be more.
    if (cleared < SWEEP_ROWS && forgotten < SWEEP_ROWS) this.#sweptAt = clock.monotonic();
  }

  /** Gives up what it is at: another replica, or the next start, goes on with it. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await Promise.all([this.#pace.close(), this.#deliverer.close(), this.#making]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #leaseMs(): number {
    return this.#options.leaseMs ?? LEASE_MS;
  }

  async #round(): Promise<number> {
    const { database, clock, logger } = this.#options;
    const { enabled } = this.#options.settings();
    try {
      // Another replica may have been asked, and be gone.
      if (!enabled && !this.#isAsked && !(await isAnythingWaiting(database, true))) {
        this.#report?.();
        return IDLE_MS;
      }
      await this.#plan();
      this.#begin();
      for (const serving of await this.#deliverer.begin())
        void serving.then((brought) => {
          if (brought) this.#pace.nudge(); // there may be more
        });
      await this.#tellMissing();
      if (enabled && (this.#sweptAt === undefined || clock.monotonic() - this.#sweptAt >= SWEEP_MS)) await this.sweep();
      if (!enabled) this.#isAsked = await isAnythingWaiting(database, true);
      this.#report?.();
    } catch (error) {
      this.#report?.(error);
      if (!this.#closing.signal.aborted)
        logger.warn('whether a report is due could not be found out', errorFields(error));
    }
    return LOOK_MS;
  }

  /** Makes due what the schedule asks for, and the days with critical alerts. */
  async #plan(): Promise<void> {
    const { database, clock, logger } = this.#options;
    const settings = this.#options.settings();
    if (!settings.enabled) return;
    const now = clock.now();
    for (const kind of SUMMARY_KINDS) {
      const dueAt = lastDueAt(settings, kind, now);
      const key = `${dueAt} ${settings.timeZone}`;
      if (dueAt === undefined || this.#planned.get(kind) === key) continue;
      const firstDataAt = await this.#firstData();
      const owed = owedPeriods(settings, kind, now, firstDataAt).filter(
        ({ period }) => Date.parse(period.ends_at) > now - this.#options.keepFactsMs(),
      );
      const planned = await planReports(database, owed, new Date(now));
      if (planned.length > 0) {
        logger.info('reports are due', { kind, periods: planned.map(({ period }) => period) });
        await lookAgain(database, new Date(now - settings.lateDataMs), new Date(now));
      }
      // Nothing is known yet: once there is, it may have begun before that time.
      if (firstDataAt !== undefined) this.#planned.set(kind, key);
    }
    await watchCritical(database, settings, now);
  }

  /** One report is made at a time by a replica; whoever is at it takes the next one as well. */
  #begin(): void {
    if (this.#making !== undefined) return;
    const making: Promise<number> = this.#make()
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted)
          this.#options.logger.warn('a report could not be claimed', errorFields(error));
        return 0;
      })
      .then((made) => {
        if (this.#making === making) this.#making = undefined;
        if (made > 0) this.#pace.nudge(); // shelves wait for it
        return made;
      });
    this.#making = making;
  }

  /** Makes what is due until nothing is; answers how many were tried. */
  async #make(): Promise<number> {
    const { database, clock, settings } = this.#options;
    for (let made = 0; ; made++) {
      if (this.#closing.signal.aborted) return made;
      const now = clock.now();
      const claim = await claimReport(database, {
        by: randomHex(),
        now: new Date(now),
        until: new Date(now + this.#leaseMs),
        askedFor: !settings().enabled,
      });
      if (claim === undefined) return made;
      await this.#makeClaimed(claim);
      if (made > 0) this.#pace.nudge(); // earlier ones need not wait until all are made
    }
  }

  /** What goes wrong with the report is noted; rejects only where that can't be. */
  async #makeClaimed(claim: ReportClaim): Promise<void> {
    const { database, clock, logger, onReport } = this.#options;
    const { kind, period } = claim;
    const startedAt = clock.monotonic();
    try {
      const isNew = await underLease(
        {
          clock,
          logger,
          leaseMs: this.#leaseMs,
          deadlineMs: MAKING_MS_MAX,
          what: `make the ${kind} report of ${period}`,
          renew: (until) => renewReport(database, claim, until),
        },
        this.#closing.signal,
        (signal) => makeReport({ ...this.#options, files: this.#files }, claim, signal),
      );
      onReport?.(kind, isNew ? 'made' : 'unchanged');
      if (isNew)
        logger.info('a report is made', { kind, period, durationMs: Math.round(clock.monotonic() - startedAt) });
    } catch (error) {
      if (this.#closing.signal.aborted) return giveBackReport(database, claim);
      if (isLeaseLost(error)) return logger.warn('a report was taken over by another replica', { kind, period });
      logger.error('a report could not be made; it is tried again', { kind, period, ...errorFields(error) });
      const waitMs = backoffMs(claim.failures + 1, BACKOFF, this.#options.random);
      const hint = error instanceof NervesysError && error.hint !== undefined ? `; ${error.hint}` : '';
      await failReport(database, claim, {
        error: `${describeError(error)}${hint}`,
        dueAt: new Date(clock.now() + waitMs),
      });
      onReport?.(kind, 'failed');
    }
  }

  /** Since when there is anything to report, epoch ms; `undefined`: not yet. */
  async #firstData(): Promise<number | undefined> {
    this.#firstDataAt ??= (await readFirstDataAt(this.#options.database))?.getTime();
    return this.#firstDataAt;
  }

  async #tellMissing(): Promise<void> {
    const { database, clock, hub } = this.#options;
    const settings = this.#options.settings();
    if (settings.enabled && clock.monotonic() - this.#startedAt < MISSING_AFTER_MS) return;
    const now = clock.now();
    const firstDataAt = settings.enabled ? await this.#firstData() : undefined;
    const shelves = settings.shelves.map(({ name }) => name);
    await tellMissing({ database, hub }, expectedDay(settings, now, firstDataAt)?.name, shelves, now);
  }
}
