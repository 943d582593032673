/** The report of a day's critical alerts: when there is one, when it is renewed, and that a quiet day has none. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { raiseAlerts, settleAlerts } from '../../../src/orchestrator/alerts/raise.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { criticalDays } from '../../../src/orchestrator/reports/critical-watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { dataSince, keep, RecordingShelf, reportSettings } from '../../support/report-keeping.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

async function raise(database: Database, key: string, severity: 'warning' | 'critical', at: number): Promise<void> {
  const trouble = { server: 'SRV', agentId: null, dedupKey: key, kind: 'rule', severity, title: key, detail: {} };
  await database.transaction((transaction) => raiseAlerts(transaction, [trouble], new Date(at)));
}

async function settle(database: Database, key: string, at: number): Promise<void> {
  const name = { server: 'SRV', dedupKey: key };
  await database.transaction((transaction) => settleAlerts(transaction, [name], new Date(at)));
}

test('a day needs a report once a critical alert has settled or stayed, by the local day on which it became critical', () => {
  const settings = reportSettings();
  const now = Date.parse('2026-11-25T22:10:00Z'); // 00:10 of the 26th
  const onset = (at: string, resolved?: string) => ({
    at: new Date(at),
    resolved_at: resolved === undefined ? null : new Date(resolved),
  });
  const days = (...onsets: ReturnType<typeof onset>[]) =>
    criticalDays(onsets, settings, now).map(({ period }) => period.name);

  assert.deepEqual(days(), []);
  assert.deepEqual(days(onset('2026-11-25T22:05:00Z')), []);
  assert.deepEqual(days(onset('2026-11-25T22:05:00Z', '2026-11-25T22:06:00Z')), ['2026-11-26']);
  assert.deepEqual(days(onset('2026-11-25T21:40:01Z')), []);
  assert.deepEqual(days(onset('2026-11-25T21:40:00Z')), ['2026-11-25']);
  assert.deepEqual(
    days(
      onset('2026-11-25T20:00:00Z'),
      onset('2026-11-25T21:00:00Z'),
      onset('2026-11-25T22:00:00Z', '2026-11-25T22:01:00Z'),
    ),
    ['2026-11-25', '2026-11-26'],
  );
});

test('it is made when the first settles, renewed as things change but no oftener than each 5 minutes, and once after the day', async (t) => {
  await using database = await postgres.database();
  const clock = new FakeClock('2026-11-26T10:00:00Z');
  const shelf = new RecordingShelf();
  const { keeper, facts } = keep(database, clock, shelf);
  t.after(() => keeper.close());
  const PATH = 'Alerts/Critical_2026-11-26.pdf';
  await raise(database, 'noise', 'warning', clock.now());
  await raise(database, 'disk', 'critical', clock.now());
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 0, 'it is fresh');

  clock.jump(4 * MINUTE_MS);
  await settle(database, 'disk', clock.now());
  clock.jump(15_000); // the next round
  await keeper.workOnce();
  assert.deepEqual(shelf.puts, [`${PATH} v1`]);
  assert.equal((await keeper.desk.detail('critical', '2026-11-26')).light, null);

  facts.records++;
  clock.jump(4 * MINUTE_MS);
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 1);
  clock.jump(MINUTE_MS);
  await keeper.workOnce();
  assert.deepEqual(shelf.puts, [`${PATH} v1`, `${PATH} v2`]);
  clock.jump(5 * MINUTE_MS);
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 2, 'nothing has changed');

  const asked = () => facts.asked.filter((one) => one.startsWith('critical')).length;
  clock.jump(Date.parse('2026-11-26T21:58:00Z') - clock.now());
  await keeper.workOnce();
  facts.records++;
  const before = asked();
  clock.jump(2 * MINUTE_MS); // midnight
  await keeper.workOnce();
  assert.deepEqual(shelf.puts.at(-1), `${PATH} v3`);
  facts.records++;
  clock.jump(HOUR_MS);
  await keeper.workOnce();
  assert.equal(asked(), before + 1, 'the day is over');
  assert.deepEqual(shelf.puts.filter((put) => put.startsWith('Alerts')).length, 3);
});

test('a day whose alerts are open at its end is looked at again until they are over', async (t) => {
  await using database = await postgres.database();
  const clock = new FakeClock('2026-11-26T21:20:00Z'); // 23:20
  const shelf = new RecordingShelf();
  const { keeper, facts } = keep(database, clock, shelf);
  t.after(() => keeper.close());
  const PATH = 'Alerts/Critical_2026-11-26.pdf';
  await raise(database, 'disk', 'critical', clock.now());
  facts.open = 1;
  clock.jump(50 * MINUTE_MS); // 00:10
  await keeper.workOnce();
  assert.deepEqual(shelf.puts, [`${PATH} v1`]);

  facts.open = 0;
  clock.jump(6 * HOUR_MS);
  await keeper.workOnce();
  assert.deepEqual(shelf.puts, [`${PATH} v1`, `${PATH} v2`]);
  facts.records++;
  clock.jump(6 * HOUR_MS);
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 2, 'they are over');
});

test('one that stays is told after half an hour, also if it was milder before; a quiet day has no report', async (t) => {
  await using database = await postgres.database();
  const clock = new FakeClock('2026-11-26T10:00:00Z');
  const shelf = new RecordingShelf();
  const { keeper } = keep(database, clock, shelf);
  t.after(() => keeper.close());
  await raise(database, 'disk', 'warning', clock.now());
  clock.jump(2 * HOUR_MS);
  await keeper.workOnce();
  await raise(database, 'disk', 'critical', clock.now());
  clock.jump(30 * MINUTE_MS - 1);
  await keeper.workOnce();
  assert.deepEqual(shelf.puts, []);

  clock.jump(1);
  await keeper.workOnce();
  assert.deepEqual(shelf.puts, ['Alerts/Critical_2026-11-26.pdf v1']);
  clock.jump(24 * HOUR_MS);
  await keeper.workOnce();
  assert.deepEqual([...shelf.files.keys()], ['Alerts/Critical_2026-11-26.pdf']);
});

test('what is critical does not wait until all that was missed is made', async (t) => {
  await using database = await postgres.database();
  await dataSince(database, '2026-11-20T08:00:00Z');
  const clock = new FakeClock('2026-11-26T10:00:00Z');
  const shelf = new RecordingShelf();
  const { keeper, facts } = keep(database, clock, shelf);
  t.after(() => keeper.close());
  await raise(database, 'disk', 'critical', clock.now() - HOUR_MS);

  await keeper.workOnce();

  assert.equal(facts.asked[0], 'critical 2026-11-26');
  assert.equal(shelf.puts[0], 'Alerts/Critical_2026-11-26.pdf v1');
  assert.equal(facts.asked.length, 8);
});
