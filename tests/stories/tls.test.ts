import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { OrchestratorClient } from '../../src/agent/orchestrator-client.ts';
import { connectOrchestrator } from '../../src/commands/connection.ts';
import { checkOrchestrator } from '../../src/commands/doctor/orchestrator-checks.ts';
import { loadConfig } from '../../src/config/index.ts';
import { formatToken, parseToken } from '../../src/contract/enrolment.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { LOOK_AGAIN_MS } from '../../src/orchestrator/tls/certificate-keeper.ts';
import { createAuthority, issueServerCertificate } from '../../src/orchestrator/tls/issue-certificate.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { httpRequest } from '../../src/platform/http-request.ts';
import { createLogger, silentLogger } from '../../src/platform/logger.ts';
import { pemSha256, trustOnly } from '../../src/platform/peer-certificate.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SERVER = 'AIGARDEN02' as ServerName;
const postgres = await TestPostgres.start();
after(() => postgres.close());

/** An orchestrator that other machines could reach: so it speaks TLS under an authority of its own. */
async function openSecure(t: TestContext) {
  const system = await TestOrchestrator.open(t, await postgres.database(), { host: '0.0.0.0' });
  const authority = system.orchestrator.authority ?? assert.fail('it has an authority');
  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    httpRequest({ method, url: system.url + path, headers, authority });
  return { system, authority, ask };
}

async function openAgent(t: TestContext, token: string, home?: string) {
  const folder = home ?? (await tempDir(t));
  const log: string[] = [];
  const agent = await Agent.open({
    home: folder,
    server: SERVER,
    config: (await loadConfig(join(folder, 'config'))).config,
    port: 0,
    join: { token },
    clock: systemClock,
    random: () => 0.1,
    logger: createLogger({ clock: systemClock, write: (line) => void log.push(line) }),
  });
  t.after(() => agent.close());
  return { agent, home: folder, log };
}

/** Somebody in the orchestrator's place, who shows `chain` and notes all that is sent to him once TLS stands. */
async function impostor(t: TestContext, certificate: { chain: string; key: string }) {
  const heard: string[] = [];
  let calls = 0;
  const server = https.createServer({ cert: certificate.chain, key: certificate.key }, (request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.writeHead(200).end('{}');
  });
  server.on('connection', () => {
    calls += 1;
  });
  server.on('secureConnection', (socket) => socket.on('data', (data) => heard.push(data.toString('latin1'))));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, heard, calls: () => calls };
}

test('a server joins over TLS by the fingerprint in its token, beats within 5 s, and its records are archived', async (t) => {
  const { system, authority } = await openSecure(t);
  const startedAt = performance.now();
  const { token } = await system.orchestrator.createToken({ server: SERVER });
  const { agent, home } = await openAgent(t, token);
  const connection = connectOrchestrator({ home: system.home });

  const beats = async () => {
    const fleet = (await connection.ask('GET', '/api/v1/fleet')) as { servers: { server: string; state: string }[] };
    return fleet.servers.some((one) => one.server === SERVER && one.state !== 'down');
  };
  await until('its heartbeat is seen', beats, 20_000);
  const tookMs = performance.now() - startedAt;
  const sent = await fetch(`${agent.url}/logs`, { method: 'POST', body: '{"agent_id":"GROK","message":"over TLS"}' });
  assert.equal(sent.status, 200);
  await agent.flush();

  assert.match(system.url, /^https:/);
  assert.equal(parseToken(token)?.fingerprint, pemSha256(authority));
  assert.ok(tookMs < 5_000, `from token to heartbeat: ${tookMs} ms`);
  const lines: string[] = [];
  await until('it is found again', async () => {
    lines.length = 0;
    for await (const line of connection.lines('/api/v1/logs?since=1h&format=ndjson')) lines.push(line);
    return lines.some((line) => line.includes('over TLS'));
  });
  const keyFile = join(home, 'agent', 'agent.key');
  assert.equal(JSON.parse(await readFile(keyFile, 'utf8')).authority, authority);
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
});

