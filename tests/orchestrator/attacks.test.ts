/**
 * Attacks on the orchestrator, over real sockets: what somebody does who stole the key of one server, who has none at all, or who
 * sits in a browser. Each time three things must hold: nobody gets in, the service stays up, and the audit log tells.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { after, test } from 'node:test';
import type { AuditEntry } from '../../src/contract/audit.ts';
import { parseToken } from '../../src/contract/enrolment.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { announce, confirm, KEY, openFleet, put } from '../support/archive-fleet.ts';
import { makeBatch } from '../support/batch.ts';
import { heartbeat, TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const PASSWORD = 'five plain words are enough';
const HOSTILE = [
  "'; DROP TABLE servers; --",
  "' OR 1=1 --",
  '../../../etc/passwd',
  '..%2f..%2fadmin.key',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '{{7*7}}',
  'AIGARDEN01\r\nX-Evil: 1',
  'name\u0000.log',
  '\u202egnol',
  'x'.repeat(5_000),
];

test("a stolen agent key reads nothing, changes nobody else's and opens no admin's door", async (t) => {
  const fleet = await openFleet(t, postgres);
  const { orchestrator: system, key: victimKey, database } = fleet;
  const stolen = await system.enrol('AIGARDEN02');
  const curious = await system.enrol('AIGARDEN03'); // what one asker tries is told of up to a bound
  const batch = makeBatch({});
  const permission = (await announce(fleet, batch)).json;
  await put(fleet, permission, batch.object);
  await confirm(fleet, batch, {});
  await system.ask('POST', '/api/v1/heartbeats', {
    key: victimKey,
    body: { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] },
  });
  const before = await fleetOf(system);
  const ask = (method: string, path: string, body?: unknown) =>
    system.ask(method, path, { key: stolen, ...(body === undefined ? {} : { body }) });

  // Every call that is described, but those for agents: all closed.
  const description = (await system.ask('GET', '/api/v1/openapi.json')).json;
  let closed = 0;
  for (const [path, methods] of Object.entries<Record<string, { tags?: string[] }>>(description.paths)) {
    for (const [method, { tags }] of Object.entries(methods)) {
      const forAgents =
        tags?.includes('agents') ||
        /\/batches|\/credentials$|\/triage\/corrections$|\/uploads\/|\/schemas\/|^\/(healthz|readyz)$/.test(path);
      if (forAgents || tags?.includes('session')) continue;
      const answer = await system.ask(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'AIGARDEN01'), {
        key: curious,
      });
      assert.ok([400, 403].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
      closed++;
    }
  }
  assert.ok(closed >= 18, `only ${closed} calls were tried`);
  assert.equal((await ask('POST', '/api/v1/sign-in-links')).status, 403);
  assert.equal((await ask('DELETE', '/api/v1/sessions')).status, 403);

  // Another server's heartbeats, alerts and batches.
  const beats = await ask('POST', '/api/v1/heartbeats', {
    heartbeats: [heartbeat('AIGARDEN01', 'GROK', { status: 'critical' })],
  });
  assert.deepEqual([beats.json.accepted, beats.json.rejected[0].code], [0, 'NSV_FORBIDDEN']);
  const alert = { dedup_key: 'x', severity: 'critical', server: 'AIGARDEN01', agent_id: null, kind: 'x', title: 'x' };
  const alerts = await ask('POST', '/api/v1/alerts', {
    alerts: [{ ...alert, detail: {}, at: new Date().toISOString() }],
  });
  assert.equal(alerts.json.code, 'NSV_FORBIDDEN');
  assert.equal((await announce(fleet, makeBatch({ first: 4 }), stolen)).json.code, 'NSV_FORBIDDEN');
  assert.equal((await confirm({ ...fleet, key: stolen }, batch, {})).json.code, 'NSV_FORBIDDEN');

  // The archive: a permission is for one name, one MD5, one length and one method.
  const url = new URL(permission.url, system.url);
  const elsewhere = permission.url.replace('AIGARDEN01', 'AIGARDEN02');
  for (const attempt of [
    elsewhere,
    permission.url.replace('19-40', '19-50'),
    permission.url.replace('logs/', 'logs/../'),
  ])
    assert.notEqual((await put(fleet, { ...permission, url: attempt }, batch.object)).status, 200, attempt);
  for (const method of ['GET', 'DELETE', 'POST', 'HEAD']) {
    const answer = await fetch(url, { method, headers: { authorization: `Bearer ${stolen}` } });
    assert.ok(answer.status >= 400, `${method}: ${answer.status}`);
    assert.doesNotMatch(await answer.text(), /"message"/);
  }
  assert.deepEqual(await fleet.archive.get(KEY), batch.object);

  const entries = await auditOf(system);
  const refused = entries.filter((one) => /^AIGARDEN0[23]$/.test(one.actor ?? '') && one.action === 'access.refused');
  for (const subject of [
    'GET /api/v1/fleet',
    'GET /api/v1/audit',
    'POST /api/v1/servers/:server/revoke',
    "another server's heartbeat",
    'POST /api/v1/alerts',
    'POST /api/v1/batches',
  ])
    assert.ok(
      refused.some((one) => one.subject === subject),
      `not told: ${subject}`,
    );
  assert.ok(refused.every((one) => one.address === '127.0.0.1'));
  const { rows } = await database.query<{ keys: number; people: number }>(
    'SELECT (SELECT count(*) FROM api_keys) AS keys, (SELECT count(*) FROM people) AS people',
  );
  assert.deepEqual(rows[0], { keys: 1, people: 0 });
  assert.deepEqual(await fleetOf(system), before);
});

test('ten thousand bad sign-ins cost six computations, let nobody in, and do not fill the log', {
  timeout: 60_000,
}, async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'admin', password: PASSWORD } });
  const request = (n: number) => {
    const body = JSON.stringify({ name: n % 2 === 0 ? 'dana' : `nobody-${n}`, password: `guess number ${n}` });
    return (
      `POST /api/v1/session HTTP/1.1\r\nHost: ${new URL(system.url).host}\r\nOrigin: ${system.url}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    );
  };
  const counts = new Map<string, number>();
  const attackers = Array.from({ length: 4 }, (_, which) =>
    pipeline(
      system,
      Array.from({ length: 2_500 }, (_, n) => request(which * 2_500 + n)),
      counts,
    ),
  );

  // Meanwhile everybody else is served.
  let slowestMs = 0;
  let attacking = true;
  const attack = Promise.all(attackers).finally(() => {
    attacking = false;
  });
  while (attacking) {
    const startedAt = performance.now();
    assert.equal((await system.ask('GET', '/api/v1/fleet')).status, 200);
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
  }
  await attack;

  const looked = counts.get('401') ?? 0;
  assert.ok(looked >= 1 && looked <= 12, `${looked} passwords were looked at`);
  assert.equal(counts.get('429'), 10_000 - looked);
  assert.equal(counts.get('set-cookie'), undefined);
  assert.ok(slowestMs < 5_000, `a request waited ${slowestMs} ms`);
  const entries = await auditOf(system);
  const told = entries
    .filter((one) => /^sign_in\.(refused|held_up)$/.test(one.action))
    .map((one) => JSON.parse(one.detail).more ?? 1);
  assert.equal(
    told.reduce((sum, more) => sum + more, 0),
    10_000,
  );
  assert.ok(entries.length < 12, `${entries.length} entries`);
  // Who is meant to come in still can.
  assert.match(await system.signIn(), /^nervesys_session=/);
});

test('a name that is held up stays so, whatever a crowd of addresses asks that is not even looked at', {
  timeout: 60_000,
}, async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    trustedProxies: ['127.0.0.1'],
    clock: { ...systemClock, monotonic: () => 0 }, // no delay is ever over
  });
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'admin', password: PASSWORD } });
  const signIn = (name: string, address: string) => {
    const body = JSON.stringify({ name, password: 'some guess or other' });
    return (
      `POST /api/v1/session HTTP/1.1\r\nHost: ${new URL(system.url).host}\r\nOrigin: ${system.url}\r\n` +
      `X-Forwarded-For: ${address}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    );
  };
  const dana = (n: number) =>
    until('there is room to look at one', async () => {
      const answer = await rawAnswer(system, signIn('dana', `192.0.2.${n}`));
      return answer.includes('many others') ? undefined : answer;
    });
  for (let n = 0; n < 5; n++) assert.match(await dana(n), /^HTTP\/1.1 401/);
  assert.match(await dana(5), /too many wrong passwords/);

  const counts = new Map<string, number>();
  // Over many connections, since answers keep the order of their requests, and one that is looked at holds up those behind it.
  await Promise.all(
    Array.from({ length: 40 }, (_, which) =>
      pipeline(
        system,
        Array.from({ length: 255 }, (_, n) => signIn(`nobody-${which}-${n}`, `10.0.${which}.${n}`)),
        counts,
      ),
    ),
  );

  assert.ok((counts.get('429') ?? 0) > 10_000, 'most were not looked at');
  assert.match(await dana(6), /too many wrong passwords/);
});

test('keys, tokens, links and cookies that are guessed or used twice open nothing, and that is told', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const { token } = await system.orchestrator.createToken();
  const enrol = (secret: string | undefined) =>
    system.ask('POST', '/api/v1/enroll', {
      key: null,
      body: { secret, server: 'AIGARDEN01', agent_version: '0.1.0', boot_id: null },
    });
  assert.equal((await enrol(parseToken(token)?.secret)).status, 200);
  const { url } = await system.orchestrator.createSignInLink();
  assert.equal((await fetch(url, { redirect: 'manual' })).status, 303);

  assert.equal((await enrol(parseToken(token)?.secret)).json.code, 'NSV_TOKEN_USED');
  const guesses = Array.from({ length: 100 }, () => randomBytes(32).toString('base64url'));
  let looked = 0;
  for (const guess of guesses) {
    const [enrolled, ...answers] = await Promise.all([
      enrol(guess),
      system.ask('GET', '/api/v1/fleet', { key: guess }),
      system.ask('GET', '/api/v1/fleet', { key: null, headers: { cookie: `nervesys_session=${guess}` } }),
      system.ask('GET', `/sign-in?code=${guess}`, { key: null }),
    ]);
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [401, 401, 401],
    );
    if (enrolled.status === 401) looked++;
    else assert.deepEqual([enrolled.status, enrolled.json.code], [429, 'NSV_TOKEN_TRIES']);
  }
  assert.ok(looked >= 9 && looked < 30, `${looked} guesses at a token were looked at`);
  assert.equal((await fetch(url, { redirect: 'manual' })).status, 401);

  const entries = await auditOf(system);
  const count = (action: string, code?: string) =>
    entries
      .filter((one) => one.action === action && (code === undefined || JSON.parse(one.detail).code === code))
      .reduce((sum, one) => sum + (JSON.parse(one.detail).more ?? 1), 0);
  assert.deepEqual(
    [
      count('key.unknown'),
      count('enrolment.refused', 'NSV_TOKEN_UNKNOWN'),
      count('enrolment.refused', 'NSV_TOKEN_USED'),
    ],
    [100, looked, 1],
  );
  assert.equal(count('sign_in.refused'), 101);
  const text = JSON.stringify(entries);
  assert.ok(
    !guesses.some((guess) => text.includes(guess)),
    'a guess, which may be a mistyped secret, stands in the log',
  );
});

test('paths, SQL and markup in every name stay names, or are refused', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  const { token } = await system.orchestrator.createToken({ uses: 100 });
  const tables = async () => (await database.query('SELECT tablename FROM pg_tables ORDER BY 1')).rows;
  const before = await tables();
  const encoded = HOSTILE.map((name) => encodeURIComponent(name.toWellFormed()));

  for (const [index, name] of HOSTILE.entries()) {
    const part = encoded[index] as string;
    const calls: [string, string, unknown?, string?][] = [
      [
        'POST',
        '/api/v1/enroll',
        { secret: parseToken(token)?.secret, server: name, agent_version: 'x', boot_id: null },
      ],
      ['POST', '/api/v1/tokens', { server: name }],
      ['POST', '/api/v1/people', { name, role: 'viewer', password: PASSWORD }],
      ['POST', '/api/v1/keys', { name: `${name}<`, role: 'viewer' }],
      ['POST', `/api/v1/servers/${part}/revoke`],
      ['POST', `/api/v1/alerts/${part}/acknowledge`],
      ['PATCH', `/api/v1/people/${part}`, { role: 'admin' }],
      ['DELETE', `/api/v1/people/${part}`],
      ['DELETE', `/api/v1/keys/${part}`],
      ['DELETE', `/api/v1/tokens/${part}`],
      ['DELETE', `/api/v1/sessions/${part}`],
      ['GET', `/api/v1/agents/${part}/history?server=${part}`],
      ['GET', `/api/v1/fleet?server=${part}`],
      ['GET', `/api/v1/logs?server=${part}`],
      ['GET', `/api/v1/archive?server=${part}`],
      ['GET', `/api/v1/audit?after=${part}`],
      ['GET', `/assets/${part}`],
      ['PUT', `/api/v1/uploads/${part}?expires=1&signature=${part}`],
      ['POST', '/api/v1/batches', { manifest: { server: name } }, key],
    ];
    for (const [method, path, body, as] of calls) {
      const answer = await system.ask(method, path, { key: as, ...(body === undefined ? {} : { body }) });
      // A filter may be any text; it finds nothing.
      if (/^\/api\/v1\/(logs|archive)\?/.test(path) && ['', '{"objects":[]}'].includes(answer.text)) continue;
      assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path}: ${answer.status} ${answer.text}`);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
      assert.equal(answer.headers.get('x-evil'), null);
    }
    // An AI agent may be called anything; it is data, and comes back as data.
    const body = { heartbeats: [heartbeat('AIGARDEN01', name, { last_action: name, alerts: [name] })] };
    const beat = await system.ask('POST', '/api/v1/heartbeats', { key, body });
    assert.equal(beat.status, 200);
  }
  const fleet = await system.ask('GET', '/api/v1/fleet');
  assert.equal(fleet.headers.get('content-type')?.split(';')[0], 'application/json');
  assert.ok(fleet.json.agents.some((one: { agent_id: string }) => one.agent_id === '<script>alert(1)</script>'));
  for (const path of [
    '/../../etc/passwd',
    '/assets/../../package.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/docs/static/..%2f..%2fpackage.json',
  ])
    assert.match(
      await rawAnswer(system, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1.1 404/,
    );
  assert.deepEqual(await tables(), before);
  assert.deepEqual((await fleetOf(system)).servers, ['AIGARDEN01']);
});

test('oversized, broken, slow and half-open requests are refused or wait, while everybody else is served', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const { host } = new URL(system.url);

  for (const [path, bytes, as] of [
    ['/api/v1/session', 5_000, null],
    ['/api/v1/enroll', 17_000, null],
    ['/api/v1/tokens', 1_100_000, system.adminKey],
    ['/api/v1/heartbeats', 4_200_000, key],
  ] as const) {
    const answer = await system.ask('POST', path, {
      key: as,
      headers: { origin: system.url, 'content-type': 'application/json' },
      raw: `{"x":"${'x'.repeat(bytes)}"}`,
    });
    assert.deepEqual([answer.status, answer.json.code], [413, 'NSV_BODY_TOO_LARGE'], path);
  }
  for (const [request, status] of [
    [`GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n', 400],
    [
      `POST /api/v1/enroll HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [`POST /api/v1/enroll HTTP/1.1\r\nHost: ${host}\r\nContent-Length: -1\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\n\r\n`, 400],
  ] as const) {
    const answer = await rawAnswer(system, request);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), JSON.stringify(request.slice(0, 60)));
  }

  // Three hundred that begin and never end: headers without an end, bodies that never come, connections that say nothing.
  const half = Array.from({ length: 300 }, (_, n) => {
    const socket = net.connect(system.orchestrator.port, '127.0.0.1').on('error', () => undefined);
    if (n % 3 === 0) socket.write(`GET /api/v1/fleet HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `);
    if (n % 3 === 1)
      socket.write(
        `POST /api/v1/enroll HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"s`,
      );
    return socket;
  });
  t.after(() => {
    for (const socket of half) socket.destroy();
  });
  await until('all are connected', () => half.every((socket) => socket.readyState === 'open'));

  const startedAt = performance.now();
  const beats = { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] };
  assert.equal((await system.ask('POST', '/api/v1/heartbeats', { key, body: beats })).status, 200);
  assert.equal((await system.ask('GET', '/api/v1/fleet')).json.agents.length, 1);
  assert.ok(performance.now() - startedAt < 5_000);
});

test('a browser on another page gets neither a session nor an answer, whatever name it calls us by', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const cookie = await system.signIn();
  const ask = (lines: string[], method = 'POST', path = '/api/v1/tokens') =>
    rawAnswer(
      system,
      `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    );
  const { host } = new URL(system.url);

  // Another site, with the cookie riding along.
  assert.match(await ask([`Host: ${host}`, 'Origin: https://evil.example', `Cookie: ${cookie}`]), /^HTTP\/1.1 403/);
  // Another port of this machine is the same site to a browser.
  assert.match(await ask([`Host: ${host}`, 'Origin: http://127.0.0.1:8080', `Cookie: ${cookie}`]), /^HTTP\/1.1 403/);
  // DNS rebinding: the page's own name leads here now. Its browser has no cookie for that name.
  assert.match(await ask(['Host: evil.example', 'Origin: http://evil.example']), /^HTTP\/1.1 401/);
  // No answer invites another page to read it.
  for (const path of ['/api/v1/fleet', '/api/v1/session', '/healthz', '/']) {
    const answer = await ask([`Host: ${host}`, 'Origin: https://evil.example', `Cookie: ${cookie}`], 'GET', path);
    assert.doesNotMatch(answer, /access-control-allow/i, path);
  }
  const preflight = [`Host: ${host}`, 'Origin: https://evil.example', 'Access-Control-Request-Method: POST'];
  assert.doesNotMatch(await ask(preflight, 'OPTIONS'), /access-control-allow/i);
  const told = (await auditOf(system)).filter((one) => one.action === 'access.refused');
  assert.equal(told[0]?.subject, 'POST /api/v1/tokens');
});

/** Sends requests over one connection without waiting for the answers, and counts these by status. */
async function pipeline(system: TestOrchestrator, requests: string[], counts: Map<string, number>): Promise<void> {
  const socket = net.connect(system.orchestrator.port, '127.0.0.1');
  let left = requests.length;
  const add = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  let text = '';
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('error', reject).on('close', () => reject(new Error(`closed with ${left} requests unanswered`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const heads = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
      // What follows the last head may be cut in the middle of the next: it is kept.
      for (const [, status] of heads) add(status as string);
      if (/set-cookie/i.test(text)) add('set-cookie');
      text = text.slice(-12);
      if (heads.length > 0 && /HTTP\/1\.1 \d{3} /.test(text)) text = '';
      left -= heads.length;
      if (left <= 0) resolve();
    });
  });
  for (let at = 0; at < requests.length; at += 100) {
    if (!socket.write(requests.slice(at, at + 100).join('')))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), answered]);
  }
  await answered;
  socket.removeAllListeners('close').destroy();
}

/** What stands on the wire after a request that no client library would send. */
function rawAnswer(system: TestOrchestrator, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(system.orchestrator.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n\r\n')) socket.end();
    });
    socket.on('error', () => undefined).on('close', () => resolve(text));
    socket.write(request, 'latin1');
  });
}

async function auditOf(system: TestOrchestrator): Promise<AuditEntry[]> {
  return (await system.ask('GET', '/api/v1/audit?after=0&limit=1000')).json.entries;
}

async function fleetOf(system: TestOrchestrator) {
  const { servers, agents } = (await system.ask('GET', '/api/v1/fleet')).json;
  return {
    servers: servers.map((one: { server: string }) => one.server).sort(),
    agents: agents.map((one: { agent_id: string; status: string }) => `${one.agent_id} ${one.status}`),
  };
}
