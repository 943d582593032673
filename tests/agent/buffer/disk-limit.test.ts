import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import type { EncodedRecord } from '../../../src/agent/buffer/types.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { tempDir } from '../../support/temp-dir.ts';

/*
 * The limit is law at every instant. Each statement of the buffer that can write is measured right after it ran: what stands on
 * the disk, and what will stand there in the middle of the next checkpoint, when the file has grown to all its pages and the
 * WAL is not yet cut.
 */

const SERVER = 'AIGARDEN01' as ServerName;
const PAGE_BYTES = 8192;

interface Measured {
  peakBytes: number;
  peakAt: string;
  /** The longest that a single statement held the event loop. */
  longestMs: number;
}

/** Measures every statement of this test's buffer at `path`. */
function measureDisk(t: TestContext, path: string): Measured {
  const measured: Measured = { peakBytes: 0, peakAt: '', longestMs: 0 };
  const size = (suffix: string) => statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0;
  const exec = DatabaseSync.prototype.exec;
  let eyes: DatabaseSync | undefined;
  t.mock.method(DatabaseSync.prototype, 'exec', function (this: DatabaseSync, sql: string) {
    const startedAt = systemClock.monotonic();
    try {
      exec.call(this, sql);
    } finally {
      measured.longestMs = Math.max(measured.longestMs, systemClock.monotonic() - startedAt);
      if (size('') > 0) {
        eyes ??= new DatabaseSync(path, { readOnly: true });
        const pages = Number(eyes.prepare('PRAGMA page_count').get()!['page_count']);
        const file = Math.max(size(''), pages * PAGE_BYTES);
        const bytes = file + size('-wal') + size('-shm') + size('.reserve');
        if (bytes > measured.peakBytes) {
          measured.peakBytes = bytes;
          measured.peakAt = `${sql}: file ${file}, WAL ${size('-wal')}`;
        }
      }
    }
  });
  t.after(() => eyes?.close());
  return measured;
}

async function openMeasured(t: TestContext, limitBytes: number, batchTextBytes: number) {
  const path = join(await tempDir(t), 'buffer.db');
  const measured = measureDisk(t, path);
  const buffer = LogBuffer.open({
    path,
    server: SERVER,
    limitBytes,
    windowMs: 600_000,
    batchTextBytes,
    clock: systemClock,
    logger: silentLogger,
  });
  t.after(() => buffer.close());
  return { path, measured, buffer };
}

/** Records that compress as badly as logs can, of about so many bytes together. */
function noise(bytes: number): EncodedRecord[] {
  const message = () => Buffer.from(crypto.getRandomValues(new Uint8Array(6_000))).toString('base64');
  return Array.from({ length: Math.max(1, Math.round(bytes / 8_200)) }, () =>
    encodeObject({ message: message(), agent_id: 'GROK' }, { server: SERVER, now: systemClock.now() }),
  );
}

/** Appends requests of random size up to `requestBytes` until several were refused in a row; every second refusal seals. */
async function fill(buffer: LogBuffer, requestBytes: number, afterEach?: (accepted: number) => void): Promise<number> {
  let accepted = 0;
  for (let refusals = 0; refusals < 6; ) {
    const records = noise(requestBytes * (0.3 + 0.7 * Math.random()));
    try {
      await buffer.append(records);
      accepted += records.length;
      afterEach?.(accepted);
    } catch (error) {
      if ((error as { code?: string }).code === 'NSV_RECORDS_TOO_LARGE') continue; // it never fits, full or empty
      assert.equal((error as { code?: string }).code, 'NSV_BUFFER_FULL');
      refusals++;
      if (refusals % 2 === 0) await buffer.seal().catch((e) => assert.equal(e.code, 'NSV_BUFFER_FULL'));
    }
  }
  return accepted;
}

/** As the uploader does; what can't be noted now stays. */
function drain(buffer: LogBuffer): number {
  let records = 0;
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
    try {
      buffer.noteKey(batch.id, `logs/AIGARDEN01/2026-01-15/10-00.${batch.id}.json.gz`);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'NSV_BUFFER_FULL');
      return records;
    }
    buffer.removeArchived(batch.id);
    records += batch.manifest.records;
  }
  return records;
}

function holdSnapshot(path: string): DatabaseSync {
  const outside = new DatabaseSync(path, { readOnly: true });
  outside.exec('BEGIN');
  outside.prepare('SELECT count(*) FROM blocks').get();
  return outside;
}

