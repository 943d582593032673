import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BufferOptions, type BufferSizes, LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import type { EncodedRecord } from '../../../src/agent/buffer/types.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const SIZES: BufferSizes = { limitBytes: 20_000_000, windowMs: 600_000, batchTextBytes: 1_000_000 };

function open(t: TestContext, dir: string, clock: FakeClock, more: Partial<BufferOptions> = {}): LogBuffer {
  const buffer = LogBuffer.open({
    path: join(dir, 'buffer.db'),
    server: SERVER,
    ...SIZES,
    clock,
    logger: silentLogger,
    ...more,
  });
  t.after(() => buffer.close());
  return buffer;
}

/** So many records of about a kilobyte that hardly compresses. */
function records(count: number): EncodedRecord[] {
  const noise = () => Array.from({ length: 80 }, () => Math.random().toString(36).slice(2)).join('');
  return Array.from({ length: count }, (_, n) =>
    encodeObject({ message: noise(), context: { n } }, { server: SERVER, now: 0 }),
  );
}

function batches(buffer: LogBuffer): string[] {
  const told: string[] = [];
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
    const { window, window_ms: windowMs, records: count } = batch.manifest;
    told.push(`${window.slice(11, 16)} ${windowMs / 60_000}m ${count}`);
    buffer.removeArchived(batch.id);
  }
  return told;
}

test('with another window the open batch is closed and keeps its own; what comes belongs to the new one', async (t) => {
  const clock = new FakeClock('2026-01-15T10:03:00.000Z');
  const buffer = open(t, await tempDir(t), clock);
  await buffer.append(records(2));

  buffer.setSizes({ ...SIZES, windowMs: 3_600_000 });
  await buffer.append(records(3));
  await clock.advance(1_000_000);
  buffer.sealEndedWindow();
  await buffer.append(records(1));
  await clock.advance(3_600_000);
  buffer.sealEndedWindow();
  await buffer.seal();

  assert.deepEqual(batches(buffer), ['10:00 10m 2', '10:00 60m 4']);
});

test('blocks of the former window keep its length when the buffer is opened with another', async (t) => {
  const dir = await tempDir(t);
  const clock = new FakeClock('2026-01-15T10:13:00.000Z');
  const first = open(t, dir, clock);
  await first.append(records(2));
  await first.close();

  const buffer = open(t, dir, clock, { windowMs: 3_600_000 });
  await buffer.append(records(1));
  await buffer.seal();

  assert.deepEqual(batches(buffer), ['10:10 10m 2', '10:00 60m 1']);
});

test('with smaller batches the next one is sealed sooner', async (t) => {
  const clock = new FakeClock('2026-01-15T10:03:00.000Z');
  const buffer = open(t, await tempDir(t), clock);
  await buffer.append(records(40));

  buffer.setSizes({ ...SIZES, batchTextBytes: 100_000 });
  for (let n = 0; n < 4; n++) await buffer.append(records(20));
  await buffer.seal();

  const counts = batches(buffer).map((text) => Number(text.split(' ')[2]));
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    120,
  );
  assert.ok(counts.length >= 2 && Math.max(...counts.slice(1)) <= 60, String(counts));
});

test('a limit that is raised makes room at once; one that is lowered holds until what stands there has drained', async (t) => {
  const clock = new FakeClock('2026-01-15T10:03:00.000Z');
  const buffer = open(t, await tempDir(t), clock, { limitBytes: 6_000_000 });
  const fill = async () => {
    for (let stored = 0; ; stored++)
      try {
        await buffer.append(records(200));
      } catch {
        return stored;
      }
  };
  const before = await fill();

  buffer.setSizes(SIZES);
  const more = await fill();
  const bytes = buffer.stats().bytes;
  buffer.setSizes({ ...SIZES, limitBytes: 6_000_000 });

  assert.ok(before > 0 && more > before, `${before}, ${more}`);
  assert.ok(bytes > 6_000_000 && bytes <= 20_000_000);
  await assert.rejects(buffer.append(records(1)), { code: 'NSV_BUFFER_FULL' });
  await buffer.seal();
  batches(buffer);
  await buffer.shrink();
  await buffer.append(records(1));
  assert.ok(buffer.stats().bytes <= 6_000_000);
});
