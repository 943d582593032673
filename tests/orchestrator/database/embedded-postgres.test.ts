import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { EmbeddedPostgres } from '../../../src/orchestrator/database/embedded-postgres.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { isAlive } from '../../support/running-system.ts';
import { until } from '../../support/until.ts';

test('data written before a kill -9 is there after it, and the orphaned server is replaced', async (t) => {
  const folder = await closedFolder(t);
  const orphan = await startAndKill(folder, "CREATE TABLE kept AS SELECT 'kept' AS word");
  assert.ok(isAlive(orphan), 'the postmaster outlives its killed parent');

  await using server = await start(folder);

  assert.notEqual(server.pid, orphan);
  assert.ok(!isAlive(orphan));
  assert.deepEqual(await query(server, 'SELECT word FROM kept'), [{ word: 'kept' }]);
});

test('one running server: closed to the outside, to a second Nervesys, and back when it dies', async (t) => {
  const folder = await closedFolder(t);
  await using server = await start(folder);

  await t.test('it listens on no port, keeps fsync, and only its owner can enter its folder', async () => {
    assert.deepEqual(await query(server, 'SHOW listen_addresses'), [{ listen_addresses: '' }]);
    assert.deepEqual(await query(server, 'SHOW fsync'), [{ fsync: 'on' }]);
    assert.equal((await stat(join(folder, 'postgres'))).mode & 0o777, 0o700);
  });

  await t.test('a second Nervesys on the same data is refused and disturbs nothing', async () => {
    await assert.rejects(start(folder), { code: 'NSV_ALREADY_RUNNING' });
    assert.deepEqual(await query(server, 'SELECT 1 AS one'), [{ one: 1 }]);
  });

  await t.test('when it dies it is started again', async () => {
    const first = server.pid as number;
    process.kill(first, 'SIGKILL');
    await until('another one runs', () => server.pid !== first);
    const rows = await until('it answers', () => query(server, 'SELECT 1 AS one').catch(() => undefined));
    assert.deepEqual(rows, [{ one: 1 }]);
  });
});

test('two that start at the same instant on a new home: one runs, the other is told', async (t) => {
  const folder = await closedFolder(t);

  const results = await Promise.allSettled([start(folder), start(folder)]);

  const running = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  for (const server of running) await server.close();
  assert.equal(running.length, 1, JSON.stringify(results));
});

test('what an earlier run left: a pid file of another program is no hindrance, damage is a clear error', async (t) => {
  const folder = await closedFolder(t);
  await (await start(folder)).close();
  // Our own number: the case that Postgres itself refuses, when both run as the same user.
  await writeFile(join(folder, 'postgres', 'postmaster.pid'), `${process.pid}\n${join(folder, 'postgres')}\n1\n5432\n`);

  const server = await start(folder);
  assert.deepEqual(await query(server, 'SELECT 1 AS one'), [{ one: 1 }]);
  await server.close();

  await writeFile(join(folder, 'postgres', 'postgresql.conf'), 'no_such_setting = 1\n');
  await assert.rejects(start(folder), { code: 'NSV_DATABASE_FAILED', message: /no_such_setting/ });
});

test('a home deeper than a socket address may be long works', async (t) => {
  const folder = join(await closedFolder(t), 'deep'.repeat(30));
  await using server = await start(folder);

  assert.deepEqual(await query(server, 'SELECT 1 AS one'), [{ one: 1 }]);
});

/** As `mktemp -d` makes it: nobody else may pass, the system user postgres included. */
async function closedFolder(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'nervesys-postgres-'));
  await chmod(home, 0o700);
  await mkdir(join(home, 'orchestrator'));
  t.after(() => rm(home, { recursive: true, force: true }));
  return join(home, 'orchestrator');
}

function start(folder: string): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({ folder, clock: systemClock, logger: silentLogger });
}

async function query(server: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new pg.Client(server.connection());
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Starts a server in a process of its own, runs `sql`, and kills that process; answers the postmaster's id. */
async function startAndKill(folder: string, sql: string): Promise<number> {
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../../../src', path));
  const program = `
    import pg from 'pg';
    import { EmbeddedPostgres } from ${source('orchestrator/database/embedded-postgres.ts')};
    import { systemClock } from ${source('platform/clock.ts')};
    import { silentLogger } from ${source('platform/logger.ts')};
    const server = await EmbeddedPostgres.start({ folder: process.argv[1], clock: systemClock, logger: silentLogger });
    const client = new pg.Client(server.connection());
    await client.connect();
    await client.query(process.argv[2]);
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder, sql], {
    cwd: join(import.meta.dirname, '../../..'),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(child.signalCode, 'SIGKILL');
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}
