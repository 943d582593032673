import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { DirectDelivery } from '../../../src/agent/uploader/direct-delivery.ts';
import { Uploader } from '../../../src/agent/uploader/uploader.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { formatObjectKey } from '../../../src/contract/object-key.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { type Archive, DirectoryArchive } from '../../../src/storage/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const NOON = '2026-01-15T12:00:00.000Z';
const never = new AbortController().signal;

async function openParts(t: TestContext, clock: Clock) {
  const dir = await tempDir(t);
  const archive = await DirectoryArchive.open(join(dir, 'archive'), { clock });
  const open = () =>
    LogBuffer.open({
      path: join(dir, 'agent', 'buffer.db'),
      server: SERVER,
      limitBytes: 1e8,
      windowMs: 600_000,
      batchTextBytes: 1e7,
      clock,
      logger: silentLogger,
    });
  const buffer = open();
  t.after(() => buffer.close());
  const uploaderOf = (through: Archive) =>
    new Uploader({
      queue: buffer,
      delivery: new DirectDelivery(through),
      clock,
      random: () => 0.5,
      logger: silentLogger,
    });
  const addBatch = async (message: string) => {
    await buffer.append([encodeObject({ message, agent_id: 'GROK' }, { server: SERVER, now: clock.now() })]);
    await buffer.seal();
  };
  return { archive, buffer, uploaderOf, addBatch, open, dir };
}

/** An archive whose methods can be replaced for a fault. */
function faulty(archive: Archive, faults: Partial<Archive>): Archive {
  return new Proxy(archive, {
    get(target, name) {
      const fault = faults[name as keyof Archive];
      const value = fault ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(fault === undefined ? target : undefined) : value;
    },
  });
}

/** The folder archive writes for real while the clock stands still, so both get their turns until nothing waits. */
async function drained(buffer: LogBuffer, clock: FakeClock): Promise<void> {
  for (const deadline = systemClock.monotonic() + 5000; buffer.nextBatch() !== undefined; ) {
    assert.ok(systemClock.monotonic() < deadline, 'the buffer does not drain');
    await clock.advance(0);
    await systemClock.sleep(2);
  }
  await clock.advance(0);
}

const key = (n: number) => formatObjectKey({ server: SERVER, windowAt: Date.parse(NOON), n });

test('batches of one window get the next free number, in order, and leave the buffer', async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, new FakeClock(NOON));
  const uploader = uploaderOf(archive);
  for (const message of ['one', 'two', 'three']) await addBatch(message);

  while (await uploader.uploadOnce(never)) {}

  assert.equal(buffer.stats().records, 0);
  for (const n of [0, 1, 2]) assert.ok(await archive.head(key(n)), key(n));
  assert.equal(await archive.head(key(3)), undefined);
});

test('a batch whose upload succeeded but whose answer was lost is found in the archive and not stored twice', async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, new FakeClock(NOON));
  await addBatch('one');
  const answerLost = faulty(archive, {
    put: async (name: string, body: Uint8Array) => {
      await archive.put(name, body);
      throw new NervesysError('NSV_ARCHIVE_UNREACHABLE', 'the answer was lost', { retryable: true });
    },
  });
  await assert.rejects(uploaderOf(answerLost).uploadOnce(never), { code: 'NSV_ARCHIVE_UNREACHABLE' });
  assert.equal(buffer.nextBatch()!.key, key(0), 'the key was noted before the attempt');

  await uploaderOf(archive).uploadOnce(never);

  assert.equal(buffer.stats().records, 0);
  assert.equal(await archive.head(key(1)), undefined);
});

test("a name taken by another's object is left alone and the next one is noted and used", async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, new FakeClock(NOON));
  const foreign = Buffer.from('something else that stands there');
  await archive.put(key(0), foreign);
  await addBatch('one');
  const bytes = buffer.batchObject(buffer.nextBatch()!.id);

  await uploaderOf(archive).uploadOnce(never);

  assert.deepEqual(await archive.get(key(0)), foreign);
  assert.deepEqual(await archive.get(key(1)), bytes);
});

test('where the store cannot tell an MD5, the manifest of what stands at the name decides', async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, new FakeClock(NOON));
  const noMd5 = faulty(archive, {
    head: async (name: string) => {
      const object = await archive.head(name);
      return object && { ...object, md5: undefined };
    },
  });
  await addBatch('one');
  await archive.put(key(0), buffer.batchObject(buffer.nextBatch()!.id));

  await uploaderOf(noMd5).uploadOnce(never);

  assert.equal(buffer.stats().records, 0);
  assert.equal(await archive.head(key(1)), undefined);
});

