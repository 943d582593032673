import type { PlacedBatch } from '../../contract/credentials.ts';
import { type Clock, withDeadline } from '../../platform/clock.ts';
import { isRetryable } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import type { OrchestratorClient } from '../orchestrator-client.ts';

/** Batches that the orchestrator wasn't told of yet: sixteen hours of ten-minute windows, a few hundred KB. Past it the oldest note goes. */
const NOTES_MAX = 100;
const BACKOFF = { baseMs: 2_000, maxMs: 60_000 };
const IDLE_MS = 3_600_000;
/** At the end, so much for what wasn't told yet. */
const CLOSING_MS = 2_000;

/**
 * Tells the orchestrator where this server has put batches by itself, so that the catalog, and with it search, knows them soon. In memory, and
 * never in the way of a batch: a note that is lost leaves an object that `nervesys archive reindex` finds.
 */
export class PlacedNotes implements AsyncDisposable {
  readonly #options: {
    readonly client: Pick<OrchestratorClient, 'placeBatch'>;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  };
  readonly #pace: Pace;
  readonly #notes: PlacedBatch[] = [];
  #failures = 0;

  constructor(options: {
    readonly client: Pick<OrchestratorClient, 'placeBatch'>;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  }) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#pace.start(IDLE_MS);
    return this;
  }

  add(note: PlacedBatch): void {
    this.#notes.push(note);
    if (this.#notes.length > NOTES_MAX) {
      const { key } = this.#notes.shift()!;
      this.#options.logger.warn('the orchestrator could not be told of a batch; a reindex finds it', { key });
    }
    if (this.#failures === 0) this.#pace.nudge();
  }

  /** Stops after one more attempt at what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pace.close();
    if (this.#notes.length === 0) return;
    const { clock, logger } = this.#options;
    await withDeadline(clock, CLOSING_MS, undefined, (inTime) => this.#tellAll(inTime)).catch((error: unknown) =>
      logger.warn('the orchestrator could not be told of batches; a reindex finds them', {
        batches: this.#notes.length,
        ...errorFields(error),
      }),
    );
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { random, logger } = this.#options;
    try {
      await this.#tellAll(signal);
      this.#failures = 0;
      return IDLE_MS;
    } catch (error) {
      signal.throwIfAborted();
      this.#failures++;
      const retryInMs = backoffMs(this.#failures, BACKOFF, random);
      logger.info('the orchestrator was not told of a batch yet', { ...errorFields(error), retryInMs });
      return retryInMs;
    }
  }

  async #tellAll(signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#options;
    for (let note = this.#notes[0]; note !== undefined; note = this.#notes[0]) {
      try {
        const standing = await client.placeBatch(note, signal);
        if (standing !== 'ours') logger.warn('the orchestrator does not find a batch', { key: note.key, standing });
      } catch (error) {
        signal.throwIfAborted();
        if (isRetryable(error)) throw error;
        logger.warn('the orchestrator refuses to hear of a batch', { key: note.key, ...errorFields(error) });
      }
      if (this.#notes[0] === note) this.#notes.shift();
    }
  }
}
