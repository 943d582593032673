import pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { errorCode } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { errorFields } from '../../platform/logger.ts';
import { copyIn, copyOut } from './copy.ts';
import { CONNECT_TIMEOUT_MS, type Listener, ListeningConnection } from './listening-connection.ts';
import { translate } from './unreachable.ts';

/** The answer of one statement. `count` is how many rows it gave or changed. */
export interface QueryAnswer<Row> {
  readonly rows: Row[];
  readonly count: number;
}

export interface QueryOptions {
  /** Prepares the statement under this name on each connection: for the few statements that run all the time. */
  readonly name?: string;
  /** It may take as long as it takes (a migration). Set `statement_timeout` for Postgres as well. */
  readonly patient?: boolean;
}

/** Whatever statements run on: the pool, or one transaction. Values always travel as parameters, never in the text. */
export interface Queryable {
  /**
   * Rows come as: int8 → number, timestamptz → Date, json/jsonb → parsed, numeric → string. A JSON parameter is handed in as
   * `JSON.stringify(…)` (an array would become a Postgres array), an instant as Date or ISO string.
   * Rejects with `NSV_DATABASE_UNREACHABLE` (retryable) when Postgres doesn't answer, else with pg's own error (`code` = SQLSTATE).
   */
  query<Row = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryAnswer<Row>>;
}

