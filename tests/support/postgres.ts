import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../src/orchestrator/database/database.ts';
import { EmbeddedPostgres } from '../../src/orchestrator/database/embedded-postgres.ts';
import { migrate } from '../../src/orchestrator/database/migrate.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { startDebianPostgres } from './debian-postgres.ts';
import { preparePostgres, UNSAFE_SETTINGS } from './postgres-template.ts';

/** What tests need of a server, whoever runs it. */
export type PostgresServer = Pick<EmbeddedPostgres, 'connection' | 'pid' | 'close'>;

/**
 * A real Postgres for one test file, with as many databases as it has tests: each is cloned from one
 * that was migrated once (about 50 ms).
 *
 *     const postgres = await TestPostgres.start();
 *     after(() => postgres.close());
 *     test('…', async () => {
 *       await using database = await postgres.database();
 *
 * `TEST_POSTGRES=debian` runs a file against Debian's server instead of the one that we bring.
 */
export class TestPostgres {
  readonly server: PostgresServer;
  readonly #folder: string;
  readonly #open = new Set<Database>();
  readonly #onExit: () => void;
  #count = 0;

  private constructor(server: PostgresServer, folder: string) {
    this.server = server;
    this.#folder = folder;
    // A test process that falls over leaves nothing behind either.
    this.#onExit = () => {
      try {
        if (server.pid !== undefined) process.kill(server.pid, 'SIGQUIT');
      } catch {
        // it has ended already
      }
      rmSync(folder, { recursive: true, force: true });
    };
    process.once('exit', this.#onExit);
  }

  static async start(by: 'embedded' | 'debian' = chosenServer()): Promise<TestPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'nervesys-postgres-'));
    if (by === 'embedded') return new TestPostgres(await startEmbedded(folder), folder);
    const postgres = new TestPostgres(await startDebianPostgres(), folder);
    const template = postgres.connect('nervesys');
    await migrate(template, systemClock);
    await template.close(); // a database with connections can't be cloned
    return postgres;
  }

  /** A database of its own, migrated, with the partitions of these days, and otherwise empty. Close it, or leave that to `close()`. */
  async database(): Promise<Database> {
    return this.connect(await this.#create('TEMPLATE nervesys'));
  }

  /** A database as the migrations leave it, without a partition of any day. */
  async migratedDatabase(): Promise<Database> {
    const database = await this.emptyDatabase();
    await migrate(database, systemClock);
    return database;
  }

  /** A database without any table. */
  async emptyDatabase(): Promise<Database> {
    return this.connect(await this.#create('TEMPLATE template0'));
  }

  /** One more pool on a database that exists, as another replica would have. */
  connect(name: string): Database {
    const database = new Database({
      connection: this.server.connection(name),
      clock: systemClock,
      logger: silentLogger,
      connectionsMax: 4,
    });
    this.#open.add(database);
    return database;
  }

  /** The name of the database that was made last, for `connect`. */
  get lastName(): string {
    return `test_${this.#count}`;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((database) => database.close()));
    await this.server.close();
    await rm(this.#folder, { recursive: true, force: true });
    process.off('exit', this.#onExit); // last: a process that is ended in the middle of this leaves nothing either
  }

  async #create(from: string): Promise<string> {
    this.#count++;
    const name = this.lastName;
    const admin = this.connect('postgres');
    await admin.query(`CREATE DATABASE ${name} ${from} STRATEGY FILE_COPY`); // half the work of the other way, for so small a one
    await admin.close();
    return name;
  }
}

function chosenServer(): 'embedded' | 'debian' {
  return process.env['TEST_POSTGRES'] === 'debian' ? 'debian' : 'embedded';
}

async function startEmbedded(folder: string): Promise<EmbeddedPostgres> {
  await preparePostgres(folder);
  return EmbeddedPostgres.start({
    folder,
    clock: systemClock,
    logger: silentLogger,
    // Its few connections are for two orchestrators; a test has pools of several, and of its own, that keep theirs open for seconds.
    settings: { ...UNSAFE_SETTINGS, max_connections: '60' },
  });
}
