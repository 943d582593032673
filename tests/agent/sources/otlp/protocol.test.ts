import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RecordSink } from '../../../../src/agent/buffer/types.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { openLocalApi } from '../../../support/local-api.ts';
import { attribute, exportRequest, wire } from './wire.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const PROTO_TYPE = { 'content-type': 'application/x-protobuf' };

const logsOf = (...logRecords: unknown[]) => JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
const text = (stringValue: string) => ({ stringValue });

test('what was taken is answered with an empty response in the encoding of the request', async (t) => {
  const { ask, buffer } = await openLocalApi(t);

  const json = await ask('POST', '/v1/logs', logsOf({ body: text('a') }), {
    'content-type': 'application/json; charset=utf-8',
  });
  const proto = await ask(
    'POST',
    '/v1/logs',
    exportRequest(Buffer.alloc(0), [wire.message(5, wire.bytes(1, 'b'))]),
    PROTO_TYPE,
  );
  const zipped = await ask('POST', '/v1/logs', gzipSync(logsOf({ body: text('c') })), {
    ...JSON_TYPE,
    'content-encoding': 'gzip',
  });

  assert.deepEqual([json.status, json.headers['content-type'], json.json()], [200, 'application/json', {}]);
  assert.deepEqual(
    [proto.status, proto.headers['content-type'], proto.body.length],
    [200, 'application/x-protobuf', 0],
  );
  assert.equal(zipped.status, 200);
  assert.deepEqual((await buffer.recent({ limit: 9 })).map(({ message }) => message).sort(), ['a', 'b', 'c']);
  for (const path of ['/v1/logs', '/v1/traces', '/v1/metrics']) {
    assert.deepEqual((await ask('POST', path, '{}', JSON_TYPE)).json(), {});
    assert.equal((await ask('POST', path, '', PROTO_TYPE)).status, 200);
  }
});

test('items that are broken are named in partialSuccess, the others are taken', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const broken = Buffer.concat([wire.bytes(3, 'WARN'), Buffer.from([0x2a, 0x7f])]); // a body that is longer than the record

  const json = await ask(
    'POST',
    '/v1/logs',
    logsOf({ body: text('a') }, 7, { body: text('b'), attributes: { k: 1 } }),
    JSON_TYPE,
  );
  const proto = await ask(
    'POST',
    '/v1/logs',
    exportRequest(Buffer.alloc(0), [broken, wire.message(5, wire.bytes(1, 'c'))]),
    PROTO_TYPE,
  );

  assert.deepEqual(
    [json.status, json.json()],
    [200, { partialSuccess: { rejectedLogRecords: '2', errorMessage: 'log record 2: an item is no object' } }],
  );
  assert.deepEqual(
    proto.body,
    wire.message(1, wire.varint(1, 1), wire.bytes(2, 'log record 1: the bytes end within a field')),
  );
  assert.deepEqual((await buffer.recent({ limit: 9 })).map(({ message }) => message).sort(), ['a', 'c']);
  const spans = { resourceSpans: [{ scopeSpans: [{ spans: [7, { name: 'chat', attributes: [] }] }] }] };
  const metrics = {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [7, { name: 'x', gauge: { dataPoints: [{}] } }] }] }],
  };
  assert.equal(
    (await ask('POST', '/v1/traces', JSON.stringify(spans), JSON_TYPE)).json().partialSuccess.rejectedSpans,
    '1',
  );
  assert.equal(
    (await ask('POST', '/v1/metrics', JSON.stringify(metrics), JSON_TYPE)).json().partialSuccess.rejectedDataPoints,
    '1',
  );
});

