import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuietWatch } from '../../src/agent/quiet-watch.ts';

test('memory is freed once after the start, and once more when many records have come and no more come', () => {
  const watch = new QuietWatch();

  const freed = [5, 5, 5, 6, 6, 4_000, 9_000, 90_000, 200_000, 200_000, 200_000].map((last) =>
    watch.isTimeToFree(last),
  );

  assert.deepEqual(freed, [false, true, false, false, false, false, false, false, false, true, false]);
});

test('a trickle of records is no reason to free anything', () => {
  const watch = new QuietWatch();
  const freed = Array.from({ length: 200 }, (_, i) => watch.isTimeToFree(Math.floor(i / 3)));

  assert.equal(freed.filter(Boolean).length, 1);
});
