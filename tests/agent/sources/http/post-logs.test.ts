import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RecordSink } from '../../../../src/agent/buffer/types.ts';
import { encodeNdjson } from '../../../../src/agent/sources/record-encoder.ts';
import type { AgentId } from '../../../../src/contract/ids.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { openBuffer, openLocalApi, SERVER } from '../../../support/local-api.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const line = (message: string, more: object = {}) => JSON.stringify({ message, ...more });

test('a broken line 3 of 5: four are accepted, line 3 is named', async (t) => {
  const { ask, buffer, registry } = await openLocalApi(t);

  const answer = await ask(
    'POST',
    '/logs',
    [
      line('1', { agent_id: 'GROK', level: 'ERROR', action: 'plan' }),
      line('2'),
      '{"message":',
      line('4'),
      line('5'),
    ].join('\n'),
  );

  assert.equal(answer.status, 200);
  const { accepted, dropped, rejected } = answer.json();
  assert.deepEqual(
    [accepted, dropped, rejected.length, rejected[0].line, rejected[0].code],
    [4, 0, 1, 3, 'NSV_RECORD_NOT_JSON'],
  );
  const records = await buffer.recent({ limit: 10 });
  assert.deepEqual(records.map((record) => record.message).sort(), ['1', '2', '4', '5']);
  assert.equal(registry.get('GROK' as AgentId)?.lastAction, 'plan');
  assert.equal(registry.totals.ERROR, 1);
});

test('NDJSON, one object, an array and gzip are taken, whatever the Content-Type says', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const types = [
    'application/json',
    'application/x-ndjson',
    'application/x-www-form-urlencoded',
    'text/plain',
    undefined,
  ];
  const bodies: [string, number][] = [
    [`${line('a')}\n${line('b')}\r\n\n`, 2],
    [line('one'), 1],
    [`\ufeff${line('with a byte order mark')}`, 1],
    [JSON.stringify([{ message: 'x' }, { message: 'y' }, { message: 'z' }], null, 2), 3],
    [JSON.stringify({ message: 'over several lines', context: { a: 1 } }, null, 2), 1],
  ];
  let expected = 0;

  for (const type of types)
    for (const [body, count] of bodies)
      for (const gzip of [false, true]) {
        const answer = await ask('POST', '/logs', gzip ? gzipSync(body) : body, {
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(gzip ? { 'content-encoding': 'gzip' } : {}),
        });
        assert.deepEqual([answer.status, answer.json().accepted], [200, count], `${type} ${body}`);
        expected += count;
      }

  assert.equal(buffer.stats().records, expected);
});

test('an empty body is nothing wrong; a body without any record is, and says of each line why', async (t) => {
  const { ask } = await openLocalApi(t);

  assert.deepEqual((await ask('POST', '/logs', '\n \n')).json(), { accepted: 0, dropped: 0, rejected: [] });
  const answer = await ask('POST', '/logs', 'hello\n[1]\n{"a":1}');

  assert.equal(answer.status, 400);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const { code, accepted, rejected } = answer.json();
  assert.deepEqual([code, accepted, rejected.length], ['NSV_BODY_INVALID', 0, 3]);
  const broken = await ask('POST', '/logs', 'x\n'.repeat(1_000));
  assert.deepEqual([broken.json().rejected.length, broken.json().rejected_more], [100, 900]);
});

test("whose records these are: the record's own word, then the query, then the header, then unknown", async (t) => {
  const { ask, buffer } = await openLocalApi(t);

  await ask('POST', '/logs?agent_id=GIMAI', `${line('1')}\n${line('2', { agent_id: 'GROK' })}`);
  await ask('POST', '/logs', line('3'), { 'x-nervesys-agent': 'COPILOT' });
  await ask('POST', '/logs', line('4'));

  const byMessage = Object.fromEntries((await buffer.recent({ limit: 9 })).map((r) => [r.message, r.agent_id]));
  assert.deepEqual(byMessage, { 1: 'GIMAI', 2: 'GROK', 3: 'COPILOT', 4: 'unknown' });
  assert.equal((await ask('POST', `/logs?agent_id=${'x'.repeat(51)}`, line('5'))).status, 400);
});