test('a request that can never be taken is answered 400 with a Status, and nothing of it is stored', async (t) => {
  const { ask, buffer } = await openLocalApi(t);

  for (const body of [
    '',
    '[]',
    'null',
    '{"resourceLogs":',
    '{"resourceLogs":{}}',
    '{"resourceLogs":[1]}',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"ok"}}]},5]}]}',
    '{"resourceLogs":[{"resource":{"attributes":7},"scopeLogs":[{"logRecords":[{}]}]}]}',
    logsOf(1, 2),
  ]) {
    const answer = await ask('POST', '/v1/logs', body, JSON_TYPE);
    assert.deepEqual(
      [answer.status, answer.json().code, answer.headers['content-type']],
      [400, 3, 'application/json'],
      body,
    );
    assert.match(answer.json().message, /^NSV_BODY_INVALID: /);
  }
  const good = exportRequest(Buffer.alloc(0), [wire.message(5, wire.bytes(1, 'ok'))]);
  const proto = await ask('POST', '/v1/logs', good.subarray(0, -1), PROTO_TYPE);
  assert.deepEqual([proto.status, proto.headers['content-type']], [400, 'application/x-protobuf']);
  assert.deepEqual(proto.body.subarray(0, 2), Buffer.from([0x08, 3]));
  assert.match(proto.body.toString(), /NSV_BODY_INVALID/);
  assert.equal(buffer.stats().records, 0);
});

test('another Content-Type or Content-Encoding is 415, another method 405, a web page 403', async (t) => {
  const { ask } = await openLocalApi(t);

  for (const type of ['application/x-www-form-urlencoded', 'text/plain', ''])
    assert.equal((await ask('POST', '/v1/logs', '{}', type === '' ? {} : { 'content-type': type })).status, 415, type);
  const encoded = await ask('POST', '/v1/logs', '{}', { ...JSON_TYPE, 'content-encoding': 'br' });
  assert.equal(encoded.status, 415);
  const method = await ask('GET', '/v1/traces');
  assert.deepEqual([method.status, method.headers.allow], [405, 'POST']);
  assert.equal((await ask('POST', '/v1/logs', '{}', { ...JSON_TYPE, origin: 'http://localhost' })).status, 403);
  assert.equal((await ask('POST', '/v1/traces/ingest', '{}', JSON_TYPE)).status, 404);
});

test('too large is 413: the body, inflated or not, its items, and what they would become', async (t) => {
  const { ask, buffer } = await openLocalApi(t, { limits: { bodyBytesMax: 3_000_000 } });
  const attributes = Array.from({ length: 60 }, (_, n) => attribute(1, `key${n}`, wire.bytes(1, 'v'.repeat(100))));

  for (const [name, body, gzip] of [
    ['plain', Buffer.alloc(3_000_001), false],
    ['inflated', Buffer.alloc(3_000_001), true],
    ['items', exportRequest(Buffer.alloc(0), Array(100_001).fill(Buffer.alloc(0))), false],
    ['records', exportRequest(Buffer.concat(attributes), Array(8_000).fill(Buffer.alloc(0))), false],
  ] as const) {
    const answer = await ask('POST', '/v1/logs', gzip ? gzipSync(body) : body, {
      ...PROTO_TYPE,
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    });
    assert.deepEqual([answer.status, answer.headers['content-type']], [413, 'application/x-protobuf'], name);
  }

  assert.equal(buffer.stats().records, 0);
});

test('a full-sized request of ordinary records is taken; one record of too many values is not', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const record = Buffer.concat([
    wire.fixed64(1, 1_767_323_045_678_000_000n),
    wire.message(5, wire.bytes(1, 'reviewed pull request 512')),
    ...['gen_ai.request.model', 'event.name', 'session.id'].map((name) => attribute(6, name, wire.bytes(1, 'value'))),
  ]);
  const sender = attribute(1, 'service.name', wire.bytes(1, 'GROK'));
  const manyAttributes = Buffer.alloc(400_002, Buffer.from([0x32, 0])); // empty ones: two bytes each
  const count = 90_000;

  const answer = await ask(
    'POST',
    '/v1/logs',
    exportRequest(sender, [manyAttributes, ...Array(count).fill(record)]),
    PROTO_TYPE,
  );

  assert.equal(answer.status, 200);
  assert.match(answer.body.toString(), /log record 1: it has more than 200000 values/);
  assert.equal(buffer.stats().records, count);
});

