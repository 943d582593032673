/**
 * Goal: silence is noticed, a hiccup isn't. Method: whole orchestrators on a real Postgres, servers that beat over HTTP, and minutes that pass
 * at once. Each story tells what people would be told.
 */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { OrchestratorOptions } from '../../../src/orchestrator/orchestrator.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { SetClock } from '../../support/simulated-fleet.ts';
import { VirtualFleet } from '../../support/virtual-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());
const DAY_MS = 86_400_000;

async function open(t: TestContext, size: number, options: Partial<OrchestratorOptions> = {}) {
  const database = await postgres.database();
  const name = postgres.lastName;
  t.after(() => database.close());
  const clock = new SetClock();
  const fleet = new VirtualFleet(clock);
  const replica = (own: SetClock = clock) =>
    TestOrchestrator.open(t, postgres.connect(name), { clock: own, onTransitions: fleet.onTransitions, ...options });
  fleet.systems = [await replica()];
  await fleet.join(size);
  return { database, clock, fleet, replica };
}

const states = async (fleet: VirtualFleet) => {
  const { servers, agents } = (await fleet.systems[0]!.ask('GET', '/api/v1/fleet')).json;
  return [...servers, ...agents].map((one: { state: string }) => one.state);
};

test('an agent silent for 3 minutes is late, for 6 is down, and its return is told once', async (t) => {
  const { fleet } = await open(t, 2);

  fleet.servers[0]!.silent = true;
  await fleet.minutes(2);
  assert.deepEqual(fleet.heard(), []);
  await fleet.minutes(1);
  assert.deepEqual(fleet.heard(), lines('AIGARDEN01', 'up→late'));
  await fleet.minutes(3);
  assert.deepEqual(fleet.heard(), lines('AIGARDEN01', 'late→down'));
  await fleet.minutes(60);
  assert.deepEqual(fleet.heard(), []);
  fleet.servers[0]!.silent = false;
  await fleet.minutes(1);
  assert.deepEqual(fleet.heard(), lines('AIGARDEN01', 'down→up'));
  await fleet.minutes(10);
  assert.deepEqual(fleet.heard(), []);
});

test('one lost beat, and one that comes late, alarm nobody', async (t) => {
  const { fleet } = await open(t, 2);
  const [one] = fleet.servers;

  for (let time = 0; time < 3; time++) {
    one!.silent = true;
    await fleet.minutes(1);
    one!.silent = false;
    await fleet.seconds(15); // 135 s after the beat before
    await fleet.beats();
    await fleet.minutes(2);
  }

  assert.deepEqual(fleet.heard(), []);
});

test('a restart of the orchestrator alarms nobody, and delays no alarm', async (t) => {
  const { fleet, replica } = await open(t, 2);
  fleet.servers[0]!.silent = true;
  await fleet.minutes(1);

  await fleet.systems[0]!.orchestrator.close();
  fleet.clock.pass(15_000);
  fleet.systems = [await replica()];
  await fleet.judge();
  await fleet.seconds(45);
  assert.deepEqual(fleet.heard(), []);
  await fleet.seconds(15);

  assert.deepEqual(fleet.heard(), lines('AIGARDEN01', 'up→late'));
});

test('orchestrators off for 10 minutes with 200 agents: no false alarm, and what went on meanwhile is told', async (t) => {
  const { database, fleet, replica } = await open(t, 200);
  const [died, wasDown, staysDown] = fleet.servers;
  wasDown!.silent = true;
  staysDown!.silent = true;
  await fleet.minutes(6);
  fleet.told.length = 0;

  await fleet.systems[0]!.orchestrator.close();
  fleet.systems = [];
  await fleet.minutes(10);
  died!.silent = true;
  wasDown!.silent = false;
  fleet.systems = [await replica()];
  await fleet.seconds(45);
  assert.deepEqual(fleet.heard(), [], 'somebody was judged by what nobody could hear');
  await fleet.minutes(8);

  assert.deepEqual(
    fleet.heard(),
    [...lines('AIGARDEN01', 'up→late'), ...lines('AIGARDEN01', 'late→down'), ...lines('AIGARDEN02', 'down→up')].sort(),
  );
  const { rows } = await database.query<{ count: number }>('SELECT count(*) AS count FROM transitions');
  assert.equal(rows[0]!.count, 3 * 200 + 3 * 2 * 2 + 9, 'each is stored once');
});

