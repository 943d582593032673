import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/*
 * Where memory is short, it is compression that fails first: zlib asks for a quarter of a megabyte each time. The records are safe in the
 * file meanwhile, so the agent has no reason to end: sealing is tried again.
 */

const SERVER = 'AIGARDEN01' as ServerName;

/** While it is true every compression fails as zlib fails without memory. Put in place before the buffer's modules take theirs. */
let memoryIsShort = false;
let failures = 0;
const realGzip = zlib.gzip;
type Callback = (error: Error | null, result: Buffer) => void;
zlib.gzip = ((text: Buffer, options: zlib.ZlibOptions, done: Callback) => {
  if (!memoryIsShort) return realGzip(text, options, done as Parameters<typeof realGzip>[2]);
  failures++;
  const error = Object.assign(new Error('not enough memory'), { code: 'Z_MEM_ERROR', errno: -4 });
  setImmediate(() => done(error, Buffer.alloc(0)));
}) as typeof zlib.gzip;
const { syncBuiltinESMExports } = await import('node:module');
syncBuiltinESMExports();
const { LogBuffer } = await import('../../src/agent/buffer/buffer.ts');

function record(n: number) {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(10_000))).toString('hex');
  return encodeObject({ message: noise, agent_id: 'GROK', context: { n } }, { server: SERVER, now: systemClock.now() });
}

test('a batch whose compression fails for want of memory stays in the file and is sealed later, the same as without', async (t) => {
  await using buffer = LogBuffer.open({
    path: join(await tempDir(t), 'buffer.db'),
    server: SERVER,
    limitBytes: 100_000_000,
    windowMs: 600_000,
    batchTextBytes: 3_000_000,
    clock: systemClock,
    logger: silentLogger,
  });
  memoryIsShort = true;
  // More than a member of 1 MB: one is compressed beside intake, where nobody waits for it; the rest when the batch is sealed.
  for (let n = 1; n <= 60; n++) await buffer.append([record(n)]);
  await until('a member was to be compressed', () => failures > 0);

  await assert.rejects(buffer.seal(), { code: 'Z_MEM_ERROR' });
  await buffer.append([record(61)]); // still takes records
  assert.equal(buffer.stats().records, 61);
  memoryIsShort = false;
  buffer.sealEndedWindow(); // what the owner's timer does each second
  await until('the batch is sealed', () => buffer.stats().batches.length === 1);
  await buffer.seal();

  const numbers: number[] = [];
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
    const lines = zlib.gunzipSync(buffer.batchObject(batch.id)).toString().trimEnd().split('\n');
    assert.equal(lines.length, batch.manifest.records);
    numbers.push(...lines.map((line) => JSON.parse(line).context.n as number));
    buffer.removeArchived(batch.id);
  }
  assert.deepEqual(
    numbers,
    Array.from({ length: 61 }, (_, i) => i + 1),
  );
});
