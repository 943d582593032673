import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { migrate } from '../../../src/orchestrator/database/migrate.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('two orchestrators that start together migrate an empty database once', async () => {
  const one = await postgres.emptyDatabase();
  const two = postgres.connect(postgres.lastName);

  const [first, second] = await Promise.all([migrate(one, systemClock), migrate(two, systemClock)]);

  assert.deepEqual(
    [first.length, second.length].sort((a, b) => a - b),
    [0, Math.max(first.length, second.length)],
  );
  assert.ok(Math.max(first.length, second.length) >= 1);
  const { rows } = await one.query<{ count: number }>('SELECT count(*) AS count FROM agent_status');
  assert.equal(rows[0]?.count, 0);
});

test('a migration that fails changes nothing, not even by the ones before it', async (t) => {
  const database = await postgres.emptyDatabase();
  const folder = await migrations(t, {
    '0001-good.sql': 'CREATE TABLE good ()',
    '0002-bad.sql': 'CREATE TABLE good ()',
  });

  await assert.rejects(migrate(database, systemClock, folder), { code: 'NSV_MIGRATION_FAILED', message: /0002-bad/ });

  const { rows } = await database.query("SELECT to_regclass('good') AS good");
  assert.deepEqual(rows, [{ good: null }]);
});

test('a migration that was changed after it was applied is refused', async (t) => {
  const database = await postgres.emptyDatabase();
  const folder = await migrations(t, { '0001-fleet.sql': 'CREATE TABLE one ()' });
  await migrate(database, systemClock, folder);
  await writeFile(join(folder, '0001-fleet.sql'), 'CREATE TABLE another ()');

  await assert.rejects(migrate(database, systemClock, folder), { code: 'NSV_MIGRATION_FAILED', message: /0001-fleet/ });
});

test('a database of a newer version is refused by an older one', async (t) => {
  const database = await postgres.emptyDatabase();
  const folder = await migrations(t, { '0001-a.sql': 'CREATE TABLE a ()', '0002-b.sql': 'CREATE TABLE b ()' });
  await migrate(database, systemClock, folder);
  await rm(join(folder, '0002-b.sql'));

  await assert.rejects(migrate(database, systemClock, folder), { message: /0002-b\.sql, which this version/ });
});

async function migrations(t: { after(fn: () => Promise<void>): void }, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-migrations-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
  return folder;
}
