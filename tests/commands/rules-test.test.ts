import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLines } from '../../src/commands/read-lines.ts';
import { configFolder } from '../config/folder.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runNervesys } from './run-nervesys.ts';

const CONFIG = {
  'agents/_defaults.yaml': `rules:
  - { name: limited, when: { matches: '(?i)rate limit' }, then: { tag: limit } }
  - { name: often, when: { context: { _tags: { contains: limit } }, rate: { more_than: 1, within: 1m } }, then: { alert: warning } }
  - { name: noise, when: { level: DEBUG }, then: { drop: true } }
`,
  'agents/grok.yaml': 'rules: [{ name: backup, when: { action: backup, absent_for: 1h }, then: { alert: info } }]\n',
};
const at = (time: string, fields: object) =>
  JSON.stringify({ timestamp: `2026-01-01T${time}.000Z`, level: 'INFO', message: 'm', ...fields });
const LINES = [
  at('10:00:00', { agent_id: 'GROK', action: 'backup' }),
  at('10:00:01', { message: 'Rate limit' }),
  '',
  '2026-01-01 10:00:30 WARN rate limit again',
  at('10:00:31', { level: 'DEBUG' }),
  'plain, and key AKIAIOSFODNN7EXAMPLE\u001b[31m',
  at('11:30:00', { message: 'rate limit, much later' }),
].join('\n');

test('rules test shows which rule hits which line, why, and what became of it; rates by the time that lines name', async (t) => {
  const config = await configFolder(t, CONFIG);
  const file = join(await tempDir(t), 'x.log');
  await writeFile(file, LINES);

  const { code, stdout } = await runNervesys(['rules', 'test', file, '--config', config, '--json']);

  const result = JSON.parse(stdout.toString());
  assert.equal(code, 0);
  assert.deepEqual([result.lines, result.hit_lines, result.dropped], [7, 4, 1]);
  assert.deepEqual(
    result.hits.map((hit: { line: number; outcome: string; rules: { rule: string }[] }) => [
      hit.line,
      hit.outcome,
      hit.rules.map(({ rule }) => rule).join(' '),
    ]),
    [
      [2, 'kept', 'limited'],
      [4, 'kept', 'limited often'],
      [5, 'dropped', 'noise'],
      [7, 'kept', 'limited'],
    ],
  );
  assert.deepEqual(result.hits[1].rules[1].why, { 'context._tags': '["limit"]', rate: '2 within 1m' });
  assert.deepEqual(result.absences, [
    { line: 7, agent_id: 'GROK', rule: 'backup', absent_since: '2026-01-01T10:00:00.000Z' },
  ]);
  assert.deepEqual(
    result.rules.map(({ name, hits }: { name: string; hits: number }) => `${name} ${hits}`),
    ['limited 3', 'often 1', 'noise 1', 'backup 1'],
  );
});

test('as text it is one block a line, without what could drive a terminal, and nothing secret', async (t) => {
  const config = await configFolder(t, {
    'agents/_defaults.yaml': 'rules: [{ name: all, when: {}, then: { tag: x } }]\n',
  });
  const file = join(await tempDir(t), 'x.log');
  await writeFile(file, LINES);

  const { code, stdout, stderr } = await runNervesys(['rules', 'test', file, '--config', config, '--limit', '5']);

  const text = stdout.toString();
  assert.equal(code, 0);
  assert.match(
    text,
    /^1: kept {4}2026-01-01 10:00:00 INFO {2}GROK@AIGARDEN01 backup {2}m\n {4}all: each record → \{"tag":"x"\}\n/,
  );
  assert.match(text, /\[redacted:aws_access_key\]\\x1b\[31m/);
  assert.doesNotMatch(text + stderr, /AKIAIOSFODNN7EXAMPLE|\u001b/);
  assert.match(stderr, /7 lines, 6 hit, 0 dropped; .* The first 5 are shown/);
});

test('a file that is not there and a configuration with a mistake are told, with what to do', async (t) => {
  const config = await configFolder(t, CONFIG);
  const broken = await configFolder(t, { 'agents/_defaults.yaml': 'rules: [{ name: a, when: {}, then: {} }]\n' });

  const noFile = await runNervesys(['rules', 'test', '/nowhere/x.log', '--config', config]);
  const noConfig = await runNervesys(['rules', 'test', '/nowhere/x.log', '--config', broken]);

  assert.deepEqual([noFile.code, noConfig.code], [2, 1]);
  assert.match(noFile.stderr, /read \/nowhere\/x\.log: ENOENT/);
  assert.match(noConfig.stderr, /rules\[0\]\.then does nothing/);
});

test('a line without end takes no memory: it is cut, and those behind it are read', async () => {
  async function* stream() {
    yield Buffer.from('short\r\n');
    for (let n = 0; n < 1_000; n++) yield Buffer.alloc(100_000, 'x');
    yield Buffer.from('\nlast');
  }
  const lines: string[] = [];

  for await (const line of readLines(stream(), 1_000)) lines.push(line);

  assert.deepEqual([lines[0], lines[1]?.length, lines[2], lines.length], ['short', 1_000, 'last', 3]);
});