test('when it cannot be told now whose object stands at a taken name, the batch is kept', async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, new FakeClock(NOON));
  const blind = faulty(archive, {
    head: async () => {
      throw new NervesysError('NSV_ARCHIVE_UNREACHABLE', 'no answer', { retryable: true });
    },
  });
  await addBatch('one');
  await archive.put(key(0), buffer.batchObject(buffer.nextBatch()!.id));

  await assert.rejects(uploaderOf(blind).uploadOnce(never), { code: 'NSV_ARCHIVE_UNREACHABLE' });

  assert.equal(buffer.stats().records, 1);
});

test('an archive that is away is tried again with growing waits, and everything arrives in order when it is back', async (t) => {
  const clock = new FakeClock(NOON);
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, clock);
  const attempts: number[] = [];
  let away = true;
  const uploader = uploaderOf(
    faulty(archive, {
      put: async (name: string, body: Uint8Array) => {
        attempts.push(clock.monotonic());
        if (away) throw new NervesysError('NSV_ARCHIVE_BUSY', '503', { retryable: true });
        return archive.put(name, body);
      },
    }),
  );
  for (const message of ['one', 'two']) await addBatch(message);
  uploader.start();
  t.after(() => uploader.close());

  await clock.advance(600_000);
  const waits = attempts.slice(1).map((at, i) => at - attempts[i]!);
  away = false;
  await clock.advance(60_000);
  await drained(buffer, clock);

  assert.ok(waits[0]! < 1000 && waits.at(-1)! >= 7_500 && waits.at(-1)! <= 15_000, waits.join(', '));
  assert.ok(attempts.length < 90, `${attempts.length} attempts in ten minutes`);
  assert.ok((await archive.head(key(0))) && (await archive.head(key(1))));
});

test('a refusal is retried slowly, told loudly once, and told again when it is over', async (t) => {
  const clock = new FakeClock(NOON);
  const { archive, buffer, addBatch } = await openParts(t, clock);
  const told: (string | undefined)[] = [];
  let denied = true;
  let attempts = 0;
  const uploader = new Uploader({
    queue: buffer,
    delivery: new DirectDelivery(
      faulty(archive, {
        put: async (name: string, body: Uint8Array) => {
          attempts++;
          if (denied) throw new NervesysError('NSV_ARCHIVE_DENIED', '403');
          return archive.put(name, body);
        },
      }),
    ),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    onTrouble: (error) => told.push(error?.code),
  }).start();
  t.after(() => uploader.close());
  await addBatch('one');
  uploader.batchSealed();
  await clock.advance(60_000);
  const attemptsWhileDenied = attempts;

  denied = false;
  uploader.retryNow();
  await drained(buffer, clock);

  assert.ok(attemptsWhileDenied <= 5, `${attemptsWhileDenied} attempts in a minute`);
  assert.equal(told[0], 'NSV_ARCHIVE_DENIED');
  assert.equal(told.at(-1), undefined);
});

for (const [code, retryable, needsHands] of [
  ['NSV_ARCHIVE_DENIED', false, true],
  ['NSV_ARCHIVE_NO_BUCKET', false, true],
  ['NSV_ARCHIVE_FULL', true, true],
  ['NSV_AGENT_REVOKED', false, true],
  ['NSV_ORCHESTRATOR_REFUSED', false, true],
  ['NSV_ORCHESTRATOR_REFUSED', true, false],
  ['NSV_ARCHIVE_BUSY', true, false],
  ['NSV_ARCHIVE_UNREACHABLE', true, false],
] as const)
  test(`${code}, ${retryable ? 'which may pass' : 'which stays'}, is tried for ever and ${needsHands ? 'told to people' : 'told to nobody'}`, async (t) => {
    const clock = new FakeClock(NOON);
    const { buffer, addBatch } = await openParts(t, clock);
    const told: (string | undefined)[] = [];
    const attemptsAt: number[] = [];
    const deliver = async () => {
      attemptsAt.push(clock.now());
      throw new NervesysError(code, 'no', { retryable });
    };
    await using uploader = new Uploader({
      queue: buffer,
      delivery: { description: 'a refusing one', deliver },
      clock,
      random: () => 0.5,
      logger: silentLogger,
      onTrouble: (error) => told.push(error?.code),
    });
    await addBatch('one');
    uploader.start();

    const hours = code === 'NSV_ARCHIVE_DENIED' ? 7 * 24 : 2;
    for (let hour = 0; hour < hours; hour++) await clock.advance(3_600_000);

    const gaps = attemptsAt.slice(1).map((at, i) => at - attemptsAt[i]!);
    assert.ok(clock.now() - attemptsAt.at(-1)! <= 300_000, 'it goes on');
    assert.ok(Math.max(...gaps) <= (needsHands ? 300_000 : 15_000), `${Math.max(...gaps)} ms`);
    assert.ok(gaps.at(-1)! >= (needsHands ? 150_000 : 7_500), `${gaps.at(-1)} ms`);
    assert.deepEqual([...new Set(told)], needsHands ? [code] : []);
    assert.equal(buffer.stats().records, 1);
  });