test('a repeated request with the same Idempotency-Key counts once and is answered as the first was', async (t) => {
  const { ask, buffer, registry } = await openLocalApi(t);
  const body = `${line('1')}\nbroken\n${line('2')}`;

  const first = await ask('POST', '/logs', body, { 'idempotency-key': 'k1' });
  const again = await ask('POST', '/logs', body, { 'idempotency-key': 'k1' });
  const other = await ask('POST', '/logs', body, { 'idempotency-key': 'k2' });

  assert.deepEqual(again.json(), first.json());
  assert.equal(other.json().accepted, 2);
  assert.equal(buffer.stats().records, 4);
  assert.equal(registry.totals.INFO, 4);
  assert.equal((await ask('POST', '/logs', body, { 'idempotency-key': 'k'.repeat(256) })).status, 400);
});

test('a key that comes again with another body is 422, is counted, and nothing of it is stored', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const key = { 'idempotency-key': 'k1' };
  await ask('POST', '/logs', line('1'), key);

  const otherBody = await ask('POST', '/logs', line('2'), key);
  const otherAgent = await ask('POST', '/logs?agent_id=GROK', line('1'), key);
  const inflated = await ask('POST', '/logs', gzipSync(line('1')), { ...key, 'content-encoding': 'gzip' });

  for (const refused of [otherBody, otherAgent])
    assert.deepEqual(
      [refused.status, refused.json().code, refused.headers['content-type']],
      [422, 'NSV_KEY_REUSED', 'application/problem+json'],
    );
  assert.deepEqual([inflated.status, inflated.json().accepted], [200, 1], 'the same, however it is packed');
  assert.equal(buffer.stats().records, 1);
  const metrics = (await ask('GET', '/metrics')).body.toString();
  assert.match(metrics, /nervesys_agent_idempotency_keys_refused_total\{reason="reused"\} 2\n/);
  assert.match(metrics, /nervesys_agent_idempotency_keys 1\n/);
});

test('a repeat that overtakes its first or comes beside it is answered as it, and stored once', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const body = `${line('1')}\n${line('2')}`;

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask('POST', '/logs', body, { 'idempotency-key': 'k1' })),
  );

  for (const answer of answers) assert.deepEqual([answer.status, answer.json().accepted], [200, 2]);
  assert.equal(buffer.stats().records, 2);
});

test('more keys than are remembered are 429 with Retry-After, counted; without a key it goes on', async (t) => {
  const dir = await tempDir(t);
  const small = openBuffer(dir, 8e6);
  t.after(() => small.close());
  const { ask } = await openLocalApi(t, { sink: small });
  const answer = 'x'.repeat(1_700_000);
  await small.append(encodeNdjson(Buffer.from(line('1')), { server: SERVER, now: 0 }).records, {
    idempotencyKey: 'large',
    answer,
  });
  await Promise.all(
    Array.from({ length: 2_000 }, (_, n) =>
      small
        .append(encodeNdjson(Buffer.from(line('1')), { server: SERVER, now: 0 }).records, { idempotencyKey: `${n}` })
        .catch(() => undefined),
    ),
  );

  const refused = await ask('POST', '/logs', line('2'), { 'idempotency-key': 'one more' });
  const keyless = await ask('POST', '/logs', line('2'));

  assert.deepEqual([refused.status, refused.json().code], [429, 'NSV_TOO_MANY_KEYS']);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal(keyless.status, 200);
  assert.match(
    (await ask('GET', '/metrics')).body.toString(),
    /nervesys_agent_idempotency_keys_refused_total\{reason="too_many"\} 1\n/,
  );
});