test('somebody with another certificate gets no byte of the token, and the agent buffers on and says why', async (t) => {
  const authority = await createAuthority(Date.now());
  const strangers = await createAuthority(Date.now());
  // The second one shows the right authority, which is no secret, below a certificate that only claims to be signed by it.
  for (const shown of [strangers.certificate, authority.certificate]) {
    const signer = { certificate: shown, key: strangers.key };
    const own = await issueServerCertificate(signer, ['127.0.0.1'], Date.now());
    const far = await impostor(t, { chain: own.certificate + shown, key: own.key });
    const fingerprint = pemSha256(authority.certificate) ?? '';
    const { agent, log, home } = await openAgent(t, formatToken({ url: far.url, secret: 'the-secret', fingerprint }));

    await until('it was refused', () => log.some((line) => line.includes('NSV_CERTIFICATE_WRONG')));
    const health = await fetch(`${agent.url}/healthz`);
    const reasons = ((await health.json()) as { reasons: string[] }).reasons.join();

    assert.ok(far.calls() > 0);
    assert.deepEqual(far.heard, [], 'nothing was sent');
    assert.equal(health.status, 503);
    if (shown === strangers.certificate)
      assert.match(
        reasons,
        new RegExp(`not the one named by the token \\(expected sha256 ${fingerprint}, found [0-9a-f]{64}\\)`),
      );
    else assert.match(reasons, /trust https:/);
    assert.doesNotMatch(log.join(), /the-secret/);
    await assert.rejects(stat(join(home, 'agent', 'agent.key')), { code: 'ENOENT' });
    await agent.close();
  }
});

test('an agent that trusts nobody takes records, and keeps them over a restart until the right orchestrator is there', async (t) => {
  const { system } = await openSecure(t);
  const { token } = await system.orchestrator.createToken();
  const parts = parseToken(token) ?? assert.fail('a token');
  const wrong = await openAgent(t, formatToken({ ...parts, fingerprint: 'ab'.repeat(32) }));
  await until('it was refused', () => wrong.log.some((line) => line.includes('NSV_CERTIFICATE_WRONG')));
  const body = '{"agent_id":"GROK","message":"kept meanwhile"}';
  assert.equal((await fetch(`${wrong.agent.url}/logs`, { method: 'POST', body })).status, 200);
  await wrong.agent.close();

  const right = await openAgent(t, token, wrong.home);
  await until('it has joined: the token was not spent', () => right.log.some((line) => line.includes('has joined')));
  await right.agent.flush();

  const lines: string[] = [];
  const path = '/api/v1/logs?since=1h&format=ndjson';
  for await (const line of connectOrchestrator({ home: system.home }).lines(path)) lines.push(line);
  assert.ok(lines.some((line) => line.includes('kept meanwhile')));
});

test('an orchestrator that lost its authority is not believed by servers that joined, until they get a new token', async (t) => {
  const home = await tempDir(t);
  const database = await postgres.database();
  const first = await TestOrchestrator.open(t, database, { host: '0.0.0.0', home });
  const joined = await openAgent(t, (await first.orchestrator.createToken()).token);
  await until('it has joined', () => stat(join(joined.home, 'agent', 'agent.key')).catch(() => undefined));
  await joined.agent.close();
  await first.orchestrator.close();
  await rm(join(home, 'orchestrator', 'tls'), { recursive: true });
  const second = await TestOrchestrator.open(t, await postgres.database(), {
    host: '0.0.0.0',
    home,
    port: first.orchestrator.port,
  });

  const left = await openAgent(t, '', joined.home);
  await until(
    'its heartbeat is held back',
    () => left.log.some((line) => line.includes('NSV_CERTIFICATE_WRONG')),
    15_000,
  );
  const health = (await (await fetch(`${left.agent.url}/healthz`)).json()) as { reasons: string[] };
  assert.match(health.reasons.join(), /not the one this server joined with/);
  await left.agent.close();

  const again = await openAgent(t, (await second.orchestrator.createToken()).token, joined.home);
  await until('it has joined again', () => again.log.some((line) => line.includes('this server has joined')));
});

