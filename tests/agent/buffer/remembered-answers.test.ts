import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;

async function openOn(t: TestContext, limitBytes = 20e6) {
  const dir = await tempDir(t);
  const clock = new FakeClock();
  const open = () => {
    const buffer = LogBuffer.open({
      path: join(dir, 'buffer.db'),
      server: SERVER,
      limitBytes,
      windowMs: TEN_MINUTES_MS,
      batchTextBytes: 1e6,
      clock,
      logger: silentLogger,
    });
    t.after(() => buffer.close());
    return buffer;
  };
  return { clock, open, path: join(dir, 'buffer.db') };
}

const record = (message = 'm') => encodeObject({ message, agent_id: 'GROK' }, { server: SERVER, now: 0 });

async function drain(buffer: LogBuffer): Promise<void> {
  await buffer.seal();
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) buffer.removeArchived(batch.id);
}

test('a clock that is set back or forward by hours neither forgets a key nor keeps it for longer', async (t) => {
  const { clock, open } = await openOn(t);
  const buffer = open();
  await buffer.append([record()], { idempotencyKey: 'k', answer: 'first' });

  clock.jump(5 * HOUR_MS);
  const afterJumpForward = await buffer.append([record()], { idempotencyKey: 'k', answer: 'again' });
  clock.jump(-10 * HOUR_MS);
  const afterJumpBack = await buffer.append([record()], { idempotencyKey: 'k', answer: 'again' });
  await clock.advance(TEN_MINUTES_MS + 1);
  const afterTenMinutes = await buffer.append([record()], { idempotencyKey: 'k', answer: 'new' });

  assert.deepEqual(afterJumpForward, { repeatedAnswer: 'first' });
  assert.deepEqual(afterJumpBack, { repeatedAnswer: 'first' });
  assert.deepEqual(afterTenMinutes, {});
});

test('a key is known over a restart for the rest of its ten minutes, also when the clock was set back meanwhile', async (t) => {
  const { clock, open } = await openOn(t);
  const first = open();
  await first.append([record()], { idempotencyKey: 'before', answer: 'early' });
  await clock.advance(6 * 60_000);
  await first.append([record()], { idempotencyKey: 'late', answer: 'later' });
  await first.close();
  const second = open();
  await clock.advance(5 * 60_000);
  const early = await second.append([record()], { idempotencyKey: 'before', answer: 'new' });
  const late = await second.append([record()], { idempotencyKey: 'late', answer: 'new' });
  await second.close();
  clock.jump(-HOUR_MS);
  const third = open();
  const setBack = await third.append([record()], { idempotencyKey: 'late', answer: 'new' });

  assert.deepEqual([early, late, setBack], [{}, { repeatedAnswer: 'later' }, { repeatedAnswer: 'later' }]);
});

test('a request that is repeated while the buffer is full gets its answer', async (t) => {
  const { open } = await openOn(t, 8e6);
  const buffer = open();
  await buffer.append([record()], { idempotencyKey: 'k', answer: 'stored' });
  const noise = () => record(Buffer.from(crypto.getRandomValues(new Uint8Array(40_000))).toString('base64'));
  // Sealing makes room again: it is full once nothing fits although everything is sealed.
  for (let stored = 1; stored > 0; await buffer.seal()) {
    stored = 0;
    await assert.rejects(
      async () => {
        for (;;) {
          await buffer.append(Array.from({ length: 10 }, noise));
          stored++;
        }
      },
      { code: 'NSV_BUFFER_FULL' },
    );
  }

  const big = Array.from({ length: 10 }, noise);
  const answers = await Promise.allSettled([
    buffer.append(big, { idempotencyKey: 'other', answer: 'a' }),
    buffer.append(big, { idempotencyKey: 'k', answer: 'again' }),
    buffer.append(big, { idempotencyKey: 'other', answer: 'a' }),
  ]);

  assert.deepEqual(
    answers.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected'],
  );
});

test('past the bound new keys are refused, none is forgotten early, and there is room again after ten minutes', async (t) => {
  const { clock, open } = await openOn(t, 8e6);
  let buffer = open();
  const long = 'x'.repeat(2_000);
  const keyed = (key: string) => buffer.append([record()], { idempotencyKey: key, answer: `${key}${long}` });

  let stored = 0;
  let refusal: unknown;
  while (refusal === undefined) {
    const group = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => keyed(`k${stored + i}`)));
    refusal = group.find((one) => one.status === 'rejected')?.reason;
    stored += group.filter((one) => one.status === 'fulfilled').length;
    await clock.advance(1_000);
    buffer.sealEndedWindow();
    await drain(buffer);
  }
  await assert.rejects(keyed('another'), { code: 'NSV_TOO_MANY_KEYS' });
  const first = await keyed('k0');
  await buffer.append([record()]);
  await buffer.close();
  buffer = open();
  const firstAfterRestart = await keyed('k0');
  await assert.rejects(keyed('another'), { code: 'NSV_TOO_MANY_KEYS' });
  await clock.advance(TEN_MINUTES_MS);
  const later = await keyed('another');

  assert.match(String(refusal), /Idempotency-Key/);
  assert.deepEqual(refusal instanceof NervesysError && [refusal.retryable, refusal.facts['retryAfterSeconds']], [
    true,
    60,
  ]);
  assert.ok(stored > 800, `${stored} keys`);
  assert.deepEqual(
    [first, firstAfterRestart, later],
    [{ repeatedAnswer: `k0${long}` }, { repeatedAnswer: `k0${long}` }, {}],
  );
  assert.ok(buffer.stats().bytes < 6e6, `${buffer.stats().bytes} bytes`);
});

