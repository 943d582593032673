/*
 * Goal: whatever bytes come, an answer follows soon, the process lives, and what was there before still is. Method: every
 * truncation of valid payloads, every byte of them changed, and random bytes, from a seed that is printed on failure.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OtlpEncoding, readRequest, type Signal } from '../../../../src/agent/sources/otlp/read-request.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { openLocalApi } from '../../../support/local-api.ts';
import { attribute, exportRequest, wire } from './wire.ts';

const resource = attribute(1, 'service.name', wire.bytes(1, 'GROK'));
const record = Buffer.concat([
  wire.fixed64(1, 1_767_323_045_678_000_000n),
  wire.varint(2, 17),
  wire.message(5, wire.message(6, attribute(1, 'list', wire.message(5, wire.message(1, wire.varint(3, 7)))))),
  attribute(6, 'gen_ai.request.model', wire.bytes(1, 'gpt-4')),
  wire.bytes(9, Buffer.alloc(16, 1)),
]);
const span = Buffer.concat([
  wire.bytes(1, Buffer.alloc(16, 2)),
  wire.bytes(5, 'chat gpt-4'),
  wire.fixed64(7, 1_767_323_045_000_000_000n),
  wire.fixed64(8, 1_767_323_046_000_000_000n),
  attribute(9, 'gen_ai.operation.name', wire.bytes(1, 'chat')),
  wire.message(11, wire.bytes(2, 'exception'), attribute(3, 'exception.type', wire.bytes(1, 'E'))),
  wire.message(15, wire.varint(3, 2)),
]);
const metric = Buffer.concat([
  wire.bytes(1, 'claude_code.token.usage'),
  wire.message(
    7,
    wire.message(1, wire.fixed64(3, 5n), wire.fixed64(6, 12n), attribute(7, 'type', wire.bytes(1, 'input'))),
    wire.varint(2, 1),
  ),
]);
const PAYLOADS: readonly [Signal, OtlpEncoding, Buffer][] = [
  ['logs', 'protobuf', exportRequest(resource, [record, record])],
  ['traces', 'protobuf', exportRequest(resource, [span])],
  ['metrics', 'protobuf', exportRequest(resource, [metric])],
  [
    'logs',
    'json',
    Buffer.from(
      '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"GROK"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1767323045678000000","severityNumber":9,"body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}]}}}]}]}]}',
    ),
  ],
];

/** A small generator with a seed, so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  };
}

/** Reads all items; anything but a known error is a fault of the reader. */
function read(signal: Signal, encoding: OtlpEncoding, body: Buffer, what: string): void {
  try {
    for (const _ of readRequest(signal, encoding, body));
  } catch (error) {
    assert.ok(error instanceof NervesysError && /^NSV_BODY_/.test(error.code), `${what}: ${error}`);
  }
}

test('no truncation and no changed byte of a valid payload does more than be refused', () => {
  for (const [signal, encoding, payload] of PAYLOADS) {
    for (let length = 0; length < payload.length; length++)
      read(signal, encoding, payload.subarray(0, length), `${signal} cut to ${length}`);
    for (let at = 0; at < payload.length; at++)
      for (const byte of [0x00, 0x01, 0x7f, 0x80, 0xff, payload[at]! ^ 0x08]) {
        const changed = Buffer.from(payload);
        changed[at] = byte;
        read(signal, encoding, changed, `${signal} byte ${at} = ${byte}`);
      }
  }
});

test('random bytes are read to their end, or refused', () => {
  const seed = 20_260_102;
  const random = randomFrom(seed);
  for (let round = 0; round < 20_000; round++) {
    const body = Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)));
    const dressed = round % 2 === 0 ? body : exportRequest(body, [body]);
    for (const signal of ['logs', 'traces', 'metrics'] as const)
      read(signal, 'protobuf', dressed, `seed ${seed}, round ${round}`);
  }
});

test('hostile requests are answered, and the door works on: random, changed, deep, endless and lying ones', async (t) => {
  const { ask, buffer } = await openLocalApi(t);
  const random = randomFrom(7);
  let deep = wire.varint(3, 1);
  for (let n = 0; n < 5_000; n++) deep = wire.message(5, wire.bytes(1, deep));
  const deepJson = `${'{"arrayValue":{"values":['.repeat(5_000)}{}${']}}'.repeat(5_000)}`;
  const groups = Buffer.alloc(100_000, 0x0b);
  const hostile: [string, string, Buffer | string][] = [
    ['protobuf', 'logs', exportRequest(Buffer.alloc(0), [wire.bytes(5, deep)])],
    ['protobuf', 'logs', exportRequest(wire.message(1, wire.bytes(1, 'k'), wire.bytes(2, deep)), [Buffer.alloc(0)])],
    ['json', 'logs', `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${deepJson}}]}]}]}`],
    ['json', 'logs', '['.repeat(200_000)],
    [
      'json',
      'traces',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":{},"status":7,"events":{},"kind":-1e99,"attributes":[null]}]}]}]}',
    ],
    [
      'json',
      'metrics',
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"claude_code.x","sum":{"dataPoints":[{"asInt":{},"flags":"1"}]}}]}]}]}',
    ],
    ['json', 'logs', '{"resourceLogs":[{"__proto__":{"scopeLogs":[]},"constructor":1,"scopeLogs":[{"toString":1}]}]}'],
    ['protobuf', 'logs', groups],
    ['protobuf', 'logs', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1])],
    ['protobuf', 'logs', Buffer.alloc(11, 0xff)],
    ...PAYLOADS.flatMap(([signal, encoding, payload]) =>
      Array.from({ length: 60 }, (): [string, string, Buffer] => {
        const changed = Buffer.from(payload);
        for (let n = 0; n < 3; n++) changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
        return [encoding, signal, changed];
      }),
    ),
  ];

  for (const [encoding, signal, body] of hostile) {
    const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    const answer = await ask('POST', `/v1/${signal}`, body, { 'content-type': type });
    assert.ok([200, 400, 413].includes(answer.status), `${signal} ${answer.status} ${answer.body}`);
    assert.equal(answer.headers['content-type'], type);
  }

  const before = buffer.stats().records;
  for (const [signal, encoding, payload] of PAYLOADS) {
    const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    assert.equal((await ask('POST', `/v1/${signal}`, payload, { 'content-type': type })).status, 200);
  }
  assert.equal(buffer.stats().records, before + 5);
});