test('the machine of the orchestrator sleeps for eight hours: nobody is to blame', async (t) => {
  const { fleet } = await open(t, 3);

  fleet.clock.jump(8 * 3_600_000);
  await fleet.minutes(5);
  assert.deepEqual(fleet.heard(), []);
  fleet.servers[2]!.silent = true;
  await fleet.minutes(4);

  assert.deepEqual(fleet.heard(), lines('AIGARDEN03', 'up→late'));
});

for (const [name, jumpMs] of [
  ['forward', DAY_MS],
  ['back', -DAY_MS],
] as const) {
  test(`the clock of the orchestrator is set ${name} by a day: no alarm, and silence is still noticed`, async (t) => {
    const { fleet } = await open(t, 3);
    fleet.servers[1]!.silent = true;
    await fleet.minutes(8);
    assert.equal(fleet.heard().length, 6);

    fleet.clock.jump(jumpMs);
    await fleet.minutes(5);
    assert.deepEqual(fleet.heard(), []);
    fleet.servers[0]!.silent = true;
    fleet.servers[1]!.silent = false;
    await fleet.minutes(8);

    assert.deepEqual(
      fleet.heard(),
      [
        ...lines('AIGARDEN01', 'up→late'),
        ...lines('AIGARDEN01', 'late→down'),
        ...lines('AIGARDEN02', 'down→up'),
      ].sort(),
    );
  });

  test(`the clock of a server is set ${name} by a day: it is shown, and judged by nobody`, async (t) => {
    const { fleet } = await open(t, 2);
    const [skewed] = fleet.servers;
    skewed!.seenAt = fleet.clock.now(); // its AI agent rests from now on

    skewed!.skewMs = jumpMs;
    await fleet.minutes(8);
    assert.deepEqual(fleet.heard(), []);
    const { servers } = (await fleet.systems[0]!.ask('GET', '/api/v1/fleet')).json;
    assert.deepEqual(
      servers.map((one: { clock_skew_ms: number }) => one.clock_skew_ms),
      [jumpMs, 0],
    );
    await fleet.minutes(5);
    assert.deepEqual(fleet.heard(), ['AIGARDEN01/GROK up→late'], 'it rested for more than ten minutes');
    skewed!.seenAt = undefined;
    await fleet.minutes(1);
    assert.deepEqual(fleet.heard(), ['AIGARDEN01/GROK late→up']);
    skewed!.silent = true;
    await fleet.minutes(4);

    assert.deepEqual(fleet.heard(), lines('AIGARDEN01', 'up→late'));
  });

  test(`of two orchestrators one has its clock set ${name} by a day: the time of both holds on`, async (t) => {
    const { fleet, replica } = await open(t, 4);
    const clock = new FollowingClock(fleet.clock);
    fleet.systems.push(await replica(clock));
    await fleet.minutes(2);

    clock.jump(jumpMs);
    await fleet.minutes(6);
    assert.deepEqual(fleet.heard(), []);
    fleet.servers[0]!.silent = true;
    fleet.servers[1]!.silent = true;
    await fleet.minutes(8);
    assert.deepEqual(
      fleet.heard(),
      ['AIGARDEN01', 'AIGARDEN02'].flatMap((one) => [...lines(one, 'up→late'), ...lines(one, 'late→down')]).sort(),
    );
    clock.jump(-jumpMs);
    await fleet.minutes(5);

    assert.deepEqual(fleet.heard(), []);
  });
}

