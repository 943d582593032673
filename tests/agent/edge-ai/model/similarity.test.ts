import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostSimilar } from '../../../../src/agent/edge-ai/model/similarity.ts';
import type { KnownTemplate } from '../../../../src/agent/edge-ai/model/types.ts';

test('the nearest templates come first, of any script, and what has nothing in common does not come', async () => {
  const known: KnownTemplate[] = [
    { text: 'user <*> signed in', verdict: 'ordinary' },
    { text: 'הדיסק <*> מלא', verdict: 'critical' },
    { text: 'Disk <*> FULL!', verdict: 'critical' },
    { text: 'disk <*> of host <*> is full now and that is bad', verdict: 'critical' },
  ];

  assert.deepEqual(await mostSimilar('disk <*>: full', known, 3), [known[2], known[3]]);
  assert.deepEqual(await mostSimilar('הדיסק <*> כמעט מלא', known, 1), [known[1]]);
  assert.deepEqual(await mostSimilar('<*>', known, 3), []);
  assert.deepEqual(await mostSimilar('disk full', [], 3), []);
});

test('ten thousand templates, hostile ones too, hold nobody up', async () => {
  const known = Array.from(
    { length: 10_000 },
    (_, n): KnownTemplate => ({
      text: `${n} ${'a'.repeat(n % 2_000)} disk ${'- '.repeat(n % 900)}${'b c '.repeat(n % 300)}`,
      verdict: 'ordinary',
    }),
  );
  let turns = 0;
  let isOver = false;
  const watch = () => {
    turns++;
    if (!isOver) setImmediate(watch);
  };
  setImmediate(watch);

  await mostSimilar('disk <*> is full', known, 3);
  isOver = true;

  assert.ok(turns >= 90, `others got only ${turns} turns`);
});

test('templates that are moved about while they are looked at are shown once, and the walk ends', async () => {
  const known = new Map([['a', { text: 'disk full', verdict: 'critical' as const }]]);
  function* walk() {
    for (const [key, template] of known) {
      known.delete(key);
      known.set(key, template);
      yield template;
    }
  }

  assert.deepEqual(await mostSimilar('disk is full', walk(), 3), [known.get('a')]);
});
