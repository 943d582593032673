import type { ConfigDelivery } from '../../contract/config-delivery.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import type { ConfigTaker } from './config-taker.ts';

/** What the sync needs of the orchestrator. */
export interface ConfigDoor {
  /** What is desired, where it is another than `has`; held for up to `waitSeconds`. `undefined`: it is what we have. */
  pollConfig(has: string | undefined, waitSeconds: number, signal?: AbortSignal): Promise<ConfigDelivery | undefined>;
}

export interface ConfigSyncOptions {
  readonly client: ConfigDoor;
  readonly taker: ConfigTaker;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Below what proxies hold a connection open for. */
const WAIT_SECONDS = 50;
/** After an answer the next question follows within this, spread: a fleet that was told at once doesn't ask at once. */
const AGAIN_MS = 2_000;
/** What was held breaks for all at once when an orchestrator restarts: they ask again spread over this. */
const BROKEN_MS = 60_000;
/** A fleet whose orchestrator comes back asks spread over this; each who is told of a change then asks a second time. */
const BACKOFF_MS_MAX = 180_000;
/** Who has just started and was never answered tries sooner at first. */
const BACKOFF_MS_FIRST = 1_000;
/** What could not be put into effect (a folder that may not be read, a full disk) may be mended on the server: it is asked for again after this. */
const REFUSED_AGAIN_MS = 600_000;
/** An orchestrator that has no such address is an older one; it may be upgraded. */
const OLD_ORCHESTRATOR_MS = 600_000;

/** Asks the orchestrator what this server is to run, for ever, and puts it into effect. Nothing it does throws outside. */
export class ConfigSync implements AsyncDisposable {
  readonly #options: ConfigSyncOptions;
  readonly #pace: Pace;
  #failures = 0;
  #wasAnswered = false;
  /** When what was refused is tried again, on the monotonic clock; undefined: nothing is. */
  #againAt: number | undefined;

  constructor(options: ConfigSyncOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#pace.start();
    return this;
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { client, taker, random, logger } = this.#options;
    try {
      const delivery = await client.pollConfig(this.#has(), WAIT_SECONDS, signal);
      this.#failures = 0;
      this.#wasAnswered = true;
      if (delivery !== undefined) await taker.take(delivery);
      return AGAIN_MS * random();
    } catch (error) {
      signal.throwIfAborted();
      if (farCode(error) === 'NSV_NOT_FOUND') return OLD_ORCHESTRATOR_MS;
      this.#failures++;
      // Heartbeats tell of an orchestrator that is away; here it is worth a line only when it is something else.
      if (
        this.#failures === 1 &&
        errorCode(error) !== 'NSV_ORCHESTRATOR_UNREACHABLE' &&
        farCode(error) !== 'NSV_CONFIG_NONE'
      )
        logger.warn('the configuration is not asked for with success; what runs goes on', errorFields(error));
      return random() * this.#backoffMs();
    }
  }

  /** What we tell to have: what was given last, be it refused, so that it isn't given again and again. */
  #has(): string {
    const { clock, taker } = this.#options;
    const { running, desired, error } = taker.state;
    if (error === null) this.#againAt = undefined;
    else if (this.#againAt === undefined) this.#againAt = clock.monotonic() + REFUSED_AGAIN_MS;
    else if (clock.monotonic() >= this.#againAt) {
      this.#againAt = undefined;
      return running;
    }
    return desired;
  }

  #backoffMs(): number {
    if (!this.#wasAnswered) return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** this.#failures);
    return this.#failures === 1 ? BROKEN_MS : BACKOFF_MS_MAX;
  }
}

function farCode(error: unknown): unknown {
  return error instanceof NervesysError ? error.facts['code'] : undefined;
}
