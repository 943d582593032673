/**
 * Goal: who is taken out of service alarms nobody and comes back by a sign of life or by hand; how everybody was can be read afterwards. Method: as
 * in state-stories.test.ts.
 */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { SetClock } from '../../support/simulated-fleet.ts';
import { VirtualFleet } from '../../support/virtual-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());
const BOTH = ['AIGARDEN01', 'AIGARDEN01/GROK', 'AIGARDEN01/nervesys'];
const lines = (move: string) => BOTH.map((one) => `${one} ${move}`);

async function open(t: TestContext) {
  const fleet = new VirtualFleet(new SetClock());
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database, { clock: fleet.clock, onTransitions: fleet.onTransitions });
  fleet.systems = [system];
  await fleet.join(2);
  const post = (path: string, body?: unknown) =>
    system.ask('POST', `/api/v1/${path}`, body === undefined ? {} : { body });
  const audited = async () =>
    (await system.ask('GET', '/api/v1/audit')).json.entries
      .filter(({ action }: { action: string }) => /retired|reinstated/.test(action))
      .map(({ action, subject }: { action: string; subject: string }) => `${action} ${subject}`);
  return { fleet, database, system, post, audited, one: fleet.servers[0]! };
}

test('a server that is retired falls silent without an alarm, and its first beat brings it back', async (t) => {
  const { fleet, post, audited, one } = await open(t);
  one.silent = true;

  const { status, json } = await post('servers/AIGARDEN01/retire');
  assert.deepEqual([status, json.state, json.reason], [200, 'retired', 'taken out of service']);
  assert.deepEqual(fleet.heard(), lines('up→retired'));
  await post('servers/AIGARDEN01/retire'); // again: nothing more happens
  await fleet.minutes(30);
  assert.deepEqual(fleet.heard(), []);
  one.silent = false;
  await fleet.minutes(1);

  assert.deepEqual(fleet.heard(), lines('retired→up'));
  assert.deepEqual(await audited(), ['server.retired AIGARDEN01']);
  one.silent = true;
  await fleet.minutes(4);
  assert.deepEqual(fleet.heard(), lines('up→late'), 'it is watched again');
});

test('an AI agent that is retired stays so while its server beats for it, until it gives a sign itself', async (t) => {
  const { fleet, post, audited, one } = await open(t);
  one.seenAt = fleet.clock.now();

  assert.equal((await post('agents/GROK/retire', { server: 'AIGARDEN01' })).json.state, 'retired');
  await fleet.minutes(30);
  assert.deepEqual(
    fleet.heard(),
    ['AIGARDEN01/GROK up→retired'],
    'neither its silence nor its server’s beats are told of',
  );
  one.seenAt = fleet.clock.now();
  await fleet.minutes(1);

  assert.deepEqual(fleet.heard(), ['AIGARDEN01/GROK retired→up']);
  assert.deepEqual(await audited(), ['agent.retired AIGARDEN01/GROK']);
});

test('a server that is put back into service is expected: late, and down when it does not come', async (t) => {
  const { fleet, post, audited, one } = await open(t);
  one.silent = true;
  await post('servers/AIGARDEN01/retire');
  await fleet.minutes(30);
  fleet.told.length = 0;

  const { json } = await post('servers/AIGARDEN01/reinstate');
  assert.deepEqual([json.state, json.reason], ['late', 'back in service, and not heard since']);
  await fleet.minutes(4);
  assert.deepEqual(fleet.heard(), lines('retired→late'));
  await fleet.minutes(2);
  assert.deepEqual(fleet.heard(), lines('late→down'));
  await post('servers/AIGARDEN01/retire');
  await post('servers/AIGARDEN01/reinstate');
  fleet.told.length = 0;
  one.silent = false;
  await fleet.minutes(1);

  assert.deepEqual(fleet.heard(), lines('late→up'));
  assert.equal((await audited()).length, 4);
});

test('an AI agent that was retired by itself is not put back with its server; one that was retired with it is', async (t) => {
  const { fleet, post, one } = await open(t);
  one.silent = true;
  await post('agents/GROK/retire', { server: 'AIGARDEN01' });
  fleet.clock.pass(1_000);
  await post('servers/AIGARDEN01/retire');
  fleet.told.length = 0;

  await post('servers/AIGARDEN01/reinstate');
  assert.deepEqual(fleet.heard(), ['AIGARDEN01 retired→late', 'AIGARDEN01/nervesys retired→late']);
  await post('agents/GROK/reinstate', { server: 'AIGARDEN01' });

  assert.deepEqual(fleet.heard(), ['AIGARDEN01/GROK retired→late']);
});

test('a server whose key was revoked is told of once, may be retired, and joins again by a token', async (t) => {
  const { fleet, system, post } = await open(t);

  await post('servers/AIGARDEN01/revoke');
  await fleet.judge();
  assert.deepEqual(fleet.heard(), lines('up→revoked'));
  await post('servers/AIGARDEN01/retire');
  assert.deepEqual(fleet.heard(), lines('revoked→retired'));
  await post('servers/AIGARDEN01/reinstate');
  assert.deepEqual(fleet.heard(), lines('retired→revoked'));
  fleet.servers.shift();
  await system.enrol('AIGARDEN01');
  await fleet.judge();
  assert.deepEqual(fleet.heard(), [
    'AIGARDEN01 revoked→up',
    'AIGARDEN01/GROK revoked→late',
    'AIGARDEN01/nervesys revoked→late',
  ]);
});

