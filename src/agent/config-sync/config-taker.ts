import type { Config } from '../../config/index.ts';
import { CONFIG_DELIVERY_FORMAT, type ConfigDelivery } from '../../contract/config-delivery.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';

/** What heartbeats say of the configuration. */
export interface ConfigState {
  readonly running: string;
  readonly desired: string;
  /** Why `desired` does not run. */
  readonly error: string | null;
}

export interface ConfigTakerOptions {
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
  readonly logger: Logger;
}

const ERROR_LENGTH_MAX = 500;
/** What can't be put into effect now (an address is taken) is tried again this often. */
const AGAIN_MS = 30_000;

/** Puts what comes into effect, from wherever it comes, one after the other, and knows what runs and what doesn't. */
export class ConfigTaker implements AsyncDisposable {
  readonly #options: ConfigTakerOptions;
  readonly #again: Pace;
  #state: ConfigState;
  #taking: Promise<void> = Promise.resolve();
  /** What is desired and may be put into effect later. */
  #waiting: ConfigDelivery | undefined;

  constructor(options: ConfigTakerOptions) {
    this.#options = options;
    this.#state = { running: options.running, desired: options.running, error: null };
    this.#again = new Pace(options.clock, async () => {
      const waiting = this.#waiting;
      if (waiting !== undefined) await this.#inTurn(async () => this.#waiting === waiting && this.#take(waiting));
      return AGAIN_MS;
    });
  }

  get state(): ConfigState {
    return this.#state;
  }

  /** Never rejects: what can't be put into effect is told in `state`. */
  take(delivery: ConfigDelivery): Promise<void> {
    this.#waiting = undefined;
    return this.#inTurn(() => this.#take(delivery));
  }

  /** `revision` is desired and can't run; what ran runs on. */
  refuse(revision: string, reason: string): void {
    this.#waiting = undefined;
    this.#become({ running: this.#state.running, desired: revision, error: reason.slice(0, ERROR_LENGTH_MAX) });
  }

  /** Tries nothing again from now on; resolves once nothing is being put into effect. Safe twice. */
  async close(): Promise<void> {
    await this.#again.close();
    await this.#taking;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #inTurn(work: () => Promise<unknown>): Promise<void> {
    this.#taking = this.#taking.then(async () => void (await work()));
    return this.#taking;
  }

  async #take(delivery: ConfigDelivery): Promise<void> {
    const { apply, logger } = this.#options;
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
      if (revision !== this.#state.running)
        logger.info('the configuration has changed', {
          revision,
          ...(later.length === 0 ? {} : { fromTheNextStart: later.join(', ') }),
        });
      this.#waiting = undefined;
      this.#become({ running: revision, desired: revision, error: null });
    } catch (error) {
      const before = this.#state;
      this.refuse(revision, describeError(error));
      if (JSON.stringify(before) !== JSON.stringify(this.#state))
        logger.error('a configuration cannot be put into effect; what ran runs on', {
          revision,
          ...errorFields(error),
        });
      if (errorCode(error) === 'NSV_CONFIG_INVALID') return; // it will never be
      this.#waiting = delivery;
      this.#again.start(AGAIN_MS);
    }
  }

  #become(state: ConfigState): void {
    const before = this.#state;
    this.#state = state;
    if (JSON.stringify(before) !== JSON.stringify(state)) this.#options.onChange();
  }
}
