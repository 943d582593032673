import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CHUNK_TEXT_BYTES, Chunk, gzipLevel } from '../../../src/agent/buffer/chunk.ts';

test('text is compressed the better the more time there is', () => {
  assert.equal(gzipLevel(1_000_000, 3_000), 8); // a thousand records a second
  assert.equal(gzipLevel(1_000_000, 500), 6);
  assert.equal(gzipLevel(1_000_000, 20), 5); // full load
  assert.equal(gzipLevel(1_000_000, 0), 5);
  assert.equal(gzipLevel(1_000_000, -5_000), 5); // the clock was set back
  assert.equal(gzipLevel(300, 0), 8);
});

test('memory that is used again shows no earlier text', async () => {
  const chunks = Array.from({ length: 12 }, (_, n) => {
    const chunk = new Chunk(1, 0);
    const line = Buffer.from(`${'abcdefghijkl'[n]!.repeat(1_000)}\n`);
    // One of them grows past its memory, as by a record of the greatest size.
    const times = n === 5 ? (2 * CHUNK_TEXT_BYTES) / line.length : 10 + n;
    for (let i = 0; i < times; i++) chunk.add(line, i + 1, 1, 0);
    line.fill(0); // the caller's memory is its own again
    return { n, chunk };
  });

  for (const { n, chunk } of chunks) {
    const before = await chunk.text();
    const member = await chunk.member();
    const again = new Chunk(1, 0);
    again.add(Buffer.from('another\n'), 1, 1, 0);

    assert.match(gunzipSync(member).toString(), new RegExp(`^(${'abcdefghijkl'[n]}+\n)+$`));
    assert.equal(gunzipSync(member).length, chunk.textBytes);
    assert.equal(before.equals(gunzipSync(member)), true);
    assert.equal((await chunk.text()).equals(before), true);
    assert.equal((await again.text()).toString(), 'another\n');
  }
});
