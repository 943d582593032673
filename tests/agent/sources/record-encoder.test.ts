import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeNdjson,
  encodeObject,
  encodeTextLine,
  parseLevel,
  REJECTED_LISTED_MAX,
} from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { MESSAGE_BYTES_MAX } from '../../../src/contract/record.ts';

const defaults = { server: 'AIGARDEN01' as ServerName, now: Date.parse('2026-01-02T03:04:05.678Z') };

function stored(value: Record<string, unknown>) {
  return JSON.parse(`{"id":"x",${encodeObject(value, defaults).json}`);
}

test('a broken line is named, the others are taken', () => {
  const { records, rejected } = encodeNdjson(
    Buffer.from('{"message":"1"}\n{"message":"2"}\n{broken\n\n"text"\n{"a":1}\n{"message":"5"}'),
    defaults,
  );

  assert.equal(records.length, 3);
  assert.deepEqual(
    rejected.map(({ line, code }) => [line, code]),
    [
      [3, 'NSV_RECORD_NOT_JSON'],
      [5, 'NSV_RECORD_NOT_OBJECT'],
      [6, 'NSV_RECORD_NO_MESSAGE'],
    ],
  );
});

test('a million broken lines are counted, only the first are listed', () => {
  const { rejected, rejectedMore } = encodeNdjson(Buffer.from('x\n'.repeat(100_000)), defaults);

  assert.equal(rejected.length, REJECTED_LISTED_MAX);
  assert.equal(rejectedMore, 100_000 - REJECTED_LISTED_MAX);
});

test('a level named like a property of every object is no level', () => {
  for (const word of ['constructor', 'toString', '__proto__', 'valueOf']) {
    assert.equal(parseLevel(word), undefined);
    assert.equal(stored({ message: 'x', level: word }).level, 'INFO');
    assert.equal(stored({ message: 'x', level: word }).context._level, word);
  }
  assert.equal(parseLevel(' Warning '), 'WARN');
});

for (const levels of [600, 200_000])
  test(`a value nested ${levels} levels deep costs that field, not the request`, () => {
    const deep = '['.repeat(levels) + ']'.repeat(levels);
    const body = `{"message":"before"}\n{"message":"deep","a":1,"b":${deep}}\n{"message":${deep}}\n{"message":"after"}`;

    const { records, rejected } = encodeNdjson(Buffer.from(body), defaults);

    assert.equal(records.length, 4);
    assert.equal(rejected.length, 0);
    const record = JSON.parse(`{${records[1]!.json}`);
    assert.deepEqual(record.context, { a: 1, b: '[nested too deeply]', _truncated: ['context'] });
    assert.equal(JSON.parse(`{${records[2]!.json}`).message, '[nested too deeply]');
  });

test('control characters in a name become visible, everything else in it is data', () => {
  assert.equal(stored({ message: 'x', agent_id: 'A\u0000B\n' }).agent_id, 'A\ufffdB\ufffd');
  assert.equal(stored({ message: 'x', agent_id: "'; drop table logs;--" }).agent_id, "'; drop table logs;--");
  assert.equal(stored({ message: 'NUL \u0000 here' }).message, 'NUL \u0000 here');
});

test('a 2 MB message is cut at the bound, at a character boundary, and marked', () => {
  const record = stored({ message: 'ש'.repeat(1_000_000) });

  assert.equal(Buffer.byteLength(record.message), MESSAGE_BYTES_MAX);
  assert.deepEqual(record.context, { _truncated: ['message'] });
});

test('text that is no JSON object is the message; a JSON line is a record', () => {
  const text = encodeTextLine('plain {text}\r', { ...defaults, level: 'WARN' });
  assert.equal(JSON.parse(`{${text.json}`).message, 'plain {text}');
  assert.equal(text.level, 'WARN');

  const json = encodeTextLine('{"level":"error","msg":"m","agent_id":"GROK"}', defaults);
  assert.deepEqual([json.level, json.agentId], ['ERROR', 'GROK']);
  assert.equal(JSON.parse(`{${json.json}`).message, 'm');
});
