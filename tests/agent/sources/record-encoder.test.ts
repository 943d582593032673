import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  encodeNdjson,
  encodeObject,
  encodeTextLine,
  parseLevel,
  parseTimestamp,
  REJECTED_LISTED_MAX,
} from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { CONTEXT_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../../src/contract/record.ts';

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

test('a context past its bound is cut to it, whatever its text takes as JSON', () => {
  for (const character of ['x', 'ש', '"', '\u0001', 'x"', 'x\n\u0002ש'])
    for (const value of [character.repeat(CONTEXT_BYTES_MAX), [character.repeat(CONTEXT_BYTES_MAX)]]) {
      const { context } = stored({ message: 'x', context: { value } });

      assert.deepEqual(context._truncated, ['context']);
      const bytes = Buffer.byteLength(JSON.stringify(context));
      assert.ok(
        bytes <= CONTEXT_BYTES_MAX && bytes > CONTEXT_BYTES_MAX * 0.9,
        `${JSON.stringify(character)}: ${bytes}`,
      );
    }
});

test('null is nothing: a record that says so of all but its message is as one that says nothing of it', () => {
  const { timestamp: _, ...nothing } = stored({ message: 'x' });
  const { timestamp, ...nulls } = stored({
    message: 'x',
    timestamp: null,
    level: null,
    agent_id: null,
    action: null,
    context: null,
  });

  assert.deepEqual(nulls, nothing);
  assert.equal(timestamp, new Date(defaults.now).toISOString());
});

test('text that is no JSON object is the message; a JSON line is a record', () => {
  const text = encodeTextLine('plain {text}\r', { ...defaults, level: 'WARN' });
  assert.equal(JSON.parse(`{${text.json}`).message, 'plain {text}');
  assert.equal(text.level, 'WARN');

  const json = encodeTextLine('{"level":"error","msg":"m","agent_id":"GROK"}', defaults);
  assert.deepEqual([json.level, json.agentId], ['ERROR', 'GROK']);
  assert.equal(JSON.parse(`{${json.json}`).message, 'm');
});

test('a timestamp that no calendar has is noted, and the time of arrival taken', () => {
  const arrival = new Date(defaults.now).toISOString();
  for (const timestamp of [
    '2026-02-30T00:00:00.000Z',
    '2026-04-31 10:00:00',
    '2025-02-29T00:00:00.000Z',
    '0000-01-01T00:00:00.000Z',
  ]) {
    const record = stored({ message: 'm', timestamp });
    assert.deepEqual([record.timestamp, record.context], [arrival, { _timestamp: timestamp }], timestamp);
    const [line] = encodeNdjson(Buffer.from(JSON.stringify({ timestamp, message: 'm' })), defaults).records;
    assert.equal(line!.timestamp, arrival, timestamp);
  }
});

test('timestamps at the edges of the calendar are taken as what they mean', () => {
  for (const [given, meant] of [
    ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
    ['2026-01-15T24:00:00.000Z', '2026-01-16T00:00:00.000Z'],
    ['0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'],
    ['2026-01-15T10:00:00 +02:00', '2026-01-15T08:00:00.000Z'],
    ['2026-01-15 10:00:00.5 -0330', '2026-01-15T13:30:00.500Z'],
  ])
    assert.equal(stored({ message: 'm', timestamp: given }).timestamp, meant, given);
});

test('a time that cannot be read is not lost', () => {
  assert.deepEqual(stored({ message: 'm', time: '12:30' }).context, { time: '12:30' });
  assert.deepEqual(stored({ message: 'm', time: 1_767_323_045 }).context, {});
});

test('half a character in the context becomes the mark of one, as strict readers refuse it', () => {
  const [record] = encodeNdjson(
    Buffer.from('{"message":"m","s":"a\\ud800b","k\\udc00":["\\\\ud800","\\ud83d\\ude00"]}'),
    defaults,
  ).records;

  const { context } = JSON.parse(`{"id":"x",${record!.json}`);
  assert.deepEqual(context, { s: 'a\ufffdb', 'k\ufffd': ['\\ud800', '😀'] });
  assert.ok(!/(?<!\\)\\ud/.test(record!.json), record!.json);
});

test('a whole number with more digits than a double holds is kept digit by digit', () => {
  const line =
    '{"message":"m","id":9007199254740993,"n":{"big":-12345678901234567890,"huge":1e400},"ok":9007199254740991,"f":0.12345678901234567890}';

  for (const record of [encodeNdjson(Buffer.from(line), defaults).records[0]!, encodeTextLine(line, defaults)])
    assert.deepEqual(JSON.parse(`{"id":"x",${record.json}`).context, {
      id: '9007199254740993',
      n: { big: '-12345678901234567890', huge: '1e400' },
      ok: 9007199254740991,
      f: 0.12345678901234568,
    });
  const [stamped] = encodeNdjson(Buffer.from('{"message":"m","timestamp":1733859900123456789}'), defaults).records;
  assert.equal(stamped!.timestamp, '2024-12-10T19:45:00.123Z');
});

test('a name that was cut does not keep the text that it was cut from', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const kept: string[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 60; n++) {
    const line = JSON.stringify({ message: 'm', agent_id: `${n} ${'x'.repeat(1e6)}`, action: 'y'.repeat(1e6) });
    const { agentId, action } = encodeNdjson(Buffer.from(line), defaults).records[0]!;
    kept.push(agentId, action);
  }
  collect();
  const held = process.memoryUsage().heapUsed - before;

  assert.equal(kept[2]!.length, 50);
  assert.ok(held < 10e6, `${held} bytes for ${kept.length} names`);
});

test('a timestamp in archive form stays as it is where there is such an instant, and only there', () => {
  const pad = (number: number, digits = 2) => String(number).padStart(digits, '0');
  let kept = 0;
  const years = [0, 1, 99, 1900, 2000, 2024, 2025, 9999];
  for (const year of years)
    for (let month = 0; month <= 13; month++)
      for (const day of [0, 1, 9, 28, 29, 30, 31, 32])
        for (const clock of ['00:00:00.000', '23:59:59.999', '24:00:00.000', '12:60:00.000', '12:00:60.000']) {
          const text = `${pad(year, 4)}-${pad(month)}-${pad(day)}T${clock}Z`;
          const at = Date.parse(text);
          const exists = year > 0 && !Number.isNaN(at) && new Date(at).toISOString() === text;
          assert.equal(parseTimestamp(text) === text, exists, text);
          if (exists) kept++;
        }

  assert.ok(kept > years.length * 12 * 4);
  for (const text of ['2025-12-10T19:45:00.123z', '2025-12-10 19:45:00.123Z', '2025-12-10T19:45:00,123Z'])
    assert.equal(parseTimestamp(text), '2025-12-10T19:45:00.123Z');
});