test('waiting for a batch ends with the keys once it is archived, or with the reason it is not', async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, { ...systemClock, now: () => Date.parse(NOON) });
  for (const message of ['one', 'two']) await addBatch(message);
  const lastId = buffer.stats().batches.at(-1)!.id;
  const broken = uploaderOf(
    faulty(archive, {
      put: async () => {
        throw new NervesysError('NSV_ARCHIVE_UNREACHABLE', 'no route', { retryable: true });
      },
    }),
  ).start();
  await assert.rejects(broken.archived(lastId, never), { code: 'NSV_ARCHIVE_UNREACHABLE' });
  await broken.close();
  const working = uploaderOf(archive).start();
  t.after(() => working.close());

  assert.deepEqual(await working.archived(lastId, never), [key(0), key(1)]);
  assert.deepEqual(await working.archived(lastId, never), []);
});

test('waiting for a batch ends where all of its records were given up meanwhile', async (t) => {
  const clock = { ...systemClock, now: () => Date.parse(NOON) };
  const { archive, buffer, addBatch } = await openParts(t, clock);
  for (const message of ['one', 'two']) await addBatch(message);
  const [first, second] = buffer.stats().batches;
  let queue: readonly number[] = [first!.id, second!.id];
  const uploader = new Uploader({
    queue: {
      nextBatch: () => (queue[0] === undefined ? undefined : { ...buffer.nextBatch()!, id: queue[0] }),
      batchObject: () => buffer.batchObject(first!.id),
      announcing: () => undefined,
      noteKey: () => undefined,
      removeArchived: () => {
        queue = []; // the second is given up while the first is on its way
      },
    },
    delivery: new DirectDelivery(archive),
    clock,
    random: () => 0.5,
    logger: silentLogger,
  }).start();
  t.after(() => uploader.close());

  assert.deepEqual(await uploader.archived(second!.id, AbortSignal.timeout(5_000)), [key(0)]);
});

test('a store whose ETag is no MD5 does not make us store a batch twice', async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, new FakeClock(NOON));
  const encrypting = faulty(archive, {
    head: async (name: string) => {
      const object = await archive.head(name);
      return object && { ...object, md5: '0123456789abcdef0123456789abcdef' };
    },
  });
  await addBatch('one');
  await archive.put(key(0), buffer.batchObject(buffer.nextBatch()!.id));

  await uploaderOf(encrypting).uploadOnce(never);

  assert.equal(buffer.stats().records, 0);
  assert.equal(await archive.head(key(1)), undefined);
});

test("where what stands at a name may not be read, another MD5 is another's object", async (t) => {
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, new FakeClock(NOON));
  const writeOnly = faulty(archive, {
    get: async () => {
      throw new NervesysError('NSV_ARCHIVE_DENIED', 'this key may not read');
    },
  });
  await addBatch('one');
  const bytes = buffer.batchObject(buffer.nextBatch()!.id);
  await archive.put(key(0), Buffer.alloc(bytes.length));

  await uploaderOf(writeOnly).uploadOnce(never);

  assert.deepEqual(await archive.get(key(1)), bytes);
});

test('a wait that the archive asks for is heeded, but not for days', async (t) => {
  const clock = new FakeClock(NOON);
  const { archive, buffer, uploaderOf, addBatch } = await openParts(t, clock);
  const attempts: number[] = [];
  await addBatch('one');
  const uploader = uploaderOf(
    faulty(archive, {
      put: async () => {
        attempts.push(clock.monotonic());
        const retryAfterMs = attempts.length === 1 ? 120_000 : 86_400_000;
        throw new NervesysError('NSV_ARCHIVE_BUSY', '503', { retryable: true, facts: { retryAfterMs } });
      },
    }),
  ).start();
  t.after(() => uploader.close());

  await clock.advance(2 * 3_600_000);

  assert.ok(attempts[1]! - attempts[0]! >= 120_000, `${attempts[1]! - attempts[0]!} ms`);
  assert.ok(attempts.length >= 20, `${attempts.length} attempts in two hours`);
  assert.equal(buffer.stats().records, 1);
});
