import { type AlertReport, severityRank } from '../../contract/alert.ts';
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

export interface AlertSenderOptions {
  readonly client: AlertDoor;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly waitingMax?: number;
}

const WAITING_MAX_DEFAULT = 1_000;
const ALERTS_PER_REQUEST_MAX = 100;
const BACKOFF = { baseMs: 500, maxMs: 30_000 };
/** A longer wait than this isn't heeded: an alert is news. */
const RETRY_AFTER_MS_MAX = 300_000;
/** With nothing to send there is nothing to do until somebody tells something. */
const IDLE_MS = 3_600_000;

/**
 * Brings alerts to the orchestrator, and keeps those that it can't bring yet, in memory. The same trouble told again while it waits
 * replaces what waits (the orchestrator counts repeats by `dedup_key`). Past the bound the least severe, oldest one goes, and is counted.
 */
export class AlertSender implements AsyncDisposable {
  readonly #options: AlertSenderOptions;
  readonly #waiting = new Map<string, AlertReport>();
  readonly #pace: Pace;
  #failures = 0;
  /** After a refusal alerts go one by one, so that one bad alert doesn't hold the others. */
  #requestMax = ALERTS_PER_REQUEST_MAX;
  #dropped = 0;

  constructor(options: AlertSenderOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#pace.start();
    return this;
  }

  /** Takes an alert; it leaves at once, or as soon as the orchestrator can be reached. Never throws. */
  tell(alert: AlertReport): void {
    this.#waiting.delete(alert.dedup_key); // told again: it goes to the end with its latest words
    this.#waiting.set(alert.dedup_key, alert);
    if (this.#waiting.size > (this.#options.waitingMax ?? WAITING_MAX_DEFAULT)) this.#dropLeast();
    if (this.#failures === 0) this.#pace.nudge();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Alerts that were given up: past the bound, or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  async close(): Promise<void> {
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const alerts = [...this.#waiting.values()].slice(0, this.#requestMax);
    if (alerts.length === 0) return IDLE_MS;
    try {
      await this.#options.client.sendAlerts(alerts, signal);
    } catch (error) {
      signal.throwIfAborted();
      return this.#failed(alerts, error);
    }
    this.#remove(alerts);
    this.#failures = 0;
    return this.#next();
  }

  #failed(alerts: readonly AlertReport[], error: unknown): number {
    const { logger, random } = this.#options;
    const unusable = !isRetryable(error) && errorCode(error) === 'NSV_ORCHESTRATOR_REFUSED' && statusOf(error) === 400;
    if (unusable && alerts.length > 1) {
      this.#requestMax = 1;
      return 0;
    }
    if (unusable) {
      logger.error('an alert was refused', {
        dedupKey: alerts[0]!.dedup_key,
        title: alerts[0]!.title,
        ...errorFields(error),
      });
      this.#remove(alerts);
      this.#dropped++;
      return this.#next();
    }
    this.#failures++;
    if (this.#failures === 1)
      logger.warn('alerts wait for the orchestrator', { waiting: this.#waiting.size, ...errorFields(error) });
    const asked = error instanceof NervesysError ? Number(error.facts['retryAfterMs'] ?? 0) : 0;
    return Math.max(Math.min(asked, RETRY_AFTER_MS_MAX), backoffMs(this.#failures, BACKOFF, random));
  }

  /** What was sent goes, unless the same trouble was told with newer words meanwhile. */
  #remove(alerts: readonly AlertReport[]): void {
    for (const alert of alerts) if (this.#waiting.get(alert.dedup_key) === alert) this.#waiting.delete(alert.dedup_key);
  }

  #next(): number {
    if (this.#waiting.size > 0) return 0;
    this.#requestMax = ALERTS_PER_REQUEST_MAX;
    return IDLE_MS;
  }

  #dropLeast(): void {
    let least: AlertReport | undefined;
    for (const alert of this.#waiting.values())
      if (least === undefined || severityRank(alert.severity) < severityRank(least.severity)) least = alert;
    if (least === undefined) return;
    this.#waiting.delete(least.dedup_key);
    this.#dropped++;
    this.#options.logger.error('an alert was given up: too many wait', {
      dedupKey: least.dedup_key,
      title: least.title,
    });
  }
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'facts' in error
    ? (error.facts as Readonly<Record<string, unknown>>)['status']
    : undefined;
}