test('hostile values are data: SQL in a name, NUL bytes, __proto__, a 2 MB message', async (t) => {
  const { ask, buffer } = await openLocalApi(t);

  const answer = await ask(
    'POST',
    '/logs',
    [
      `{"agent_id":"'; drop table logs;--","message":"sql"}`,
      '{"message":"nul \\u0000 byte","agent_id":"A\\u0000B"}',
      '{"message":"proto","__proto__":{"admin":true},"level":"constructor"}',
      line('ש'.repeat(1_000_000)),
      '{"message":"raw \u0000 byte"}',
    ].join('\n'),
  );

  assert.deepEqual([answer.status, answer.json().accepted, answer.json().rejected[0].line], [200, 4, 5]);
  const [big, proto, nul, sql] = await buffer.recent({ limit: 9 });
  assert.equal(sql!.agent_id, "'; drop table logs;--");
  assert.equal(nul!.message, 'nul \u0000 byte');
  assert.equal(nul!.agent_id, 'A\ufffdB');
  assert.deepEqual(Object.entries(proto!.context), [
    ['__proto__', { admin: true }],
    ['_level', 'constructor'],
  ]);
  assert.equal(Buffer.byteLength(big!.message), 65_536);
  assert.deepEqual(big!.context, { _truncated: ['message'] });
});

test('a body past the bound is refused by its Content-Length before it is read, and the client reads why', async (t) => {
  const { ask, buffer, api } = await openLocalApi(t, { limits: { bodyBytesMax: 100_000 } });

  const answer = await ask('POST', '/logs', Buffer.alloc(10_000_000, 0x20));

  assert.deepEqual([answer.status, answer.json().code], [413, 'NSV_BODY_TOO_LARGE']);
  assert.equal(buffer.stats().records, 0);
  // A client that sends all before it reads gets the answer too.
  const blunt = await sendThenRead(api.port, 'content-length: 5000000', Buffer.alloc(5_000_000));
  assert.match(blunt, /^HTTP\/1\.1 413 .*"code":"NSV_BODY_TOO_LARGE"/s);
});

