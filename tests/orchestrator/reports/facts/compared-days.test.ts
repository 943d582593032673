/** What a period is compared with, and periods longer than a day; on a real Postgres. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { AGENTS_BY_SLOT_MAX, type ReportFacts } from '../../../../src/contract/report-facts.ts';
import { DEFAULT_HISTORY } from '../../../../src/orchestrator/history/resolutions.ts';
import { factsDigest } from '../../../../src/orchestrator/reports/facts-digest.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { ReportFleet } from '../../../support/report-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 10 December 2025 in Jerusalem. */
const START = Date.parse('2025-12-09T22:00:00Z');
const LATER = START + DAY + 20 * MINUTE;

async function open(t: TestContext): Promise<ReportFleet> {
  const database = await postgres.database();
  t.after(() => database.close());
  return new ReportFleet(database);
}

/** A beat an hour; on each day before the report's as many records as days lie between. */
async function month(fleet: ReportFleet, server: string, agentId: string, errorsOf: (daysAgo: number) => number) {
  const daysAgo = (at: number) => Math.ceil((START - at) / DAY);
  await fleet.join(server, agentId, START - 29 * DAY);
  await fleet.beat(
    server,
    agentId,
    START - 28 * DAY,
    START + DAY,
    (_, at) => {
      const ago = daysAgo(at);
      return {
        at: at + 1_000,
        counts: { INFO: at >= START ? 100 : ago, ERROR: errorsOf(at >= START ? 0 : Math.max(1, ago)) },
      };
    },
    HOUR,
  );
}

test('a day is compared with yesterday, the week before and its habit, by roll-ups of hours', async (t) => {
  const fleet = await open(t);
  await month(fleet, 'AIGARDEN01', 'GROK', () => 0);
  await fleet.move('AIGARDEN01', 'GROK', START - DAY, 'up', 'down');
  await fleet.move('AIGARDEN01', 'GROK', START - DAY + HOUR, 'down', 'up');
  await fleet.rollUp(LATER);

  const { compared, trend, gaps } = await fleet.gather('daily', '2025-12-10', LATER);

  // Beats a second past the hour: those of the first hour of a day lie one hour more than its days ago.
  const recordsOf = (facts: { readonly records: number | null } | null) => facts?.records;
  assert.equal(compared.habit_of, 28);
  assert.equal(recordsOf(compared.before), 24);
  assert.equal(recordsOf(compared.week_before), 24 * 7);
  assert.equal(recordsOf(compared.habit), (24 * 14 + 24 * 15) / 2);
  assert.deepEqual([compared.before?.down_seconds, compared.before?.availability], [3_600, 23 / 24]);
  assert.deepEqual([compared.week_before?.down_seconds, compared.week_before?.availability], [0, 1]);
  assert.deepEqual([compared.before?.servers, compared.before?.agents], [1, 1]);
  assert.deepEqual(trend.map(({ day, records }) => [day, records]).slice(-3), [
    ['2025-12-08', 48],
    ['2025-12-09', 24],
    ['2025-12-10', 2_400],
  ]);
  assert.equal(trend[0]?.day, '2025-11-27');
  assert.deepEqual(
    gaps.map(({ kind }) => kind).filter((kind) => kind !== 'nobody_heard'),
    ['no_prices'],
  );
});

test('errors beyond an AI agent’s own habit are yellow, the same errors of one that always has them are not', async (t) => {
  const fleet = await open(t);
  await month(fleet, 'AIGARDEN01', 'CALM', (daysAgo) => (daysAgo === 0 ? 50 : 0));
  await month(fleet, 'AIGARDEN02', 'NOISY', (daysAgo) => (daysAgo === 0 ? 50 : daysAgo));
  await fleet.rollUp(LATER);

  const { agents } = await fleet.gather('daily', '2025-12-10', LATER);

  const of = (id: string) => agents.find(({ agent_id }) => agent_id === id)!;
  assert.deepEqual([of('CALM').error_rate_habit, of('NOISY').error_rate_habit], [0, 0.5]);
  assert.ok(of('CALM').light_reasons.includes('errors_above_habit'));
  assert.ok(!of('NOISY').light_reasons.includes('errors_above_habit'));
});

