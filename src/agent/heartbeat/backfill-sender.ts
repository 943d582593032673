import type { Clock } from '../../platform/clock.ts';
import { errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import type { HeartbeatDoor } from './heartbeat-sender.ts';
import { CHUNK_BEATS, type MissedBeats, type MissedChunk } from './missed-beats.ts';

export interface BackfillSenderOptions {
  readonly client: HeartbeatDoor;
  readonly missed: MissedBeats;
  /** Whether live beats arrive; while they don't, nothing of the past is tried. */
  readonly isConnected: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A fleet that found its orchestrator again together doesn't begin together. */
const BEGIN_JITTER_MS = 30_000;
/** Between requests of `CHUNK_BEATS`, half more or less: some 600 beats a minute. A day of 20 AI agents takes ten minutes. */
const PAUSE_MS = 10_000;
/** Beats in one request where a server has very many AI agents. */
const BEATS_PER_REQUEST_MAX = 500;
const BACKOFF = { baseMs: 10_000, maxMs: 300_000 };
const IDLE_MS = 3_600_000;
/** The body is wrong, or too large. */
const UNUSABLE_STATUSES: ReadonlySet<unknown> = new Set([400, 413]);

/** Tells the orchestrator what it has missed, oldest first, slowly, beside the live beats. */
export class BackfillSender implements AsyncDisposable {
  readonly #options: BackfillSenderOptions;
  readonly #pace: Pace;
  #isIdle = true;
  #failures = 0;
  /** After a refusal rows go one by one, so that one bad row doesn't hold the others. */
  #rowsMax = Number.POSITIVE_INFINITY;

  constructor(options: BackfillSenderOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#pace.start(IDLE_MS);
    return this;
  }

  /** Called when a live beat has arrived. */
  connected(): void {
    if (this.#isIdle && this.#options.missed.waiting) this.#pace.nudge();
  }

  async close(): Promise<void> {
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { missed, isConnected, random } = this.#options;
    if (!missed.waiting || !isConnected()) {
      this.#isIdle = true;
      return IDLE_MS;
    }
    if (this.#isIdle) {
      this.#isIdle = false;
      return random() * BEGIN_JITTER_MS;
    }
    const chunk = missed.next(this.#rowsMax);
    if (chunk === undefined) return PAUSE_MS;
    try {
      await this.#send(chunk, signal);
    } catch (error) {
      signal.throwIfAborted();
      return this.#failed(chunk, error);
    }
    missed.arrived(chunk);
    this.#failures = 0;
    return PAUSE_MS * (0.5 + random()) * Math.max(1, chunk.beats.length / CHUNK_BEATS);
  }

  async #send({ beats }: MissedChunk, signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#options;
    for (let start = 0; start < beats.length; start += BEATS_PER_REQUEST_MAX) {
      const answer = await client.sendHeartbeats(beats.slice(start, start + BEATS_PER_REQUEST_MAX), signal);
      const { length } = answer.rejected;
      if (length > 0)
        logger.warn('beats of the time without the orchestrator were not accepted', {
          beats: length,
          errorCode: answer.rejected[0]!.code,
          reason: answer.rejected[0]!.message,
        });
    }
  }

  #failed(chunk: MissedChunk, error: unknown): number {
    const { missed, logger, random } = this.#options;
    this.#failures++;
    const status = error instanceof NervesysError ? error.facts['status'] : undefined;
    const isUnusable =
      !isRetryable(error) && errorCode(error) === 'NSV_ORCHESTRATOR_REFUSED' && UNUSABLE_STATUSES.has(status);
    if (isUnusable && chunk.rows.length > 1) this.#rowsMax = 1;
    else if (isUnusable) {
      logger.error('beats of the time without the orchestrator were refused', errorFields(error));
      missed.arrived(chunk);
    }
    const asked = error instanceof NervesysError ? Number(error.facts['retryAfterMs'] ?? 0) : 0;
    return Math.max(Math.min(asked, BACKOFF.maxMs), backoffMs(this.#failures, BACKOFF, random));
  }
}
