import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineSplitter } from '../../../src/commands/exec/line-splitter.ts';
import { outputRecord } from '../../../src/commands/exec/output-record.ts';
import type { AgentId } from '../../../src/contract/ids.ts';

const facts = { agentId: 'GROK' as AgentId, pid: 7 };
const at = Date.UTC(2025, 11, 10);
const read = (text: string, stream: 'stdout' | 'stderr' = 'stdout') =>
  JSON.parse(outputRecord({ text }, stream, facts, at).json);

test('lines are the same however the bytes are cut into chunks', () => {
  const bytes = Buffer.from('one\n\nשלום 🌱\r\nno end');
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      lines.push(...splitter.push(bytes.subarray(start, start + size)).map((line) => line.text));
    }
    lines.push(...splitter.end().map((line) => line.text));
    assert.deepEqual(lines, ['one', '', 'שלום 🌱\r', 'no end'], `chunks of ${size}`);
  }
});

test('a line beyond the bound is cut at a character, and says how long it was', () => {
  const splitter = new LineSplitter(10);

  const lines = [...splitter.push(Buffer.from('123456789ש and on')), ...splitter.push(Buffer.from(' and on\nnext\n'))];

  assert.deepEqual(lines, [{ text: '123456789', cutFromBytes: 25 }, { text: 'next' }]);
  const record = JSON.parse(outputRecord(lines[0]!, 'stdout', facts, at).json);
  assert.deepEqual(record.context, { stream: 'stdout', pid: 7, _truncated: ['line'], _line_bytes: 25 });
});

test('plain text, and what only looks like JSON, is the message', () => {
  for (const text of ['hello', '{not json', '[1,2]', '"text"', '']) {
    assert.equal(read(text).message, text);
    assert.equal(read(text).timestamp, '2025-12-10T00:00:00.000Z');
  }
});

test('a JSON line keeps every field of its own', () => {
  const pino = read('{"level":50,"time":1765396800123,"pid":99,"hostname":"h","msg":"boom"}', 'stderr');

  assert.equal(pino.message, 'boom');
  assert.equal(pino.level, 50);
  assert.equal(pino.timestamp, undefined, 'the agent reads `time`');
  assert.equal(pino.pid, 99);
  assert.deepEqual(pino.context, { stream: 'stderr' });
  assert.equal(read('{"agent_id":"OTHER","message":"m"}').agent_id, 'OTHER');
  assert.equal(read('{"agent_id":"","message":"m"}').agent_id, 'GROK');
  assert.deepEqual(read('{"message":"m","context":"text"}').context, { stream: 'stdout', pid: 7, value: 'text' });
});

test('a level or time that means nothing is kept aside, and the stream decides', () => {
  const record = read('{"message":"m","level":"loud","timestamp":"yesterday"}', 'stderr');

  assert.equal(record.level, 'WARN');
  assert.equal(record.timestamp, '2025-12-10T00:00:00.000Z');
  assert.equal(record.context._level, 'loud');
  assert.equal(record.context._timestamp, 'yesterday');
});
