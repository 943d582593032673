import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { systemRandom } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { VaultClient, type VaultSecret, type VaultSettings } from './vault-client.ts';

export interface VaultSecretsOptions {
  readonly settings: VaultSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often Vault is asked for a newer version. */
  readonly refreshMs?: number;
}

/** A changed password is used within this; one small request a minute costs Vault nothing. */
const REFRESH_MS = 60_000;
const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };

/**
 * The secret as it stands in Vault, held in memory only. Read once when it is opened, which fails with `NSV_VAULT_*`; then looked at
 * again and again. While Vault is away, sealed or refuses, what was read last stays in use, and the log tells.
 */
export class VaultSecrets implements AsyncDisposable {
  readonly #client: VaultClient;
  readonly #options: VaultSecretsOptions;
  #secret: VaultSecret;
  #failures = 0;
  #trouble: unknown;
  #pace: Pace | undefined;

  static async open(options: VaultSecretsOptions): Promise<VaultSecrets> {
    const client = new VaultClient(options.settings, options.clock);
    return new VaultSecrets(client, await client.read(), options);
  }

  private constructor(client: VaultClient, secret: VaultSecret, options: VaultSecretsOptions) {
    this.#client = client;
    this.#secret = secret;
    this.#options = options;
  }

  /** Never log this. */
  get values(): Readonly<Record<string, string>> {
    return this.#secret.values;
  }

  /** Why the last look failed; `undefined`: it went well. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** Tells `onChange` of every newer version from now on. Whatever it throws is logged, and the older values stay. */
  watch(onChange: (values: Readonly<Record<string, string>>) => void): void {
    const { clock } = this.#options;
    this.#pace ??= new Pace(clock, (signal) => this.#refresh(onChange, signal)).start(this.#waitMs());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pace?.close();
  }

  async #refresh(onChange: (values: Readonly<Record<string, string>>) => void, signal: AbortSignal): Promise<number> {
    const { logger } = this.#options;
    try {
      const secret = await this.#client.read(signal);
      this.#failures = 0;
      this.#trouble = undefined;
      if (secret.version !== this.#secret.version) {
        onChange(secret.values);
        this.#secret = secret;
        logger.info('secrets renewed from Vault', { version: secret.version });
      }
      return this.#waitMs();
    } catch (error) {
      signal.throwIfAborted();
      this.#failures++;
      this.#trouble = error;
      logger.warn('secrets could not be looked up in Vault; the last ones stay in use', errorFields(error));
      return backoffMs(this.#failures, BACKOFF, systemRandom);
    }
  }

  /** Not longer than the lease wants, but never at once: a lease of a second is renewed once a second. */
  #waitMs(): number {
    return Math.max(500, Math.min(this.#options.refreshMs ?? REFRESH_MS, this.#client.renewalDueMs));
  }
}
