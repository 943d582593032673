import type { Clock } from '../platform/clock.ts';

/** What runs in the background, again and again, and how often it is to succeed. */
const DUTIES = {
  /** Judges whose heartbeat is overdue. */
  state_watch: 2_000,
  /** Sweeps what has expired: sessions, codes. */
  housekeeping: 3_600_000,
  /** Rolls the history up, makes partitions ahead, drops those past their time. */
  history: 300_000,
  /** Judges values by their thresholds. */
  threshold_watch: 5_000,
  /** Plans what is told to whom, and tells it. */
  alert_notifier: 1_000,
  /** Looks whether a backup of the database is due; how the last one went is in nervesys_backup_last_success_timestamp_seconds. */
  backup_watch: 30_000,
  /** Removes logs past their retention. */
  log_expiry: 600_000,
  /** Leads a rollout from stage to stage. */
  rollout_watch: 5_000,
  /** Looks what configuration is desired. */
  desired_config: 30_000,
  /** Puts revisions into the archive. */
  config_snapshots: 300_000,
  /** Looks which reports are due, and brings them to their shelves. */
  reports: 15_000,
  /** Looks at the repository of the configuration, where one is followed. */
  config_source: 60_000,
} as const;

export type DutyName = keyof typeof DUTIES;
export const DUTY_NAMES = Object.keys(DUTIES) as DutyName[];

/** What a duty tells after each round: nothing, or why it failed. */
export type DutyReport = (error?: unknown) => void;

export interface DutyView {
  readonly duty: DutyName;
  readonly intervalMs: number;
  /** Epoch ms; when it was taken up, before its first success. */
  readonly succeededAt: number;
  readonly failures: number;
}

/** When each duty of this process last succeeded. A duty that nobody has taken up here is not told of. */
export class Duties {
  readonly #clock: Clock;
  readonly #views = new Map<DutyName, DutyView>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This process takes up the duty; the answer is to be called after each of its rounds. */
  take(duty: DutyName, intervalMs: number = DUTIES[duty]): DutyReport {
    this.#views.set(duty, { duty, intervalMs, succeededAt: this.#clock.now(), failures: 0 });
    return (error) => {
      const view = this.#views.get(duty)!;
      this.#views.set(
        duty,
        error === undefined ? { ...view, succeededAt: this.#clock.now() } : { ...view, failures: view.failures + 1 },
      );
    };
  }

  get views(): readonly DutyView[] {
    return [...this.#views.values()];
  }
}
