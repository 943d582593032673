import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import type { EncodedRecord } from '../../../src/agent/buffer/types.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { MESSAGE_BYTES_MAX } from '../../../src/contract/record.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { openLocalApi, SERVER } from '../../support/local-api.ts';
import { tempDir } from '../../support/temp-dir.ts';

async function openLimited(t: TestContext, limitBytes: number): Promise<LogBuffer> {
  const buffer = LogBuffer.open({
    path: join(await tempDir(t), 'buffer.db'),
    server: SERVER,
    limitBytes,
    windowMs: 600_000,
    batchTextBytes: Math.max(1e6, limitBytes / 10),
    clock: systemClock,
    logger: silentLogger,
  });
  t.after(() => buffer.close());
  return buffer;
}

/** Records of so many bytes together, which hardly compress. */
function records(bytes: number): EncodedRecord[] {
  const list: EncodedRecord[] = [];
  const messageBytes = 50_000;
  for (let left = bytes; left > 500; ) {
    const length = Math.min(messageBytes, left - 400);
    const message = randomBytes(length).toString('base64').slice(0, length);
    const record = encodeObject({ message }, { server: SERVER, now: 0 });
    left -= record.json.length + 48;
    list.push(record);
  }
  return list;
}

async function largest(buffer: LogBuffer): Promise<number> {
  const error = await buffer.append(Array(2_000).fill(records(50_000)[0])).then(
    () => assert.fail('stored'),
    (found: unknown) => found,
  );
  assert.ok(error instanceof NervesysError);
  assert.deepEqual([error.code, error.retryable], ['NSV_RECORDS_TOO_LARGE', false]);
  return error.facts['bytesMax'] as number;
}

for (const limitBytes of [2e6, 8e6, 20e6])
  test(`what is said to fit into a buffer of ${limitBytes / 1e6} MB does, is sealed and leaves it; two of them wait for each other`, async (t) => {
    const buffer = await openLimited(t, limitBytes);
    const bytesMax = await largest(buffer);

    for (let round = 0; round < 2; round++) {
      const appended: readonly Promise<unknown>[] = [
        buffer.append(records(bytesMax)),
        buffer.append(records(bytesMax * 0.6)),
      ];
      const [first] = await Promise.allSettled(appended);
      assert.equal(first!.status, 'fulfilled');
      await buffer.seal();
      for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch())
        buffer.removeArchived(batch.id);
      await buffer.shrink();
      assert.equal(buffer.stats().records, 0);
      assert.ok(buffer.stats().bytes <= limitBytes);
    }

    assert.ok(bytesMax > MESSAGE_BYTES_MAX + 262_144 + 10_000, 'a single record at its bounds always fits');
  });

test('a request that can never fit is 413 and says what would, in place of being asked to come again for ever', async (t) => {
  const buffer = await openLimited(t, 8e6);
  const { ask } = await openLocalApi(t, { sink: buffer });
  const line = `${JSON.stringify({ message: 'x'.repeat(50_000) })}\n`;
  const log = { body: { stringValue: 'x'.repeat(50_000) } };
  const otlp = { resourceLogs: [{ scopeLogs: [{ logRecords: Array.from({ length: 100 }, () => log) }] }] };

  const refused = await ask('POST', '/logs', line.repeat(100));
  const refusedOtlp = await ask('POST', '/v1/logs', JSON.stringify(otlp), { 'content-type': 'application/json' });

  const { code, bytes_max } = refused.json();
  assert.deepEqual([refused.status, code, refusedOtlp.status], [413, 'NSV_RECORDS_TOO_LARGE', 413]);
  assert.ok(bytes_max > 3e6 && bytes_max < 4e6);
  assert.equal((await ask('POST', '/logs', line.repeat(Math.floor(bytes_max / 50_400)))).status, 200);
});
