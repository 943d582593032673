import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type BufferOptions, LogBuffer } from '../../src/agent/buffer/buffer.ts';
import type { EncodedRecord } from '../../src/agent/buffer/types.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import type { OnFull } from '../../src/config/index.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { formatObjectKey } from '../../src/contract/object-key.ts';
import type { ArchivedRecord, Level } from '../../src/contract/record.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { type Archive, DirectoryArchive } from '../../src/storage/index.ts';
import { verifyArchive } from '../../src/storage/ledger/index.ts';
import { tempDir } from './temp-dir.ts';

/* A buffer small enough to be full, records that can't be compressed to fill it, and an archive that proves what became of them. */

export const SERVER = 'AIGARDEN01' as ServerName;
export const LIMIT_BYTES = 3_000_000;

export interface Opened {
  readonly path: string;
  readonly open: (path?: string) => LogBuffer;
  readonly buffer: LogBuffer;
}

export async function openBuffer(t: TestContext, options: Partial<BufferOptions> = {}): Promise<Opened> {
  const path = join(await tempDir(t), 'buffer.db');
  const open = (at = path) => {
    const buffer = LogBuffer.open({
      path: at,
      server: SERVER,
      limitBytes: LIMIT_BYTES,
      windowMs: 600_000,
      batchTextBytes: 300_000,
      clock: systemClock,
      logger: silentLogger,
      ...options,
    });
    t.after(() => buffer.close());
    return buffer;
  };
  return { path, open, buffer: open() };
}

let numbered = 0;

/** How many records were made so far. */
export const numberedRecords = () => numbered;

/** Records of about 2 KB that can't be compressed, numbered over all tests. */
export function records(count: number, level: Level, agentId = 'GROK'): EncodedRecord[] {
  return Array.from({ length: count }, () => {
    const message = Buffer.from(crypto.getRandomValues(new Uint8Array(1_500))).toString('base64');
    const context = { n: ++numbered };
    return encodeObject({ message, agent_id: agentId, level, context }, { server: SERVER, now: systemClock.now() });
  });
}

export async function isTaken(buffer: LogBuffer, batch: readonly EncodedRecord[], onFull: OnFull): Promise<boolean> {
  try {
    await buffer.append(batch, { onFull });
    return true;
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'NSV_BUFFER_FULL');
    return false;
  }
}

/** Appends until several in a row were refused, or records had to be given up. */
export async function fill(buffer: LogBuffer, level: Level, onFull: OnFull, agentId?: string): Promise<number> {
  let taken = 0;
  for (let refusals = 0; refusals < 3 && buffer.stats().lostRecords === 0; ) {
    if (await isTaken(buffer, records(20, level, agentId), onFull)) taken += 20;
    else {
      refusals++;
      await buffer.seal().catch(() => undefined);
    }
  }
  return taken;
}

/** Brings everything to an archive, and returns its records. */
export async function drain(buffer: LogBuffer, archive: Archive): Promise<ArchivedRecord[]> {
  const found: ArchivedRecord[] = [];
  let n = 0;
  for (const round of ['sealed', 'open']) {
    if (round === 'open') await buffer.seal();
    for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
      buffer.announcing(batch.id);
      const { server } = batch.manifest;
      const key = formatObjectKey({ server, windowAt: batch.windowAt, n: n++ });
      buffer.noteKey(batch.id, key);
      const object = buffer.batchObject(batch.id);
      assert.equal(await archive.put(key, object), 'created');
      const lines = gunzipSync(object).toString().trimEnd().split('\n');
      found.push(...lines.map((line) => JSON.parse(line)));
      buffer.removeArchived(batch.id);
    }
  }
  return found;
}

/** The same with an archive of its own, whose books must be right. */
export async function archived(t: TestContext, buffer: LogBuffer): Promise<ArchivedRecord[]> {
  await using archive = await DirectoryArchive.open(await tempDir(t), { clock: systemClock });
  const found = await drain(buffer, archive);
  for await (const { findings, epochs } of verifyArchive({ archive })) {
    assert.deepEqual(findings, []);
    assert.equal(epochs[0]!.records + epochs[0]!.lostRecords, buffer.stats().lastSequence);
    assert.equal(epochs[0]!.lostRecords, buffer.stats().lostRecords);
  }
  return found;
}

export const numbersOf = (found: readonly ArchivedRecord[], level?: Level) =>
  found
    .filter((record) => level === undefined || record.level === level)
    .flatMap((record) => record.context['n'] ?? []);
