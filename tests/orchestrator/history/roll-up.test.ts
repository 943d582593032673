import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { type RollUpOutcome, rollUpOnce } from '../../../src/orchestrator/database/queries/roll-up-status.ts';
import { DAY_MS, DEFAULT_HISTORY } from '../../../src/orchestrator/history/resolutions.ts';
import { type ToldBeat, tellBeats } from '../../support/beats.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-03-02T00:00:00Z');

async function rollAll(database: Database, now: number, pieceBeats?: number): Promise<RollUpOutcome[]> {
  const outcomes: RollUpOutcome[] = [];
  for (;;) {
    const outcome = await rollUpOnce(database, {
      now,
      intervalMs: MINUTE,
      keep: DEFAULT_HISTORY,
      ...(pieceBeats === undefined ? {} : { pieceBeats }),
    });
    outcomes.push(outcome);
    assert.ok(outcomes.length < 2_000, 'it goes on for ever');
    if (outcome === 'done' || outcome === 'elsewhere') return outcomes;
    if (outcome === 'unsettled') await new Promise((resolve) => setTimeout(resolve, 20)); // another test's transaction: they share the server
  }
}

interface Row {
  server: string;
  agent_id: string;
  bucket: Date;
  beats: number;
  seconds: number;
  cpu_min: number;
  cpu_avg: number;
  cpu_max: number;
  info: number;
  error: number;
  lost: number;
  dropped: number;
  worst_status: string;
}

async function rows(database: Database, table: 'status_5m' | 'status_1h' | 'status_1d'): Promise<Row[]> {
  return (await database.query<Row>(`SELECT * FROM ${table} ORDER BY server, agent_id, bucket`)).rows;
}

async function totals(database: Database) {
  const of = async (table: string) =>
    (
      await database.query(
        `SELECT sum(beats)::int AS beats, sum(seconds)::int AS seconds, sum(info)::int AS info, sum(error)::int AS error,
           sum(lost)::int AS lost, max(cpu_max) AS most, min(cpu_min) AS least FROM ${table}`,
      )
    ).rows[0];
  return { fine: await of('status_5m'), hours: await of('status_1h'), days: await of('status_1d') };
}

/** A beat a minute. */
function minutes(from: number, count: number, beat: (index: number) => Partial<ToldBeat> = () => ({})): ToldBeat[] {
  return Array.from({ length: count }, (_, index) => ({ at: from + index * MINUTE, ...beat(index) }));
}

test('a day of beats becomes 288 rows, 24 hours and a day that say the same', async () => {
  await using database = await postgres.database();
  await rollAll(database, START);
  const day = minutes(START, 1_440, (index) => ({
    cpu: index % 100,
    counts: { INFO: 2, ERROR: index === 700 ? 5 : 0 },
    replace: { status: index === 701 ? 'critical' : 'healthy', oldest_unarchived_seconds: index },
  }));
  await tellBeats(database, day);

  await rollAll(database, START + DAY_MS + 5 * MINUTE);

  const fine = await rows(database, 'status_5m');
  const hours = await rows(database, 'status_1h');
  const days = await rows(database, 'status_1d');
  assert.deepEqual([fine.length, hours.length, days.length], [288, 24, 1]);
  assert.deepEqual(
    [fine[0]?.beats, fine[0]?.seconds, fine[0]?.cpu_min, fine[0]?.cpu_avg, fine[0]?.cpu_max, fine[0]?.info],
    [5, 300, 0, 2, 4, 10],
  );
  assert.equal(fine[0]?.bucket.toISOString(), '2026-03-02T00:00:00.000Z');
  assert.deepEqual([hours[11]?.worst_status, hours[11]?.error, hours[12]?.worst_status], ['critical', 5, 'healthy']);
  const [whole] = days;
  assert.deepEqual(
    [whole?.beats, whole?.seconds, whole?.info, whole?.error, whole?.worst_status],
    [1_440, 86_400, 2_880, 5, 'critical'],
  );
  assert.deepEqual([whole?.cpu_min, whole?.cpu_max], [0, 99]);
  const mean = day.reduce((sum, { cpu = 0 }) => sum + cpu, 0) / day.length;
  assert.ok(Math.abs((whole?.cpu_avg ?? 0) - mean) < 0.01, `${whole?.cpu_avg} instead of ${mean}`);
});

