/** What facts are read in: how long a statement may take, and what an abort ends. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Database } from '../../../../src/orchestrator/database/database.ts';
import { inOneState } from '../../../../src/orchestrator/reports/facts/in-one-state.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { until } from '../../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const NEVER = new AbortController().signal;

test('a statement may take longer than those of everyday', async () => {
  await using database = await postgres.database();
  await using everyday = new Database({
    connection: postgres.server.connection(postgres.lastName),
    clock: systemClock,
    logger: silentLogger,
    silenceMs: 100,
  });
  assert.ok(database);

  const { rows } = await inOneState(everyday, NEVER, (reading) => reading.query('SELECT 1 AS one FROM pg_sleep(0.5)'));

  assert.deepEqual(rows, [{ one: 1 }]);
});

test('an abort ends a statement that takes long at once, and the database is of use as before', {
  timeout: 20_000,
}, async () => {
  await using database = await postgres.database();
  const stop = new AbortController();
  const startedAt = systemClock.monotonic();
  const reading = inOneState(database, stop.signal, (one) => one.query('SELECT pg_sleep(15)'));
  await until('Postgres is at it', async () => {
    const { rows } = await database.query(
      "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(15)' AND state = 'active'",
    );
    return rows.length > 0;
  });

  stop.abort(new Error('closing'));

  await assert.rejects(reading, /closing/);
  assert.ok(systemClock.monotonic() - startedAt < 5_000);
  assert.equal(database.state.inUse, 0);
  assert.deepEqual((await database.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
});
