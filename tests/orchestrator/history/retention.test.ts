import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { tendPartitions } from '../../../src/orchestrator/database/partitions.ts';
import { HistoryKeeper } from '../../../src/orchestrator/history/history-keeper.ts';
import { DAY_MS, DEFAULT_HISTORY } from '../../../src/orchestrator/history/resolutions.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { tellBeats } from '../../support/beats.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const START = Date.parse('2026-03-02T00:00:00Z');

async function partitions(database: Database, table: string): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows.map((row) => row.name.slice(table.length + 1)).filter((name) => name !== 'default');
}

function keeperAt(database: Database, clock: FakeClock): HistoryKeeper {
  return new HistoryKeeper({
    database,
    clock,
    logger: silentLogger,
    keep: () => DEFAULT_HISTORY,
    intervalMs: () => 60_000,
  });
}

async function rollAll(keeper: HistoryKeeper): Promise<void> {
  for (let steps = 0; steps < 2_000; steps++) {
    const outcome = await keeper.rollUp();
    if (outcome === 'done') return;
    if (outcome === 'unsettled') await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail('it goes on for ever');
}

test('days, months and years get their partition ahead, and what stood in the default one moves there', async () => {
  await using database = await postgres.migratedDatabase();
  await tellBeats(database, [{ at: START + DAY_MS, receivedAt: START }]); // a clock that is a day ahead

  const { made, held } = await tendPartitions(database, START, DEFAULT_HISTORY);

  assert.deepEqual(held, []);
  assert.equal(made.length, 35);
  assert.deepEqual(await partitions(database, 'agent_status'), [
    '20260301',
    '20260302',
    '20260303',
    '20260304',
    '20260305',
  ]);
  assert.deepEqual(await partitions(database, 'status_1h'), ['202602', '202603', '202604', '202605', '202606']);
  assert.deepEqual(await partitions(database, 'status_1d'), ['2025', '2026', '2027', '2028', '2029']);
  assert.deepEqual(await partitions(database, 'template_counts'), ['202602', '202603', '202604', '202605', '202606']);
  const { rows } = await database.query('SELECT tableoid::regclass::text AS place FROM agent_status');
  assert.deepEqual(rows, [{ place: 'agent_status_20260303' }]);
  assert.deepEqual((await tendPartitions(database, START, DEFAULT_HISTORY)).made, []);
});

test('beats are dropped past their time, and not before they were rolled up', async () => {
  await using database = await postgres.migratedDatabase();
  const clock = new FakeClock(START);
  const keeper = keeperAt(database, clock);
  await keeper.tend();
  await rollAll(keeper);
  await tellBeats(database, [
    { at: START },
    { agentId: 'LATE', at: Date.parse('2001-01-01T00:00:00Z'), receivedAt: START },
  ]);

  clock.jump(37 * DAY_MS);
  await keeper.tend();

  assert.ok((await partitions(database, 'agent_status')).includes('20260302'), 'nobody has rolled it up yet');
  assert.ok(!(await partitions(database, 'agent_status')).includes('20260301'));
  const count = async () => (await database.query<{ n: number }>('SELECT count(*) AS n FROM agent_status')).rows[0]?.n;
  assert.equal(await count(), 2);

  await rollAll(keeper);
  await keeper.tend();

  assert.ok(!(await partitions(database, 'agent_status')).includes('20260302'));
  assert.equal(await count(), 0);
  for (const table of ['status_5m', 'status_1h', 'status_1d']) {
    const { rows } = await database.query(`SELECT agent_id, beats FROM ${table}`);
    assert.deepEqual(rows, [{ agent_id: 'GROK', beats: 1 }], table);
  }

  clock.jump(60 * DAY_MS);
  await rollAll(keeper);
  await keeper.tend();

  const fine = await database.query('SELECT FROM status_5m');
  const hours = await database.query('SELECT FROM status_1h');
  assert.deepEqual([fine.count, hours.count], [0, 1], 'a quarter of a year keeps the hours');
});

test('a backup that reads for hours holds up neither heartbeats nor the keeper', async () => {
  await using database = await postgres.migratedDatabase();
  const clock = new FakeClock(START);
  const keeper = keeperAt(database, clock);
  await keeper.tend();
  await rollAll(keeper);
  clock.jump(40 * DAY_MS);
  await rollAll(keeper);
  await tendPartitions(database, clock.now(), { ...DEFAULT_HISTORY, beatsMs: 90 * DAY_MS });
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let reading = () => {};
  const isReading = new Promise<void>((resolve) => {
    reading = resolve;
  });
  const backup = database.transaction(async (transaction) => {
    await transaction.query('LOCK TABLE agent_status_20260301, agent_status_default IN ACCESS SHARE MODE');
    reading();
    await finished;
  });
  await isReading;
  const [tended] = await Promise.all([
    tendPartitions(database, clock.now(), DEFAULT_HISTORY),
    tellBeats(database, [{ at: clock.now() }]),
  ]);

  assert.deepEqual(tended.held, ['agent_status_20260301'], 'it waits for the backup');
  finish();
  await backup;
  const again = await tendPartitions(database, clock.now(), DEFAULT_HISTORY);
  assert.ok(again.dropped.includes('agent_status_20260301'));
  assert.deepEqual(again.held, []);
});

test('the keeper rolls up by itself, shortly after five minutes have ended', async () => {
  await using database = await postgres.migratedDatabase();
  const clock = new FakeClock(START + 60_000);
  await using keeper = keeperAt(database, clock);
  const rolled = async () => (await database.query<{ beats: number }>('SELECT beats FROM status_5m')).rows;
  const rolledAt = async () =>
    (await database.query<{ at: Date | null }>('SELECT rolled_at AS at FROM status_rollup')).rows[0]?.at?.getTime() ??
    0;
  /** Rounds talk to a real Postgres: the clock waits for them. */
  const rollsUpAfter = async (at: number) => {
    await until(`rolled up after ${new Date(at).toISOString()}`, async () => {
      await clock.advance(250);
      return (await rolledAt()) >= at;
    });
  };
  keeper.start();
  await rollsUpAfter(START + 60_000);
  await tellBeats(database, [{ at: clock.now() }]);

  await clock.advance(START + 5 * 60_000 - clock.now());
  assert.deepEqual(await rolled(), []);
  await rollsUpAfter(START + 5 * 60_000);

  assert.deepEqual(await rolled(), [{ beats: 1 }]);
  assert.ok(clock.now() < START + 6 * 60_000);
});
