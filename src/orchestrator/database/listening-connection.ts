import pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { systemRandom } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { translate } from './unreachable.ts';

export interface Listener {
  readonly onMessage: (payload: string) => void;
  /** After a lost connection: messages may have been missed, so re-read what they would have told. */
  readonly onGap?: () => void;
}

export interface ListeningConnectionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where to connect; asked again each time, since a password may change. */
  readonly connection: () => pg.PoolConfig;
  /** How often it is asked whether its other end is still there. */
  readonly asksMs: number;
  /** Asks it; rejects when no answer came in time. */
  readonly ask: (client: pg.Client) => Promise<unknown>;
}

export const CONNECT_TIMEOUT_MS = 5_000;
const BACKOFF = { baseMs: 200, maxMs: 10_000 };

/** Hears what is told by `NOTIFY`, of any number of channels by one connection, which is made by the first and renewed when it breaks. */
export class ListeningConnection {
  readonly #options: ListeningConnectionOptions;
  readonly #listeners: { readonly channel: string; readonly listener: Listener }[] = [];
  readonly #closing = new AbortController();
  #client: Promise<pg.Client> | undefined;
  #running: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ListeningConnectionOptions) {
    this.#options = options;
  }

  /** Resolves once `channel` is heard; rejects, and hears nothing, with `NSV_DATABASE_UNREACHABLE` or pg's own error. */
  async hear(channel: string, listener: Listener): Promise<void> {
    const entry = { channel, listener };
    this.#listeners.push(entry); // before it is connected: whoever connects listens to all of them
    this.#client ??= this.#connect();
    const made = this.#client;
    try {
      const client = await made;
      await this.#listenTo(client, channel); // twice is as good as once
    } catch (error) {
      this.#listeners.splice(this.#listeners.indexOf(entry), 1);
      if (this.#running === undefined && this.#client === made) this.#client = undefined;
      throw translate(error);
    }
    this.#running ??= this.#keep();
  }

  /** Resolves once the connection is closed. Safe twice. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await this.#running;
  }

  async #keep(): Promise<void> {
    for (;;) {
      const client = await this.#client!;
      await this.#brokenOrAborted(client);
      await client.end().catch(() => undefined);
      if (!(await this.#renew())) return;
      for (const { listener } of this.#listeners) listener.onGap?.();
    }
  }

  /** Tries until it is connected; false: it is closed before. */
  async #renew(): Promise<boolean> {
    const { clock, logger } = this.#options;
    for (let attempt = 1; !this.#closing.signal.aborted; attempt++) {
      try {
        await clock.sleep(backoffMs(attempt, BACKOFF, systemRandom), this.#closing.signal);
        const client = await this.#connect();
        this.#client = Promise.resolve(client);
        return true;
      } catch (error) {
        if (!this.#closing.signal.aborted) logger.warn('listening connection not restored yet', errorFields(error));
      }
    }
    return false;
  }

  /** Resolves when the connection has ended, doesn't answer any more, or we close. */
  async #brokenOrAborted(client: pg.Client): Promise<void> {
    const { clock, asksMs, ask } = this.#options;
    const over = new AbortController();
    const end = () => over.abort();
    client.once('end', end);
    const either = AbortSignal.any([over.signal, this.#closing.signal]);
    try {
      for (;;) {
        await clock.sleep(asksMs, either);
        await this.#inTurn(() => ask(client));
      }
    } catch {
      // Ended, or silent for too long: its other end may have gone without a word.
    } finally {
      client.off('end', end);
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.#options.connection(),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'nervesys listener',
      keepAlive: true,
    });
    client.on('error', () => undefined); // 'end' follows, which is waited for
    client.on('notification', ({ channel, payload }) => {
      for (const one of this.#listeners) if (one.channel === channel) one.listener.onMessage(payload ?? '');
    });
    try {
      await client.connect();
      for (const { channel } of this.#listeners) await this.#listenTo(client, channel);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw translate(error);
    }
    return client;
  }

  #listenTo(client: pg.Client, channel: string): Promise<unknown> {
    const text = `LISTEN ${client.escapeIdentifier(channel)}`;
    return this.#inTurn(() => client.query({ text, query_timeout: CONNECT_TIMEOUT_MS } as pg.QueryConfig));
  }

  /** A connection takes one statement at a time; each has its bound of time, so none holds up the next for ever. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
