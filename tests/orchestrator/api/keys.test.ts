import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseToken } from '../../../src/contract/enrolment.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

function caller(system: TestOrchestrator) {
  const beat = (key: string, headers: Record<string, string> = {}) =>
    system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [] }, headers });
  const rotate = (key: string) => system.ask('POST', '/api/v1/enroll/rotate', { key, body: {} });
  return { beat, rotate };
}

test('a key that is asked for is exchanged without a moment in which none opens', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const { beat, rotate } = caller(system);
  const old = await system.enrol('AIGARDEN01');
  const other = await system.enrol('AIGARDEN02');

  assert.equal((await beat(old)).json.rotate_key, undefined);
  assert.equal((await rotate(old)).json.code, 'NSV_KEY_NOT_DUE');
  assert.equal((await system.ask('POST', '/api/v1/servers/AIGARDEN01/rotate-key')).status, 202);
  assert.equal((await beat(old)).json.rotate_key, true);
  assert.equal((await beat(other)).json.rotate_key, undefined);

  const lost = (await rotate(old)).json.key;
  assert.equal((await beat(old)).status, 200, 'the answer may be lost: the old one opens');
  const next = (await rotate(old)).json.key;
  assert.equal((await beat(lost)).status, 401, 'what was never used is forgotten');
  assert.equal((await beat(old)).status, 200);
  const first = await beat(next);
  assert.deepEqual([first.status, first.json.rotate_key], [200, undefined]);
  const gone = await beat(old);
  assert.deepEqual([gone.status, gone.json.code], [403, 'NSV_AGENT_REVOKED']);
  assert.match(gone.json.detail, /exchanged it for a newer key/);
  assert.equal((await rotate(old)).status, 403);
  assert.equal((await beat(next)).status, 200);
});

test('a key past its age is due by itself, and a revoked server has none left, a fresh one included', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), { keyRotateAfterMs: 0 });
  const { beat, rotate } = caller(system);
  const old = await system.enrol('AIGARDEN01');
  assert.equal((await beat(old)).json.rotate_key, true);
  const next = (await rotate(old)).json.key;

  assert.equal((await system.ask('POST', '/api/v1/servers/AIGARDEN01/revoke')).status, 204);

  for (const key of [old, next]) assert.equal((await beat(key)).json.code, 'NSV_AGENT_REVOKED');
  assert.equal((await system.ask('POST', '/api/v1/servers/AIGARDEN01/rotate-key')).status, 404);
  assert.equal((await system.ask('POST', '/api/v1/servers/NOBODY/rotate-key')).status, 404);
  const [server] = (await system.ask('GET', '/api/v1/fleet')).json.servers;
  assert.equal(server.key_created_at, null);
});

const HERE = { 'nervesys-incarnation': 'a'.repeat(16), 'nervesys-boot': 'boot-a' };
const COPY = { 'nervesys-incarnation': 'b'.repeat(16), 'nervesys-boot': 'boot-b' };

test('of two machines that take turns under one key the later one is refused, and people are told once', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), { overlapMs: 0 });
  const { beat } = caller(system);
  const key = await system.enrol('AIGARDEN01');

  assert.equal((await beat(key, HERE)).status, 200);
  assert.equal((await beat(key, COPY)).status, 200, 'it may be a restart');
  assert.equal((await beat(key, HERE)).status, 200, 'the first is still there');
  const refused = await beat(key, COPY);

  assert.deepEqual([refused.status, refused.json.code], [409, 'NSV_AGENT_CLONED']);
  assert.match(refused.json.hint, /NERVESYS_TOKEN/);
  assert.equal((await beat(key, HERE)).status, 200);
  assert.equal((await beat(key, { ...COPY, 'nervesys-incarnation': 'c'.repeat(16) })).status, 409, 'restarted');
  assert.equal((await beat(key, COPY)).status, 409);
  assert.equal((await beat(key, HERE)).status, 200);
  const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json;
  assert.deepEqual(
    alerts.map(({ kind, server, count }: { kind: string; server: string; count: number }) => [kind, server, count]),
    [['server.cloned', 'AIGARDEN01', 1]],
  );
  const { token } = await system.orchestrator.createToken();
  const body = { secret: parseToken(token)?.secret, server: 'AIGARDEN02', agent_version: '0.1.0', boot_id: 'boot-b' };
  const own = (await system.ask('POST', '/api/v1/enroll', { key: null, body })).json.key;
  assert.equal((await beat(own, COPY)).status, 200, 'with a key of its own it is a server like any other');
});

test('who was there first stays so under an exchanged key, also when the copy is the first to show it', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), { overlapMs: 0, keyRotateAfterMs: 0 });
  const { beat } = caller(system);
  const old = await system.enrol('AIGARDEN01');
  await beat(old, HERE);
  const { key } = (await system.ask('POST', '/api/v1/enroll/rotate', { key: old, body: {}, headers: HERE })).json;

  for (const headers of [COPY, HERE]) assert.equal((await beat(key, headers)).status, 200);

  assert.equal((await beat(key, COPY)).json.code, 'NSV_AGENT_CLONED');
  assert.equal((await beat(key, HERE)).status, 200);
});

test('two containers of one host have one boot, and are told apart all the same', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), { overlapMs: 0 });
  const { beat } = caller(system);
  const key = await system.enrol('AIGARDEN01');
  const copy = { ...COPY, 'nervesys-boot': 'boot-a' };

  for (const headers of [HERE, copy, HERE]) assert.equal((await beat(key, headers)).status, 200);

  assert.equal((await beat(key, copy)).json.code, 'NSV_AGENT_CLONED');
  const restarted = { ...HERE, 'nervesys-incarnation': 'd'.repeat(16) };
  assert.equal((await beat(key, HERE)).status, 200);
  assert.equal((await beat(key, restarted)).status, 200, 'a restart of the first is no copy');
});

test('restarts and reboots are no copies, nor is a late request of the process before', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database, { overlapMs: 60_000 });
  const { beat } = caller(system);
  const key = await system.enrol('AIGARDEN01');

  for (let n = 0; n < 40; n++) {
    const headers = { 'nervesys-incarnation': `${n}`.padStart(16, '0'), 'nervesys-boot': `boot-${Math.floor(n / 3)}` };
    assert.equal((await beat(key, headers)).status, 200);
  }
  for (const headers of [HERE, COPY, HERE, COPY, COPY]) assert.equal((await beat(key, headers)).status, 200);

  assert.deepEqual((await system.ask('GET', '/api/v1/alerts')).json.alerts, []);
  const { rows } = await database.query<{ count: number }>('SELECT count(*) AS count FROM agent_incarnations');
  assert.ok(rows[0]!.count <= 33, `${rows[0]!.count} are remembered`);
});