test('a full buffer is 429 with Retry-After, a closing agent 503, an unexpected failure 500: all before the records count', async (t) => {
  let failure: Error = new NervesysError('NSV_BUFFER_FULL', 'the buffer is full', { retryable: true });
  const sink = { append: () => Promise.reject(failure) } as unknown as RecordSink;
  const { ask, registry, buffer } = await openLocalApi(t);
  const failing = await openLocalApi(t, { sink: Object.assign(Object.create(buffer), sink), registry });
  const send = () => failing.ask('POST', '/v1/logs', logsOf({ body: text('x') }), JSON_TYPE);

  const full = await send();
  assert.deepEqual([full.status, full.json().code], [429, 8]);
  assert.ok(Number(full.headers['retry-after']) > 0);
  failure = new NervesysError('NSV_SHUTTING_DOWN', 'closing', { retryable: true });
  const closing = await send();
  assert.deepEqual([closing.status, closing.json().code], [503, 14]);
  assert.ok(Number(closing.headers['retry-after']) > 0);
  failure = new Error('boom');
  assert.equal((await send()).status, 500);
  assert.equal(registry.totals.INFO, 0);
  assert.equal((await ask('POST', '/v1/logs', logsOf({ body: text('x') }), JSON_TYPE)).status, 200);
  assert.equal(registry.totals.INFO, 1);
});

test('the answer waits until the records are stored', async (t) => {
  let commit: () => void = () => assert.fail('nothing was appended');
  const appended = Promise.withResolvers<void>();
  const { buffer } = await openLocalApi(t);
  const held = {
    append: () => {
      appended.resolve();
      return new Promise((resolve) => {
        commit = () => resolve({});
      });
    },
  };
  const { ask } = await openLocalApi(t, { sink: Object.assign(Object.create(buffer), held) });
  let answered = false;

  const asked = ask('POST', '/v1/logs', logsOf({ body: text('x') }), JSON_TYPE).finally(() => {
    answered = true;
  });
  await appended.promise;
  await new Promise((resolve) => setImmediate(resolve));
  const before = answered;
  commit();

  assert.equal((await asked).status, 200);
  assert.equal(before, false);
});

test('a repeated Idempotency-Key gives the first answer again and stores nothing', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const send = (type: Record<string, string>, body: string | Buffer) =>
    ask('POST', '/v1/logs', body, { ...type, 'idempotency-key': 'k1' });

  await send(JSON_TYPE, logsOf({ body: text('a') }, 7));
  const again = await send(JSON_TYPE, logsOf({ body: text('a') }, 7));

  assert.equal(again.json().partialSuccess.rejectedLogRecords, '1');
  assert.equal(buffer.stats().records, 1);
});

test('the header X-Nervesys-Agent names the AI agent of a sender that names none', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const body = (service: string) =>
    JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: text(service) }] },
          scopeLogs: [{ logRecords: [{ body: text(service) }] }],
        },
      ],
    });

  await ask('POST', '/v1/logs', body('unknown_service:node'), { ...JSON_TYPE, 'x-nervesys-agent': 'GROK' });
  await ask('POST', '/v1/logs', body('GIMAI'), { ...JSON_TYPE, 'x-nervesys-agent': 'GROK' });
  await ask('POST', '/v1/logs', body('unknown_service:node'), JSON_TYPE);

  const records = (await buffer.recent({ limit: 9 })).toReversed();
  assert.deepEqual(
    records.map(({ agent_id }) => agent_id),
    ['GROK', 'GIMAI', 'unknown'],
  );
});

test('a broken gzip is refused, and says so in the encoding of the request', async (t) => {
  const { ask } = await openLocalApi(t);
  const zipped = gzipSync(logsOf({ body: text('x'.repeat(1000)) }));

  const answer = await ask('POST', '/v1/logs', zipped.subarray(0, 40), { ...JSON_TYPE, 'content-encoding': 'gzip' });

  assert.equal(answer.status, 415);
  assert.match(answer.json().message, /gzip/);
});
