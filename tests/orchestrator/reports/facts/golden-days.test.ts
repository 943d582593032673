/** Days whose facts are known beforehand, on a real Postgres; by the clock of Asia/Jerusalem where none is named. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { AgentFacts, ReportFacts } from '../../../../src/contract/report-facts.ts';
import { factsDigest } from '../../../../src/orchestrator/reports/facts-digest.ts';
import { tellBeats } from '../../../support/beats.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { ReportFleet } from '../../../support/report-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 10 December 2025 in Jerusalem. */
const START = Date.parse('2025-12-09T22:00:00Z');
const END = START + DAY;
const LATER = END + 20 * MINUTE;

type Facts = Omit<ReportFacts, 'version'>;

async function open(t: TestContext): Promise<ReportFleet> {
  const database = await postgres.database();
  t.after(() => database.close());
  return new ReportFleet(database);
}

function agentOf({ agents }: Facts, id: string): AgentFacts {
  const found = agents.find(({ agent_id }) => agent_id === id);
  assert.ok(found !== undefined, `${id} is not there`);
  return found;
}

const kinds = ({ gaps }: Facts) => gaps.map(({ kind }) => kind);

test('a quiet day: everybody up all the time, and every number is known', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.join('AIGARDEN02', 'GIMAI', START - HOUR);
  await fleet.beat('AIGARDEN01', 'GROK', START, END, (index) => ({
    cpu: index % 100,
    counts: { INFO: 10, ERROR: index % 60 === 0 ? 1 : 0 },
  }));
  await fleet.beat('AIGARDEN02', 'GIMAI', START, END, () => ({ cpu: 50, counts: { DEBUG: 1, INFO: 1, WARN: 1 } }));
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(kinds(facts), ['no_prices']);
  assert.equal(facts.slots.length, 24);
  const { totals } = facts;
  assert.deepEqual(
    [totals.servers, totals.agents, totals.availability, totals.down_seconds, totals.late_seconds],
    [2, 2, 1, 0, 0],
  );
  assert.deepEqual([totals.records, totals.errors, totals.error_rate], [14_400 + 24 + 3 * 1_440, 24, 24 / 18_744]);
  assert.deepEqual([totals.dropped_records, totals.lost_records, totals.alerts_opened], [0, 0, 0]);
  const grok = agentOf(facts, 'GROK');
  assert.deepEqual(grok.level_counts, { DEBUG: 0, INFO: 14_400, WARN: 0, ERROR: 24, CRITICAL: 0 });
  assert.deepEqual(
    [grok.light, grok.light_reasons, grok.state, grok.seconds, grok.spans],
    ['green', [], 'up', { up: 86_400 }, null],
  );
  // Of the means of 5 minutes, 2, 7, … 97, over and over.
  assert.deepEqual(grok.vitals.cpu_percent, { p50: 47, p95: 92, max: 99 });
  assert.deepEqual(grok.vitals.buffer_size_mb, { p50: 0.5, p95: 0.5, max: 0.5 });
  assert.equal(grok.by_slot?.length, 24);
  assert.deepEqual(grok.by_slot?.[7], {
    records: 601,
    errors: 1,
    cpu_percent: 49.5,
    ram_percent: 40,
    disk_percent: 55,
  });
  assert.deepEqual(facts.by_slot[0]?.level_counts, { DEBUG: 60, INFO: 660, WARN: 60, ERROR: 1, CRITICAL: 0 });
  assert.deepEqual(facts.by_slot[0]?.seconds, { up: 7_200 });
  assert.equal(facts.by_slot[0]?.vitals.cpu_percent?.max, 59);
  assert.deepEqual(
    facts.servers.map(({ server, state, agents, lost_records }) => [server, state, agents, lost_records]),
    [
      ['AIGARDEN01', 'up', 1, 0],
      ['AIGARDEN02', 'up', 1, 0],
    ],
  );
  assert.equal(facts.trend.length, 14);
  assert.deepEqual(facts.trend[13], { day: '2025-12-10', ...totals });
});