test('six thousand keys fit into each megabyte of the limit, over a restart too', async (t) => {
  const { open, path } = await openOn(t, 8e6);
  let buffer = open();
  const keys = 8 * 6_000;
  const append = (n: number) => buffer.append([record()], { idempotencyKey: `key ${n}`, answer: '1', bodyMark: n + 1 });
  for (let n = 0; n < keys; n += 4_000) {
    await Promise.all(Array.from({ length: 4_000 }, (_, i) => append(n + i)));
    await drain(buffer);
  }
  await buffer.close();

  buffer = open();

  assert.equal(buffer.stats().rememberedKeys, keys);
  for (const n of [0, 1, keys / 2, keys - 1]) assert.deepEqual(await append(n), { repeatedAnswer: '1' });
  const eyes = new DatabaseSync(path, { readOnly: true });
  t.after(() => eyes.close());
  const bytes = Number(eyes.prepare('SELECT sum(length(body)) AS bytes FROM answers').get()!['bytes']);
  assert.ok(bytes / keys < 30, `${bytes / keys} bytes a key in the file`);
});

test('a key that comes again with another body is refused, in the same commit, later, and after a restart', async (t) => {
  const { open } = await openOn(t);
  let buffer = open();
  const append = (bodyMark?: number) =>
    buffer.append([record()], { idempotencyKey: 'k', answer: 'a', ...(bodyMark === undefined ? {} : { bodyMark }) });

  const together = await Promise.allSettled([append(1), append(1), append(2)]);
  const results = [
    ...together,
    ...(await Promise.allSettled([append(2)])),
    ...(await Promise.allSettled([append(1)])),
    ...(await Promise.allSettled([append()])),
  ];
  await buffer.close();
  buffer = open();
  results.push(...(await Promise.allSettled([append(2)])), ...(await Promise.allSettled([append(1)])));

  const repeated = { repeatedAnswer: 'a' };
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.code)),
    [{}, repeated, 'NSV_KEY_REUSED', 'NSV_KEY_REUSED', repeated, repeated, 'NSV_KEY_REUSED', repeated],
  );
  assert.equal(buffer.stats().records, 1);
});

test('rows as they were before keys were digests are known, whatever the body is', async (t) => {
  const { clock, open, path } = await openOn(t);
  const first = open();
  await first.append([record()]);
  await first.close();
  const db = new DatabaseSync(path);
  const body = JSON.stringify([['old answer', ['one', 'two']]]);
  db.prepare('INSERT INTO answers (at, body) VALUES (?, ?)').run(clock.now() - 1_000, body);
  db.close();

  const second = open();

  for (const key of ['one', 'two'])
    assert.deepEqual(await second.append([record()], { idempotencyKey: key, answer: 'new', bodyMark: 5 }), {
      repeatedAnswer: 'old answer',
    });
  assert.deepEqual(await second.append([record()], { idempotencyKey: 'three', answer: 'new', bodyMark: 5 }), {});
});

test('keys leave the file after their ten minutes, also where nothing new comes', async (t) => {
  const { clock, open, path } = await openOn(t);
  const buffer = open();
  for (let n = 0; n < 50; n++) await buffer.append([record()], { idempotencyKey: `k${n}`, answer: 'a' });
  await clock.advance(TEN_MINUTES_MS + 1);

  buffer.sealEndedWindow();

  const eyes = new DatabaseSync(path, { readOnly: true });
  t.after(() => eyes.close());
  assert.equal(eyes.prepare('SELECT count(*) AS n FROM answers').get()!['n'], 0);
});

test('a file of the first version is taken over, with the keys of its last ten minutes', async (t) => {
  const { clock, open, path } = await openOn(t);
  const first = open();
  await first.append([record()]);
  await first.close();
  const db = new DatabaseSync(path);
  db.exec(`
    DROP TABLE answers;
    ALTER TABLE blocks DROP COLUMN evictable;
    ALTER TABLE blocks DROP COLUMN crc;
    ALTER TABLE batches DROP COLUMN evictable;
    ALTER TABLE batches DROP COLUMN announced;
    CREATE TABLE idempotency (key TEXT PRIMARY KEY, answer TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
  `);
  const insert = db.prepare('INSERT INTO idempotency VALUES (?, ?, ?)');
  insert.run('old', 'gone', clock.now() - TEN_MINUTES_MS - 1);
  insert.run('new "quoted"', 'kept', clock.now() - 1000);
  db.close();

  const second = open();

  assert.equal(second.stats().records, 1);
  assert.deepEqual(await second.append([record()], { idempotencyKey: 'old', answer: 'a' }), {});
  assert.deepEqual(await second.append([record()], { idempotencyKey: 'new "quoted"', answer: 'a' }), {
    repeatedAnswer: 'kept',
  });
});
