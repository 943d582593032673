/**
 * The short way must mean exactly what the long way means. Method: lines in canonical form, lines nearly so, and mutations of both are
 * encoded by both; whatever the scanner takes has to come out with the same bytes and the same facts. Further tests name the edges one by one,
 * so that a failure says which rule broke.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import {
  type EncodeDefaults,
  type Encoded,
  encodeNdjson,
  encodeValues,
} from '../../../src/agent/sources/record-encoder.ts';
import { ScannedRecord } from '../../../src/agent/sources/record-scanner.ts';
import type { AgentId, ServerName } from '../../../src/contract/ids.ts';
import { CONTEXT_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../../src/contract/record.ts';
import { parseJsonExactly } from '../../../src/platform/exact-json.ts';
import { mutate, randomLine } from '../../support/json-lines.ts';
import { pick, type Random, seededRandom } from '../../support/random.ts';

const DEFAULTS: EncodeDefaults = { server: 'AIGARDEN01' as ServerName, now: Date.parse('2026-01-02T03:04:05.678Z') };
const LINES = Number(process.env['LINES'] ?? 60_000);

test('lines of every kind mean the same by the scanner and by the parser', (t) => {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  let scanned = 0;
  for (let n = 0; n < LINES; n++) {
    let line: Buffer = Buffer.from(randomLine(random));
    for (let mutations = random() < 0.6 ? 0 : 1 + Math.floor(random() * 3); mutations > 0; mutations--)
      line = mutate(line, random);
    const defaults = random() < 0.8 ? DEFAULTS : randomDefaults(random);

    if (compare(line, defaults, `seed ${seed}, line ${n}`)) scanned++;
  }

  t.diagnostic(`${scanned} of ${LINES} lines went the short way`);
  assert.ok(scanned > LINES / 10 && scanned < LINES * 0.9, `${scanned} of ${LINES} went the short way (seed ${seed})`);
});

const CANONICAL: Readonly<Record<string, string>> = {
  'all fields in order':
    '{"timestamp":"2025-12-10T19:45:00.123Z","level":"INFO","agent_id":"GROK","action":"a","message":"m","context":{"n":1}}',
  'another order':
    '{"message":"m","context":{"n":1},"level":"warn","agent_id":"GROK","timestamp":"2025-12-10T19:45:00.123Z"}',
  'a message alone': '{"message":""}',
  'UTF-8 of every length': '{"agent_id":"סוכן","action":"é","message":"שלום 🤖 漢","context":{"ключ":"значение"}}',
  'levels by other names': '{"level":"Warning","message":"m"}',
  'escapes as JSON.stringify writes them': String.raw`{"message":"\"\\\b\f\n\r\t\u0000\u001f / \u000b","context":{}}`,
  'numbers as JSON.stringify writes them':
    '{"message":"m","context":{"a":[0,-1,0.5,-0.5,1.25,123456789012345,0.000001,0.00000123456789,1234567.12345678]}}',
  'nested values': '{"message":"m","context":{"a":{"b":[{"c":[]},[],{},null,true,false,""]},"d":{"a":{"a":1}}}}',
  'DEL in a message': '{"message":"\u007f","context":{"\u007f":"\u007f"}}',
  'a context with the key __proto__': '{"message":"m","context":{"__proto__":1,"constructor":2}}',
};
for (const [name, line] of Object.entries(CANONICAL))
  test(`canonical, so copied: ${name}`, () => {
    assert.equal(compare(Buffer.from(line), DEFAULTS, name), true);
  });

const LEFT: Readonly<Record<string, string | Buffer>> = {
  'a key twice': '{"message":"a","message":"b"}',
  'a key twice in the context': '{"message":"m","context":{"k":1,"l":2,"k":3}}',
  'a key twice in a nested object': '{"message":"m","context":{"k":{"x":1,"y":2,"x":3}}}',
  'a key twice, once escaped': String.raw`{"message":"m","context":{"k":1,"\u006b":3}}`,
  'keys that JavaScript sorts': '{"message":"m","context":{"b":1,"10":2,"9":3}}',
  'an unknown field': '{"message":"m","host":"h"}',
  'minus zero': '{"message":"m","context":{"n":-0}}',
  'minus zero with a fraction': '{"message":"m","context":{"n":-0.0}}',
  'an infinite number': '{"message":"m","context":{"n":1E400}}',
  'an exponent': '{"message":"m","context":{"n":1e5}}',
  'a leading zero': '{"message":"m","context":{"n":01}}',
  'a trailing zero': '{"message":"m","context":{"n":1.50}}',
  'no digit after the point': '{"message":"m","context":{"n":1.}}',
  'no digit before the point': '{"message":"m","context":{"n":.5}}',
  'a lone minus': '{"message":"m","context":{"n":-}}',
  '16 digits': '{"message":"m","context":{"n":9007199254740993}}',
  'a tenth of a millionth': '{"message":"m","context":{"n":0.0000001}}',
  'an escaped letter': String.raw`{"message":"\u0041"}`,
  'an escaped slash': String.raw`{"message":"\/"}`,
  'an escape in upper case': String.raw`{"message":"\u001F"}`,
  ...Object.fromEntries(
    ['08', '09', '0a', '0c', '0d', '20'].map((hex) => [
      `a character with a letter by its number, ${hex}`,
      `{"message":"\\u00${hex}"}`,
    ]),
  ),
  'a lone surrogate escape': String.raw`{"message":"\ud800"}`,
  'a surrogate pair as escapes': String.raw`{"message":"\ud83e\udd16"}`,
  'an unknown escape': String.raw`{"message":"\x"}`,
  'an escape in a name': String.raw`{"message":"m","agent_id":"A\nB"}`,
  'DEL in a name': '{"message":"m","agent_id":"A\u007fB"}',
  'a raw NUL': '{"message":"a\u0000b"}',
  'a raw tab': '{"message":"a\tb"}',
  'invalid UTF-8': Buffer.from('7b226d657373616765223a22ff227d', 'hex'),
  'an overlong encoding': Buffer.from('7b226d657373616765223a22c0af227d', 'hex'),
  'an encoded surrogate': Buffer.from('7b226d657373616765223a22eda080227d', 'hex'),
  'a cut character': Buffer.from('7b226d657373616765223a22e2827d', 'hex'),
  'a byte order mark': '\ufeff{"message":"m"}',
  whitespace: '{"message": "m"}',
  'whitespace at the end': '{"message":"m"} ',
  'text after the object': '{"message":"m"}x',
  'an unfinished object': '{"message":"m"',
  'an unfinished string': '{"message":"m',
  'a comma too many': '{"message":"m",}',
  'an empty object': '{}',
  'no message': '{"level":"INFO"}',
  'a message that is null': '{"message":null}',
  'a message that is a number': '{"message":1}',
  'a context that is null': '{"message":"m","context":null}',
  'a context that is text': '{"message":"m","context":"c"}',
  'a context that is an array': '{"message":"m","context":[1]}',
  'a level that is none': '{"message":"m","level":"LOUD"}',
  'a level that is a number': '{"message":"m","level":30}',
  'a level named like a property of every object': '{"message":"m","level":"constructor"}',
  'an empty agent_id': '{"message":"m","agent_id":""}',
  'an agent_id of 51 characters': `{"message":"m","agent_id":"${'x'.repeat(51)}"}`,
  'an action of 101 characters': `{"message":"m","action":"${'x'.repeat(101)}"}`,
  'an action that is reserved': '{"message":"m","action":"nervesys.loss"}',
  'a timestamp with a zone': '{"message":"m","timestamp":"2025-12-10T19:45:00.123+02:00"}',
  'a timestamp of seconds': '{"message":"m","timestamp":1765395900}',
  '30 February': '{"message":"m","timestamp":"2025-02-30T00:00:00.000Z"}',
  '29 February': '{"message":"m","timestamp":"2024-02-29T00:00:00.000Z"}',
  'month 13': '{"message":"m","timestamp":"2025-13-01T00:00:00.000Z"}',
  'second 60': '{"message":"m","timestamp":"2016-12-31T23:59:60.000Z"}',
  'hour 24': '{"message":"m","timestamp":"2016-12-31T24:00:00.000Z"}',
  'letters for digits': '{"message":"m","timestamp":"2016-1a-31T23:00:00.000Z"}',
  'a long message': `{"message":"${'x'.repeat(MESSAGE_BYTES_MAX + 1)}"}`,
  'a large context': `{"message":"m","context":{"k":"${'x'.repeat(CONTEXT_BYTES_MAX)}"}}`,
  'deep nesting': `{"message":"m","context":{"k":${'['.repeat(600)}${']'.repeat(600)}}}`,
  'very many keys': `{"message":"m","context":{${Array.from({ length: 300 }, (_, n) => `"k${n}":${n}`).join(',')}}}`,
};
for (const [name, line] of Object.entries(LEFT))
  test(`left to the long way, with the same result: ${name}`, () => {
    assert.equal(compare(Buffer.from(line), DEFAULTS, name), false);
  });

test('lines of a body are told apart whatever their ends are, and numbered alike', () => {
  const body =
    '{"message":"1"}\r\n{"message":"2"}\n\n  \n{"message": "5"}\n{"message":"6"}x\n{"message":"7"}{"message":"8"}\n{"message":"9"}';

  const { records, rejected } = encodeNdjson(Buffer.from(body), DEFAULTS);

  assert.deepEqual(
    records.map(({ json }) => JSON.parse(`{${json}`).message),
    ['1', '2', '5', '9'],
  );
  assert.deepEqual(
    rejected.map(({ line }) => line),
    [6, 7],
  );
});

test('timestamps are compared without making text of them, with those of other records too', () => {
  const line = (timestamp: string) => `{"message":"m","timestamp":"${timestamp}"}`;
  const times = ['2025-12-10T19:45:00.123Z', '2025-12-10T19:45:00.124Z', '2025-12-11T00:00:00.000Z'];
  const { records } = encodeNdjson(Buffer.from(times.map(line).join('\n')), DEFAULTS);
  const { records: parsed } = encodeValues(
    times.map((timestamp) => ({ message: 'm', timestamp })),
    DEFAULTS,
  );

  records.forEach((record, i) => {
    for (const others of [records, parsed])
      assert.deepEqual(
        others.map((other) => Math.sign(record.compareTimestamp!(other))),
        times.map((_, j) => Math.sign(i - j)),
      );
  });
});

test('a context that every record of a source gets is added to records in canonical form too', () => {
  const line = Buffer.from('{"message":"m","context":{"a":1}}');

  assert.equal(compare(line, { ...DEFAULTS, context: { pod: 'p' } }, 'defaults'), false);
});

/** Encodes a line both ways and compares all that is stored; whether it went the short way. */
function compare(line: Buffer, defaults: EncodeDefaults, where: string): boolean {
  const said = `${where}: ${line.toString('latin1').slice(0, 1_000)}`;
  for (const part of line.includes(0x0a) ? [] : [line]) {
    const expected = encodeByParsing(part, defaults);
    const found = encodeNdjson(part, defaults);
    assert.equal(found.records.length, expected.records.length, said);
    assert.deepEqual(
      found.rejected.map(({ code }) => code),
      expected.rejected.map(({ code }) => code),
      said,
    );
    const [record] = found.records;
    const [reference] = expected.records;
    if (record === undefined || reference === undefined) return false;
    assert.equal(record.json, reference.json, said);
    assert.equal(record.agentId, reference.agentId, said);
    assert.equal(record.level, reference.level, said);
    assert.equal(record.action, reference.action, said);
    assert.equal(record.timestamp, reference.timestamp, said);
    if (!(record instanceof ScannedRecord)) return false;
    const written = Buffer.alloc(record.byteLength + 2);
    assert.equal(record.writeTo(written, 1), record.byteLength + 1, said);
    assert.equal(written.toString('utf8', 1, record.byteLength + 1), reference.json, said);
    return true;
  }
  return false;
}

function encodeByParsing(line: Buffer, defaults: EncodeDefaults): Encoded {
  const text = line.toString('utf8');
  if (text.trim() === '') return { records: [], rejected: [], rejectedMore: 0 };
  try {
    return encodeValues([parseJsonExactly(text)], defaults);
  } catch {
    return { records: [], rejected: [{ line: 1, code: 'NSV_RECORD_NOT_JSON', message: '' }], rejectedMore: 0 };
  }
}

function randomDefaults(random: Random): EncodeDefaults {
  return {
    ...DEFAULTS,
    ...(random() < 0.5 ? { agentId: pick(random, ['FILE', 'סוכן', 'a"b\\']) as AgentId } : {}),
    ...(random() < 0.5 ? { level: 'ERROR' as const } : {}),
    ...(random() < 0.5 ? { action: pick(random, ['', 'tail', 'é"']) } : {}),
    ...(random() < 0.2 ? { context: { pod: 'p' } } : {}),
  };
}