test('a chunked body of 1 GB is refused while it comes, in flat memory, and the connection ends', async (t) => {
  const { api } = await openLocalApi(t, {
    limits: { discard: { bytesMax: 50_000_000, totalMs: 5_000, idleMs: 500 } },
  });
  const socket = net.connect(api.port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined); // the reset after the discard bound
  socket.write('POST /logs HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 0x61), Buffer.from('\r\n')]);
  const before = process.memoryUsage().rss;

  let sent = 0;
  for (; sent < 1024 && !socket.destroyed; sent++)
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
  await closed;

  assert.match(received, /^HTTP\/1\.1 413 .*"code":"NSV_BODY_TOO_LARGE"/s);
  assert.ok(sent < 200, `stopped after ${sent} MiB`);
  assert.ok(process.memoryUsage().rss - before < 150e6);
});

test('with Expect: 100-continue a body past the bound is refused before it is sent, a good one is asked for', async (t) => {
  const { api } = await openLocalApi(t);

  const refused = await converse(api.port, 'expect: 100-continue\r\ncontent-length: 1073741824', undefined);
  assert.match(refused, /^HTTP\/1\.1 413 /);
  const taken = await converse(api.port, 'expect: 100-continue\r\ncontent-length: 15', '{"message":"a"}');
  assert.match(taken, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 .*"accepted":1/s);
});

test('a gzip bomb ends at the bound; what is no gzip, or another encoding, is named', async (t) => {
  const { ask } = await openLocalApi(t);
  const bomb = gzipSync(Buffer.alloc(200_000_000));
  const gzip = { 'content-encoding': 'gzip' };

  const answers = await Promise.all([
    ask('POST', '/logs', bomb, gzip),
    ask('POST', '/logs', bomb, gzip),
    ask('POST', '/logs', 'plain', gzip),
    ask('POST', '/logs', gzipSync(line('cut')).subarray(0, 20), gzip),
    ask('POST', '/logs', 'x', { 'content-encoding': 'br' }),
  ]);

  assert.deepEqual(
    answers.map((answer) => [answer.status, answer.json().code]),
    [
      [413, 'NSV_BODY_TOO_LARGE'],
      [413, 'NSV_BODY_TOO_LARGE'],
      [415, 'NSV_BODY_ENCODING'],
      [415, 'NSV_BODY_ENCODING'],
      [415, 'NSV_BODY_ENCODING'],
    ],
  );
});

test('more than 100,000 records are refused, in lines and in an array: they would take a hundred times their size', async (t) => {
  const { ask } = await openLocalApi(t);
  const lines = (count: number) => Array(count).fill('{"message":""}').join('\n');
  const array = (count: number) => `[${Array(count).fill('{"message":""}')}]`;

  for (const body of [lines(1_000_000), lines(100_001), array(100_001), `[${'1,'.repeat(100_000)}1]`]) {
    const answer = await ask('POST', '/logs', body);
    assert.deepEqual([answer.status, answer.json().code], [413, 'NSV_BODY_TOO_LARGE']);
  }
  for (const body of [lines(100_000), array(100_000)])
    assert.deepEqual((await ask('POST', '/logs', body)).json(), { accepted: 100_000, dropped: 0, rejected: [] });
});

test('bodies that together pass the memory bound get 429 and Retry-After; what they held is given back', async (t) => {
  const { ask, api } = await openLocalApi(t, { limits: { bodyBytesMax: 1_000_000, bodiesBytesMax: 1_500_000 } });
  const holder = net.connect(api.port, '127.0.0.1');
  t.after(() => holder.destroy());
  holder.write('POST /logs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n');
  holder.write(Buffer.alloc(900_000, 0x20));
  await until('the first body is held', async () =>
    /body_bytes 900000/.test((await ask('GET', '/metrics')).body.toString()),
  );

  const refused = await ask('POST', '/logs', Buffer.alloc(900_000, 0x20));
  assert.deepEqual([refused.status, refused.json().code], [429, 'NSV_TOO_BUSY']);
  assert.ok(Number(refused.headers['retry-after']) > 0);

  holder.destroy();
  await until('it is given back', async () => /body_bytes 0/.test((await ask('GET', '/metrics')).body.toString()));
  assert.equal((await ask('POST', '/logs', Buffer.alloc(900_000, 0x20))).status, 200);
});

test('a full buffer is 429 with Retry-After, a closing one 503, a broken one 500 that tells no secrets', async (t) => {
  let failure: Error = new NervesysError('NSV_BUFFER_FULL', 'the buffer is full', { retryable: true });
  const sink = { append: () => Promise.reject(failure) } as unknown as RecordSink;
  const { ask } = await openLocalApi(t, { sink });

  const full = await ask('POST', '/logs', line('x'));
  failure = new NervesysError('NSV_SHUTTING_DOWN', 'closing');
  const closing = await ask('POST', '/logs', line('x'));
  failure = new Error('/secret/path: I/O error');
  const broken = await ask('POST', '/logs', line('x'));

  assert.deepEqual([full.status, full.json().code], [429, 'NSV_BUFFER_FULL']);
  assert.ok(Number(full.headers['retry-after']) > 0);
  assert.deepEqual([closing.status, closing.json().code], [503, 'NSV_SHUTTING_DOWN']);
  assert.deepEqual([broken.status, broken.json().code], [500, 'NSV_INTERNAL']);
  assert.doesNotMatch(broken.body.toString(), /secret/);
});

test('random bytes and half requests take nothing and leave the agent up', async (t) => {
  const { ask, api, buffer } = await openLocalApi(t);

  for (let round = 0; round < 20; round++) {
    const socket = net.connect(api.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end(randomBytes(2_000));
    const half = net.connect(api.port, '127.0.0.1');
    half.on('error', () => undefined);
    half.write(`POST /logs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n${line('half')}`, () =>
      half.destroy(),
    );
    assert.equal((await ask('POST', '/logs', randomBytes(2_000))).status, 400);
  }

  assert.equal(buffer.stats().records, 0);
  assert.equal((await ask('POST', '/logs', line('still here'))).status, 200);
});

/** Sends head and body without reading, then reads to the end. */
async function sendThenRead(port: number, head: string, body: Buffer): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.pause();
  socket.write(`POST /logs HTTP/1.1\r\nhost: localhost\r\n${head}\r\n\r\n`);
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.write(body, () => resolve());
  });
  let received = '';
  for await (const chunk of socket) received += chunk;
  return received;
}

/** Sends a head; the body only once the server asks for it. Resolves with all that came until the server's answer ended. */
async function converse(port: number, head: string, body: string | undefined): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.write(`POST /logs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${head}\r\n\r\n`);
  let received = '';
  for await (const chunk of socket) {
    received += chunk;
    if (body !== undefined && received.endsWith('100 Continue\r\n\r\n')) socket.write(body);
  }
  return received;
}