test('a server that joined over plain HTTP says so when its orchestrator has gone over to HTTPS, and joins again with a new token', async (t) => {
  const home = await tempDir(t);
  const plain = await TestOrchestrator.open(t, await postgres.database(), { home });
  const joined = await openAgent(t, (await plain.orchestrator.createToken()).token);
  await until('it has joined', () => stat(join(joined.home, 'agent', 'agent.key')).catch(() => undefined));
  const { port } = plain.orchestrator;
  await plain.orchestrator.close();
  const secure = await TestOrchestrator.open(t, await postgres.database(), { host: '0.0.0.0', home, port });
  await joined.agent.close();

  const left = await openAgent(t, '', joined.home);
  const reasons = async () =>
    ((await (await fetch(`${left.agent.url}/healthz`)).json()) as { reasons: string[] }).reasons;
  await until('it says why', async () => (await reasons()).join().includes('NSV_TLS_EXPECTED'), 15_000);
  await left.agent.close();

  const again = await openAgent(t, (await secure.orchestrator.createToken()).token, joined.home);
  await until('it has joined again', () => again.log.some((line) => line.includes('this server has joined')));
});

test('a given certificate for another name serves this home and the agent beside it, over its renewal', async (t) => {
  const folder = await tempDir(t);
  const [certificate, key] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')];
  const company = await createAuthority(Date.now());
  const give = async () => {
    const own = await issueServerCertificate(company, ['nervesys.example.com'], Date.now());
    await writeFile(certificate, own.certificate + company.certificate);
    await writeFile(key, own.key);
  };
  await give();
  // Only the hourly look at the files comes at once, when the test says so.
  const hour = Promise.withResolvers<void>();
  const hours = [hour.promise];
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => (ms === LOOK_AGAIN_MS ? hours.pop() : undefined) ?? systemClock.sleep(ms, signal),
  };
  const tls = { mode: 'certificate' as const, certificate, key };
  const system = await TestOrchestrator.open(t, await postgres.database(), { tls, clock });
  const before = system.orchestrator.authority;
  const ask = () => connectOrchestrator({ home: system.home }).ask('GET', '/api/v1/session');
  await using client = new OrchestratorClient({
    url: system.url,
    key: await enrolOver(system, before),
    authority: () => system.orchestrator.authority,
    clock: systemClock,
  });
  await ask();
  await client.sendHeartbeats([]);

  await give();
  hour.resolve();
  await until('the new one is shown', () => system.orchestrator.authority !== before);
  const note = () => readFile(join(system.home, 'orchestrator', 'address.json'), 'utf8');
  await until('it is noted', async () => JSON.parse(await note()).authority === system.orchestrator.authority);

  await ask();
  await client.close(); // its kept connection is gone, as after a network fault: the next one sees the new certificate
  await client.sendHeartbeats([]);
  const { fingerprint } = parseToken((await system.orchestrator.createToken()).token) ?? {};
  assert.equal(fingerprint, pemSha256(company.certificate), 'tokens name the authority still');
});

/** Enrols a server; answers its key. */
async function enrolOver(system: TestOrchestrator, authority: string | undefined): Promise<string> {
  const { secret = '' } = parseToken((await system.orchestrator.createToken()).token) ?? {};
  await using client = new OrchestratorClient({ url: system.url, authority, clock: systemClock });
  return (await client.enrol({ secret, server: SERVER, agent_version: '0.1.0', boot_id: null })).key;
}