test('what does not exist, or is no name, is refused', async (t) => {
  const { database, system, post } = await open(t);
  const refused = async (path: string, body?: unknown) => {
    const { status, json } = await post(path, body);
    return [status, json.code];
  };

  for (const verb of ['retire', 'reinstate']) {
    assert.deepEqual(await refused(`servers/NOBODY/${verb}`), [404, 'NSV_NOT_FOUND']);
    assert.deepEqual(await refused(`servers/%00/${verb}`), [400, 'NSV_BODY_INVALID']);
    assert.deepEqual(await refused(`agents/NOBODY/${verb}`, { server: 'AIGARDEN01' }), [404, 'NSV_NOT_FOUND']);
    assert.deepEqual(await refused(`agents/GROK/${verb}`, { server: 'NOBODY' }), [404, 'NSV_NOT_FOUND']);
    assert.deepEqual(await refused(`agents/GROK/${verb}`, {}), [400, 'NSV_BODY_INVALID']);
    assert.deepEqual(await refused(`agents/GROK/${verb}`, { server: ['AIGARDEN01'] }), [400, 'NSV_BODY_INVALID']);
    assert.deepEqual(await refused(`agents/nervesys/${verb}`, { server: 'AIGARDEN01' }), [400, 'NSV_BODY_INVALID']);
  }
  for (const query of [
    'since=yesterday',
    'until=275761-01-01',
    'since=2025-01-01T00:00',
    'since=1m&until=1h',
    "since='",
  ]) {
    const { status, json } = await system.ask('GET', `/api/v1/servers/AIGARDEN01/timeline?${query}`);
    assert.deepEqual([status, json.code], [400, 'NSV_BODY_INVALID'], query);
  }
  for (const path of ['servers/NOBODY/timeline', 'agents/NOBODY/timeline?server=AIGARDEN01'])
    assert.equal((await system.ask('GET', `/api/v1/${path}`)).status, 404);
  assert.equal((await system.ask('GET', '/api/v1/agents/GROK/timeline')).status, 400);
  const { rows } = await database.query<{ state: string }>('SELECT DISTINCT state FROM agents_latest');
  assert.deepEqual(rows, [{ state: 'up' }]);
});

test('a timeline tells each state, since when, and for how many seconds', async (t) => {
  const { fleet, system, one, database } = await open(t);
  await fleet.minutes(10);
  const lastBeatAt = fleet.clock.now() - 15_000;
  one.silent = true;
  await fleet.minutes(10);
  one.silent = false;
  await fleet.minutes(10);
  const timeline = async (path: string) => (await system.ask('GET', `/api/v1/${path}`)).json;
  const near = (iso: string, at: number) => Math.abs(Date.parse(iso) - at) < 10_000;

  const whole = await timeline('agents/GROK/timeline?server=AIGARDEN01');
  assert.equal(whole.state, null, 'it was not known a day ago');
  assert.deepEqual(
    whole.transitions.map(({ from, to, reason }: Record<string, string>) => [from, to, reason]),
    [
      [null, 'up', 'beats arrive on time'],
      ['up', 'late', 'no heartbeat for more than 2m 30s'],
      ['late', 'down', 'no heartbeat for more than 5m'],
      ['down', 'up', 'beats arrive on time'],
    ],
  );
  const [, late, down] = whole.transitions;
  assert.ok(near(late.at, lastBeatAt + 150_000), `late at its deadline: ${late.at}`);
  assert.ok(near(down.at, lastBeatAt + 300_000));
  assert.ok(
    Math.abs(whole.seconds.late - 150) < 10 && Math.abs(whole.seconds.down - 360) < 20,
    JSON.stringify(whole.seconds),
  );
  const sum = Object.values<number>(whole.seconds).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 86_400) < 1);

  const middle = `since=${down.at}&until=${new Date(Date.parse(down.at) + 60_000).toISOString()}`;
  const part = await timeline(`servers/AIGARDEN01/timeline?${middle}`);
  assert.deepEqual([part.state, part.agent_id, part.seconds], ['late', null, { down: 60 }]);
  const quiet = await timeline('servers/AIGARDEN02/timeline?since=5m');
  assert.deepEqual([quiet.state, quiet.transitions, Object.keys(quiet.seconds)], ['up', [], ['up']]);

  // Two years at most, and a thousand transitions at a time.
  await database.query(
    `INSERT INTO transitions (server, agent_id, from_state, to_state, reason, at)
     SELECT 'AIGARDEN02', NULL, 'up', 'late', 'x', $1::timestamptz + n * interval '1 second' FROM generate_series(1, 1500) n`,
    [new Date(fleet.clock.now() - 3_600_000)],
  );
  const many = await timeline('servers/AIGARDEN02/timeline?since=30000d');
  assert.equal(many.transitions.length, 1_000);
  assert.equal(many.until, many.next_since);
  const rest = await timeline(`servers/AIGARDEN02/timeline?since=${many.next_since}`);
  assert.equal(rest.transitions.length, 501, 'and the one of its joining');
});

test('transitions are kept for two years', async (t) => {
  const { fleet, database, system } = await open(t);
  const before = (await database.query('SELECT 1 FROM transitions')).count;
  await database.query(
    `INSERT INTO transitions (server, from_state, to_state, reason, at) VALUES ('AIGARDEN01', 'up', 'late', 'old', $1), ('AIGARDEN01', 'late', 'up', 'old', $2)`,
    [new Date(fleet.clock.now() - 733 * 86_400_000), new Date(fleet.clock.now() - 700 * 86_400_000)],
  );

  fleet.clock.pass(3_700_000);
  await system.orchestrator.stateWatch.judgeOnce();

  assert.equal((await database.query('SELECT 1 FROM transitions')).count, before + 1);
});
