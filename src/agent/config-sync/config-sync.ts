import type { Config } from '../../config/index.ts';
import { CONFIG_DELIVERY_FORMAT, type ConfigDelivery } from '../../contract/config-delivery.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';

/** What the sync needs of the orchestrator. */
export interface ConfigDoor {
  /** What is desired, where it is another than `has`; held for up to `waitSeconds`. `undefined`: it is what we have. */
  pollConfig(has: string | undefined, waitSeconds: number, signal?: AbortSignal): Promise<ConfigDelivery | undefined>;
}

export interface ConfigSyncOptions {
  readonly client: ConfigDoor;
  /** What runs at the start. */
  readonly running: string;
  /**
   * Puts a configuration into effect, and resolves with the settings that hold from the next start on. Rejects where it can't be: what ran
   * goes on running then.
   */
  readonly apply: (config: Config, delivery: ConfigDelivery) => Promise<readonly string[]>;
  /** Called after each change of `state`: people want to see it. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Below what proxies hold a connection open for. */
const WAIT_SECONDS = 50;
/** After an answer the next question follows within this, spread: a fleet that was told at once doesn't ask at once. */
const AGAIN_MS = 2_000;
/** A fleet whose orchestrator comes back asks spread over this. */
const BACKOFF_MS_MAX = 60_000;
const BACKOFF_MS_FIRST = 1_000;
/** An orchestrator that has no such address is an older one; it may be upgraded. */
const OLD_ORCHESTRATOR_MS = 600_000;
const ERROR_LENGTH_MAX = 500;

/** What heartbeats say of the configuration. */
export interface ConfigState {
  readonly running: string;
  readonly desired: string;
  /** Why `desired` does not run. */
  readonly error: string | null;
}

/** Asks the orchestrator what this server is to run, for ever, and puts it into effect. Nothing it does throws outside. */
export class ConfigSync implements AsyncDisposable {
  readonly #options: ConfigSyncOptions;
  readonly #pace: Pace;
  #state: ConfigState;
  #failures = 0;

  constructor(options: ConfigSyncOptions) {
    this.#options = options;
    this.#state = { running: options.running, desired: options.running, error: null };
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#pace.start();
    return this;
  }

  get state(): ConfigState {
    return this.#state;
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { client, random, logger } = this.#options;
    try {
      const delivery = await client.pollConfig(this.#state.desired, WAIT_SECONDS, signal);
      this.#failures = 0;
      if (delivery !== undefined) await this.#take(delivery);
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
      return random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** this.#failures);
    }
  }

  async #take(delivery: ConfigDelivery): Promise<void> {
    const { apply, onChange, logger } = this.#options;
    const { revision } = delivery;
    try {
      if (delivery.format !== CONFIG_DELIVERY_FORMAT)
        throw new NervesysError(
          'NSV_CONFIG_INVALID',
          `it is in form ${delivery.format}, this agent reads ${CONFIG_DELIVERY_FORMAT}`,
          {
            hint: 'upgrade this agent: nervesys fleet upgrade',
          },
        );
      const { readServerPart } = await import('../../config/read-server-part.ts');
      const later = await apply(await readServerPart(delivery.config, revision), delivery);
      this.#state = { running: revision, desired: revision, error: null };
      logger.info('the configuration has changed', {
        revision,
        ...(later.length === 0 ? {} : { fromTheNextStart: later.join(', ') }),
      });
    } catch (error) {
      const reason = describeError(error).slice(0, ERROR_LENGTH_MAX);
      this.#state = { running: this.#state.running, desired: revision, error: reason };
      logger.error('a configuration cannot be put into effect; what ran runs on', { revision, ...errorFields(error) });
    }
    onChange();
  }
}

function farCode(error: unknown): unknown {
  return error instanceof NervesysError ? error.facts['code'] : undefined;
}
