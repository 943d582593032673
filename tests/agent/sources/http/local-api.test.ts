import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AgentId } from '../../../../src/contract/ids.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { httpRequest } from '../../../../src/platform/http-request.ts';
import { readExposition } from '../../../support/exposition.ts';
import { openLocalApi } from '../../../support/local-api.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

test('recent records come newest first, by AI agent, level, time and number', async (t) => {
  const { ask } = await openLocalApi(t);
  for (let n = 1; n <= 6; n++)
    await ask(
      'POST',
      '/logs',
      JSON.stringify({ message: `m${n}`, agent_id: n % 2 ? 'GROK' : 'GIMAI', level: n > 3 ? 'ERROR' : 'INFO' }),
    );
  const messages = async (query: string) =>
    (await ask('GET', `/logs${query}`)).json().records.map((record: { message: string }) => record.message);

  assert.deepEqual(await messages(''), ['m6', 'm5', 'm4', 'm3', 'm2', 'm1']);
  assert.deepEqual(await messages('?agent_id=GROK&limit=2'), ['m5', 'm3']);
  assert.deepEqual(await messages('?agent_id=GROK&level=error&since=10m'), ['m5']);
  assert.deepEqual(await messages('?agent_id=GROK&level=&since=&limit='), ['m5', 'm3', 'm1']);
  assert.equal((await messages('?agent_id=')).length, 6);
  assert.deepEqual(await messages('?since=2999-01-01T00:00:00Z'), []);
  for (const query of ['?limit=0', '?limit=1001', '?limit=x', '?level=LOUD', '?since=yesterday', '?agnet_id=GROK']) {
    const refused = await ask('GET', `/logs${query}`);
    assert.deepEqual([refused.status, refused.json().code], [400, 'NSV_BODY_INVALID'], query);
  }
});

test('an AI agent asks for its own configuration; one without is not found', async (t) => {
  const { ask } = await openLocalApi(t, {
    agentConfig: (agentId) => (agentId === 'GROK & CO' ? { agent_id: agentId, role: 'reviewer' } : undefined),
  });

  assert.deepEqual((await ask('GET', '/agents/GROK%20%26%20CO/config')).json(), {
    agent_id: 'GROK & CO',
    role: 'reviewer',
  });
  assert.equal((await ask('GET', '/agents/NOBODY/config')).status, 404);
  assert.equal((await ask('GET', '/agents/%E0%A4%A/config')).status, 400);
  assert.equal((await ask('GET', '/agents/%00/config')).status, 400);
});

test('an AI agent tells its status; mistakes are named', async (t) => {
  const { ask, registry } = await openLocalApi(t);

  const answer = await ask(
    'PUT',
    '/agents/GROK/status',
    '{"status":"degraded","last_action":"code_review","detail":"rate limited","exit_code":null}',
  );

  assert.equal(answer.status, 200);
  assert.equal(answer.json().last_action, 'code_review');
  const known = registry.get('GROK' as AgentId)!;
  assert.deepEqual([known.status, known.lastAction, known.detail], ['degraded', 'code_review', 'rate limited']);
  for (const body of [
    '',
    '[]',
    '{}',
    '{"status":"fine"}',
    '{"status":"healthy","pid":-1}',
    '{"status":"stopped","exit_code":"x"}',
    '{"status":"healthy","last_action":7}',
  ]) {
    const refused = await ask('PUT', '/agents/GROK/status', body);
    assert.deepEqual([refused.status, refused.json().code], [400, 'NSV_BODY_INVALID'], body);
  }
});