test('a bad day: an outage of 14 minutes at 03:10 is 14 minutes, whoever else was up', async (t) => {
  const fleet = await open(t);
  const down = START + 3 * HOUR + 10 * MINUTE;
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.join('AIGARDEN02', 'GIMAI', START - HOUR);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, down - 5 * MINUTE);
  await fleet.beatRarely('AIGARDEN01', 'GROK', down + 14 * MINUTE, END, () => ({
    replace: { lost_records: 7, dropped_records: 3 },
  }));
  await fleet.beatRarely('AIGARDEN02', 'GIMAI', START, END);
  await fleet.move('AIGARDEN01', 'GROK', down - 150_000, 'up', 'late');
  await fleet.move('AIGARDEN01', 'GROK', down, 'late', 'down');
  await fleet.move('AIGARDEN01', 'GROK', down + 14 * MINUTE, 'down', 'up');
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  const grok = agentOf(facts, 'GROK');
  assert.equal(facts.agents[0], grok, 'the worst is first');
  assert.deepEqual(grok.seconds, { up: 86_400 - 840 - 150, late: 150, down: 840 });
  assert.deepEqual([grok.outages, grok.longest_outage_seconds, grok.state], [1, 840, 'up']);
  assert.deepEqual([grok.light, grok.light_reasons], ['red', ['down', 'lost_records']]);
  assert.equal(grok.availability, (86_400 - 990) / 86_400);
  assert.deepEqual(grok.spans, [
    { from: '2025-12-09T22:00:00.000Z', to: '2025-12-10T01:07:30.000Z', state: 'up', reason: 'beats arrive on time' },
    { from: '2025-12-10T01:07:30.000Z', to: '2025-12-10T01:10:00.000Z', state: 'late', reason: 'it is late' },
    { from: '2025-12-10T01:10:00.000Z', to: '2025-12-10T01:24:00.000Z', state: 'down', reason: 'it is down' },
    { from: '2025-12-10T01:24:00.000Z', to: '2025-12-10T22:00:00.000Z', state: 'up', reason: 'it is up' },
  ]);
  assert.deepEqual(facts.by_slot[3]?.seconds, { up: 7_200 - 990, late: 150, down: 840 });
  assert.deepEqual([facts.totals.down_seconds, facts.totals.late_seconds, facts.totals.lost_records], [840, 150, 7]);
  assert.equal(facts.totals.availability, (2 * 86_400 - 990) / (2 * 86_400));
  assert.deepEqual(facts.losses, [{ server: 'AIGARDEN01', lost_records: 7 }]);
  assert.equal(facts.totals.dropped_records, 3);
  assert.equal(agentOf(facts, 'GIMAI').light, 'green');
});

test('before there is anything, nothing is zero', async (t) => {
  const fleet = await open(t);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(facts.gaps, [
    { kind: 'before_first_data', from: '2025-12-09T22:00:00.000Z', to: '2025-12-10T22:00:00.000Z' },
    { kind: 'no_prices' },
  ]);
  assert.ok(Object.values(facts.totals).every((value) => value === null));
  assert.deepEqual(facts.compared, { before: null, week_before: null, habit: null, habit_of: 0 });
  assert.ok(
    facts.trend.every(({ day, ...totals }) => day !== '' && Object.values(totals).every((value) => value === null)),
  );
  assert.deepEqual([facts.agents, facts.servers], [[], []]);
  assert.equal(facts.by_slot.length, 24);
  assert.ok(
    facts.by_slot.every(({ level_counts, seconds }) => level_counts === null && Object.keys(seconds).length === 0),
  );
});

