import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { Database } from './database.ts';
import { EmbeddedPostgres } from './embedded-postgres.ts';
import { migrate } from './migrate.ts';

export interface OpenDatabaseOptions {
  /** `postgres://…` of a server that exists; else the embedded one is started below `folder`. */
  readonly databaseUrl?: string | undefined;
  /** `<home>/orchestrator`, absolute: where the embedded server keeps its data. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A database with its server behind it; closing closes both, connections first. */
export interface OpenedDatabase extends AsyncDisposable {
  readonly database: Database;
  /** What people are told: where the data is. No secret. */
  readonly description: string;
  close(): Promise<void>;
}

/** Connects (starting the embedded server where none is given) and brings the schema up to date. */
export async function openDatabase(options: OpenDatabaseOptions): Promise<OpenedDatabase> {
  const opened = await openServer(options);
  try {
    await migrate(opened.database, options.clock);
  } catch (error) {
    await opened.close();
    throw error;
  }
  return opened;
}

/** The same, and the database is left as it is found. */
export async function openServer(options: OpenDatabaseOptions): Promise<OpenedDatabase> {
  const { databaseUrl, folder, clock, logger } = options;
  const server = databaseUrl === undefined ? await EmbeddedPostgres.start({ folder, clock, logger }) : undefined;
  const connection = server?.connection() ?? { connectionString: checkUrl(databaseUrl as string) };
  const database = new Database({ connection, clock, logger });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= database.close().finally(() => server?.close());
    return closed;
  };
  const description = databaseUrl === undefined ? `embedded, in ${folder}/postgres` : withoutSecrets(databaseUrl);
  return { database, description, close, [Symbol.asyncDispose]: close };
}

function checkUrl(text: string): string {
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  // The text may hold a password: it is not repeated.
  throw new NervesysError('NSV_SETTING_INVALID', 'DATABASE_URL is not a Postgres address', {
    hint: 'write it as postgres://user:password@host:5432/database',
  });
}

function withoutSecrets(text: string): string {
  const url = new URL(text);
  return `postgres://${url.host}${url.pathname}`;
}
