import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Database } from '../src/orchestrator/database/database.ts';
import { EmbeddedPostgres } from '../src/orchestrator/database/embedded-postgres.ts';
import { migrate } from '../src/orchestrator/database/migrate.ts';
import { systemClock } from '../src/platform/clock.ts';
import { silentLogger } from '../src/platform/logger.ts';
import { cleanEnvironment, cpuSeconds, stop } from './processes.ts';

const MAIN = resolve(import.meta.dirname, '../src/main.ts');

/** An orchestrator as a process of its own, over a Postgres of its own with the settings that it has by default: durable. */
export class BenchOrchestrator implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly database: Database;
  readonly #postgres: EmbeddedPostgres;
  readonly #child: ChildProcess;

  /** `env`: more of its environment. Its home is `home` below the folder; what stands there already is used. */
  static async start(folder: string, env: Readonly<Record<string, string>> = {}): Promise<BenchOrchestrator> {
    const postgres = await EmbeddedPostgres.start({
      folder: join(folder, 'database'),
      clock: systemClock,
      logger: silentLogger,
    });
    const { host, port, user, database } = postgres.connection();
    const home = join(folder, 'home');
    const child = spawn(
      process.execPath,
      ['--max-semi-space-size=8', MAIN, 'orchestrator', '--home', home, '--port', '0'],
      {
        env: cleanEnvironment({
          ...env,
          DATABASE_URL: `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host ?? '')}`,
        }),
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let complaints = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      complaints = (complaints + String(chunk)).slice(-4_000);
    });
    const note = join(home, 'orchestrator/address.json');
    for (let waitedMs = 0; !isWritten(note); waitedMs += 20) {
      if (child.exitCode !== null || waitedMs > 30_000) {
        await stop(child);
        await postgres.close();
        throw new Error(`the orchestrator did not start:\n${complaints}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
    const { url } = JSON.parse(readFileSync(note, 'utf8')) as { url: string };
    const own = new Database({
      connection: { ...postgres.connection(), statement_timeout: 600_000 },
      clock: systemClock,
      logger: silentLogger,
      connectionsMax: 2,
    });
    return new BenchOrchestrator(postgres, child, url, own);
  }

  private constructor(postgres: EmbeddedPostgres, child: ChildProcess, url: string, database: Database) {
    this.#postgres = postgres;
    this.#child = child;
    this.url = url;
    this.pid = child.pid!;
    this.database = database;
  }

  /** A database of its own in the same server, migrated, that no orchestrator works on. The caller closes it. */
  async scratchDatabase(name: string): Promise<Database> {
    await this.database.query(`CREATE DATABASE ${name}`);
    const scratch = new Database({
      connection: { ...this.#postgres.connection(name), statement_timeout: 600_000 },
      clock: systemClock,
      logger: silentLogger,
      connectionsMax: 2,
    });
    await migrate(scratch, systemClock);
    return scratch;
  }

  /** CPU seconds so far: of the orchestrator's process, and of all of Postgres'. */
  cpu(): { orchestrator: number; postgres: number } {
    return { orchestrator: cpuSeconds(this.pid), postgres: familyCpuSeconds(this.#postgres.pid!) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.close();
    await stop(this.#child);
    await this.#postgres.close();
  }
}

/** Of a process, its children that ended, and those that live. */
function familyCpuSeconds(parent: number): number {
  let sum = cpuSeconds(parent, true);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent) sum += cpuSeconds(Number(name));
    } catch {
      // it has ended meanwhile
    }
  }
  return sum;
}

function isWritten(note: string): boolean {
  return existsSync(note) && readFileSync(note, 'utf8').endsWith('\n');
}