test('a day of which nothing is known is null in the trend, and no part of the habit', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - 4 * DAY);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START - 3 * DAY, START - 2 * DAY, () => ({ counts: { INFO: 1 } }));
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, START + DAY, () => ({ counts: { INFO: 1 } }));
  await fleet.rollUp(LATER);

  const { compared, trend } = await fleet.gather('daily', '2025-12-10', LATER);

  const yesterday = trend[12]!;
  assert.deepEqual([yesterday.day, yesterday.records, yesterday.availability], ['2025-12-09', null, null]);
  assert.equal(trend[10]?.records, 288);
  assert.equal(compared.habit?.records, (288 + 0) / 2, 'with the day on which it joined');
  assert.equal(compared.week_before?.records ?? null, null);
});

test('a day on which all were down is no day of which nothing is known', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - 4 * DAY);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START - 4 * DAY, START - 2 * DAY);
  await fleet.move('AIGARDEN01', 'GROK', START - DAY - HOUR, 'up', 'down');
  await fleet.move('AIGARDEN01', 'GROK', START, 'down', 'up');
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, START + DAY, () => ({ counts: { INFO: 5 } }));
  await fleet.rollUp(LATER);

  const own = await fleet.gather('daily', '2025-12-09', LATER);
  const { compared } = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual([own.totals.availability, own.totals.down_seconds, own.totals.agents], [0, 86_400, 1]);
  assert.equal(own.totals.records, null, 'though the UTC day has beats, of after it');
  assert.deepEqual(compared.before, own.totals);
});

test('a week and a month are told by days, and compared with those before', async (t) => {
  const fleet = await open(t);
  const monday = Date.parse('2025-12-07T22:00:00Z'); // of week 50
  await fleet.join('AIGARDEN01', 'GROK', monday - 8 * DAY);
  await fleet.beat(
    'AIGARDEN01',
    'GROK',
    monday - 7 * DAY,
    monday + 7 * DAY,
    (_, at) => ({ counts: { INFO: at < monday ? 1 : 2 } }),
    HOUR,
  );
  await fleet.move('AIGARDEN01', 'GROK', monday + DAY, 'up', 'down');
  await fleet.move('AIGARDEN01', 'GROK', monday + 2 * DAY, 'down', 'up');
  await fleet.rollUp(monday + 8 * DAY);

  const hourly = { intervalMs: HOUR };
  const week = await fleet.gather('weekly', '2025-W50', monday + 8 * DAY, 'Asia/Jerusalem', hourly);

  assert.deepEqual(
    week.by_slot.map(({ level_counts }) => level_counts?.INFO),
    [48, 48, 48, 48, 48, 48, 48],
  );
  assert.deepEqual(week.by_slot[1]?.seconds, { down: 86_400 });
  assert.deepEqual(
    week.agents[0]?.by_slot?.map((slot) => slot?.records),
    [48, 48, 48, 48, 48, 48, 48],
  );
  assert.deepEqual([week.totals.records, week.totals.availability], [336, 6 / 7]);
  assert.deepEqual([week.compared.before?.records, week.compared.week_before, week.compared.habit_of], [168, null, 2]);
  assert.deepEqual([week.trend.length, week.trend[6]?.records, week.trend[7]?.records], [14, 24, 48]);
  assert.equal(week.trend.at(-1)?.day, '2025-12-14');
  const again = await fleet.gather('weekly', '2025-W50', monday + 9 * DAY, 'Asia/Jerusalem', hourly);
  assert.equal(factsDigest(again), factsDigest(week), 'the same again, whenever it is asked');

  const month = await fleet.gather('monthly', '2025-12', monday + 30 * DAY);
  assert.equal(month.by_slot.length, 31);
  assert.equal(month.totals.records, 336 + 168);
  assert.deepEqual([month.trend.at(-1)?.day, month.trend.at(-1)?.records], ['2025-12-31', null]);
});

