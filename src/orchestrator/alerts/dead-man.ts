import type { Clock } from '../../platform/clock.ts';
import { errorCode } from '../../platform/errors.ts';
import { httpRequest } from '../../platform/http-request.ts';
import type { Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { cleanText } from '../../platform/safe-text.ts';

export interface DeadManOptions {
  /** Where somebody waits for the sign (Healthchecks and the like); a secret. */
  readonly url: string;
  /** Changes with the configuration. */
  readonly intervalMs: () => number;
  /** `true`, or why not: the sign vouches for work, not for a process. `undefined`: too early to say, and nothing is. */
  readonly healthy: () => true | string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DeadManState {
  /** ISO 8601, UTC, of the last sign of health that was taken; null: none yet. */
  readonly pinged_at: string | null;
  /** Why there was none at the last try; null: there was. */
  readonly problem: string | null;
}

const TIMEOUT_MS = 10_000;
/** One that was lost is repeated sooner than the next is due: whoever waits must not be alarmed by a hiccup. */
const RETRY_MS = 10_000;
const REASON_MAX = 200;
/** At the start it is asked again so soon. */
const EARLY_MS = 1_000;
/** The fleet is judged every two seconds; a round may have to wait for Postgres. */
const DONE_MS_MAX = 60_000;

/**
 * A sign of life outward at each interval, so that an orchestrator that is silent, and so can tell nobody, is noticed by somebody else. While
 * it isn't healthy the sign goes to `/fail`, with the reason. Each replica gives it; one that does is enough.
 */
export class DeadMan implements AsyncDisposable {
  readonly #options: DeadManOptions;
  readonly #pace: Pace;
  #state: DeadManState = { pinged_at: null, problem: null };

  constructor(options: DeadManOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.pingOnce(signal));
  }

  get state(): DeadManState {
    return this.#state;
  }

  start(): void {
    this.#pace.start(0);
  }

  /** One sign; answers when the next is due, in ms. */
  async pingOnce(signal?: AbortSignal): Promise<number> {
    const { clock, intervalMs, healthy } = this.#options;
    const health = healthy();
    if (health === undefined) return EARLY_MS;
    const failure = await this.#send(health, signal);
    if (failure !== undefined) {
      this.#note(`the sign of life could not be given: ${failure}`);
      return Math.min(RETRY_MS, intervalMs());
    }
    if (health === true) {
      if (this.#state.problem !== null) this.#options.logger.info('the sign of life is given again', {});
      this.#state = { pinged_at: new Date(clock.now()).toISOString(), problem: null };
    } else this.#note(`not healthy: ${health}`);
    return intervalMs();
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** `undefined`: it was taken. */
  async #send(health: true | string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const { url, clock } = this.#options;
    const target = new URL(url);
    if (health !== true) target.pathname = `${target.pathname.replace(/\/+$/, '')}/fail`;
    try {
      const { status } = await httpRequest(
        {
          method: 'POST',
          url: target,
          headers: { 'content-type': 'text/plain; charset=utf-8' },
          body: health === true ? 'ok' : cleanText(health, REASON_MAX),
          timeoutMs: TIMEOUT_MS,
          signal,
        },
        clock,
      );
      return status >= 200 && status < 300 ? undefined : `${target.host} answered ${status}`;
    } catch (error) {
      signal?.throwIfAborted();
      return `${target.host}: ${errorCode(error)}`; // the message would name the whole address
    }
  }

  #note(problem: string): void {
    if (this.#state.problem !== problem) this.#options.logger.warn('no sign of life outward', { reason: problem });
    this.#state = { ...this.#state, problem };
  }
}

/**
 * Whether the fleet is watched and alerts are told, by when each was last done (`undefined`: not yet); all on the monotonic clock. A start may
 * take as long as a round may.
 */
export function dutiesHealth(
  doneAt: readonly (number | undefined)[],
  openedAt: number,
  now: number,
): true | string | undefined {
  const silentMs = now - Math.min(...doneAt.map((at) => at ?? openedAt));
  if (silentMs > DONE_MS_MAX)
    return `the fleet has not been watched, or nobody told, for ${Math.round(silentMs / 1_000)} s: is Postgres away?`;
  return doneAt.includes(undefined) ? undefined : true;
}
