import type { Config } from '../../config/index.ts';
import { CONFIG_DELIVERY_FORMAT, type ConfigDelivery } from '../../contract/config-delivery.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';

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
  readonly logger: Logger;
}

const ERROR_LENGTH_MAX = 500;

/** Puts what comes into effect, from wherever it comes, and knows what runs and what doesn't. */
export class ConfigTaker {
  readonly #options: ConfigTakerOptions;
  #state: ConfigState;

  constructor(options: ConfigTakerOptions) {
    this.#options = options;
    this.#state = { running: options.running, desired: options.running, error: null };
  }

  get state(): ConfigState {
    return this.#state;
  }

  /** Never rejects: what can't be put into effect is told in `state`. */
  async take(delivery: ConfigDelivery): Promise<void> {
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
      this.#become({ running: revision, desired: revision, error: null });
    } catch (error) {
      logger.error('a configuration cannot be put into effect; what ran runs on', { revision, ...errorFields(error) });
      this.refuse(revision, describeError(error));
    }
  }

  /** `revision` is desired and can't run; what ran runs on. */
  refuse(revision: string, reason: string): void {
    this.#become({ running: this.#state.running, desired: revision, error: reason.slice(0, ERROR_LENGTH_MAX) });
  }

  #become(state: ConfigState): void {
    const before = this.#state;
    this.#state = state;
    if (JSON.stringify(before) !== JSON.stringify(state)) this.#options.onChange();
  }
}
