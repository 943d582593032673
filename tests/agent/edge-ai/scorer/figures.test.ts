import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFigures } from '../../../../src/agent/edge-ai/scorer/figures.ts';
import { Tokens } from '../../../../src/agent/edge-ai/scorer/tokens.ts';

function classesOf(text: string): string[] {
  const tokens = new Tokens();
  tokens.read(text, true);
  return readFigures(tokens).map(({ phraseClass }) => phraseClass);
}

for (const [text, expected] of [
  ['gauge 4 not heard for 41 s', ['down']],
  ['gauge 4 not heard for 41s, dropped', ['down']],
  ['nothing from the lighthouse since 3 h', ['down']],
  ['no acknowledgement within 2000ms', ['down']],
  ['gauge 4 not heard for 0 s', []],
  ['gauge 4 heard after 41 s', []],
  ['nothing. waiting for 41 s', []],
  ['no errors for 14 days', []],
  ['room not used for 20 min', []],
] as const) {
  test(`“${text}” tells ${expected.length > 0 ? 'of a silence' : 'of none'}`, () => {
    assert.deepEqual(classesOf(text), expected);
  });
}

for (const [text, expected] of [
  ['bearing 96C, limit 85C', ['environment']],
  ['bearing 61C, limit 85C', []],
  ['bearing 96C, limit 85', []],
  ['bearing 96C is normal, limit 85C', []],
  ['store -11.5C above -18C', ['environment']],
  ['store -20C above -18C', []],
  ['tank 1.2 bar below minimum 2.0 bar', ['environment']],
  ['tank 2.6 bar, minimum 2.0 bar', []],
  ['noise 94 dB exceeds 85 dB', ['environment']],
] as const) {
  test(`“${text}” ${expected.length > 0 ? 'is' : 'is not'} beyond its limit`, () => {
    assert.deepEqual(classesOf(text), expected);
  });
}

test('a pool is exhausted where all is taken and somebody waits', () => {
  assert.deepEqual(classesOf('pool: size=8 used=8 waiting=3'), ['exhausted']);
  assert.deepEqual(classesOf('pool: busy=8, idle=0, queued=3'), ['exhausted']);
  assert.deepEqual(classesOf('pool: size=8 used=8 waiting=0'), []);
  assert.deepEqual(classesOf('pool: size=8 used=7 waiting=3'), []);
});

test('the last of a resource is as good as none', () => {
  assert.deepEqual(classesOf('heap 7.9 GB of 8.0 GB'), ['exhausted']);
  assert.deepEqual(classesOf('heap 1.9 GB of 8.0 GB'), []);
  assert.deepEqual(classesOf('copied 8 GB of 8 GB'), []);
});
