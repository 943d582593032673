import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseToken } from '../../../src/contract/enrolment.ts';
import { heartbeat, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('without a key every API address but the open ones is 401, those that do not exist included', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const description = (await system.ask('GET', '/api/v1/openapi.json')).json;
  const calls: [string, string][] = [
    ['GET', '/api/v1/nothing'],
    ['PATCH', '/api/v1/fleet'],
  ];
  for (const [path, methods] of Object.entries<Record<string, unknown>>(description.paths)) {
    for (const method of Object.keys(methods)) {
      if (OPEN.has(path) || path.startsWith('/api/v1/uploads/')) continue;
      if (method === 'post' && path === '/api/v1/session') continue;
      calls.push([method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x')]);
    }
  }
  assert.ok(calls.length > 12, `only ${calls.length} calls are described`);

  for (const [method, path] of calls) {
    for (const key of [null, 'x', 'A'.repeat(43)]) {
      const answer = await system.ask(method, path, { key });
      assert.equal(answer.status, 401, `${method} ${path} with key ${key}: ${answer.text}`);
      assert.equal(answer.json.code, 'NSV_UNAUTHORIZED');
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    }
  }
});

/** The schemas describe the product alone; enrolment is opened by the token's secret, signing in by a password (from the own page alone), an upload by its signed permission. */
const OPEN = new Set(['/healthz', '/readyz', '/api/v1/enroll', '/api/v1/schemas/{name}']);

test('health is open, metrics need a key', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());

  assert.equal((await system.ask('GET', '/healthz', { key: null })).status, 200);
  assert.equal((await system.ask('GET', '/readyz', { key: null })).status, 200);
  assert.equal((await system.ask('GET', '/metrics', { key: null })).status, 401);
  const metrics = await system.ask('GET', '/metrics');
  assert.equal(metrics.status, 200);
  assert.match(metrics.text, /^nervesys_http_requests_total\{class="2xx"\} \d+$/m);
});

test('an agent may not do what is for people, nor people what is for agents', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');

  for (const [method, path] of [
    ['GET', '/api/v1/fleet'],
    ['GET', '/api/v1/events'],
    ['GET', '/api/v1/alerts'],
    ['GET', '/api/v1/tokens'],
    ['POST', '/api/v1/tokens'],
    ['POST', '/api/v1/sign-in-links'],
    ['POST', '/api/v1/servers/AIGARDEN01/revoke'],
    ['POST', '/api/v1/servers/AIGARDEN01/rotate-key'],
  ] as const) {
    const answer = await system.ask(method, path, { key });
    assert.deepEqual([answer.status, answer.json.code], [403, 'NSV_FORBIDDEN'], `${method} ${path}`);
  }
  const beats = { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] };
  assert.equal((await system.ask('POST', '/api/v1/heartbeats', { body: beats })).status, 403);
});

test('a server joins by a token and is told exactly why it may not', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const enrol = async (token: string, server = 'AIGARDEN01', bootId: string | null = null) => {
    const body = { secret: parseToken(token)?.secret, server, agent_version: '0.1.0', boot_id: bootId };
    const { status, json } = await system.ask('POST', '/api/v1/enroll', { key: null, body });
    return [status, json.code ?? 'ok'];
  };
  const create = async (body: object) => (await system.ask('POST', '/api/v1/tokens', { body })).json;

  const once = await create({});
  assert.deepEqual(await enrol(once.token), [200, 'ok']);
  assert.deepEqual(await enrol(once.token, 'AIGARDEN02'), [401, 'NSV_TOKEN_USED']);

  const revoked = await create({ uses: 5 });
  assert.equal((await system.ask('DELETE', `/api/v1/tokens/${revoked.id}`)).status, 204);
  assert.deepEqual(await enrol(revoked.token), [401, 'NSV_TOKEN_REVOKED']);

  const bound = await create({ server: 'AIGARDEN03' });
  assert.deepEqual(await enrol(bound.token, 'AIGARDEN04'), [403, 'NSV_TOKEN_WRONG_SERVER']);
  assert.deepEqual(await enrol(bound.token, 'AIGARDEN03'), [200, 'ok']);

  const short = await create({ expires_in_seconds: 1 });
  await new Promise((resolve) => setTimeout(resolve, Date.parse(short.expires_at) - Date.now() + 5));
  assert.deepEqual(await enrol(short.token), [401, 'NSV_TOKEN_EXPIRED']);

  const unknown = `nsv1.${Buffer.from(JSON.stringify({ u: system.url, s: 'A'.repeat(43), f: null })).toString('base64url')}`;
  assert.deepEqual(await enrol(unknown), [401, 'NSV_TOKEN_UNKNOWN']);

  const states = (await system.ask('GET', '/api/v1/tokens')).json.tokens.map((token: { state: string }) => token.state);
  assert.deepEqual(states.sort(), ['expired', 'revoked', 'used', 'used']);
  assert.ok(!(await system.ask('GET', '/api/v1/tokens')).text.includes(parseToken(once.token)?.secret ?? '?'));
});

