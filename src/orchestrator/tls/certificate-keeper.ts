import type { Server } from 'node:https';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { CertificateSource, ServerCertificate } from './server-certificate.ts';

/** How often the source is asked again: a renewal shows within the hour. */
export const LOOK_AGAIN_MS = 3_600_000;
/** Told in the log from here on: whoever should have renewed it hasn't. */
const ENDS_SOON_MS = 14 * 24 * 3_600_000;

export interface CertificateKeeperOptions {
  readonly source: CertificateSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the listener's certificate fresh: connections that are open stay, new ones get the new one. */
export class CertificateKeeper implements AsyncDisposable {
  readonly #options: CertificateKeeperOptions;
  readonly #closing = new AbortController();
  #current: ServerCertificate;
  #running: Promise<void> = Promise.resolve();

  /** Rejects where there is no certificate that can be used. */
  static async open(options: CertificateKeeperOptions): Promise<CertificateKeeper> {
    return new CertificateKeeper(options, await options.source.load(options.clock.now()));
  }

  private constructor(options: CertificateKeeperOptions, first: ServerCertificate) {
    this.#options = options;
    this.#current = first;
  }

  get current(): ServerCertificate {
    return this.#current;
  }

  /** Looks after `server`'s certificate until closed; `changed` is told of each new one. */
  keep(server: Server, changed: (certificate: ServerCertificate) => Promise<void>): void {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    this.#running = (async () => {
      for (;;) {
        await clock.sleep(LOOK_AGAIN_MS, signal);
        await this.lookAgain(server, changed);
      }
    })().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** One look. What can't be used leaves the old certificate in place, and is told. */
  async lookAgain(server: Server, changed: (certificate: ServerCertificate) => Promise<void>): Promise<void> {
    const { source, clock, logger } = this.#options;
    try {
      const next = await source.load(clock.now());
      if (next.chain !== this.#current.chain) {
        server.setSecureContext({ cert: next.chain, key: next.key, minVersion: 'TLSv1.2' });
        this.#current = next;
        await changed(next);
        logger.info('the certificate was renewed', { validUntil: new Date(next.validUntil).toISOString() });
      }
    } catch (error) {
      logger.error('the certificate could not be renewed; the old one stays', errorFields(error));
    }
    const { validUntil } = this.#current;
    if (validUntil - clock.now() < ENDS_SOON_MS)
      logger.warn('the certificate ends soon', { validUntil: new Date(validUntil).toISOString() });
  }

  async close(): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
