import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenBatch } from '../../../src/agent/buffer/open-batch.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { readManifest } from '../../../src/contract/batch-object.ts';
import type { Epoch, ServerName } from '../../../src/contract/ids.ts';

const SERVER = 'S'.repeat(100) as ServerName;
const ORIGIN = { server: SERVER, epoch: '0123456789abcdef' as Epoch, previousEpoch: null, windowMs: 600_000 };
/** A hundred members: the largest batch that can be configured. */
const BLOCK = Buffer.alloc(1_000_000, ' ');
const BLOCKS = 100;

for (const [what, filler] of Object.entries({
  quotes: '"',
  backslashes: '\\',
  'characters of three bytes': '€',
  'characters of four bytes': '😀',
  'half characters': '\ud800',
  controls: '\u0000',
}))
  test(`the manifest of the largest batch fits its object with hundreds of AI agents named with ${what}`, async () => {
    const batch = new OpenBatch(0, 1, 0);
    const records = Array.from({ length: 300 }, (_, i) =>
      encodeObject({ message: 'm', agent_id: `${i}${filler.repeat(50)}` }, { server: SERVER, now: 0 }),
    );
    for (let i = 0; i < BLOCKS; i++)
      batch.add(
        { first: 3 * i + 1, last: 3 * i + 3, body: BLOCK, records: records.slice(3 * i, 3 * i + 3), evictable: false },
        0,
      );

    const { manifest, bytes } = await batch.finish(ORIGIN, 'f'.repeat(64));

    assert.deepEqual(readManifest(bytes), manifest);
    assert.equal(Object.keys(manifest.agents).length + manifest.agents_more, 300);
    assert.equal(manifest.members.length, BLOCKS);
  });
