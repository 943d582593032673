/**
 * Where a request comes from. The network of this machine has many addresses of its own (127.0.0.0/8), so a proxy and somebody who only
 * says that he is one are real peers here: 127.0.0.1 is trusted, 127.0.0.2 is not.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, type TestContext, test } from 'node:test';
import type { AuditEntry } from '../../../src/contract/audit.ts';
import { clientAddress } from '../../../src/orchestrator/api/client-address.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { IpNetworks } from '../../../src/platform/ip-address.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { linesThatMatch, sourceFiles } from '../../repository/sources.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const PROXY = '127.0.0.1';
const STRANGER = '127.0.0.2';
const PASSWORD = 'five plain words are enough';

test('of X-Forwarded-For counts what trusted proxies wrote, and no more', () => {
  const trusted = new IpNetworks(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
  for (const [peer, forwarded, address] of [
    // A client that reaches us itself may write what it likes.
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['203.0.113.9', '', '203.0.113.9'],
    ['::ffff:203.0.113.9', '198.51.100.1', '203.0.113.9'],
    // One proxy, a client that forges, and a chain of proxies.
    ['127.0.0.1', '', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['127.0.0.1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['127.0.0.1', '10.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['127.0.0.1', '198.51.100.1,203.0.113.9 ,\t10.1.2.3', '203.0.113.9'],
    ['127.0.0.1', '198.51.100.1, 203.0.113.9, 192.0.2.1, 10.1.2.3', '192.0.2.1'],
    ['127.0.0.1', '10.0.0.7, 10.1.2.3', '10.0.0.7'],
    // IPv6, mapped IPv4, and ports.
    ['::ffff:127.0.0.1', '2001:DB8:0::9', '2001:db8::9'],
    ['fd00::1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['fd00::1', '[2001:db8::9]:4711', '2001:db8::9'],
    ['fd00::1', '[2001:db8::9], fd12::3', '2001:db8::9'],
    ['127.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    // What is no address tells nothing: the nearest proxy that is known counts.
    ['127.0.0.1', 'unknown', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.9, _hidden, 10.1.2.3', '10.1.2.3'],
    ['127.0.0.1', '203.0.113.9,', '127.0.0.1'],
    ['127.0.0.1', ',,,', '127.0.0.1'],
    ['127.0.0.1', '<script>alert(1)</script>', '127.0.0.1'],
    ['127.0.0.1', 'fe80::1%eth0', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.9:99999999', '127.0.0.1'],
    [undefined, '203.0.113.9', 'unknown'],
  ] as const)
    assert.equal(clientAddress(peer, forwarded, trusted), address, `${peer} with ${JSON.stringify(forwarded)}`);
});

test('behind a trusted proxy the audit log tells the client, and a stranger who forges is told as himself', async (t) => {
  const system = await open(t);
  const refused = (from: string, forwarded: string) =>
    ask(system, from, 'GET', '/api/v1/fleet', {
      authorization: `Bearer ${'A'.repeat(43)}`,
      'x-forwarded-for': forwarded,
    });

  await refused(STRANGER, '198.51.100.1');
  await refused(PROXY, '198.51.100.1, 203.0.113.9');
  await refused(PROXY, '2001:db8::9');
  await refused(PROXY, 'nonsense');
  const signedIn = await signIn(system, PROXY, PASSWORD, { 'x-forwarded-for': '203.0.113.10' });

  assert.equal(signedIn.status, 204);
  const entries = await auditOf(system); // refusals are written behind their answers: each kind is in order for itself
  const told = (action: string) => entries.filter((one) => one.action === action).map((one) => one.address);
  assert.deepEqual(told('key.unknown'), [STRANGER, '203.0.113.9', '2001:db8::9', PROXY]);
  assert.deepEqual(told('sign_in'), ['203.0.113.10']);
  const headers = { cookie: signedIn.cookie.split(';')[0] as string };
  const { sessions } = (await system.ask('GET', '/api/v1/sessions', { key: null, headers })).json;
  assert.deepEqual(
    sessions.map((one: { address: string }) => one.address),
    ['203.0.113.10'],
  );
});

test('limits count the client behind a trusted proxy, and a stranger gains nothing by a new address in each request', async (t) => {
  const system = await open(t);
  const wrong = (from: string, forwarded: string, name = `nobody-${forwarded}`) =>
    signIn(system, from, 'a wrong one, certainly', { 'x-forwarded-for': forwarded }, name);
  const enrol = (from: string, forwarded: string) =>
    ask(
      system,
      from,
      'POST',
      '/api/v1/enroll',
      { 'x-forwarded-for': forwarded },
      {
        secret: 'x'.repeat(43),
        server: 'AIGARDEN01',
        agent_version: '0.1.0',
        boot_id: null,
      },
    );
  const statuses = async (count: number, one: (n: number) => Promise<{ status: number }>) => {
    const found: number[] = [];
    for (let n = 0; n < count; n++) found.push((await one(n)).status);
    return found;
  };

  const forged = await statuses(6, (n) => wrong(STRANGER, `198.51.100.${n}`));
  const behind = await statuses(6, (n) => wrong(PROXY, `198.51.100.${n}, 203.0.113.9`, `somebody-${n}`));
  const neighbour = await wrong(PROXY, '203.0.113.10');
  const forgedTokens = await statuses(11, (n) => enrol(STRANGER, `198.51.100.${n}`));
  const behindTokens = await statuses(11, () => enrol(PROXY, '2001:db8::9'));
  const neighbourToken = await enrol(PROXY, '2001:db8:0:1::9');

  assert.deepEqual(forged, [401, 401, 401, 401, 401, 429]);
  assert.deepEqual(behind, [401, 401, 401, 401, 401, 429]);
  assert.equal(neighbour.status, 401, 'another client of the same proxy is held up');
  for (const tried of [forgedTokens, behindTokens]) assert.deepEqual(tried, [...Array(10).fill(401), 429]);
  assert.equal(neighbourToken.status, 401, 'another client of the same proxy is held up');
});

test('X-Forwarded-Host opens nothing, whoever sends it, and X-Forwarded-Proto of a trusted proxy makes the cookie Secure', async (t) => {
  const system = await open(t);
  const evil = { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };

  for (const from of [STRANGER, PROXY]) assert.equal((await signIn(system, from, PASSWORD, evil)).status, 403, from);
  const cookie = async (from: string, proto: string) =>
    (await signIn(system, from, PASSWORD, { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': proto })).cookie;

  assert.match(await cookie(PROXY, 'https'), /; Secure$/);
  assert.match(await cookie(PROXY, 'http, HTTPS'), /; Secure$/);
  assert.match(await cookie(PROXY, 'https, http'), /SameSite=Strict$/);
  assert.match(await cookie(STRANGER, 'https'), /SameSite=Strict$/);
  const { token } = (await system.ask('POST', '/api/v1/tokens', { body: {}, headers: { 'x-forwarded-host': 'evil' } }))
    .json;
  assert.ok(Buffer.from(token.slice(5), 'base64url').toString().includes(system.url), 'a token names our own address');
});

test('without trusted proxies nobody is believed, and the log says once how to name one', async (t) => {
  const log: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => void log.push(line) });
  const system = await TestOrchestrator.open(t, await postgres.database(), { logger });
  const headers = { authorization: `Bearer ${'A'.repeat(43)}`, 'x-forwarded-for': '203.0.113.9' };

  for (let n = 0; n < 3; n++) await ask(system, PROXY, 'GET', '/api/v1/fleet', headers);

  assert.deepEqual([...new Set((await auditOf(system)).map((one) => one.address))], [PROXY]);
  assert.equal(log.filter((line) => line.includes('trusted_proxies')).length, 1);
});

test('no route goes by the address of the connection, which may be a proxy', () => {
  const found = linesThatMatch(
    sourceFiles('src/orchestrator/**/*.ts'),
    /\breq(uest)?\.(ips?|host|hostname|protocol)\b/,
  );

  assert.deepEqual(found, []);
});

async function open(t: TestContext): Promise<TestOrchestrator> {
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    trustedProxies: [PROXY, '10.0.0.0/8'],
    passwordCost: { N: 1024, r: 8, p: 1 },
  });
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'admin', password: PASSWORD } });
  return system;
}

function signIn(
  system: TestOrchestrator,
  from: string,
  password: string,
  headers: Record<string, string> = {},
  name = 'dana',
) {
  return ask(system, from, 'POST', '/api/v1/session', { origin: system.url, ...headers }, { name, password });
}

/** One request from an address of this machine. */
function ask(
  system: TestOrchestrator,
  from: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<{ readonly status: number; readonly cookie: string }> {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const options = { method, localAddress: from, headers: { ...json, ...headers }, agent: false };
    const request = http.request(`${system.url}${path}`, options, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, cookie: response.headers['set-cookie']?.[0] ?? '' }),
      );
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function auditOf(system: TestOrchestrator): Promise<AuditEntry[]> {
  return (await system.ask('GET', '/api/v1/audit?after=0&limit=1000')).json.entries;
}
