import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyEntry, KeyTable } from '../../../src/agent/buffer/key-table.ts';
import { SeededRandom } from '../../../src/commands/demo/seeded-random.ts';

test('a table of keys is a queue with a lookup, whatever comes and goes, through growing, shrinking and colliding', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  const numbers = new SeededRandom(seed);
  const random = () => numbers.next();
  const table = new KeyTable();
  const queue: { readonly id: number; readonly entry: KeyEntry }[] = [];
  // Few first words, so that chains of slots grow long and wrap around.
  const digest = (id: number) => Uint32Array.of(0xffff_fff0 + (id % 16) * (id % 3), id, 7, id * 31);
  let row = 0;
  let at = -1_000;

  for (let step = 0; step < 4_000; step++) {
    const filling = Math.floor(step / 1_000) % 2 === 0;
    if (random() < (filling ? 0.9 : 0.1)) {
      const id = Math.floor(random() * 2_000) + (random() < 0.1 ? 0 : step * 10_000);
      row += step % 2;
      at += (step % 3) - 1.5;
      const entry = { bodyMark: step, answer: step % 7, row, at };
      table.push(digest(id), entry);
      queue.push({ id, entry });
    } else {
      table.shift();
      queue.shift();
    }
    const some = queue[Math.floor(random() * queue.length)];
    if (some !== undefined) {
      const newest = queue.findLast(({ id }) => id === some.id);
      assert.deepEqual(table.find(digest(some.id)), newest!.entry);
    }
    assert.equal(table.size, queue.length);
    assert.deepEqual(table.oldest(), queue[0]?.entry);
  }
  while (queue.length > 0) {
    table.shift();
    queue.shift();
  }

  assert.deepEqual([table.size, table.oldest(), table.find(digest(1))], [0, undefined, undefined]);
});

test('a key that has left is not found any more', () => {
  const table = new KeyTable();
  const digest = (n: number) => Uint32Array.of(Math.imul(n, 0x9e37_79b1), 0, 0, n);
  for (let n = 0; n < 10_000; n++) table.push(digest(n), { bodyMark: n, answer: 0, row: n, at: n });

  for (let n = 0; n < 9_000; n++) table.shift();

  for (let n = 0; n < 10_000; n++) assert.equal(table.find(digest(n))?.bodyMark, n < 9_000 ? undefined : n, `key ${n}`);
});
