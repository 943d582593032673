import type { CorrectionsAnswer } from '../../contract/triage.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';

/** What the sync needs of the orchestrator. */
export interface CorrectionsDoor {
  fetchCorrections(has: string | undefined, signal?: AbortSignal): Promise<CorrectionsAnswer | undefined>;
  onCorrectionsTag(listener: ((tag: string) => void) | undefined): void;
}

/** Where corrections hold. */
export interface CorrectionsPlace {
  /** Of those that hold; `undefined`: none were ever fetched. */
  readonly correctionsTag: string | undefined;
  useCorrections(answer: CorrectionsAnswer): Promise<void>;
}

export interface CorrectionsSyncOptions {
  readonly client: CorrectionsDoor;
  readonly place: CorrectionsPlace;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };
/** A fleet that hears of a correction at once doesn't fetch it at once. */
const SPREAD_MS = 2_000;
const AGAIN_MS = 5_000;
/** Nothing to do until another tag is told. */
const IDLE_MS = 3_600_000;

/** Fetches what people said of templates whenever the orchestrator tells a tag that is another than that of what holds here. */
export class CorrectionsSync implements AsyncDisposable {
  readonly #options: CorrectionsSyncOptions;
  readonly #pace: Pace;
  #told: string | undefined;
  #failures = 0;

  constructor(options: CorrectionsSyncOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  /** Returns itself. */
  start(): this {
    const { client, place } = this.#options;
    client.onCorrectionsTag((tag) => {
      if (tag === this.#told) return;
      this.#told = tag;
      if (tag !== place.correctionsTag && this.#failures === 0) this.#pace.nudge();
    });
    this.#pace.start(IDLE_MS);
    return this;
  }

  async close(): Promise<void> {
    this.#options.client.onCorrectionsTag(undefined);
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { client, place, clock, random, logger } = this.#options;
    const tag = this.#told;
    if (tag === undefined || tag === place.correctionsTag) return IDLE_MS;
    try {
      await clock.sleep(SPREAD_MS * random(), signal);
      const answer = await client.fetchCorrections(place.correctionsTag, signal);
      if (answer !== undefined) await place.useCorrections(answer);
      this.#failures = 0;
      return this.#told === place.correctionsTag ? IDLE_MS : AGAIN_MS; // a replica that doesn't know of it yet
    } catch (error) {
      signal.throwIfAborted();
      this.#failures++;
      if (this.#failures === 1 && errorCode(error) !== 'NSV_ORCHESTRATOR_UNREACHABLE')
        logger.warn('what people said of templates could not be fetched; what holds goes on', errorFields(error));
      return backoffMs(this.#failures, BACKOFF, random);
    }
  }
}