for (const [name, from, hours] of [
  ['2026-03-27', '2026-03-26T22:00:00Z', 23],
  ['2026-10-25', '2026-10-24T21:00:00Z', 25],
] as const) {
  test(`a day of ${hours} hours has that many, and its minutes`, async (t) => {
    const fleet = await open(t);
    const start = Date.parse(from);
    const end = start + hours * HOUR;
    await fleet.join('AIGARDEN01', 'GROK', start - DAY);
    await fleet.beatRarely('AIGARDEN01', 'GROK', start - HOUR, end + HOUR, () => ({ counts: { INFO: 5 } }));
    await fleet.rollUp(end + HOUR);

    const facts = await fleet.gather('daily', name, end + HOUR);

    assert.equal(facts.slots.length, hours);
    assert.deepEqual(
      facts.by_slot.map((slot) => slot.level_counts?.INFO),
      Array.from({ length: hours }, () => 60),
    );
    assert.deepEqual(agentOf(facts, 'GROK').seconds, { up: hours * 3_600 });
    assert.deepEqual([facts.totals.records, facts.totals.availability], [hours * 60, 1]);
  });
}

test('in a zone of half hours, hours and days are cut where its clock cuts them', async (t) => {
  const fleet = await open(t);
  const start = Date.parse('2025-12-09T18:30:00Z'); // 10 December in India
  await fleet.join('AIGARDEN01', 'GROK', start - 2 * DAY);
  await fleet.beatRarely('AIGARDEN01', 'GROK', start - 2 * DAY, start + DAY + HOUR, (_, at) => ({
    counts: { INFO: at < start ? 5 : at < start + DAY ? 10 : 25 },
  }));
  await fleet.rollUp(start + DAY + HOUR);

  const facts = await fleet.gather('daily', '2025-12-10', start + DAY + HOUR, 'Asia/Kolkata');

  assert.equal(facts.totals.records, 2 * 1_440);
  assert.deepEqual(
    facts.by_slot.map((slot) => slot.level_counts?.INFO),
    Array.from({ length: 24 }, () => 120),
  );
  assert.deepEqual([facts.slots[0]?.label, facts.slots[0]?.starts_at], ['00:00', '2025-12-09T18:30:00.000Z']);
  assert.equal(facts.compared.before?.records, 1_440, 'what is compared is cut there too');
  assert.deepEqual([facts.compared.before?.availability, facts.compared.habit_of], [1, 2]);
});

test('one AI agent that was never heard in an hour has no zeros there; one that was, and told nothing, has', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, START + 5 * HOUR);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START + 6 * HOUR, END);
  await fleet.move('AIGARDEN01', 'GROK', START + 5 * HOUR + 90_000, 'up', 'late', true);
  await fleet.move('AIGARDEN01', 'GROK', START + 5 * HOUR + 4 * MINUTE, 'late', 'down', true);
  await fleet.move('AIGARDEN01', 'GROK', START + 6 * HOUR, 'down', 'up', true);
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  const grok = agentOf(facts, 'GROK');
  assert.equal(grok.by_slot?.[5], null);
  assert.equal(facts.by_slot[5]?.level_counts, null);
  assert.deepEqual(grok.by_slot?.[4], { records: 0, errors: 0, cpu_percent: 10, ram_percent: 40, disk_percent: 55 });
  assert.deepEqual([grok.records, grok.error_rate, facts.totals.error_rate], [0, null, null]);
  assert.deepEqual(kinds(facts), ['no_prices'], 'the orchestrator was there: it judged');
  assert.equal(facts.servers[0]?.seconds.down, 56 * 60);
});

