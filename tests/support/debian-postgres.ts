import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { PostgresServer } from './postgres.ts';
import { until } from './until.ts';

const INSTALLED = '/usr/lib/postgresql';

/** Where Debian has put its newest Postgres, and which that is; `undefined`: nowhere. */
export function findDebianPostgres(): { readonly bin: string; readonly version: number } | undefined {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Number.isInteger) : [];
  const version = Math.max(...versions);
  const bin = `${INSTALLED}/${version}/bin`;
  return existsSync(`${bin}/postgres`) && existsSync(`${bin}/initdb`) ? { bin, version } : undefined;
}

/**
 * Debian's Postgres with a cluster of its own in a temporary folder, on a Unix socket there, as an ordinary user: what people have who
 * bring their own server, with that distribution's version and none of our settings.
 */
export async function startDebianPostgres(): Promise<PostgresServer> {
  const found = findDebianPostgres();
  if (found === undefined) throw new Error(`there is no Postgres in ${INSTALLED}: apt-get install postgresql`);
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-debian-'));
  // Postgres refuses to run as root; the package has made a user for it.
  const identity = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const options = { ...identity, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } };
  const data = join(folder, 'data');
  execFileSync(`${found.bin}/initdb`, ['-D', data, '-U', 'nervesys', '--auth=trust', '--encoding=UTF8', '--no-sync'], {
    ...options,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const settings = ['listen_addresses=', 'fsync=off', 'full_page_writes=off'].flatMap((setting) => ['-c', setting]);
  const child = spawn(`${found.bin}/postgres`, ['-D', data, '-k', folder, ...settings], {
    ...options,
    stdio: 'ignore',
  });
  const connection = (database = 'nervesys') => ({ host: folder, port: 5432, user: 'nervesys', database });
  await until('it takes connections', async () => {
    const client = new pg.Client(connection('postgres'));
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('CREATE DATABASE nervesys');
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  });
  return {
    connection,
    get pid() {
      return child.pid;
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGINT');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function idOf(what: '-u' | '-g'): number {
  return Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
}