test('two orchestrators judge: each transition is told and stored once, and one that joins changes nothing', async (t) => {
  const { database, fleet, replica } = await open(t, 30);
  for (const one of fleet.servers.slice(0, 20)) one.silent = true;

  await fleet.minutes(2);
  fleet.systems.push(await replica());
  await fleet.minutes(1);
  assert.equal(fleet.heard().length, 60, 'late as ever');
  await fleet.minutes(3);
  for (const one of fleet.servers) one.silent = false;
  await fleet.minutes(2);

  assert.equal(fleet.heard().length, 120);
  const { rows } = await database.query<{ move: string; count: number; subjects: number }>(
    `SELECT from_state || '→' || to_state AS move, count(*) AS count, count(DISTINCT (server, agent_id)) AS subjects
     FROM transitions WHERE from_state IS NOT NULL GROUP BY 1 ORDER BY 1`,
  );
  assert.deepEqual(rows, [
    { move: 'down→up', count: 60, subjects: 60 },
    { move: 'late→down', count: 60, subjects: 60 },
    { move: 'up→late', count: 60, subjects: 60 },
  ]);
});

test('up vouches for work: an AI agent that rests, waits or loses records is told of, with the reason', async (t) => {
  const { fleet } = await open(t, 1);
  const [one] = fleet.servers;
  const grok = async () => {
    const { agents } = (await fleet.systems[0]!.ask('GET', '/api/v1/fleet')).json;
    const { state, reason } = agents.find((agent: { agent_id: string }) => agent.agent_id === 'GROK');
    return `${state}: ${reason}`;
  };

  one!.replace = { oldest_unarchived_seconds: 1_900 };
  await fleet.minutes(1);
  assert.equal(await grok(), 'degraded: records have waited for the archive for more than 30m');
  one!.replace = { lost_records: 7 };
  await fleet.minutes(1);
  assert.equal(await grok(), 'degraded: its server has lost records since the beat before');
  await fleet.minutes(1);
  assert.equal(await grok(), 'up: beats arrive on time');
  one!.replace = { lost_records: 0, epoch: 'fedcba9876543210' }; // another buffer counts from its own beginning
  await fleet.minutes(1);
  assert.equal(await grok(), 'up: beats arrive on time');
  one!.seenAt = fleet.clock.now();
  await fleet.minutes(12);
  assert.equal(await grok(), 'late: no sign of life for more than 10m');
  one!.seenAt = undefined;
  one!.replace = { status: 'stopped' };
  await fleet.minutes(1);
  assert.equal(await grok(), 'down: stopped, by its own word');

  assert.deepEqual(
    fleet.told.map(({ from, to }) => `${from}→${to}`),
    ['up→degraded', 'degraded→up', 'up→late', 'late→down'],
  );
  assert.ok((await states(fleet)).includes('up'), 'the server is well');
});

test('what was told and could not be stored with its transition is told again', async (t) => {
  let refuses = true;
  const told: string[] = [];
  const { fleet, database } = await open(t, 1, {
    onTransitions: async (_transaction, transitions) => {
      if (refuses && transitions.some(({ to }) => to === 'late')) throw new Error('the alert could not be stored');
      told.push(...transitions.map(({ to }) => to));
    },
  });
  told.length = 0;
  fleet.servers[0]!.silent = true;
  await fleet.minutes(2);

  await assert.rejects(fleet.minutes(1), /could not be stored/);
  assert.deepEqual((await database.query("SELECT 1 FROM transitions WHERE to_state = 'late'")).count, 0);
  refuses = false;
  await fleet.seconds(15);

  assert.deepEqual(told, ['late', 'late', 'late']);
});

/** The server, its lean agent and its AI agent. */
function lines(server: string, move: string): string[] {
  return [`${server} ${move}`, `${server}/GROK ${move}`, `${server}/nervesys ${move}`];
}

/** A clock of its own on which the same time passes. */
class FollowingClock extends SetClock {
  readonly #other: SetClock;
  #aheadMs = 0;

  constructor(other: SetClock) {
    super();
    this.#other = other;
  }
  override now(): number {
    return this.#other.now() + this.#aheadMs;
  }
  override monotonic(): number {
    return this.#other.monotonic();
  }
  override jump(ms: number): void {
    this.#aheadMs += ms;
  }
}
