import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { heartbeat, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { foundRevision, nthRevision } from '../../support/revisions.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

/** Asks as an agent does; `has`: the revision that it runs. */
function askConfig(system: TestOrchestrator, key: string, options: { has?: string; wait?: number } = {}) {
  const { has, wait } = options;
  return system.ask('GET', `/api/v1/config${wait === undefined ? '' : `?wait=${wait}`}`, {
    key,
    headers: has === undefined ? {} : { 'if-none-match': `"${has}"` },
  });
}

test('a server is served its own part of the configuration, and no other server is named in it', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const found = await foundRevision({
    'agents/grok.yaml': 'servers: [AIGARDEN01, AIGARDEN02]\nrole: reviewer\n',
    'agents/gimai.yaml': 'servers: [AIGARDEN02]\n',
    'agents/deepseek.yaml': 'role: everywhere\n',
    'orchestrator.yaml': 'rollout: {canary: [AIGARDEN02]}\n',
  });
  await system.orchestrator.revisions.record(found);

  const answer = await askConfig(system, key);

  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('etag'), `"${found.revision}"`);
  const { format, revision, config } = answer.json;
  assert.deepEqual([format, revision, config.revision], [1, found.revision, found.revision]);
  assert.deepEqual(
    config.agents.map((agent: { agentId: string; servers?: string[] }) => [agent.agentId, agent.servers]),
    [
      ['DEEPSEEK', undefined],
      ['GROK', ['AIGARDEN01']],
    ],
  );
  assert.doesNotMatch(answer.text, /AIGARDEN02|GIMAI/);
  const has = (await askConfig(system, key, { has: found.revision })).status;
  assert.equal(has, 304);
  for (const [other, expected] of [
    [system.adminKey, 403],
    [null, 401],
  ] as const)
    assert.equal((await system.ask('GET', '/api/v1/config', { key: other })).status, expected);
});

test('before there is any configuration a server is told so, and waits for the first one', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const none = await askConfig(system, key);
  assert.deepEqual([none.status, none.json.code], [404, 'NSV_CONFIG_NONE']);

  const waiting = askConfig(system, key, { wait: 30 });
  const found = await nthRevision(1);
  await system.orchestrator.revisions.record(found);

  assert.equal((await waiting).json.revision, found.revision);
});

test('an answer is held until another revision is desired, or the time is over', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const [one, two] = [await nthRevision(1), await nthRevision(2)];
  await system.orchestrator.revisions.record(one);

  const startedAt = performance.now();
  const over = await askConfig(system, key, { has: one.revision, wait: 1 });
  assert.equal(over.status, 304);
  assert.ok(performance.now() - startedAt >= 990);
  const waiting = askConfig(system, key, { has: one.revision, wait: 30 });
  await system.orchestrator.revisions.record(two);
  const changed = await waiting;

  assert.deepEqual([changed.status, changed.json.revision], [200, two.revision]);
  assert.ok(performance.now() - startedAt < 5_000);
});

test('an agent hears of the desired revision with its beat, and an older agent goes on as before', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const beat = async () => {
    const body = { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] };
    return (await system.ask('POST', '/api/v1/heartbeats', { key, body })).json;
  };
  assert.equal('config_revision' in (await beat()), false);

  const found = await nthRevision(1);
  await system.orchestrator.revisions.record(found);

  await until('the beat tells it', async () => (await beat()).config_revision === found.revision);
});

test('closing ends what is held', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const one = await nthRevision(1);
  await system.orchestrator.revisions.record(one);
  const waiting = askConfig(system, key, { has: one.revision, wait: 30 });
  await until('it waits', async () => (await waitingAt(system)) === 1);
  const startedAt = performance.now();

  await system.orchestrator.close();

  assert.equal((await waiting).status, 503);
  assert.ok(performance.now() - startedAt < 1_000);
});

test('a key that is taken away ends what is held, at every replica, and nothing is given to it', async (t) => {
  const database = await postgres.database();
  const one = await TestOrchestrator.open(t, database);
  const two = await TestOrchestrator.open(t, postgres.connect(postgres.lastName));
  const key = await one.enrol('AIGARDEN01');
  const stays = await one.enrol('AIGARDEN02');
  const [first, second] = [await nthRevision(1), await nthRevision(2)];
  await one.orchestrator.revisions.record(first);
  await until('the other replica knows it', async () => (await askConfig(two, key)).status === 200);
  const held = [one, two].map((system) => askConfig(system, key, { has: first.revision, wait: 30 }));
  const other = askConfig(two, stays, { has: first.revision, wait: 30 });
  await until('they wait', async () => (await waitingAt(one)) === 1 && (await waitingAt(two)) === 2);
  const startedAt = performance.now();

  await one.ask('POST', '/api/v1/servers/AIGARDEN01/revoke');

  for (const answer of await Promise.all(held)) assert.equal(answer.status, 304);
  assert.ok(performance.now() - startedAt < 2_000);
  assert.equal(await waitingAt(two), 1, 'another server waits on');
  await one.orchestrator.revisions.record(second);
  assert.equal((await other).json.revision, second.revision);
  assert.equal((await askConfig(one, key, { wait: 30 })).status, 403);
});

test('what one replica records is given out by the other, and stands after a restart', async (t) => {
  const database = await postgres.database();
  const one = await TestOrchestrator.open(t, database);
  const others = postgres.connect(postgres.lastName);
  const two = await TestOrchestrator.open(t, others);
  const key = await one.enrol('AIGARDEN01');
  const [first, second] = [await nthRevision(1), await nthRevision(2)];
  await one.orchestrator.revisions.record(first);
  await until('the other replica knows it', async () => (await askConfig(two, key)).status === 200);
  const waiting = askConfig(two, key, { has: first.revision, wait: 30 });
  await until('it waits', async () => (await waitingAt(two)) === 1);
  const startedAt = performance.now();

  await one.orchestrator.revisions.record(second);

  assert.equal((await waiting).json.revision, second.revision);
  assert.ok(performance.now() - startedAt < 2_000);
  await Promise.all([one.orchestrator.close(), two.orchestrator.close()]);
  await Promise.all([database.close(), others.close()]);
  const again = await TestOrchestrator.open(t, postgres.connect(postgres.lastName));
  assert.equal((await askConfig(again, key)).json.revision, second.revision);
});

test('a later wait of the same server ends the one before it', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const one = await nthRevision(1);
  await system.orchestrator.revisions.record(one);
  const before = askConfig(system, key, { has: one.revision, wait: 30 });
  await until('it waits', async () => (await waitingAt(system)) === 1);

  const later = askConfig(system, key, { has: one.revision, wait: 1 });

  assert.equal((await before).status, 304);
  assert.equal((await later).status, 304);
});

test('the orchestrator itself obeys a new revision without a restart', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  await database.query("UPDATE agent_keys SET created_at = created_at - interval '2 hours'");
  await system.orchestrator.revisions.record(await nthRevision(1));
  const rotates = async () => {
    const body = { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] };
    return (await system.ask('POST', '/api/v1/heartbeats', { key, body })).json.rotate_key === true;
  };
  assert.equal(await rotates(), false);

  await system.orchestrator.revisions.record(await nthRevision(2, 'keys: {rotate_after: 1h}\n'));

  await until('keys of two hours are due', rotates);
});

/** How many agents are held at this replica. */
async function waitingAt(system: TestOrchestrator): Promise<number> {
  const { text } = await system.ask('GET', '/metrics');
  return Number(/^nervesys_config_waiting_agents (\d+)$/m.exec(text)?.[1]);
}
