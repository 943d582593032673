import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import { DirectDelivery } from '../../src/agent/uploader/direct-delivery.ts';
import { Uploader } from '../../src/agent/uploader/uploader.ts';
import type { ErrorCode } from '../../src/contract/error-codes.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { parseObjectKey, WINDOW_MS } from '../../src/contract/object-key.ts';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { type Archive, DirectoryArchive } from '../../src/storage/index.ts';
import { verifyArchive } from '../../src/storage/ledger/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/*
 * A server is cut off for a week, by the clock: first its network is gone, then the archive refuses it. Records go on coming, the agent
 * is restarted each day, and the host's clock is set back once. When the archive is there again everything is in it, in the windows of
 * its arrival, within minutes.
 */

const SERVER = 'AIGARDEN01' as ServerName;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RECORDS_PER_HOUR = 40;
/** The network is gone for so long; each attempt is a step of the clock, so the rest of the week is a refusal, which is tried less often. */
const UNREACHABLE_HOURS = 3;

test('after a week without an archive every record is there, once, in order, in the window in which it came', async (t) => {
  const clock = new FakeClock('2026-01-12T00:01:00.000Z');
  const dir = await tempDir(t);
  const archive = await DirectoryArchive.open(join(dir, 'archive'), { clock: systemClock });
  const away = { code: 'NSV_ARCHIVE_UNREACHABLE' as ErrorCode | undefined, attempts: 0 };
  const cutOff: Archive = new Proxy(archive, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        away.attempts++;
        if (away.code !== undefined)
          return Promise.reject(new NervesysError(away.code, 'put a batch: cut off', { retryable: true }));
        return value.apply(target, given);
      };
    },
  });
  const open = () => {
    const buffer = LogBuffer.open({
      path: join(dir, 'buffer.db'),
      server: SERVER,
      limitBytes: 100_000_000,
      windowMs: WINDOW_MS,
      batchTextBytes: 10_000_000,
      clock,
      logger: silentLogger,
      onSealed: () => uploader.batchSealed(),
    });
    const uploader = new Uploader({
      queue: buffer,
      delivery: new DirectDelivery(cutOff),
      clock,
      random: () => 0.5,
      logger: silentLogger,
    }).start();
    const close = async () => {
      await uploader.close();
      await buffer.close();
    };
    return { buffer, close };
  };
  let running = open();
  t.after(() => running.close());
  const arrivedAt: number[] = [];

  for (let hour = 0; hour < 7 * 24; hour++) {
    const records = Array.from({ length: RECORDS_PER_HOUR }, () =>
      encodeObject(
        { message: `line ${arrivedAt.push(clock.now())}`, agent_id: 'GROK' },
        { server: SERVER, now: clock.now() },
      ),
    );
    await running.buffer.append(records);
    await clock.advance(HOUR_MS);
    running.buffer.sealEndedWindow();
    if (hour === UNREACHABLE_HOURS) away.code = 'NSV_ARCHIVE_DENIED';
    if (hour === 80) clock.jump(-2 * DAY_MS);
    if (hour % 24 === 23) {
      await running.close();
      running = open();
    }
  }
  assert.equal(running.buffer.stats().records, arrivedAt.length, 'all of it waits');
  const { attempts } = away;
  away.code = undefined;
  await running.buffer.seal();
  // Files are written in true time, attempts are made in the clock's: ten minutes of it pass while they are.
  const steps = { left: 600 };
  await until(
    'everything is archived',
    async () => {
      if (steps.left-- > 0) await clock.advance(1_000);
      return running.buffer.stats().records === 0;
    },
    30_000,
  );
  assert.ok(attempts > 7 * 24 && attempts < 10_000, `it was tried ${attempts} times in the week`);
  const objects = await Array.fromAsync(archive.list('logs/'));
  const found = new Map<number, number>();
  for (const { key } of objects) {
    const { windowAt } = parseObjectKey(key)!;
    for (const line of gunzipSync(await archive.get(key))
      .toString()
      .trimEnd()
      .split('\n')) {
      const { message } = JSON.parse(line) as ArchivedRecord;
      const number = Number(message.slice('line '.length));
      assert.ok(!found.has(number), `${message} is there once`);
      found.set(number, windowAt);
    }
  }
  assert.deepEqual(
    arrivedAt.map((_, i) => found.get(i + 1)),
    arrivedAt.map((at) => Math.floor(at / WINDOW_MS) * WINDOW_MS),
  );
  for await (const { findings, epochs } of verifyArchive({ archive }))
    assert.deepEqual([findings, epochs.length, epochs[0]!.records], [[], 1, arrivedAt.length]);
});
