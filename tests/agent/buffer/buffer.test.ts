import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { type BufferOptions, LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import type { EncodedRecord } from '../../../src/agent/buffer/types.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { readManifest, readManifestMember } from '../../../src/contract/batch-object.ts';
import type { AgentId, ServerName } from '../../../src/contract/ids.ts';
import type { ArchivedRecord } from '../../../src/contract/record.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { sha256Hex } from '../../../src/platform/digest.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const SERVER = 'AIGARDEN01' as ServerName;

function options(dir: string, more: Partial<BufferOptions> = {}): BufferOptions {
  return {
    path: join(dir, 'buffer.db'),
    server: SERVER,
    limitBytes: 100_000_000,
    windowMs: 600_000,
    batchTextBytes: 10_000_000,
    clock: systemClock,
    logger: silentLogger,
    ...more,
  };
}

function record(n: number, more: Record<string, unknown> = {}): EncodedRecord {
  return encodeObject(
    {
      message: `line ${n}`,
      agent_id: n % 2 === 0 ? 'GROK' : 'GIMAI',
      level: n % 10 === 0 ? 'ERROR' : 'INFO',
      context: { n },
      ...more,
    },
    { server: SERVER, now: Date.parse('2026-01-15T10:03:00.000Z') },
  );
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => record(from + i));

function linesOf(object: Buffer): ArchivedRecord[] {
  return gunzipSync(object)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('what is buffered is for its owner alone to read, also in a folder that others may enter', async (t) => {
  const dir = await tempDir(t);
  chmodSync(dir, 0o755);
  const buffer = LogBuffer.open(options(dir));
  t.after(() => buffer.close());

  const modes = ['buffer.db', 'buffer.db-wal', 'buffer.db-shm'].map((name) => statSync(join(dir, name)).mode & 0o777);

  assert.deepEqual(modes, [0o600, 0o600, 0o600]);
});

test('a sealed batch is gzip over the records in order, with a manifest that describes it', async (t) => {
  const buffer = LogBuffer.open(options(await tempDir(t)));
  t.after(() => buffer.close());
  await buffer.append(range(1, 300));
  await buffer.append(range(301, 500));

  await buffer.seal();

  const batch = buffer.nextBatch()!;
  const object = buffer.batchObject(batch.id);
  const text = gunzipSync(object);
  const records = linesOf(object);
  assert.deepEqual(
    records.map((r) => r.context['n']),
    Array.from({ length: 500 }, (_, i) => i + 1),
  );
  assert.deepEqual(Object.keys(records[0]!), [
    'id',
    'timestamp',
    'level',
    'server',
    'agent_id',
    'action',
    'message',
    'context',
  ]);
  assert.deepEqual(
    records.map((r) => r.id),
    records.map((_, i) => `${buffer.epoch}-${i + 1}`),
  );
  const manifest = readManifest(object)!;
  assert.deepEqual(manifest, batch.manifest);
  assert.equal(manifest.records, 500);
  assert.equal(manifest.text_bytes, text.length);
  assert.equal(manifest.text_sha256, sha256Hex(text));
  assert.deepEqual(manifest.levels, { DEBUG: 0, INFO: 450, WARN: 0, ERROR: 50, CRITICAL: 0 });
  assert.deepEqual(manifest.agents, { GIMAI: 250, GROK: 250 });
  assert.equal(sha256Hex(object), batch.sha256);
});

test('each member of an object can be read alone by the offsets of its manifest', async (t) => {
  const buffer = LogBuffer.open(options(await tempDir(t)));
  t.after(() => buffer.close());
  const filler = 'x'.repeat(2000);
  await buffer.append(Array.from({ length: 1500 }, (_, i) => record(i + 1, { message: filler })));

  await buffer.seal();

  const object = buffer.batchObject(buffer.nextBatch()!.id);
  const { members } = readManifest(object)!;
  const start = readManifestMember(object)!.bytes;
  assert.ok(members.length >= 3, `${members.length} members`);
  for (const member of members) {
    const text = gunzipSync(object.subarray(start + member.offset, start + member.offset + member.bytes));
    const lines = text.toString().trimEnd().split('\n');
    assert.equal(text.length, member.text_bytes);
    assert.equal(JSON.parse(lines[0]!).id, `${buffer.epoch}-${member.first}`);
    assert.equal(JSON.parse(lines.at(-1)!).id, `${buffer.epoch}-${member.last}`);
  }
});

test('a batch is cut before its text grows past the bound, and sequences run on over batches', async (t) => {
  const buffer = LogBuffer.open(options(await tempDir(t), { batchTextBytes: 50_000 }));
  t.after(() => buffer.close());

  for (let n = 1; n <= 2000; n += 50) await buffer.append(range(n, n + 49));
  await buffer.seal();

  let next = 1;
  let previous: string | null = null;
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
    const object = buffer.batchObject(batch.id);
    assert.ok(batch.manifest.text_bytes <= 50_000, `${batch.manifest.text_bytes} bytes of text`);
    assert.equal(batch.manifest.first, next);
    assert.equal(batch.manifest.previous_manifest_sha256, previous);
    previous = sha256Hex(readManifestMember(object)!.json);
    next = batch.manifest.last + 1;
    buffer.removeArchived(batch.id);
  }
  assert.equal(next, 2001);
});

test('records of two windows never share a batch, and an ended window is sealed by the timer', async (t) => {
  const clock = new FakeClock('2026-01-15T10:09:59.000Z');
  const buffer = LogBuffer.open(options(await tempDir(t), { clock }));
  t.after(() => buffer.close());
  await buffer.append(range(1, 10));
  clock.jump(2000);
  await buffer.append(range(11, 20));
  clock.jump(600_000);

  buffer.sealEndedWindow();
  await buffer.seal();

  const batches = buffer.stats().batches;
  assert.deepEqual(
    batches.map((batch) => [batch.first, batch.last]),
    [
      [1, 10],
      [11, 20],
    ],
  );
  assert.equal(buffer.nextBatch()!.manifest.window, '2026-01-15T10:00:00.000Z');
});

test('what was appended is there after a reopening: open records, sealed batches, keys, sequence and memory', async (t) => {
  const dir = await tempDir(t);
  const first = LogBuffer.open(options(dir));
  await first.append(range(1, 100));
  await first.seal();
  first.noteKey(first.nextBatch()!.id, 'logs/AIGARDEN01/2026-01-15/10-00.json.gz');
  const sealed = first.batchObject(first.nextBatch()!.id);
  await first.append(range(101, 150));
  await first.close();

  const second = LogBuffer.open(options(dir));
  t.after(() => second.close());

  assert.equal(second.epoch, first.epoch);
  assert.equal(second.nextBatch()!.key, 'logs/AIGARDEN01/2026-01-15/10-00.json.gz');
  assert.deepEqual(second.batchObject(second.nextBatch()!.id), sealed);
  assert.equal(second.stats().openRecords, 50);
  assert.deepEqual((await second.recent({ limit: 1 }))[0]!.context['n'], 150);
  await second.append(range(151, 151));
  await second.seal();
  const last = second.stats().batches.at(-1)!;
  assert.deepEqual([last.first, last.last], [101, 151]);
});

test('sequences are not used again after everything was archived and the buffer reopened', async (t) => {
  const dir = await tempDir(t);
  const first = LogBuffer.open(options(dir));
  await first.append(range(1, 7));
  await first.seal();
  first.removeArchived(first.nextBatch()!.id);
  await first.close();

  const second = LogBuffer.open(options(dir));
  t.after(() => second.close());
  await second.append(range(8, 8));

  assert.equal((await second.recent({ limit: 1 }))[0]!.id, `${second.epoch}-8`);
});

test('records that were acknowledged before kill -9 are there, once and in order', async (t) => {
  const dir = await tempDir(t);
  const writer = `
    import { LogBuffer } from ${JSON.stringify(join(import.meta.dirname, '../../../src/agent/buffer/buffer.ts'))};
    import { encodeObject } from ${JSON.stringify(join(import.meta.dirname, '../../../src/agent/sources/record-encoder.ts'))};
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../../src/platform/clock.ts'))};
    import { silentLogger } from ${JSON.stringify(join(import.meta.dirname, '../../../src/platform/logger.ts'))};
    const buffer = LogBuffer.open({ path: process.argv[1], server: 'AIGARDEN01', limitBytes: 1e8, windowMs: 600000, batchTextBytes: 30000, clock: systemClock, logger: silentLogger });
    for (let n = 1; ; n++) {
      await buffer.append([encodeObject({ message: 'm', context: { n } }, { server: 'AIGARDEN01', now: Date.now() })]);
      process.stdout.write(n + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', writer, join(dir, 'buffer.db')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = 0;
  let tail = '';
  for await (const data of child.stdout) {
    tail += data;
    const lines = tail.split('\n');
    tail = lines.pop()!;
    acknowledged = Number(lines.at(-1) ?? acknowledged);
    if (acknowledged > 700) child.kill('SIGKILL');
  }

  const buffer = LogBuffer.open(options(dir));
  t.after(() => buffer.close());
  await buffer.seal();

  const kept: number[] = [];
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
    kept.push(...linesOf(buffer.batchObject(batch.id)).map((r) => r.context['n'] as number));
    buffer.removeArchived(batch.id);
  }
  assert.ok(kept.length >= acknowledged, `${kept.length} kept, ${acknowledged} acknowledged`);
  assert.deepEqual(
    kept,
    kept.map((_, i) => i + 1),
  );
});

test('a drained buffer is under 1 MB on the disk', async (t) => {
  const buffer = LogBuffer.open(options(await tempDir(t), { batchTextBytes: 1_000_000 }));
  t.after(() => buffer.close());
  const filler = 'random enough '.repeat(20);
  for (let n = 0; n < 20_000; n += 500)
    await buffer.append(Array.from({ length: 500 }, (_, i) => record(n + i, { message: filler + n })));
  await buffer.seal();
  const full = buffer.stats().bytes;

  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) buffer.removeArchived(batch.id);
  await buffer.shrink();

  assert.ok(full > 1_000_000, `${full} bytes before`);
  assert.ok(buffer.stats().bytes < 1_000_000, `${buffer.stats().bytes} bytes`);
});

test('a repeated request with the same Idempotency-Key stores nothing and gets the first answer, also after a reopening', async (t) => {
  const dir = await tempDir(t);
  const first = LogBuffer.open(options(dir));
  await first.append(range(1, 3), { idempotencyKey: 'k1', answer: 'three' });
  const again = await first.append(range(1, 3), { idempotencyKey: 'k1', answer: 'other' });
  await first.close();
  const second = LogBuffer.open(options(dir));
  t.after(() => second.close());

  const afterReopening = await second.append(range(1, 3), { idempotencyKey: 'k1', answer: 'other' });

  assert.deepEqual([again.repeatedAnswer, afterReopening.repeatedAnswer], ['three', 'three']);
  assert.equal(second.stats().records, 3);
});

test('two requests with one Idempotency-Key in the same commit count once', async (t) => {
  const buffer = LogBuffer.open(options(await tempDir(t)));
  t.after(() => buffer.close());

  const results = await Promise.all(
    [1, 2].map(() => buffer.append(range(1, 5), { idempotencyKey: 'same', answer: 'five' })),
  );

  assert.equal(buffer.stats().records, 5);
  assert.deepEqual(results, [{}, { repeatedAnswer: 'five' }]);
});

test('an Idempotency-Key is forgotten after ten minutes', async (t) => {
  const clock = new FakeClock();
  const buffer = LogBuffer.open(options(await tempDir(t), { clock }));
  t.after(() => buffer.close());
  await buffer.append(range(1, 1), { idempotencyKey: 'k', answer: 'a' });
  await clock.advance(600_001);

  const result = await buffer.append(range(1, 1), { idempotencyKey: 'k', answer: 'a' });

  assert.deepEqual(result, {});
  assert.equal(buffer.stats().records, 2);
});

test('a file position is kept with the records it stands for', async (t) => {
  const dir = await tempDir(t);
  const position = { file: '1:2', path: '/var/log/a.log', offset: 10, fingerprint: 'f', fingerprintBytes: 10 };
  const first = LogBuffer.open(options(dir));
  await first.append(range(1, 1), { positions: [position] });
  await first.append(range(2, 2), { positions: [{ ...position, offset: 20 }] });
  await first.close();

  const second = LogBuffer.open(options(dir));
  t.after(() => second.close());

  assert.deepEqual(
    second.positions().map((p) => ({ ...p })),
    [{ ...position, offset: 20 }],
  );
});

test('a full buffer refuses records, stays within its limit, and takes them again once batches are gone', async (t) => {
  const limitBytes = 4_000_000;
  const buffer = LogBuffer.open(options(await tempDir(t), { limitBytes, batchTextBytes: 400_000 }));
  t.after(() => buffer.close());
  const noise = () =>
    Array.from({ length: 100 }, (_, i) =>
      record(i, { message: Buffer.from(crypto.getRandomValues(new Uint8Array(600))).toString('base64') }),
    );
  let accepted = 0;
  let peakBytes = 0;

  await assert.rejects(
    async () => {
      for (;;) {
        await buffer.append(noise());
        accepted += 100;
        peakBytes = Math.max(peakBytes, buffer.stats().bytes);
      }
    },
    { code: 'NSV_BUFFER_FULL', retryable: true },
  );

  await buffer.seal();
  assert.ok(peakBytes <= limitBytes && buffer.stats().bytes <= limitBytes, `${peakBytes} bytes at the peak`);
  assert.equal(buffer.stats().records, accepted);
  assert.equal(buffer.stats().held, true);
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) buffer.removeArchived(batch.id);
  await buffer.append(noise());
  assert.equal(buffer.stats().held, false);
});

test('a second agent on the same buffer is refused, and may have it once the first has closed it', async (t) => {
  const dir = await tempDir(t);
  const first = LogBuffer.open(options(dir));

  assert.throws(() => LogBuffer.open(options(dir)), { code: 'NSV_BUFFER_LOCKED' });

  await first.close();
  await LogBuffer.open(options(dir)).close();
});

test('each AI agent remembers its own last thousand records, newest first, by level and time', async (t) => {
  const buffer = LogBuffer.open(options(await tempDir(t), { batchTextBytes: 200_000 }));
  t.after(() => buffer.close());
  await buffer.append(
    range(1, 1).map((r) => ({ ...r, agentId: 'QUIET' as AgentId, json: r.json.replace('GIMAI', 'QUIET') })),
  );
  for (let n = 1; n <= 12_000; n += 500) {
    await buffer.append(range(n, n + 499));
    for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch())
      buffer.removeArchived(batch.id);
  }

  const grok = await buffer.recent({ agentId: 'GROK' as AgentId, limit: 1000 });
  const errors = await buffer.recent({ level: 'ERROR', limit: 5 });
  const quiet = await buffer.recent({ agentId: 'QUIET' as AgentId, limit: 10 });
  const none = await buffer.recent({ since: Date.parse('2027-01-01'), limit: 10 });

  assert.deepEqual(
    grok.map((r) => r.context['n']),
    Array.from({ length: 1000 }, (_, i) => 12_000 - 2 * i),
  );
  assert.deepEqual(
    errors.map((r) => r.context['n']),
    [12_000, 11_990, 11_980, 11_970, 11_960],
  );
  assert.equal(quiet.length, 1);
  assert.equal(none.length, 0);
});

test('anybody can SELECT the waiting records by agent, level, time and uploaded with the sqlite3 program while the agent runs', async (t) => {
  if (!existsSync('/usr/bin/sqlite3')) return t.skip('the sqlite3 program is not installed');
  const dir = await tempDir(t);
  const buffer = LogBuffer.open(options(dir));
  t.after(() => buffer.close());
  await buffer.append([
    ...range(1, 100),
    record(101, { message: 'a "quoted", [odd]\nline\u0000 of עברית', action: 'code_review' }),
  ]);

  const sql = `SELECT count(*) FROM logs WHERE agent_id = 'GROK' AND level = 'ERROR' AND timestamp >= '2026-01-15' AND uploaded = 0;
    SELECT id, action, message LIKE 'a "quoted", [odd]%', context ->> '$.n' FROM logs WHERE id = 101;
    SELECT count(*) FROM logs WHERE uploaded = 1;`;
  const { stdout } = await promisify(execFile)('sqlite3', ['-readonly', join(dir, 'buffer.db'), sql]);

  assert.equal(stdout, '10\n101|code_review|1|101\n0\n');
});

test('the file is given back after the archive has all, also while records trickle in', async (t) => {
  const dir = await tempDir(t);
  const buffer = LogBuffer.open(options(dir));
  t.after(() => buffer.close());
  const filler = 'x'.repeat(500);
  for (let n = 0; n < 6_000; n += 500)
    await buffer.append(Array.from({ length: 500 }, (_, i) => record(n + i, { message: filler + n })));
  await buffer.seal();
  const full = buffer.stats().bytes;

  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) buffer.removeArchived(batch.id);
  await until('the file is small', async () => {
    await buffer.append(range(1, 1));
    return buffer.stats().bytes < 1_000_000;
  });

  assert.ok(full > 3_000_000, `${full} bytes before`);
});

test('after a reopening AI agents are remembered as far back as the buffer holds them, sealed or not', async (t) => {
  const dir = await tempDir(t);
  const filler = 'x'.repeat(2000);
  const long = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => record(from + i, { message: filler }));
  const first = LogBuffer.open(options(dir));
  await first.append(long(1, 700));
  await first.append(long(701, 1300)); // two members
  await first.seal();
  await first.append(long(1301, 1400));
  await first.seal();
  await first.append(long(1401, 1450));
  await first.close();

  const second = LogBuffer.open(options(dir));
  t.after(() => second.close());

  const numbers = async (limit: number, agentId?: string) =>
    (await second.recent({ limit, ...(agentId === undefined ? {} : { agentId: agentId as AgentId }) })).map(
      (r) => r.context['n'],
    );
  assert.deepEqual(
    await numbers(2000),
    Array.from({ length: 1450 }, (_, i) => 1450 - i),
  );
  assert.deepEqual(
    await numbers(200, 'GROK'),
    Array.from({ length: 200 }, (_, i) => 1450 - 2 * i),
  );
  assert.deepEqual(await numbers(10, 'NOBODY'), []);
  second.removeArchived(second.nextBatch()!.id);
  assert.equal((await numbers(2000)).length, 150, 'what has left the buffer is forgotten');
});