test('plain HTTP to the TLS port is answered in plain HTTP with what to do, and TLS to a plain port is named', async (t) => {
  const { system } = await openSecure(t);
  const plain = await TestOrchestrator.open(t, await postgres.database());

  const answer = await httpRequest({ method: 'GET', url: `http://127.0.0.1:${system.orchestrator.port}/healthz` });
  const other = httpRequest({ method: 'GET', url: `https://127.0.0.1:${plain.orchestrator.port}/healthz` });

  assert.equal(answer.status, 400);
  assert.equal(JSON.parse(answer.body.toString()).code, 'NSV_TLS_EXPECTED');
  await assert.rejects(other, { message: /speaks no TLS/ });
});

test('over TLS the page gets a cookie for TLS alone, live events flow, and this home finds its orchestrator', async (t) => {
  const { system, ask } = await openSecure(t);
  const link = new URL((await system.orchestrator.createSignInLink()).url);

  const signIn = await ask('GET', link.pathname + link.search);
  const cookie = signIn.headers['set-cookie']?.[0] ?? '';
  const events = connectOrchestrator({ home: system.home }).lines('/api/v1/events');
  const firstLine = await events.next();
  await events.return(undefined);
  const checks = await checkOrchestrator({ home: system.home }, undefined, () => Date.now());

  assert.equal(link.protocol, 'https:');
  assert.match(cookie, /; Secure/);
  assert.equal(firstLine.done, false);
  const certificate = checks.find((check) => check.name === 'certificate');
  assert.equal(certificate?.state, 'ok');
  assert.match(certificate?.found ?? '', new RegExp(pemSha256(system.orchestrator.authority ?? '') ?? ''));
  assert.deepEqual(
    checks.filter((check) => check.state === 'problem'),
    [],
  );
});

test('it closes at once with connections that never said a word, or never ended their handshake', async (t) => {
  const { system, ask } = await openSecure(t);
  const silent = [connect(system.orchestrator.port, '127.0.0.1'), connect(system.orchestrator.port, '127.0.0.1')];
  for (const socket of silent) socket.on('error', () => undefined);
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  silent[1]?.write(Buffer.from([0x16, 3, 1])); // the beginning of a handshake
  await ask('GET', '/healthz');
  const startedAt = performance.now();

  await system.orchestrator.close();

  assert.ok(performance.now() - startedAt < 2_500, 'it did not wait for them');
});

test('a request that is under way over TLS when it closes gets its answer', async (t) => {
  const { system, authority } = await openSecure(t);
  const body = JSON.stringify({ secret: 'x'.repeat(43), server: SERVER, agent_version: '0.1.0', boot_id: null });
  const request = https.request(`${system.url}/api/v1/enroll`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' },
    agent: false,
    ...trustOnly(authority),
  });
  const answered = once(request, 'response');
  request.flushHeaders();
  await once(request, 'continue'); // it has the head, and waits for the rest

  const closed = system.orchestrator.close();
  request.end(body);
  const [response] = await answered;

  assert.equal(response.statusCode, 401);
  response.resume();
  await closed;
});

test('beyond this machine plain HTTP is refused unless it was asked for by name', async (t) => {
  const refused = await postgres.database();
  t.after(() => refused.close());
  await assert.rejects(TestOrchestrator.open(t, refused, { host: '0.0.0.0', tls: { mode: 'off' } }), {
    code: 'NSV_PLAIN_HTTP_REFUSED',
    message: /0\.0\.0\.0/,
    hint: /allow_plain_http/,
  });

  const allowed = await TestOrchestrator.open(t, await postgres.database(), {
    host: '0.0.0.0',
    tls: { mode: 'off', allowPlainHttp: true },
    publicUrl: 'https://nervesys.example.com',
    logger: silentLogger,
  });

  const { token } = await allowed.orchestrator.createToken();
  assert.match(allowed.url, /^http:/);
  assert.deepEqual(
    [parseToken(token)?.url, parseToken(token)?.fingerprint],
    ['https://nervesys.example.com', null],
    'behind a proxy the system decides whom to trust',
  );
});
