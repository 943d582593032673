import type { HistorySettings } from '../../config/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Database } from '../database/database.ts';
import { tendPartitions } from '../database/partitions.ts';
import { forgetTemplates } from '../database/queries/forget-templates.ts';
import { nextRollUpAt, type RollUpOutcome, rollUpOnce } from '../database/queries/roll-up-status.ts';
import type { Duties, DutyReport } from '../duties.ts';
import { templatesKeptMs } from './resolutions.ts';

export interface HistoryKeeperOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long what is kept; changes with the configuration. */
  readonly keep: () => HistorySettings;
  /** How often agents beat; changes with the configuration. */
  readonly intervalMs: () => number;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

const TEND_MS = 3_600_000;
/** After what is to be rolled up next was noted: what was being committed then is by now. */
const SETTLE_MS = 5_000;
const UNSETTLED_MS = 2_000;
/** Another replica is at it, or Postgres is away. */
const AGAIN_MS = 30_000;

/**
 * Keeps the history of the AI agents: rolls beats up (`roll-up-status.ts`), makes partitions ahead and drops those past their time
 * (`partitions.ts`), and forgets templates. Each replica has one; they take turns.
 */
export class HistoryKeeper implements AsyncDisposable {
  readonly #options: HistoryKeeperOptions;
  readonly #pace: Pace;
  readonly #report: DutyReport | undefined;
  #tendedAt: number | undefined;
  #isFailing = false;

  constructor(options: HistoryKeeperOptions) {
    this.#options = options;
    this.#report = options.duties?.take('history');
    this.#pace = new Pace(options.clock, () => this.#round());
  }

  /** The first round begins a little later: until then there is nothing but what was there before. */
  start(): void {
    this.#pace.start(SETTLE_MS);
  }

  /** Partitions ahead and retention; what is held by somebody is tried again at the next call. */
  async tend(): Promise<void> {
    const { database, clock, logger, keep } = this.#options;
    const { dropped, held } = await tendPartitions(database, clock.now(), keep());
    if (dropped.length > 0) logger.info('history past its time was dropped', { partitions: dropped });
    if (held.length > 0)
      logger.warn('partitions are held by a long transaction; they are tried again', { partitions: held });
    await database.query('DELETE FROM status_counters WHERE at < $1', [new Date(clock.now() - keep().beatsMs)]);
    const forgotten = await forgetTemplates(database, new Date(clock.now() - templatesKeptMs(keep())));
    if (forgotten > 0) logger.info('templates that were not seen for long were forgotten', { templates: forgotten });
    this.#tendedAt = clock.monotonic();
  }

  /** One step of the roll-up. */
  rollUp(): Promise<RollUpOutcome> {
    const { database, clock, keep, intervalMs } = this.#options;
    return rollUpOnce(database, { now: clock.now(), intervalMs: intervalMs(), keep: keep() });
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(): Promise<number> {
    const { clock, logger } = this.#options;
    try {
      if (this.#tendedAt === undefined || clock.monotonic() - this.#tendedAt >= TEND_MS) await this.tend();
      const outcome = await this.rollUp();
      if (this.#isFailing) logger.info('the history is rolled up again', {});
      this.#isFailing = false;
      this.#report?.();
      return waitAfter(outcome, clock.now());
    } catch (error) {
      // Nothing is lost by waiting: beats stay until they were rolled up.
      if (!this.#isFailing) logger.warn('the history is not rolled up; it is tried again', errorFields(error));
      this.#isFailing = true;
      this.#report?.(error);
      return AGAIN_MS;
    }
  }
}

function waitAfter(outcome: RollUpOutcome, now: number): number {
  switch (outcome) {
    case 'more':
      return 0;
    case 'noted':
      return SETTLE_MS;
    case 'unsettled':
      return UNSETTLED_MS;
    case 'elsewhere':
      return AGAIN_MS;
    case 'done':
      return nextRollUpAt(now) - now;
    default:
      return outcome satisfies never;
  }
}