test('however it is cut into pieces and rounds, and by however many replicas, each beat counts once', async () => {
  await using database = await postgres.database();
  await using replica = postgres.connect(postgres.lastName);
  await rollAll(database, START);
  for (let hour = 0; hour < 26; hour++) {
    await tellBeats(
      database,
      minutes(START + hour * HOUR, 60, () => ({ counts: { INFO: 1 } })),
    );
    const now = START + (hour + 1) * HOUR + 20_000;
    await Promise.all([rollAll(database, now, 7), rollAll(replica, now, 11)]);
  }
  const now = START + 30 * HOUR;
  await rollAll(database, now, 7);
  await rollAll(database, now, 7);

  const { fine, hours, days } = await totals(database);

  const all = { beats: 26 * 60, seconds: 26 * 3_600, info: 26 * 60, error: 0, lost: 0, most: 10, least: 10 };
  assert.deepEqual(fine, all);
  assert.deepEqual(hours, all);
  assert.deepEqual(days, { ...all, beats: 1_440, seconds: 86_400, info: 1_440 });
});

test('beats that come a week late go into the 5 minutes, the hour and the day they are of', async () => {
  await using database = await postgres.database();
  await rollAll(database, START);
  await tellBeats(
    database,
    minutes(START, 60, () => ({ cpu: 10 })),
  );
  const later = START + 7 * DAY_MS;
  await rollAll(database, later);
  const rolledUp = (at: number, cpu: number): ToldBeat => ({
    at,
    receivedAt: later,
    cpu,
    counts: { INFO: 100 },
    replace: { covers_seconds: 300, status: 'degraded' },
  });

  // One in an hour that has rows, one in an hour that has none.
  await tellBeats(database, [rolledUp(START + 5 * MINUTE - 1_000, 70), rolledUp(START + 90 * MINUTE, 30)]);
  await rollAll(database, later + 10 * MINUTE);

  const fine = await rows(database, 'status_5m');
  assert.equal(fine.length, 13);
  assert.deepEqual(
    [fine[0]?.beats, fine[0]?.seconds, fine[0]?.cpu_avg, fine[0]?.cpu_max, fine[0]?.worst_status],
    [6, 600, 40, 70, 'degraded'],
  );
  assert.equal(fine[12]?.bucket.toISOString(), '2026-03-02T01:25:00.000Z', 'it stands in the middle of its time');
  const hours = await rows(database, 'status_1h');
  assert.deepEqual(
    hours.map(({ beats, seconds, info }) => [beats, seconds, info]),
    [
      [61, 3_900, 100],
      [1, 300, 100],
    ],
  );
  assert.ok(Math.abs((hours[0]?.cpu_avg ?? 0) - (3_600 * 10 + 300 * 70) / 3_900) < 0.001);
  const [day] = await rows(database, 'status_1d');
  assert.deepEqual([day?.beats, day?.seconds, day?.info, day?.worst_status], [62, 4_200, 200, 'degraded']);
});

test('a beat whose transaction is slow is waited for, not passed over', async () => {
  await using database = await postgres.database();
  await rollAll(database, START);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let inserted = () => {};
  const isInserted = new Promise<void>((resolve) => {
    inserted = resolve;
  });
  const slow = database.transaction(async (transaction) => {
    await tellBeats(transaction, [{ agentId: 'SLOW', at: START }]); // has the lower id
    inserted();
    await held;
  });
  await isInserted;
  await tellBeats(database, [{ agentId: 'QUICK', at: START }]);
  const now = START + 10 * MINUTE;
  const step = () => rollUpOnce(database, { now, intervalMs: MINUTE, keep: DEFAULT_HISTORY });

  const outcomes = [await step(), await step()];
  release();
  await slow;
  await rollAll(database, now);

  assert.deepEqual(outcomes, ['noted', 'unsettled']);
  const fine = await rows(database, 'status_5m');
  assert.deepEqual(
    fine.map((row) => row.agent_id),
    ['QUICK', 'SLOW'],
  );
});