/** Statements that hold together or not at all; rows also come in and out as they stand in `COPY`'s text format, a piece at a time. */
export interface Transaction extends Queryable {
  /** Runs once it is committed, in the order of calls, and never where it isn't: for telling what has changed. Must not throw. */
  afterCommit(tell: () => void): void;
  /** `COPY … TO STDOUT`. Take it to its end; where that isn't wanted the transaction must fail. */
  copyOut(text: string): AsyncIterable<Buffer>;
  /** `COPY … FROM STDIN`; resolves with how many rows came in. */
  copyIn(text: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>;
}

/** The pool at this moment, and what failed since the start: Postgres did not answer, or refused the statement. */
export interface PoolState {
  readonly inUse: number;
  readonly idle: number;
  readonly max: number;
  readonly waiting: number;
  readonly errors: Readonly<Record<'unreachable' | 'refused', number>>;
}

export interface DatabaseOptions {
  readonly connection: pg.PoolConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connectionsMax?: number;
  /** How long a connection may be silent before it counts as broken; tests make it short. */
  readonly silenceMs?: number;
}

/** The embedded server takes 20 connections; two orchestrators (an old one closing, a new one starting) must fit. */
const CONNECTIONS_MAX = 8;
/** No request needs longer; a statement past it is cut so that it cannot hold a connection for ever. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Postgres itself has cut the statement before: a connection that says nothing for so long has lost its other end. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + 5_000;
/** Where nothing is asked nothing is missed, so a listening connection asks. */
const LISTENER_ASKS_MS = 30_000;

/** A pool of connections to one Postgres. Owns its connections, not the server behind them. */
export class Database implements Queryable, AsyncDisposable {
  readonly #pool: pg.Pool;
  #options: DatabaseOptions;
  readonly #listening: ListeningConnection;
  readonly #errors = { unreachable: 0, refused: 0 };
  #closed: Promise<void> | undefined;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      max: options.connectionsMax ?? CONNECTIONS_MAX,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'nervesys',
      types: { getTypeParser },
      ...options.connection,
    });
    this.#listening = new ListeningConnection({
      clock: options.clock,
      logger: options.logger,
      connection: () => this.#options.connection,
      asksMs: Math.min(LISTENER_ASKS_MS, this.#silenceMs),
      ask: (client) => runQuery(client, 'SELECT 1', [], {}, this.#silenceMs),
    });
    // An idle connection that breaks is replaced by the pool; without a listener Node would end the process.
    this.#pool.on('error', (error) => options.logger.warn('database connection lost', errorFields(error)));
  }

  /** New connections are made with this address from now on: its password was changed. Those that are open stay. */
  useAddress(connectionString: string): void {
    this.#options = { ...this.#options, connection: { ...this.#options.connection, connectionString } };
    this.#pool.options.connectionString = connectionString; // the pool hands its options to each new client
  }

  async query<Row = Record<string, unknown>>(
    text: string,
    params: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<QueryAnswer<Row>> {
    return this.#counted(runQuery<Row>(this.#pool, text, params, options, this.#silenceMs));
  }

  get state(): PoolState {
    const { totalCount, idleCount, waitingCount, options } = this.#pool;
    return {
      inUse: totalCount - idleCount,
      idle: idleCount,
      max: options.max,
      waiting: waitingCount,
      errors: { ...this.#errors },
    };
  }

  /** Runs `work` in one transaction on one connection: committed when it resolves, rolled back when it rejects. */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#counted(
      this.#pool.connect().catch((error: unknown) => {
        throw translate(error);
      }),
    );
    let broken: Error | undefined; // a connection that is of no more use is thrown away
    // One that breaks while `work` does something else has nobody else to hear of it: without a listener Node would end the process.
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    const committed: (() => void)[] = [];
    try {
      await runQuery(client, 'BEGIN', [], {}, this.#silenceMs);
      const result = await work({
        query: (text, params = [], options = {}) =>
          this.#counted(runQuery(client, text, params, options, this.#silenceMs)),
        afterCommit: (tell) => committed.push(tell),
        copyOut: (text) =>
          translated(
            copyOut(client, text, () => {
              broken ??= new Error('a copy was given up');
            }),
          ),
        copyIn: (text, chunks) =>
          copyIn(client, text, chunks).catch((error: unknown) => {
            throw translate(error);
          }),
      });
      await runQuery(client, 'COMMIT', [], {}, this.#silenceMs);
      for (const tell of committed) tell();
      return result;
    } catch (error) {
      // It gives no answer, or is the wrong server's now: a rollback would only be waited for.
      if (errorCode(error) === 'NSV_DATABASE_UNREACHABLE') broken ??= error as Error;
      if (broken === undefined) {
        await runQuery(client, 'ROLLBACK', [], {}, this.#silenceMs).catch((rollbackError: Error) => {
          broken = rollbackError;
        });
      }
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  /**
   * Hears `NOTIFY channel` until this database closes, on one connection for all channels that is renewed when it breaks.
   * Resolves once it hears. `channel` is a constant of ours, never input.
   */
  listen(channel: string, listener: Listener): Promise<void> {
    return this.#listening.hear(channel, listener);
  }

  /** Another database of the same server, as the same user. Whoever asks closes it. */
  sibling(name: string, connectionsMax = 2): Database {
    const { connection } = this.#options;
    const { connectionString } = connection;
    const place: pg.PoolConfig =
      connectionString === undefined ? { database: name } : { connectionString: namedIn(connectionString, name) };
    return new Database({ ...this.#options, connection: { ...connection, ...place }, connectionsMax });
  }

  /** Tells every listener on `channel`, of all replicas. At most 8,000 bytes (Postgres' bound). */
  async notify(channel: string, payload: string): Promise<void> {
    await this.query('SELECT pg_notify($1, $2)', [channel, payload]);
  }

  /** Waits for running statements, then closes every connection. Safe twice. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#listening.close();
      await this.#pool.end();
    })();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #silenceMs(): number {
    return this.#options.silenceMs ?? SILENCE_MS;
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.#errors[errorCode(error) === 'NSV_DATABASE_UNREACHABLE' ? 'unreachable' : 'refused']++;
      throw error;
    }
  }
}

async function runQuery<Row>(
  on: pg.Pool | pg.ClientBase,
  text: string,
  params: readonly unknown[],
  options: QueryOptions,
  silenceMs: number,
): Promise<QueryAnswer<Row>> {
  try {
    const answer = await on.query({
      text,
      values: params as unknown[],
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.patient === true ? {} : { query_timeout: silenceMs }),
    });
    return { rows: answer.rows as Row[], count: answer.rowCount ?? 0 };
  } catch (error) {
    throw translate(error);
  }
}

async function* translated(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    throw translate(error);
  }
}

function namedIn(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

const INT8_OID = 20;

/** int8 as number: our ids and counts stay far below 2^53; past it an error is better than a wrong number. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} is beyond 2^53`);
  return value;
}

// pg's declaration of getTypeParser is a union over OIDs and formats that a plain function can't spell.
const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === INT8_OID && format !== 'binary'
    ? parseInt8
    : pg.types.getTypeParser(oid, (format ?? 'text') as 'text')) as typeof pg.types.getTypeParser;