test('one that changes its state all day is told of in at most sixty spans, with all of its seconds', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, START + DAY);
  await fleet.database.query(
    `INSERT INTO transitions (server, agent_id, from_state, to_state, reason, at)
     SELECT 'AIGARDEN01', 'GROK', CASE WHEN n % 2 = 0 THEN 'up' ELSE 'late' END, CASE WHEN n % 2 = 0 THEN 'late' ELSE 'up' END, 'x',
       $1::timestamptz + (n + 1) * interval '1 minute' FROM generate_series(0, 1399) AS n`,
    [new Date(START)],
  );
  await fleet.rollUp(LATER);

  const { agents } = await fleet.gather('daily', '2025-12-10', LATER);

  const [grok] = agents;
  assert.deepEqual(grok?.seconds, { late: 700 * 60, up: 86_400 - 700 * 60 });
  const spans = grok?.spans ?? [];
  assert.ok(spans.length > 0 && spans.length <= 60);
  assert.deepEqual([spans[0]?.from, spans.at(-1)?.to], ['2025-12-09T22:00:00.000Z', '2025-12-10T22:00:00.000Z']);
});

test('of a day whose fine roll-ups are gone the coarser ones tell, and the facts say so', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - DAY);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START - DAY, START + DAY, () => ({ counts: { INFO: 1 } }));
  await fleet.rollUp(START + 2 * DAY);
  await fleet.database.query('DELETE FROM status_5m');
  const kinds = ({ gaps }: Omit<ReportFacts, 'version'>) => gaps.map(({ kind }) => kind);

  const hours = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(kinds(hours), ['coarse_history', 'no_prices']);
  assert.deepEqual([hours.totals.records, hours.by_slot[3]?.level_counts?.INFO], [288, 12]);
  const years = await fleet.gather('daily', '2025-12-10', START + 800 * DAY);
  assert.ok(kinds(years).includes('coarse_history'));
  assert.deepEqual(
    [years.by_slot[3]?.level_counts, years.agents[0]?.by_slot],
    [null, null],
    'days say nothing of hours',
  );
  const short = await fleet.gather('daily', '2025-12-10', LATER, 'Asia/Jerusalem', {
    history: { ...DEFAULT_HISTORY, fiveMinutesMs: HOUR },
  });
  assert.equal(short.totals.records, 288);
});

test('of more AI agents than can be told of by the hour, the worst are', async (t) => {
  const fleet = await open(t);
  const count = AGENTS_BY_SLOT_MAX + 1;
  await fleet.join('AIGARDEN01', 'ZZZ-DOWN', START - HOUR);
  await fleet.database.query(
    `INSERT INTO agents_latest SELECT (jsonb_populate_record(latest, jsonb_build_object('agent_id', 'AGENT-' || lpad(n::text, 5, '0')))).*
     FROM agents_latest AS latest, generate_series(1, $1::int) AS n`,
    [count],
  );
  await fleet.database.query(
    `INSERT INTO transitions (server, agent_id, from_state, to_state, reason, at)
     SELECT server, agent_id, NULL, 'up', 'x', $1 FROM agents_latest WHERE agent_id LIKE 'AGENT-%'`,
    [new Date(START - HOUR)],
  );
  await fleet.beatRarely('AIGARDEN01', 'ZZZ-DOWN', START, START + DAY);
  await fleet.move('AIGARDEN01', 'ZZZ-DOWN', START + HOUR, 'up', 'down');
  await fleet.rollUp(LATER);

  const { agents, totals } = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual([totals.agents, agents.length, agents[0]?.agent_id], [count + 1, count + 1, 'ZZZ-DOWN']);
  assert.equal(agents[0]?.by_slot?.[5]?.records, 0);
  assert.deepEqual(
    agents[1]?.by_slot,
    Array.from({ length: 24 }, () => null),
    'it was never heard',
  );
  assert.equal(agents.filter(({ by_slot }) => by_slot === null).length, 2);
  assert.equal(agents.at(-1)?.by_slot, null);
});