test('an agent that lost the answer to its enrolment may repeat it without a second use', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const { token } = await system.orchestrator.createToken();
  const body = { secret: parseToken(token)?.secret, server: 'AIGARDEN01', agent_version: '0.1.0', boot_id: 'boot-1' };

  const first = await system.ask('POST', '/api/v1/enroll', { key: null, body });
  assert.equal((await system.ask('GET', '/api/v1/session', { key: first.json.key })).status, 200);
  const second = await system.ask('POST', '/api/v1/enroll', { key: null, body });
  const other = await system.ask('POST', '/api/v1/enroll', { key: null, body: { ...body, boot_id: 'boot-2' } });

  assert.deepEqual([first.status, second.status, other.status], [200, 200, 401]);
  const session = await system.ask('GET', '/api/v1/session', { key: second.json.key });
  assert.deepEqual(session.json, { type: 'agent', server: 'AIGARDEN01' });
  const replaced = await system.ask('GET', '/api/v1/session', { key: first.json.key });
  assert.deepEqual([replaced.status, replaced.json.code], [403, 'NSV_AGENT_REVOKED']);
});

test('a one-time token shown by ten servers at once lets in one', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const { token } = await system.orchestrator.createToken();

  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      system.ask('POST', '/api/v1/enroll', {
        key: null,
        body: { secret: parseToken(token)?.secret, server: `S${n}`, agent_version: '0.1.0', boot_id: null },
      }),
    ),
  );

  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
  assert.equal(answers.filter((answer) => answer.json.code === 'NSV_TOKEN_USED').length, 9);
});

test('a revoked server hears so at once, and again when it beats', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const beat = () =>
    system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] } });
  assert.equal((await beat()).status, 200);

  assert.equal((await system.ask('POST', '/api/v1/servers/AIGARDEN01/revoke')).status, 204);

  const answer = await beat();
  assert.deepEqual([answer.status, answer.json.code], [403, 'NSV_AGENT_REVOKED']);
  const fleet = (await system.ask('GET', '/api/v1/fleet')).json;
  assert.equal(fleet.servers[0].state, 'revoked');
  await system.enrol('AIGARDEN01');
  await until('it is up again', async () => (await system.ask('GET', '/api/v1/fleet')).json.servers[0].state === 'up');
});

test('a sign-in link works once and opens a session that can be ended', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const { url } = await system.orchestrator.createSignInLink();

  const first = await fetch(url, { redirect: 'manual' });
  const second = await fetch(url, { redirect: 'manual' });

  assert.equal(first.status, 303);
  assert.equal(first.headers.get('location'), '/');
  const setCookie = first.headers.get('set-cookie') ?? '';
  assert.match(setCookie, /^nervesys_session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.equal(second.status, 401);
  assert.equal(second.headers.get('set-cookie'), null);
  assert.match(await second.text(), /works once/);

  const headers = { cookie: setCookie.split(';')[0]! };
  const whoAmI = await system.ask('GET', '/api/v1/session', { key: null, headers });
  assert.deepEqual(whoAmI.json, { type: 'person', name: 'owner', role: 'admin' });
  assert.equal((await system.ask('GET', '/api/v1/fleet', { key: null, headers })).status, 200);

  const own = { ...headers, origin: system.url };
  assert.equal((await system.ask('DELETE', '/api/v1/session', { key: null, headers: own })).status, 204);
  assert.equal((await system.ask('GET', '/api/v1/session', { key: null, headers })).status, 401);
});

test('signing out where nobody is signed in makes no replica forget whom it knows', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const forgotten: string[] = [];
  await database.listen('nervesys_forget', {
    onMessage: (sha256) => void forgotten.push(sha256),
    onGap: () => undefined,
  });
  const cookie = `nervesys_session=${'A'.repeat(43)}`;

  for (const headers of [{}, { cookie }])
    assert.equal((await system.ask('DELETE', '/api/v1/session', { key, headers })).status, 204);
  const own = { cookie: await system.signIn(), origin: system.url };
  assert.equal((await system.ask('DELETE', '/api/v1/session', { key: null, headers: own })).status, 204);

  await until('the sign-out is told', () => forgotten.length > 0);
  assert.equal(forgotten.length, 1);
});

test('a page of another origin can change nothing with a session it rides on', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const cookie = await system.signIn();

  for (const origin of [undefined, 'http://127.0.0.1:1', 'https://evil.example', 'null']) {
    const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
    const answer = await system.ask('POST', '/api/v1/tokens', { key: null, headers, body: {} });
    assert.deepEqual([answer.status, answer.json.code], [403, 'NSV_FORBIDDEN'], `origin ${origin}`);
  }
  const own = await system.ask('POST', '/api/v1/tokens', {
    key: null,
    headers: { cookie, origin: system.url },
    body: {},
  });
  assert.equal(own.status, 201);
});
