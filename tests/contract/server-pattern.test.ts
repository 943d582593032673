import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesServerPattern, parseServerPattern } from '../../src/contract/server-pattern.ts';

test('a pattern takes in what its stars and question marks stand for, and a name only itself', () => {
  const cases: [pattern: string, server: string, taken: boolean][] = [
    ['AIGARDEN02', 'AIGARDEN02', true],
    ['AIGARDEN02', 'AIGARDEN021', false],
    ['AIGARDEN02', 'aigarden02', false],
    ['AIGARDEN*', 'AIGARDEN', true],
    ['AIGARDEN*', 'AIGARDEN02.eu', true],
    ['AIGARDEN*', 'XAIGARDEN02', false],
    ['AIGARDEN0?', 'AIGARDEN02', true],
    ['AIGARDEN0?', 'AIGARDEN0', false],
    ['AIGARDEN0?', 'AIGARDEN012', false],
    ['*', 'anything-1', true],
    ['*.eu', 'a.eu.eu', true],
    ['*a*b', 'xaxb', true],
    ['*a*b', 'xaxbx', false],
    ['a.c', 'abc', false],
  ];
  for (const [pattern, server, taken] of cases)
    assert.equal(matchesServerPattern(pattern, server), taken, `${pattern} and ${server}`);
});

test('what no server can be called is no pattern', () => {
  for (const text of [
    '',
    '.*',
    '*-',
    'A..*',
    'A B',
    '../*',
    'A/*',
    '[AB]*',
    '{a,b}',
    "'; DROP TABLE servers;--",
    '<b>',
    'א*',
    '*'.repeat(101),
  ])
    assert.equal(parseServerPattern(text), undefined, text);
  assert.equal(parseServerPattern('A***B'), 'A*B');
  assert.equal(parseServerPattern('AIGARDEN02'), 'AIGARDEN02');
});

test('a pattern made to be slow is matched at once', () => {
  const pattern = parseServerPattern(`${'*a'.repeat(49)}*b`)!;
  const startedAt = performance.now();

  for (let n = 0; n < 1000; n++) assert.equal(matchesServerPattern(pattern, 'a'.repeat(100)), false);

  assert.ok(performance.now() - startedAt < 2_000);
});
