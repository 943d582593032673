import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokens } from '../../../../src/agent/edge-ai/scorer/tokens.ts';

function read(text: string, isLevelled = false): Tokens {
  const tokens = new Tokens();
  tokens.read(text, isLevelled);
  return tokens;
}

function kindsOf(text: string): string[] {
  const { count, words, kinds } = read(text);
  return words.slice(0, count).map((word, index) => `${word}:${kinds[index]}`);
}

test('words of a sentence are prose, pieces of a name are told apart', () => {
  assert.deepEqual(kindsOf('Disk failed'), ['disk:prose', 'failed:prose']);
  assert.deepEqual(kindsOf('java.io.IOException'), ['java:name', 'io:name', 'io:name', 'exception:name']);
  assert.deepEqual(kindsOf('/var/log/error.log'), ['var:name', 'log:name', 'error:name', 'log:name']);
  assert.deepEqual(kindsOf('onError fail_over'), ['on:name', 'error:name', 'fail:name', 'over:name']);
});

test('a slash between two words, quotes and brackets don’t make a name', () => {
  assert.deepEqual(kindsOf('I/O power/control "failed" (dead)'), [
    'i:prose',
    'o:prose',
    'power:prose',
    'control:prose',
    'failed:prose',
    'dead:prose',
  ]);
});

test('a key is told from its value', () => {
  assert.deepEqual(kindsOf('error=timeout'), ['error:key', 'timeout:prose']);
});

test('short numbers stay, long ones don’t, and the zero of a name is no quantity', () => {
  assert.deepEqual(kindsOf('0 0.00 11 4096 eth0'), [
    '0:number',
    '0:number',
    '11:number',
    '#:number',
    'eth:name',
    '#:number',
  ]);
});

test('an apostrophe stays inside its word', () => {
  assert.deepEqual(kindsOf("can't couldn’t"), ['cant:prose', 'couldnt:prose']);
});

for (const [text, level] of [
  ['2025-12-01 10:00:00 FATAL x stopped', 'CRITICAL'],
  ['[Mon Dec 1] [error] x stopped', 'ERROR'],
  ['<warn> x', 'WARN'],
  ['level=error msg="x"', 'ERROR'],
  ['error: x', 'ERROR'],
  ['10:00:00 | WARNING | x', 'WARN'],
  ['x had no ERROR today', undefined],
  ['0 ERROR lines', undefined],
  ['SERVICE ALERT: disk', undefined],
  ['the error is here', undefined],
] as const) {
  test(`the header of "${text}" gives ${level ?? 'no level'}`, () => {
    assert.equal(read(text).level, level);
  });
}

test('where the level is known, a level word is a word as well', () => {
  assert.equal(read('ERROR while writing', false).kinds[0], 'level');
  assert.equal(read('ERROR while writing', true).kinds[0], 'prose');
});

test('a sentence in capitals keeps its first word', () => {
  assert.equal(read('ERROR WHILE WRITING').kinds[0], 'prose');
});