test('the orchestrator away for two hours is a gap and unknown time, until rolled-up beats arrive late', async (t) => {
  const fleet = await open(t);
  const [away, back] = [START + 10 * HOUR, START + 12 * HOUR];
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, away, () => ({ counts: { INFO: 5 } }));
  await fleet.beatRarely('AIGARDEN01', 'GROK', back, END, () => ({ counts: { INFO: 5 } }));
  await fleet.rollUp(LATER);

  const first = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(first.gaps, [
    { kind: 'nobody_heard', from: '2025-12-10T08:00:00.000Z', to: '2025-12-10T10:00:00.000Z' },
    { kind: 'no_prices' },
  ]);
  const grok = agentOf(first, 'GROK');
  assert.deepEqual([grok.seconds, grok.availability], [{ up: 22 * 3_600, unknown: 2 * 3_600 }, 1]);
  assert.deepEqual(
    grok.spans?.map(({ state }) => state),
    ['up', 'unknown', 'up'],
  );
  assert.deepEqual(first.by_slot[10]?.seconds, { unknown: 3_600 });
  assert.equal(first.totals.records, 22 * 60);

  const late = Array.from({ length: 12 }, (_, n) => ({
    at: away + (n + 1) * 10 * MINUTE - 1, // the beat that comes through bears the instant itself
    receivedAt: LATER + MINUTE,
    counts: { INFO: 10 },
    replace: { covers_seconds: 600 },
  }));
  await tellBeats(fleet.database, late);
  const second = await fleet.gather('daily', '2025-12-10', LATER + 2 * MINUTE);

  assert.deepEqual(kinds(second), ['no_prices']);
  assert.deepEqual(agentOf(second, 'GROK').seconds, { up: 86_400 });
  assert.equal(second.totals.records, 24 * 60);
  assert.notEqual(factsDigest(second), factsDigest(first));
  await fleet.rollUp(LATER + HOUR);
  const third = await fleet.gather('daily', '2025-12-10', LATER + 2 * HOUR);
  assert.equal(factsDigest(third), factsDigest(second), 'that they are rolled up changes nothing');
});

test('beats that are not rolled up count as they will when they are', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.beat('AIGARDEN01', 'GROK', START - HOUR + MINUTE, START + 12 * HOUR + 3 * MINUTE, (index) => ({
    cpu: index % 7,
    counts: { INFO: 3 },
    replace: { lost_records: Math.floor(index / 100), dropped_records: index },
  }));
  await fleet.rollUp(START + 12 * HOUR + 3 * MINUTE);
  await fleet.beat('AIGARDEN01', 'GROK', START + 12 * HOUR + 3 * MINUTE, END, (index) => ({
    cpu: index % 11,
    counts: { INFO: 3, ERROR: index % 2 },
    replace: { lost_records: 7 + Math.floor(index / 100), dropped_records: 783 + index },
  }));

  const before = await fleet.gather('daily', '2025-12-10', LATER);
  await fleet.rollUp(LATER);
  const after = await fleet.gather('daily', '2025-12-10', LATER + HOUR);

  assert.deepEqual({ ...after, gathered_at: before.gathered_at }, before);
  assert.ok((before.totals.lost_records ?? 0) > 10 && before.totals.records === 4_320 + 358);
  const { rows } = await fleet.database.query<{ facts: Facts }>('SELECT $1::jsonb AS facts', [JSON.stringify(before)]);
  assert.equal(factsDigest(rows[0]!.facts), factsDigest(after), 'Postgres keeps no order of keys');
});

test('one that was retired in the day counts until then, and one that was out of service all day is not told of', async (t) => {
  const fleet = await open(t);
  const noon = START + 12 * HOUR;
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.join('AIGARDEN01', 'OLD', START - 2 * DAY);
  await fleet.move('AIGARDEN01', 'OLD', START - HOUR, 'up', 'retired');
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, END);
  await fleet.beatRarely('AIGARDEN01', 'OLD', START, END);
  await fleet.move('AIGARDEN01', 'GROK', noon, 'up', 'retired');
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(
    facts.agents.map(({ agent_id }) => agent_id),
    ['GROK'],
  );
  const grok = agentOf(facts, 'GROK');
  assert.deepEqual(
    [grok.seconds, grok.availability, grok.state, grok.light],
    [{ up: 43_200, retired: 43_200 }, 1, 'retired', 'green'],
  );
});

