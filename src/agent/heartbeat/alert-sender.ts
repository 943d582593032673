import type { AlertReport } from '../../contract/alert.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';

/** What the sender needs of the orchestrator. */
export interface AlertDoor {
  sendAlerts(alerts: readonly AlertReport[], signal?: AbortSignal): Promise<void>;
}

/** Where alerts wait; the buffer's `WaitingAlerts` is the real one. */
export interface AlertQueue {
  readonly size: number;
  /** The next ones, each under an id that stays the same until it is removed. */
  next(alertsMax: number, bytesMax: number): readonly AlertReport[];
  remove(alerts: readonly AlertReport[]): void;
  /** It will never be taken as it is. */
  refused(alert: AlertReport): void;
  /** Calls `listener` when one came. */
  onTold(listener: (() => void) | undefined): void;
}

export interface AlertSenderOptions {
  readonly queue: AlertQueue;
  readonly client: AlertDoor;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const ALERTS_PER_REQUEST_MAX = 100;
/** An orchestrator takes 1 MiB at a time. */
const REQUEST_BYTES_MAX = 700_000;
const BACKOFF = { baseMs: 500, maxMs: 30_000 };
/** A longer wait than this isn't heeded: an alert is news. */
const RETRY_AFTER_MS_MAX = 300_000;
/** With nothing to send there is nothing to do until somebody tells something. */
const IDLE_MS = 3_600_000;
/** The body is wrong, or too large. */
const UNUSABLE_STATUSES: ReadonlySet<unknown> = new Set([400, 413]);

/** Brings the alerts that wait to the orchestrator, at once or as soon as it can be reached. */
export class AlertSender implements AsyncDisposable {
  readonly #options: AlertSenderOptions;
  readonly #pace: Pace;
  #failures = 0;
  /** After a refusal alerts go one by one, so that one bad alert doesn't hold the others. */
  #requestMax = ALERTS_PER_REQUEST_MAX;

  constructor(options: AlertSenderOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#options.queue.onTold(() => {
      if (this.#failures === 0) this.#pace.nudge();
    });
    this.#pace.start();
    return this;
  }

  async close(): Promise<void> {
    this.#options.queue.onTold(undefined);
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { queue, client } = this.#options;
    const alerts = queue.next(this.#requestMax, REQUEST_BYTES_MAX);
    if (alerts.length === 0) return IDLE_MS;
    try {
      await client.sendAlerts(alerts, signal);
    } catch (error) {
      signal.throwIfAborted();
      return this.#failed(alerts, error);
    }
    queue.remove(alerts);
    this.#failures = 0;
    return this.#next();
  }

  #failed(alerts: readonly AlertReport[], error: unknown): number {
    const { queue, logger, random } = this.#options;
    const isUnusable =
      !isRetryable(error) && errorCode(error) === 'NSV_ORCHESTRATOR_REFUSED' && UNUSABLE_STATUSES.has(statusOf(error));
    if (isUnusable && alerts.length > 1) {
      this.#requestMax = 1;
      return 0;
    }
    if (isUnusable) {
      const [alert] = alerts;
      logger.error('an alert was refused', {
        dedupKey: alert!.dedup_key,
        title: alert!.title,
        ...errorFields(error),
      });
      queue.refused(alert!);
      return this.#next();
    }
    this.#failures++;
    if (this.#failures === 1)
      logger.warn('alerts wait for the orchestrator', { waiting: queue.size, ...errorFields(error) });
    const asked = error instanceof NervesysError ? Number(error.facts['retryAfterMs'] ?? 0) : 0;
    return Math.max(Math.min(asked, RETRY_AFTER_MS_MAX), backoffMs(this.#failures, BACKOFF, random));
  }

  #next(): number {
    if (this.#options.queue.size > 0) return 0;
    this.#requestMax = ALERTS_PER_REQUEST_MAX;
    return IDLE_MS;
  }
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'facts' in error
    ? (error.facts as Readonly<Record<string, unknown>>)['status']
    : undefined;
}