test('a flush answers 200 when the archive has it, 503 with the reason when it has not', async (t) => {
  let flush = async (_signal: AbortSignal) => ({ objects: ['logs/A/k'], records: 3 });
  const { ask } = await openLocalApi(t, { flush: (signal) => flush(signal) });

  assert.deepEqual((await ask('POST', '/flush')).json(), { flushed: true, objects: ['logs/A/k'], records: 3 });

  flush = async () => {
    throw new NervesysError('NSV_ARCHIVE_DENIED', 'bucket "logs" refused the key', { hint: 'check the key' });
  };
  const denied = await ask('POST', '/flush');
  assert.deepEqual(
    [denied.status, denied.json().code, denied.json().hint],
    [503, 'NSV_FLUSH_INCOMPLETE', 'check the key'],
  );
  assert.match(denied.json().detail, /refused the key/);

  flush = (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const late = await ask('POST', '/flush?timeout=20ms');
  assert.deepEqual([late.status, late.json().code, late.json().flushed], [503, 'NSV_FLUSH_INCOMPLETE', false]);
  assert.equal((await ask('POST', '/flush?timeout=soon')).status, 400);
});

test('what triage makes of a line is asked with its message, redacted as a record is; mistakes are named, web pages refused', async (t) => {
  const asked: string[] = [];
  const explain = async ({ json }: { readonly json: string }) => {
    asked.push(json);
    return { tier: null };
  };
  const { ask } = await openLocalApi(t, { explain });
  const post = (body: string, headers = {}) => ask('POST', '/triage/explain', body, headers);

  const answer = await post('{"message":"key AKIAIOSFODNN7EXAMPLE is out of date","agent_id":"GROK","level":"ERROR"}');
  const refused = await Promise.all([post('{'), post('null'), post('{"message":5}'), post('{"message":""}')]);
  const foreign = await post('{"message":"x"}', { origin: 'http://example.com' });

  assert.deepEqual([answer.status, answer.json()], [200, { tier: null }]);
  assert.equal(asked.length, 1);
  assert.match(asked[0]!, /"level":"ERROR".*"agent_id":"GROK".*"message":"key \[redacted/);
  assert.deepEqual(
    refused.map(({ status }) => status),
    [400, 400, 400, 400],
  );
  assert.equal(foreign.status, 403);
});

test('liveness tells its reasons, metrics are Prometheus text, the buffer and the help can be read', async (t) => {
  let reasons: string[] = [];
  const { ask } = await openLocalApi(t, { health: () => reasons });
  await ask('POST', '/logs', '{"message":"x","level":"warn"}\nbroken');

  assert.deepEqual([(await ask('GET', '/healthz')).status, (await ask('GET', '/healthz')).json().status], [200, 'ok']);
  reasons = ['the disk is full'];
  const failing = await ask('GET', '/healthz');
  assert.deepEqual([failing.status, failing.json().reasons], [503, ['the disk is full']]);

  const metrics = await ask('GET', '/metrics');
  assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(metrics.body.toString(), /^nervesys_agent_records_total\{level="WARN"\} 1$/m);
  assert.match(metrics.body.toString(), /^nervesys_agent_rejected_lines_total 1$/m);
  assert.match(metrics.body.toString(), /^nervesys_agent_buffer_records 1$/m);
  const families = readExposition(metrics.body.toString());
  assert.ok([...families.keys()].every((name) => /^(?:nervesys_agent|process)_/.test(name)));
  assert.ok(families.has('process_cpu_seconds_total'));

  const buffer = (await ask('GET', '/buffer')).json();
  assert.deepEqual([buffer.records, buffer.open_records, buffer.batches, buffer.held], [1, 1, [], false]);
  assert.match((await ask('GET', '/')).body.toString(), /POST \/logs/);
  assert.equal((await ask('HEAD', '/healthz')).body.length, 0);
});

test('requests of web pages are refused: an Origin header, a foreign Host', async (t) => {
  const { ask, api, buffer } = await openLocalApi(t, { hosts: ['agent.internal'] });
  const status = async (headers: Record<string, string>) =>
    (await ask('POST', '/logs', '{"message":"x"}', headers)).status;

  assert.equal(await status({ origin: 'http://localhost:4318' }), 403);
  assert.equal(await status({ origin: 'null' }), 403);
  for (const host of ['evil.example', 'evil.example:4318', 'localhost.evil.example', '10.0.0.1', 'a@localhost'])
    assert.equal(await status({ host }), 403, host);
  assert.equal(buffer.stats().records, 0);
  for (const host of ['localhost', `LOCALHOST:${api.port}`, '127.0.0.1:1', '[::1]:4318', 'agent.internal'])
    assert.equal(await status({ host }), 200, host);
  assert.equal((await ask('GET', '/healthz', undefined, { origin: 'http://evil.example' })).status, 403);
});

test('what is not there is 404, a wrong method 405 with Allow, each as a problem document', async (t) => {
  const { ask } = await openLocalApi(t);

  for (const path of ['/nothing', '/constructor', '/agents/GROK', '/agents/GROK/nothing', '/logs/']) {
    const answer = await ask('GET', path);
    assert.deepEqual([answer.status, answer.json().code], [404, 'NSV_NOT_FOUND'], path);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
  }
  const wrong = await ask('DELETE', '/logs');
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'GET, POST']);
  assert.equal((await ask('POST', '/healthz', 'x'.repeat(100_000))).status, 405);
});