for (const [limitMb, requestMb, batchMb] of [
  [4, 0.05, 1],
  [8, 1, 2],
  [20, 5, 5],
  [20, 8, 5],
] as const) {
  test(`a limit of ${limitMb} MB holds at every instant, with requests up to ${requestMb} MB and batches of ${batchMb} MB, filled and drained twice`, async (t) => {
    const { measured, buffer } = await openMeasured(t, limitMb * 1e6, batchMb * 1e6);

    for (let round = 0; round < 2; round++) {
      const accepted = await fill(buffer, requestMb * 1e6);
      await buffer.seal();
      assert.equal(buffer.stats().records, accepted);
      assert.equal(drain(buffer), accepted, 'all of it was drained');
    }
    await buffer.shrink();

    assert.ok(measured.peakBytes <= limitMb * 1e6, `${measured.peakBytes} bytes at ${measured.peakAt}`);
    assert.ok(buffer.stats().bytes < 1_000_000, `${buffer.stats().bytes} bytes when drained`);
  });
}

for (const [limitMb, requestMb, batchMb, readFrom] of [
  [8, 0.2, 2, 0],
  [20, 1, 5, 300],
  [40, 4, 10, 1000],
] as const) {
  test(`while an outside reader holds a snapshot, a limit of ${limitMb} MB holds too, nothing waits for the reader, and all goes on when it has left`, async (t) => {
    const { path, measured, buffer } = await openMeasured(t, limitMb * 1e6, batchMb * 1e6);
    let outside: DatabaseSync | undefined = readFrom === 0 ? holdSnapshot(path) : undefined;
    t.after(() => outside?.isOpen && outside.close());

    let accepted = await fill(buffer, requestMb * 1e6, (sofar) => {
      if (sofar > readFrom) outside ??= holdSnapshot(path);
    });
    let drained = drain(buffer);
    await buffer.shrink();
    accepted += await fill(buffer, requestMb * 1e6);
    drained += drain(buffer);

    assert.ok(measured.peakBytes <= limitMb * 1e6, `${measured.peakBytes} bytes at ${measured.peakAt}`);
    assert.ok(measured.longestMs < 1_000, `a statement took ${Math.round(measured.longestMs)} ms`);
    outside!.close();
    await systemClock.sleep(150); // a checkpoint that met the reader isn't tried again at once
    accepted += await fill(buffer, requestMb * 1e6);
    await buffer.seal();
    drained += drain(buffer);
    await buffer.shrink();
    assert.equal(drained, accepted, 'what was accepted was drained, once');
    assert.ok(measured.peakBytes <= limitMb * 1e6, `${measured.peakBytes} bytes at ${measured.peakAt}`);
    assert.ok(buffer.stats().bytes < 1_000_000, `${buffer.stats().bytes} bytes when drained`);
  });
}

test("another program's write lock holds records back for as long, without holding the event loop", async (t) => {
  const { path, measured, buffer } = await openMeasured(t, 20e6, 1e6);
  await buffer.append(noise(10_000));
  const outside = new DatabaseSync(path);
  t.after(() => outside.isOpen && outside.close());
  outside.exec('BEGIN IMMEDIATE');

  await assert.rejects(buffer.append(noise(10_000)), { code: 'NSV_BUFFER_FULL', retryable: true });

  assert.ok(measured.longestMs < 1_000, `a statement took ${Math.round(measured.longestMs)} ms`);
  outside.exec('ROLLBACK');
  await buffer.append(noise(10_000));
  assert.equal(buffer.stats().records, 2);
});

test('what is noted beside the records does not pass the limit either, while a reader holds a snapshot', async (t) => {
  const { path, measured, buffer } = await openMeasured(t, 8e6, 1e6);
  await buffer.append(noise(10_000), {
    positions: Array.from({ length: 500 }, (_, i) => ({
      file: `1:${i}`,
      path: `/var/log/${i}.log`,
      offset: i,
      fingerprint: 'f'.repeat(64),
      fingerprintBytes: 256,
    })),
  });
  const outside = holdSnapshot(path);
  t.after(() => outside.isOpen && outside.close());

  let refused = 0;
  for (let i = 0; i < 500; i++) {
    buffer.forgetPosition(`1:${i}`);
    try {
      buffer.setMeta('agents', String(i).padStart(50_000, 'x'));
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'NSV_BUFFER_FULL');
      refused++;
    }
  }

  assert.ok(measured.peakBytes <= 8e6, `${measured.peakBytes} bytes at ${measured.peakAt}`);
  assert.ok(refused > 0);
  outside.close();
  await systemClock.sleep(150); // a checkpoint that met the reader isn't tried again at once
  buffer.setMeta('agents', 'fewer');
  assert.equal(buffer.meta('agents'), 'fewer');
});

test('a buffer of 100 MB holds at least 80 MB of sealed batches', async (t) => {
  const { measured, buffer } = await openMeasured(t, 100e6, 10e6);

  const accepted = await fill(buffer, 4e6);
  await buffer.seal();

  const held = buffer.stats().batches.reduce((sum, batch) => sum + batch.bytes, 0);
  assert.ok(held > 80e6, `${held} bytes of batches`);
  assert.equal(drain(buffer), accepted);
  assert.ok(measured.peakBytes <= 100e6, `${measured.peakBytes} bytes at ${measured.peakAt}`);
});
