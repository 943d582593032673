import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
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

test('any number of keys leaves room for records, and the latest are remembered', async (t) => {
  const { open } = await openOn(t, 8e6);
  const buffer = open();
  const long = 'x'.repeat(2_000);

  for (let n = 0; n < 150; n++) {
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        buffer.append([record()], { idempotencyKey: i === 0 ? `k${n}` : randomUUID(), answer: `${n}-${i % 3}${long}` }),
      ),
    );
    buffer.sealEndedWindow();
    if (n % 10 === 9) await drain(buffer);
  }

  const latest = await buffer.append([record()], { idempotencyKey: 'k149', answer: 'again' });
  assert.equal(latest.repeatedAnswer?.slice(0, 5), '149-0');
  assert.ok(buffer.stats().bytes < 6e6, `${buffer.stats().bytes} bytes`);
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