test('a taken port is said with its number', async (t) => {
  const { api } = await openLocalApi(t);

  await assert.rejects(openLocalApi(t, { port: api.port }), (error: NervesysError) => {
    assert.equal(error.code, 'NSV_PORT_IN_USE');
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${api.port}`));
    return true;
  });
});

test('the Unix socket is for its owner alone, replaces a stale one, and goes with the agent', async (t) => {
  const dir = await tempDir(t);
  const socketPath = join(dir, 'agent.sock');
  await leaveStaleSocket(socketPath);

  const { api } = await openLocalApi(t, { socketPath });
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  const answer = await httpRequest({
    method: 'POST',
    url: 'http://anything/logs',
    body: '{"message":"x"}',
    socketPath,
  });
  assert.equal(answer.status, 200);
  const fromPage = { method: 'GET', url: 'http://x/healthz', socketPath, headers: { origin: 'http://evil.example' } };
  assert.equal((await httpRequest(fromPage)).status, 403);

  await assert.rejects(openLocalApi(t, { socketPath }), { code: 'NSV_ALREADY_RUNNING' });
  assert.equal((await httpRequest({ method: 'GET', url: 'http://x/healthz', socketPath })).status, 200);
  await api.close();
  await assert.rejects(stat(socketPath), { code: 'ENOENT' });
});

test('a socket path that is too long, or holds a file, is left out, and TCP serves', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'precious');
  await writeFile(file, 'data');

  for (const socketPath of [join(dir, 'x'.repeat(120)), file]) {
    const { api, ask } = await openLocalApi(t, { socketPath });
    assert.equal(api.socketPath, undefined);
    assert.equal((await ask('GET', '/healthz')).status, 200);
  }
  assert.equal((await stat(file)).size, 4);
});

test('closing answers what is in flight, refuses what comes after, and leaves no connection', async (t) => {
  let finish = () => {};
  const flushing = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { api, ask } = await openLocalApi(t, {
    flush: async () => {
      await flushing;
      return { objects: [], records: 0 };
    },
  });
  const inFlight = ask('POST', '/flush');
  const second = net.connect(api.port, '127.0.0.1');
  let received = '';
  second.on('data', (chunk) => {
    received += chunk;
  });
  second.on('error', () => undefined);
  const secondClosed = new Promise<void>((resolve) => second.on('close', () => resolve()));
  second.write('POST /logs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 15\r\n\r\n{"message"');
  await until('the half request is being read', async () =>
    /body_bytes 10/.test((await ask('GET', '/metrics')).body.toString()),
  );

  const closed = api.close(5_000);
  second.write(':"a"}');
  finish();

  assert.equal((await inFlight).status, 200);
  await Promise.all([closed, secondClosed]);
  assert.match(received, /^HTTP\/1\.1 200 .*connection: close/is);
  await assert.rejects(ask('GET', '/healthz'), { code: 'ECONNREFUSED' });
});

test('it listens elsewhere from one moment to the next: what is under way is answered, and where the new place is taken it stays', async (t) => {
  const { api, ask, buffer, dir } = await openLocalApi(t, { socketPath: undefined });
  const former = api.port;
  const other = net.createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await until('it listens', () => other.listening);
  const taken = (other.address() as net.AddressInfo).port;
  const slow = net.connect(former, '127.0.0.1');
  let answer = '';
  slow.on('data', (data) => {
    answer += data;
  });
  slow.write('POST /logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n{"message":');
  await until('it is under way', async () => (await ask('GET', '/metrics')).body.toString().includes('body'));

  await assert.rejects(api.move({ port: taken }), { code: 'NSV_PORT_IN_USE' });
  assert.equal((await ask('GET', '/healthz')).status, 200);
  await assert.rejects(api.move({ port: former, host: '192.0.2.1' }), { code: 'NSV_SETTING_INVALID' });
  assert.equal((await ask('GET', '/healthz')).status, 200);
  await api.move({ port: former, host: '0.0.0.0', hosts: ['agent'] }); // shares the port with where it listens
  assert.equal((await ask('GET', '/healthz', undefined, { host: 'agent' })).status, 200);
  await new Promise((resolve) => other.close(resolve));
  await api.move({ port: taken, socketPath: join(dir, 'a.sock') });

  assert.equal(api.port, taken);
  assert.equal((await ask('GET', '/healthz')).status, 200);
  assert.equal((await ask('GET', '/healthz', undefined, { host: 'agent' })).status, 403);
  assert.equal(api.socketPath, join(dir, 'a.sock'));
  assert.equal((await stat(join(dir, 'a.sock'))).mode & 0o777, 0o600);
  await assert.rejects(httpRequest({ method: 'GET', url: `http://127.0.0.1:${former}/healthz` }), {
    code: 'ECONNREFUSED',
  });
  slow.write('"was under way"   }');
  await until('it is answered', () => answer.includes('"accepted":1'));
  assert.match(answer, /connection: close/i);
  assert.equal(buffer.stats().records, 1);
});

