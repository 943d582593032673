import type { ScopedCredentials } from '../../contract/credentials.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { S3Archive, type S3Parts } from '../../storage/index.ts';
import type { OrchestratorClient } from '../orchestrator-client.ts';
import type { WritableArchive } from './direct-delivery.ts';

export interface ScopedArchiveOptions {
  readonly client: Pick<OrchestratorClient, 'issueCredentials' | 'url'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of the S3 client; tests make it impatient. */
  readonly limits?: S3Parts['limits'];
}

/** Renewed when half of their time is over, and at the latest when this much of it is: a fleet that started together spreads out. */
const RENEW_FROM = 0.5;
const RENEW_UNTIL = 0.7;
/** This near to their end they count as over: a large batch over a poor line must still arrive with them. */
const SPARE = 0.02;
/** While they are good and can't be renewed: again after this, then more slowly. */
const BACKOFF = { baseMs: 15_000, maxMs: 600_000 };
/** A store that refuses keys which were good by their time gets new ones once within this; the orchestrator counts what it gives. */
const REPLACE_MS = 300_000;

/** Keys in use, in memory only. Times are monotonic: how long they last is told by the orchestrator, whatever this host's clock says. */
interface Held {
  readonly archive: S3Archive;
  readonly place: string;
  readonly renewAt: number;
  readonly overAt: number;
}

/**
 * The archive by credentials of the orchestrator (`credentials: scoped`): they may put below this server's prefix and expire. They are asked
 * for when the agent has joined and renewed in the background well before their end, so an orchestrator that is away for less than the
 * remaining time isn't missed; when they are over batches wait. They may not look: `head` and `get` say so without asking the store.
 */
export class ScopedArchive implements WritableArchive, AsyncDisposable {
  readonly #options: ScopedArchiveOptions;
  readonly #closing = new AbortController();
  readonly #pace: Pace;
  #held: Held | undefined;
  /** One question at a time, for whoever needs the answer. */
  #asking: Promise<Held> | undefined;
  #failures = 0;
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ScopedArchiveOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, () => this.#round());
  }

  /** Asks now, and renews from then on. Returns itself. */
  start(): this {
    this.#pace.start();
    return this;
  }

  get description(): string {
    const by = `by credentials of ${this.#options.client.url}`;
    return this.#held === undefined ? by : `${this.#held.archive.description} ${by}`;
  }

  /** As an archive does; besides it rejects as the orchestrator's answer when there are no good credentials. */
  async put(
    key: string,
    body: Uint8Array,
    signal?: AbortSignal,
    onLostAnswer?: () => void,
  ): Promise<'created' | 'taken'> {
    const held = await this.#good(signal);
    try {
      return await held.archive.put(key, body, signal, onLostAnswer);
    } catch (error) {
      // Refused before their time: revoked at the store, or this host was asleep. Once with new ones, then it is a matter for people.
      if (errorCode(error) !== 'NSV_ARCHIVE_DENIED' || !this.#mayReplace(held)) throw error;
      const { logger } = this.#options;
      logger.warn('the archive refuses the credentials; new ones are asked for', errorFields(error));
      const replaced = await this.#replace(held, signal);
      return replaced.archive.put(key, body, signal, onLostAnswer);
    }
  }

  async head(key: string): Promise<never> {
    throw mayNotLook(key);
  }

  async get(key: string): Promise<never> {
    throw mayNotLook(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await this.#pace.close();
    await this.#asking?.catch(() => undefined); // it was told to whoever waited for it
    await this.#held?.archive[Symbol.asyncDispose]();
    this.#held = undefined;
  }

  async #round(): Promise<number> {
    const { clock, random, logger } = this.#options;
    const dueInMs = this.#held === undefined ? 0 : this.#held.renewAt - clock.monotonic();
    if (dueInMs > 0) return dueInMs; // a put has asked meanwhile
    try {
      const { renewAt } = await this.#ask();
      return Math.max(1_000, renewAt - clock.monotonic());
    } catch (error) {
      if (this.#closing.signal.aborted) return 0;
      this.#failures++;
      const retryInMs = backoffMs(this.#failures, BACKOFF, random);
      const leftMs = Math.max(0, (this.#held?.overAt ?? 0) - clock.monotonic());
      logger.warn('credentials for the archive could not be had; it is tried again', {
        ...errorFields(error),
        leftMs: Math.round(leftMs),
        retryInMs,
      });
      return retryInMs;
    }
  }

  async #good(signal: AbortSignal | undefined): Promise<Held> {
    const held = this.#held;
    return held !== undefined && this.#options.clock.monotonic() < held.overAt ? held : this.#ask(signal);
  }

  #mayReplace(held: Held): boolean {
    if (held !== this.#held) return true; // they were renewed while the put was on its way
    return this.#options.clock.monotonic() - this.#replacedAt >= REPLACE_MS;
  }

  /** Others than these, which are over from now on: where none can be had, the next batch doesn't try them again. */
  async #replace(held: Held, signal: AbortSignal | undefined): Promise<Held> {
    if (held === this.#held) this.#held = { ...held, overAt: this.#options.clock.monotonic() };
    const replaced = await this.#good(signal);
    this.#replacedAt = this.#options.clock.monotonic();
    return replaced;
  }

  async #ask(signal?: AbortSignal): Promise<Held> {
    this.#asking ??= this.#renew().finally(() => {
      this.#asking = undefined;
    });
    const held = await this.#asking;
    signal?.throwIfAborted();
    return held;
  }

  async #renew(): Promise<Held> {
    const { client, clock, random, logger } = this.#options;
    const askedAt = clock.monotonic(); // from here on, since nobody knows when within the question their time began
    const given = await client.issueCredentials(this.#closing.signal);
    const lifetimeMs = Date.parse(given.expires_at) - Date.parse(given.now);
    const renewPart = RENEW_FROM + (RENEW_UNTIL - RENEW_FROM) * random();
    const { endpoint, region, bucket, addressing, logs_expire_after_seconds: expiry } = given;
    const place = JSON.stringify([endpoint, region, bucket, addressing, expiry]);
    const before = this.#held;
    let archive: S3Archive;
    if (before?.place === place) {
      archive = before.archive;
      archive.useKeys(keysOf(given));
    } else {
      archive = this.#open(given);
      await before?.archive[Symbol.asyncDispose]();
    }
    this.#held = {
      archive,
      place,
      renewAt: askedAt + lifetimeMs * renewPart,
      overAt: askedAt + lifetimeMs * (1 - SPARE),
    };
    this.#failures = 0;
    logger.info('credentials for the archive were renewed', {
      archive: archive.description,
      lifetimeMs: Math.round(lifetimeMs),
    });
    return this.#held;
  }

  #open(given: ScopedCredentials): S3Archive {
    const { clock, random, limits } = this.#options;
    const { endpoint, region, bucket, logs_expire_after_seconds: expiry } = given;
    const logsExpireAfterMs = expiry === undefined ? undefined : expiry * 1_000;
    const addressing = given.addressing === 'virtual_host' ? 'virtual-host' : 'path';
    return new S3Archive(
      { endpoint, region, bucket, addressing, logsExpireAfterMs, ...keysOf(given) },
      { clock, random, ...(limits === undefined ? {} : { limits }) },
    );
  }
}

function keysOf({ access_key, secret_key, session_token }: ScopedCredentials) {
  return { accessKey: access_key, secretKey: secret_key, sessionToken: session_token };
}

function mayNotLook(key: string): NervesysError {
  return new NervesysError('NSV_ARCHIVE_DENIED', `look at ${key}: scoped credentials may only write`);
}