test('counters tell what they grew by: over restarts, another buffer, late beats and new AI agents', async () => {
  await using database = await postgres.database();
  await rollAll(database, START);
  const lost = (index: number, value: number, replace: ToldBeat['replace'] = {}): ToldBeat => ({
    at: START + index * MINUTE,
    replace: { lost_records: value, dropped_records: 0, ...replace },
  });
  const grown = async () => (await totals(database)).fine?.['lost'];
  const roll = (index: number) => rollAll(database, START + index * MINUTE);

  await tellBeats(database, [lost(0, 500), lost(1, 500), lost(2, 510)]);
  await roll(20);
  assert.equal(await grown(), 10, 'what was lost before the first beat is not of this time');
  await tellBeats(database, [lost(21, 515)]);
  await roll(40);
  assert.equal(await grown(), 15);
  await tellBeats(database, [{ ...lost(15, 512), receivedAt: START + 41 * MINUTE }]);
  await roll(60);
  assert.equal(await grown(), 15, 'a late beat tells what a newer one has told already');
  await tellBeats(database, [lost(61, 3)]);
  await roll(80);
  assert.equal(await grown(), 18, 'a counter that is lower has begun anew');
  await tellBeats(database, [lost(81, 7, { epoch: 'fedcba9876543210' }), lost(82, 9, { epoch: 'fedcba9876543210' })]);
  await roll(100);
  assert.equal(await grown(), 27, 'another buffer begins at none');
  await tellBeats(database, [{ ...lost(101, 9, { epoch: 'fedcba9876543210' }), agentId: 'GIMAI' }]);
  await roll(120);
  assert.equal(await grown(), 27, 'an AI agent that is new knows nothing of before');
});

test('no figure that an agent may send holds up the roll-up of the others', async () => {
  await using database = await postgres.database();
  await rollAll(database, START);
  const most = Number.MAX_SAFE_INTEGER;
  const hostile = {
    metrics: { cpu_percent: 1e-300, ram_percent: 1_000, disk_percent: 0, buffer_size_mb: 1.7e308 },
    level_counts: { DEBUG: most, INFO: most, WARN: most, ERROR: most, CRITICAL: most },
    lost_records: most,
    dropped_records: most,
    backlog_records: most,
    oldest_unarchived_seconds: 1.7e308,
    covers_seconds: 1e-300,
  };
  await tellBeats(database, [
    { agentId: 'HOSTILE', at: START - HOUR, receivedAt: START },
    ...minutes(START, 600).map((beat) => ({ ...beat, agentId: 'HOSTILE', replace: hostile })),
    { agentId: 'HOSTILE', at: Date.parse('2150-01-01T00:00:00Z'), receivedAt: START },
    { agentId: 'HOSTILE', at: Date.parse('2000-01-01T00:00:00Z'), receivedAt: START },
    ...minutes(START, 60),
  ]);

  await rollAll(database, START + 2 * DAY_MS);

  const days = await rows(database, 'status_1d');
  const good = days.find((row) => row.agent_id === 'GROK');
  assert.deepEqual([good?.beats, good?.cpu_avg], [60, 10]);
  const fine = await rows(database, 'status_5m');
  const years = fine.map((row) => row.bucket.getUTCFullYear());
  assert.deepEqual(
    [Math.min(...years), Math.max(...years)],
    [2026, 2026],
    'none is later than it came, none older than is kept',
  );
});

test('a database that was restored into another server goes on', async () => {
  await using database = await postgres.database();
  await tellBeats(database, minutes(START, 10));
  const now = START + 20 * MINUTE;
  assert.equal(await rollUpOnce(database, { now, intervalMs: MINUTE, keep: DEFAULT_HISTORY }), 'noted');
  await database.query("UPDATE status_rollup SET bound_xid = '9000000000000'");

  await rollAll(database, now);

  assert.equal((await totals(database)).fine?.['beats'], 10);
});

test('a history from before there were roll-ups is rolled up from its beginning', async () => {
  await using database = await postgres.database();
  const now = START + 40 * DAY_MS;
  for (let day = 20; day < 40; day += 5) await tellBeats(database, minutes(START + day * DAY_MS, 60));

  await rollAll(database, now);

  const { fine, hours, days } = await totals(database);
  assert.deepEqual([fine?.['beats'], hours?.['beats'], days?.['beats']], [240, 240, 240]);
});