test('of one that came at noon, the morning is unknown; who came after the day is not in it', async (t) => {
  const fleet = await open(t);
  const noon = START + 12 * HOUR;
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.join('AIGARDEN02', 'NEWCOMER', noon);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, END);
  await fleet.beatRarely('AIGARDEN02', 'NEWCOMER', noon + MINUTE, END);
  await fleet.join('AIGARDEN03', 'TOMORROW', END);
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(facts.agents.map(({ agent_id }) => agent_id).sort(), ['GROK', 'NEWCOMER']);
  const newcomer = agentOf(facts, 'NEWCOMER');
  assert.deepEqual([newcomer.seconds, newcomer.availability], [{ unknown: 43_200, up: 43_200 }, 1]);
  assert.deepEqual([newcomer.by_slot?.[11], newcomer.by_slot?.[12]?.records], [null, 0]);
  assert.deepEqual([facts.totals.servers, facts.totals.agents], [2, 2]);
});

test('a server whose clock is a day ahead is told of by when its beats came', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, END, (_, at) => ({
    at: at + DAY,
    receivedAt: at,
    counts: { INFO: 5 },
  }));
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(kinds(facts), ['no_prices']);
  assert.deepEqual([facts.totals.records, agentOf(facts, 'GROK').by_slot?.[23]?.records], [1_440, 60]);
});

test('names that are markup, SQL or properties of objects are names', async (t) => {
  const fleet = await open(t);
  const names = [
    '__proto__',
    'constructor',
    "'; DROP TABLE servers; --",
    '{"a":1}',
    '<b>&amp;</b>',
    'סוכן \u202eהפוך\u202c',
    '=cmd|A0',
    '\\x00',
    '$1',
  ];
  for (const name of names) {
    await fleet.join(name, name, START - HOUR);
    await fleet.beat(name, name, START, START + 10 * MINUTE, () => ({ counts: { INFO: 1 } }));
    await fleet.move(name, name, START + HOUR, 'up', 'late');
  }
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual(facts.agents.map(({ agent_id }) => agent_id).sort(), names.toSorted());
  assert.deepEqual(facts.servers.map(({ server }) => server).sort(), names.toSorted());
  assert.ok(
    facts.agents.every(
      ({ records, spans, by_slot }) => records === 10 && spans?.length && by_slot?.[0]?.records === 10,
    ),
  );
  const { rows } = await fleet.database.query<{ facts: Facts }>('SELECT $1::jsonb AS facts', [JSON.stringify(facts)]);
  assert.equal(factsDigest(rows[0]!.facts), factsDigest(facts));
});

test('a day that is not over is told up to now, and says so', async (t) => {
  const fleet = await open(t);
  await fleet.join('AIGARDEN01', 'GROK', START - HOUR);
  await fleet.beatRarely('AIGARDEN01', 'GROK', START, END, () => ({ counts: { INFO: 5 } }));

  const facts = await fleet.gather('daily', '2025-12-10', START + 6 * HOUR);

  assert.deepEqual(facts.gaps[0], {
    kind: 'unfinished',
    from: '2025-12-10T04:00:00.000Z',
    to: '2025-12-10T22:00:00.000Z',
  });
  assert.deepEqual([agentOf(facts, 'GROK').seconds, facts.totals.records], [{ up: 6 * 3_600 }, 360]);
  assert.deepEqual([facts.slots.length, facts.by_slot.length, facts.by_slot[6]?.level_counts], [24, 24, null]);
});

test('what a server lost is told by each of its AI agents, and counted once', async (t) => {
  const fleet = await open(t);
  for (const name of ['GROK', 'GIMAI']) {
    await fleet.join('AIGARDEN01', name, START - HOUR);
    await fleet.beatRarely('AIGARDEN01', name, START, END, (index) => ({
      replace: { lost_records: index < 144 ? 0 : 7, dropped_records: index },
    }));
  }
  await fleet.rollUp(LATER);

  const facts = await fleet.gather('daily', '2025-12-10', LATER);

  assert.deepEqual([facts.totals.lost_records, facts.totals.dropped_records], [7, 287]);
  assert.deepEqual(facts.losses, [{ server: 'AIGARDEN01', lost_records: 7 }]);
  const next = await fleet.gather('daily', '2025-12-11', END + DAY);
  assert.deepEqual([next.compared.before?.lost_records, next.compared.before?.dropped_records], [7, 287]);
});
