import { isDeepStrictEqual } from 'node:util';
import type { ChannelSettings } from '../../../config/index.ts';
import { describeError, NervesysError } from '../../../platform/errors.ts';
import type { Channel } from './channel.ts';
import type { ChannelDeps } from './deps.ts';
import { isUnconfigured, openChannel, type Unconfigured } from './open-channel.ts';

export interface ChannelsOptions extends ChannelDeps {
  /** What the configuration has now. */
  readonly settings: () => readonly ChannelSettings[];
  /** A channel's secret by its name, from wherever secrets are; may throw where it can't be read. */
  readonly channelSecret: (name: string) => string | undefined;
}

/** One channel as people see it. */
export interface ChannelState {
  readonly settings: ChannelSettings;
  /** Absent: it can tell. */
  readonly unconfigured: Unconfigured | undefined;
}

interface Opened {
  readonly settings: ChannelSettings;
  readonly secret: string | undefined;
  readonly channel: Channel | Unconfigured;
}

/**
 * The channels of the configuration as it is at the moment. Settings and secret are looked up whenever one is asked for, and it is opened
 * anew when either has changed: a new revision, and a secret that was rotated in Vault or in a file, hold from the next message on.
 */
export class Channels {
  readonly #options: ChannelsOptions;
  readonly #opened = new Map<string, Opened>();
  /** What was told in the log, so that each is told once. */
  #told = '';

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  /** `undefined`: there is none of this name. One without its secret rejects whatever it is asked to tell, with `NSV_CHANNEL_UNCONFIGURED`. */
  get(name: string): Channel | undefined {
    const settings = this.#options.settings().find((one) => one.name === name);
    if (settings === undefined) return undefined;
    const opened = this.#open(settings);
    return isUnconfigured(opened) ? new UnconfiguredChannel(settings, opened) : opened;
  }

  /** All of them, in the order of the file. */
  list(): readonly ChannelState[] {
    return this.#options.settings().map((settings) => {
      const opened = this.#open(settings);
      return { settings, unconfigured: isUnconfigured(opened) ? opened : undefined };
    });
  }

  /** Tells in the log which can't be used; to be called at the start and after each change of the configuration. */
  look(): void {
    const unusable = this.list().filter((one) => one.unconfigured !== undefined);
    const told = JSON.stringify(unusable.map(({ settings, unconfigured }) => [settings.name, unconfigured]));
    if (told === this.#told) return;
    this.#told = told;
    for (const { settings, unconfigured } of unusable)
      this.#options.logger.warn('a channel cannot be used', { channel: settings.name, ...unconfigured });
  }

  #open(settings: ChannelSettings): Channel | Unconfigured {
    let secret: string | undefined;
    try {
      secret = this.#options.channelSecret(settings.name);
    } catch (error) {
      const hint = error instanceof NervesysError ? error.hint : undefined;
      return { problem: `its secret cannot be read: ${describeError(error)}`, hint: hint ?? 'see the message' };
    }
    const known = this.#opened.get(settings.name);
    if (known !== undefined && known.secret === secret && isDeepStrictEqual(known.settings, settings))
      return known.channel;
    const channel = openChannel(settings, secret, this.#options);
    this.#opened.set(settings.name, { settings, secret, channel });
    return channel;
  }
}

class UnconfiguredChannel implements Channel {
  readonly name: string;
  readonly type: Channel['type'];
  readonly #why: Unconfigured;

  constructor({ name, type }: ChannelSettings, why: Unconfigured) {
    this.name = name;
    this.type = type;
    this.#why = why;
  }

  async tell(): Promise<never> {
    const { problem, hint } = this.#why;
    throw new NervesysError('NSV_CHANNEL_UNCONFIGURED', `tell by channel ${this.name}: ${problem}`, { hint });
  }
}
