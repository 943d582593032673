import { type ChildProcess, spawn } from 'node:child_process';
import { chown, type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { randomHex, systemRandom } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { commandAs, failed, findPostgresProgram, type PostgresProgram } from './postgres-program.ts';

/**
 * A real Postgres that belongs to one home: `<folder>/postgres` is its data, `<folder>/postgres.log` its log.
 *
 * - It listens only on a Unix socket inside its data folder, which nobody but its owner can enter: no port, no password.
 * - It runs in a session of its own, so that a Ctrl-C in the terminal reaches us alone and we close it last.
 * - When we are killed it lives on without us. The next start finds it by `postmaster.pid`, proves by a lock inside the
 *   database that nobody uses it, stops it in order and starts its own. If somebody does, that is `NSV_ALREADY_RUNNING`.
 * - When it dies while we run it is started again.
 */
export interface EmbeddedPostgresOptions {
  /** Absolute; created when missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Postgres settings over ours; for tests, whose data nobody needs after a power loss. */
  readonly settings?: Readonly<Record<string, string>>;
}

const USER = 'nervesys';
const DATABASE = 'nervesys';
const PORT = 5432; // names the socket file only
/** Linux' bound is 107 bytes, macOS' 103. */
const SOCKET_PATH_BYTES_MAX = 103;
/** Whoever owns this server holds this advisory lock in the database `postgres` for as long as it lives. */
const OWNER_LOCK = 0x6e73_7631; // "nsv1"
const START_TIMEOUT_MS = 30_000; // crash recovery after a power loss may take a while
const OWNER_LEFT_TIMEOUT_MS = 1_500; // a killed owner's connection is gone as soon as Postgres notices its closed socket
const STOP_TIMEOUT_MS = 8_000;
const POLL_MS = 15;
const LOG_BYTES_MAX = 5_000_000;
const RESTART_BACKOFF = { baseMs: 200, maxMs: 30_000 };

/** Trimmed for one machine (about 18 MB); durable: fsync stays on. Handed over at each start, so a new version of ours applies. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_directories: '.', // relative to the data folder: its own bind never meets the bound on socket paths
  shared_buffers: '16MB',
  max_connections: '20',
  io_method: 'sync', // no extra worker processes
  max_worker_processes: '2',
  max_parallel_workers_per_gather: '0',
  autovacuum_max_workers: '1',
  log_checkpoints: 'off',
  log_error_verbosity: 'terse', // DETAIL lines carry values
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** The running server. `close()` stops it; connections must be closed before. */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly #options: EmbeddedPostgresOptions;
  readonly #program: PostgresProgram;
  readonly #dataDir: string;
  readonly #closing = new AbortController();
  #folderHandle: FileHandle | undefined;
  #child: ChildProcess | undefined;
  #owner: pg.Client | undefined;
  #supervising: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** Creates the data on the first start. Rejects with `NSV_DATABASE_FAILED` or `NSV_ALREADY_RUNNING`. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const server = new EmbeddedPostgres(options, await findPostgresProgram(options.logger));
    try {
      await server.#prepare();
      await server.#stopOrphan();
      await server.#launch();
      await server.#ensureDatabase();
      server.#supervising = server.#supervise();
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  private constructor(options: EmbeddedPostgresOptions, program: PostgresProgram) {
    this.#options = options;
    this.#program = program;
    this.#dataDir = join(options.folder, 'postgres');
  }

  /** How to connect to a database of this server. */
  connection(database: string = DATABASE): pg.PoolConfig {
    // Too long for a socket's address: the same folder by its descriptor, which is short.
    const direct = Buffer.byteLength(join(this.#dataDir, `.s.PGSQL.${PORT}`)) <= SOCKET_PATH_BYTES_MAX;
    const host = direct ? this.#dataDir : `/proc/self/fd/${this.#folderHandle?.fd}`;
    return { host, port: PORT, user: USER, database };
  }

  /** The postmaster's process id, for tests and `doctor`. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Stops Postgres in order (fast shutdown), within 8 s; then at once, which its log repairs at the next start. Safe twice. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort(new DOMException('closing', 'AbortError'));
      await this.#supervising;
      await this.#owner?.end().catch(() => undefined);
      if (this.#child !== undefined) await this.#stop(this.#child);
      await this.#folderHandle?.close();
    })();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #prepare(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    if (!(await exists(join(this.#dataDir, 'PG_VERSION')))) await this.#create();
    this.#folderHandle = await open(this.#dataDir, 'r');
  }

  /** Made beside its place and renamed into it, so that a kill in the middle leaves no half-made data. */
  async #create(): Promise<void> {
    const { folder } = this.#options;
    for (const name of await readdir(folder)) {
      if (name.startsWith('postgres.new-')) await rm(join(folder, name), { recursive: true, force: true });
    }
    const fresh = join(folder, `postgres.new-${randomHex()}`);
    await mkdir(fresh, { mode: 0o700 });
    const { identity, initdb } = this.#program;
    if (identity !== undefined) await chown(fresh, identity.uid, identity.gid);
    const args = [
      `--pgdata=${fresh}`,
      `--username=${USER}`,
      '--auth=trust', // the folder's 0700 is the lock: who can reach the socket can read the data as well
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin', // the same order and case rules on every machine
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ];
    try {
      const command = await commandAs(identity, initdb, args, [fresh]);
      await runToEnd(command.command, command.args, command.options);
      await rename(fresh, this.#dataDir);
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      // Somebody else made it meanwhile: theirs is as good.
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) throw error;
    }
  }

  /** Ends a server that a killed process of ours left behind; throws when it is somebody's. */
  async #stopOrphan(): Promise<void> {
    const pidFile = join(this.#dataDir, 'postmaster.pid');
    const pid = await readPid(pidFile);
    if (pid === undefined) return;
    if (!isAlive(pid) || !(await isPostgresOf(pid, this.#dataDir))) {
      await rm(pidFile, { force: true }); // left by a power loss or kill -9; the number may be another program's by now
      return;
    }
    const owner = await this.#connectOwner(() => !isAlive(pid));
    if (owner === undefined) return; // it was on its way out
    try {
      await this.#takeOwnership(owner);
      this.#options.logger.info('stopping the Postgres that an earlier run left behind', { pid });
      process.kill(pid, 'SIGINT');
      await this.#waitUntilGone(pid, pidFile);
    } finally {
      await owner.end().catch(() => undefined);
    }
  }

  async #launch(): Promise<void> {
    const { postgres, identity } = this.#program;
    const settings = Object.entries({ ...SETTINGS, ...this.#options.settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const command = await commandAs(
      identity,
      postgres,
      ['-D', this.#dataDir, '-p', String(PORT), ...settings],
      [this.#dataDir],
    );
    const log = await openLog(this.#logPath);
    let child: ChildProcess;
    try {
      child = spawn(command.command, command.args, {
        ...command.options,
        cwd: '/', // setpriv or the postgres user might not be allowed where we stand
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', () => resolve());
        child.once('error', (cause) => reject(failed('the program did not run', { cause })));
      });
    } finally {
      await log.close();
    }
    this.#child = child;
    const owner = await this.#connectOwner(() => hasExited(child));
    if (owner === undefined) {
      this.#child = undefined;
      throw failed(`it ended at once${await this.#logTail()}`, { hint: `see ${this.#logPath}` });
    }
    this.#owner = owner;
    await this.#takeOwnership(owner);
  }

  /** Connects as soon as the server takes connections; `undefined` when it ended instead. */
  async #connectOwner(hasEnded: () => boolean): Promise<pg.Client | undefined> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + START_TIMEOUT_MS;
    for (;;) {
      const client = new pg.Client({ ...this.connection('postgres'), application_name: 'nervesys owner' });
      client.on('error', () => undefined); // the child's exit tells the same
      try {
        await client.connect();
        return client;
      } catch (cause) {
        await client.end().catch(() => undefined);
        if (hasEnded()) return undefined;
        if (clock.monotonic() > deadline)
          throw failed(`no connection within ${START_TIMEOUT_MS} ms${await this.#logTail()}`, { cause });
        await clock.sleep(POLL_MS, this.#closing.signal);
      }
    }
  }

  async #takeOwnership(owner: pg.Client): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + OWNER_LEFT_TIMEOUT_MS;
    for (;;) {
      const answer = await owner.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [OWNER_LOCK]);
      if (answer.rows[0]?.taken === true) return;
      if (clock.monotonic() > deadline) {
        throw new NervesysError('NSV_ALREADY_RUNNING', `another Nervesys uses the database in ${this.#dataDir}`);
      }
      await clock.sleep(POLL_MS, this.#closing.signal);
    }
  }

  async #ensureDatabase(): Promise<void> {
    const found = await this.#owner?.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found?.rowCount === 0) await this.#owner?.query(`CREATE DATABASE ${DATABASE}`);
  }

  /** Starts the server again when it dies under us (killed by hand, out of memory), until we close. */
  async #supervise(): Promise<void> {
    const { logger, clock } = this.#options;
    const { signal } = this.#closing;
    for (;;) {
      const child = this.#child;
      if (child !== undefined) await exitOrAbort(child, signal);
      if (signal.aborted) return;
      logger.error('the embedded Postgres ended by itself, starting it again', { log: this.#logPath });
      await this.#owner?.end().catch(() => undefined);
      for (let attempt = 1; ; attempt++) {
        try {
          await clock.sleep(backoffMs(attempt, RESTART_BACKOFF, systemRandom), signal);
          await this.#stopOrphan();
          await this.#launch();
          break;
        } catch (error) {
          if (signal.aborted) return;
          logger.error('the embedded Postgres could not be started again', errorFields(error));
        }
      }
    }
  }

  async #stop(child: ChildProcess): Promise<void> {
    const { clock, logger } = this.#options;
    if (hasExited(child)) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const stopTimer = new AbortController();
    child.kill('SIGINT'); // fast shutdown: open transactions are rolled back, everything committed is on disk
    const timedOut = await Promise.race([
      exited.then(() => false),
      clock.sleep(STOP_TIMEOUT_MS, stopTimer.signal).then(
        () => true,
        () => false,
      ),
    ]);
    stopTimer.abort();
    if (!timedOut) return;
    logger.warn('Postgres did not stop in time, ending it at once; it recovers at the next start');
    child.kill('SIGQUIT');
    await exited;
  }

  async #waitUntilGone(pid: number, pidFile: string): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + STOP_TIMEOUT_MS;
    // The pid file goes last. Its process may stay as a zombie where nobody collects it (a container's first process).
    while (isAlive(pid) && (await exists(pidFile))) {
      if (clock.monotonic() > deadline) {
        process.kill(pid, 'SIGQUIT');
        await clock.sleep(1_000);
        return;
      }
      await clock.sleep(POLL_MS);
    }
  }

  get #logPath(): string {
    return join(this.#options.folder, 'postgres.log');
  }

  /** The end of its log, for the error message: it says in words what is wrong. */
  async #logTail(): Promise<string> {
    const text = await readFile(this.#logPath, 'utf8').catch(() => '');
    const lines = text.trimEnd().split('\n').slice(-5).join('\n');
    return lines === '' ? '' : `; its log ends:\n${lines}`;
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function exitOrAbort(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (hasExited(child) || signal.aborted) return resolve();
    child.once('exit', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Appends, because a server that is being stopped may still write; an overlong log is set aside once. */
async function openLog(path: string): Promise<FileHandle> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) await rename(path, `${path}.1`);
  return open(path, 'a', 0o600);
}

async function runToEnd(command: string, args: string[], options: { uid?: number; gid?: number }): Promise<void> {
  const child = spawn(command, args, {
    ...options,
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((cause: unknown) => {
    throw failed('initdb did not run', { cause });
  });
  if (code !== 0) throw failed(`initdb ended with ${code}: ${stderr.trim()}`);
}

async function readPid(pidFile: string): Promise<number | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Whether this process is a server on this data: it stands in that folder. Where there is no /proc, its pid file is believed. */
async function isPostgresOf(pid: number, dataDir: string): Promise<boolean> {
  if (!(await exists('/proc/self'))) return true;
  try {
    const [there, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(dataDir)]);
    return there.dev === ours.dev && there.ino === ours.ino;
  } catch {
    return false; // ended meanwhile, or another user's
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