test('a request that never ends does not hold the closing past its deadline', async (t) => {
  const { api } = await openLocalApi(t);
  const slow = net.connect(api.port, '127.0.0.1');
  slow.on('error', () => undefined);
  slow.write('POST /logs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 15\r\n\r\n{');
  const gone = new Promise<void>((resolve) => slow.on('close', () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 50));

  const startedAt = performance.now();
  await api.close(100);

  assert.ok(performance.now() - startedAt < 2_000);
  await gone;
});

test('a client that dribbles its head or its body is cut off', async (t) => {
  const cutOff = async (limits: { headMs: number; requestMs: number }, text: string) => {
    const { api } = await openLocalApi(t, { limits });
    const socket = net.connect(api.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text);
    const dribble = setInterval(() => socket.write('x'), 50);
    await new Promise<void>((resolve) => socket.on('close', () => resolve()));
    clearInterval(dribble);
  };

  await Promise.all([
    cutOff({ headMs: 200, requestMs: 60_000 }, 'POST /logs HTTP/1.1\r\nx: '),
    cutOff({ headMs: 300, requestMs: 300 }, 'POST /logs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n'),
  ]);
});

test('connections past the bound are dropped, the others served', async (t) => {
  const { api, ask } = await openLocalApi(t, { limits: { connectionsMax: 5 } });
  const sockets = Array.from({ length: 5 }, () => net.connect(api.port, '127.0.0.1'));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('connect', resolve))));

  await assert.rejects(ask('GET', '/healthz'));
  sockets[0]!.destroy();

  await until('a place is free', () =>
    ask('GET', '/healthz').then(
      (answer) => answer.status === 200,
      () => false,
    ),
  );
});

/** A socket file that nobody listens on, as a killed agent leaves it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await new Promise((resolve) => child.on('exit', resolve));
  assert.ok((await stat(path)).isSocket());
}
