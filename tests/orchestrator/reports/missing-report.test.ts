/** People are told of a report that is missing, and of none that is there or on its way. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestPostgres } from '../../support/postgres.ts';
import {
  dataSince,
  keep,
  RECORDING_SHELF,
  RecordingShelf,
  reportSettings,
  shelfSettings,
} from '../../support/report-keeping.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** 12:20 in Jerusalem on 26 November 2026: yesterday's report is on its shelf since the night, and people are told of what is missing. */
async function noon(t: TestContext) {
  const database = await postgres.database();
  await dataSince(database, '2026-11-25T08:00:00Z');
  const clock = new FakeClock('2026-11-25T22:20:00.000Z');
  const shelf = new RecordingShelf();
  const held = { settings: reportSettings() };
  const kept = keep(database, clock, shelf, { settings: () => held.settings });
  const other = keep(database, clock, shelf, { settings: () => held.settings });
  t.after(() => Promise.all([kept.keeper.close(), other.keeper.close()]));
  await kept.keeper.workOnce();
  await clock.advance(12 * HOUR_MS);
  return { database, clock, shelf, held, other, ...kept };
}

async function alertsOf(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ said: string }>(
    "SELECT state || ': ' || title AS said FROM alerts WHERE kind = 'report.missing' ORDER BY id",
  );
  return rows.map(({ said }) => said);
}

const unreachable = () => {
  throw new NervesysError('NSV_SHELF_UNREACHABLE', 'no answer', { retryable: true });
};

test('while a newer version is made and brought, nobody is told that the report is missing', async (t) => {
  const { database, shelf, keeper, facts, renderer, other } = await noon(t);
  facts.records = other.facts.records = 2_000;
  const seen: string[] = [];
  const look = async (where: string) => {
    if (seen.includes(where)) return;
    seen.push(where);
    await other.keeper.workOnce();
  };
  renderer.before = () => look('rendering');
  shelf.before = () => look('bringing');

  await keeper.workOnce();

  assert.deepEqual(seen, ['rendering', 'bringing']);
  assert.ok(shelf.puts.includes('Daily/2026-11-25_summary.pdf v2'));
  assert.deepEqual(await alertsOf(database), []);
});

test('a newer version that does not come onto its shelf in half an hour is told, and one that cannot be made', async (t) => {
  const { database, clock, shelf, keeper, facts, renderer } = await noon(t);
  facts.records = 2_000;
  shelf.before = unreachable;
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), []);
  await clock.advance(30 * MINUTE_MS);
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), ['open: The report of 2026-11-25 is not on shelf recording']);
  shelf.before = () => undefined;
  await clock.advance(HOUR_MS);
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), ['resolved: The report of 2026-11-25 is not on shelf recording']);

  facts.records = 3_000;
  renderer.before = () => {
    throw new NervesysError('NSV_REPORT_FAILED', 'no memory', { retryable: true });
  };
  await clock.advance(4 * HOUR_MS);
  for (let attempt = 0; attempt < 4; attempt++) {
    await clock.advance(HOUR_MS);
    await keeper.workOnce();
  }
  assert.deepEqual((await alertsOf(database)).slice(1), ['open: The report of 2026-11-25 is not made']);
});

test('a file that is brought to a shelf for the first time at noon is not told as missing', async (t) => {
  const { database, shelf, keeper, held, other } = await noon(t);
  held.settings = reportSettings({ shelves: [shelfSettings('recording', { languages: ['en', 'he'] })] });
  let looked = 0;
  shelf.before = async () => {
    looked++;
    await other.keeper.workOnce();
  };
  await keeper.desk.sendAgain('daily', '2026-11-25');
  await keeper.workOnce();
  assert.equal(looked, 4);
  assert.deepEqual(await alertsOf(database), []);
});

test('what failed on a shelf that is in the configuration no more misses nothing', async (t) => {
  const { database, clock, shelf, keeper, facts, held } = await noon(t);
  facts.records = 2_000;
  shelf.before = () => {
    throw new NervesysError('NSV_SHELF_SIGN_IN', 'put it there: invalid_grant', { hint: 'renew it' });
  };
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), ['open: The report of 2026-11-25 is not on shelf recording']);

  held.settings = reportSettings({ shelves: [{ ...RECORDING_SHELF, name: 'another' }] });
  await clock.advance(MINUTE_MS);
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), ['resolved: The report of 2026-11-25 is not on shelf recording']);
});
