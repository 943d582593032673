import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { DirectDelivery, type NameDoubt } from '../../../src/agent/uploader/direct-delivery.ts';
import { Uploader } from '../../../src/agent/uploader/uploader.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { formatObjectKey, parseObjectKey } from '../../../src/contract/object-key.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { type Archive, S3Archive } from '../../../src/storage/index.ts';
import { verifyArchive } from '../../../src/storage/ledger/index.ts';
import { S3Server, type S3ServerOptions } from '../../servers/s3-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const NOON = '2026-01-15T12:00:00.000Z';
const OLD_NAME = 'AIGARDEN01' as ServerName;
const NEW_NAME = 'AIGARDEN02' as ServerName;
const never = new AbortController().signal;
const key = (n: number, server = OLD_NAME) => formatObjectKey({ server, windowAt: Date.parse(NOON), n });

async function openStore(t: TestContext, options: S3ServerOptions = {}) {
  const clock = new FakeClock(NOON);
  const s3 = await S3Server.start(options);
  const archive = new S3Archive(s3.settings, {
    clock: systemClock,
    limits: { attemptsMax: 2, backoffBaseMs: 0, backoffMaxMs: 0 },
  });
  t.after(async () => {
    await archive[Symbol.asyncDispose]();
    await s3.down();
  });
  return { clock, s3, archive };
}

/** A server's buffer and what brings it to the archive; opened again on the same folder it is the same server after a restart. */
async function openServer(t: TestContext, clock: FakeClock, archive: Archive, dir: string, server = OLD_NAME) {
  const buffer = LogBuffer.open({
    path: join(dir, 'buffer.db'),
    server,
    limitBytes: 1e8,
    windowMs: 600_000,
    batchTextBytes: 1e7,
    clock,
    logger: silentLogger,
  });
  t.after(() => buffer.close());
  const doubts: NameDoubt[] = [];
  const uploader = new Uploader({
    queue: buffer,
    delivery: new DirectDelivery(archive, (doubt) => doubts.push(doubt)),
    clock,
    random: () => 0.5,
    logger: silentLogger,
  });
  const add = (message: string) => buffer.append([encodeObject({ message }, { server, now: clock.now() })]);
  const addBatch = async (message: string) => {
    await add(message);
    await buffer.seal();
  };
  const upload = async () => {
    while (await uploader.uploadOnce(never)) {}
  };
  return { buffer, doubts, add, addBatch, upload, uploader };
}

async function findings(archive: Archive): Promise<string[]> {
  const ledgers = await Array.fromAsync(verifyArchive({ archive }));
  return ledgers.flatMap((ledger) => ledger.findings.map(({ message }) => message));
}

test('a server that is renamed brings what waited to the old name, once, also where an answer was lost', async (t) => {
  const { clock, s3, archive } = await openStore(t);
  const dir = await tempDir(t);
  const before = await openServer(t, clock, archive, dir);
  for (const message of ['1', '2']) await before.addBatch(message);
  await before.add('in the open window');
  s3.failNext(2, { type: 'dropAfter' });
  await assert.rejects(before.upload(), { code: 'NSV_ARCHIVE_UNREACHABLE' });
  await before.buffer.close();

  const after = await openServer(t, clock, archive, dir, NEW_NAME);
  await after.addBatch('3');
  await after.upload();

  assert.deepEqual(new Set(s3.objects.keys()), new Set([key(0), key(1), key(2), key(0, NEW_NAME)]));
  const ledgers = await Array.fromAsync(verifyArchive({ archive }));
  assert.deepEqual(
    ledgers.map(({ server, findings, epochs }) => [
      server,
      findings,
      epochs.map(({ first, last, missingRecords }) => [first, last, missingRecords]),
    ]),
    [
      [OLD_NAME, [], [[1, 3, 0]]],
      [NEW_NAME, [], [[4, 4, 0]]],
    ],
  );
  s3.remove(key(1));
  assert.deepEqual(
    (await Array.fromAsync(verifyArchive({ archive }))).map(({ server, findings }) => [
      server,
      findings.map(({ kind, ranges }) => [kind, ranges]),
    ]),
    [
      [OLD_NAME, [['missing', [[2, 2]]]]],
      [NEW_NAME, [['missing', [[1, 3]]]]],
    ],
    'what no name has is missing',
  );
});

test('after a restart in a busy window a free name is found by looking, not by uploading to each taken one', async (t) => {
  const { clock, s3, archive } = await openStore(t);
  const dir = await tempDir(t);
  const taken = 300;
  for (let n = 0; n < taken; n++) s3.plant(key(n), Buffer.from(`another's ${n}`));
  const { addBatch, upload } = await openServer(t, clock, archive, dir);
  await addBatch('1');

  await upload();

  assert.equal([...s3.objects.keys()].at(-1), key(taken), 'the next free one');
  const puts = s3.requests.filter(({ method }) => method === 'PUT').length;
  assert.ok(puts <= 3, `${puts} uploads`);
  assert.ok(s3.requests.length <= 30, `${s3.requests.length} requests`);
});

test('a credential that may only write finds its names by writing, and what is taken is left alone', async (t) => {
  const { clock, s3, archive } = await openStore(t, { writeOnly: true });
  const dir = await tempDir(t);
  const first = await openServer(t, clock, archive, dir);
  for (const message of ['1', '2', '3']) await first.addBatch(message);
  await first.upload();
  await first.buffer.close();

  const second = await openServer(t, clock, archive, dir);
  await second.addBatch('4');
  await second.upload();

  assert.deepEqual(
    [...s3.objects.keys()],
    [0, 1, 2, 3].map((n) => key(n)),
  );
  assert.deepEqual([first.doubts, second.doubts], [[], []], 'never sent before, so they are surely others');
});

test('a credential that may only write and whose answer is lost keeps the batch until somebody may look: nothing is stored twice', async (t) => {
  const { clock, s3, archive } = await openStore(t, { writeOnly: true });
  const dir = await tempDir(t);
  const { addBatch, upload, buffer } = await openServer(t, clock, archive, dir);
  await addBatch('1');
  s3.failNext(1, { type: 'dropAfter' });

  await assert.rejects(upload(), { code: 'NSV_ARCHIVE_NAME_UNCERTAIN', hint: /read logs\/AIGARDEN01\/2026-01-15\// });
  await buffer.close();
  const again = await openServer(t, clock, archive, dir);
  await again.addBatch('2');
  await assert.rejects(again.upload(), { code: 'NSV_ARCHIVE_NAME_UNCERTAIN' });
  assert.deepEqual([...s3.objects.keys()], [key(0)]);
  assert.equal(again.buffer.stats().records, 2, 'it is kept');
  s3.grantReading();
  await again.upload();

  assert.equal(again.buffer.stats().records, 0);
  assert.deepEqual([...s3.objects.keys()], [key(0), key(1)]);
});

test('two servers by one name, and one that was installed anew, overwrite nothing, and are told of each other', async (t) => {
  const { clock, s3, archive } = await openStore(t);
  const twins = [
    await openServer(t, clock, archive, await tempDir(t)),
    await openServer(t, clock, archive, await tempDir(t)),
  ] as const;

  for (let round = 0; round < 3; round++)
    for (const twin of twins) {
      await twin.addBatch(`round ${round}`);
      await twin.upload();
    }

  assert.equal(s3.objects.size, 6);
  assert.deepEqual(await findings(archive), [], 'both ledgers are whole');
  const [first, second] = twins;
  assert.deepEqual(
    [first, second].map(({ doubts }) => new Set(doubts.map((doubt) => doubt.epoch))),
    [new Set([second.buffer.epoch]), new Set([first.buffer.epoch])],
  );
});

test('a clock that jumped back, over restarts too, overwrites nothing and merges nothing', async (t) => {
  const { clock, s3, archive } = await openStore(t);
  const dir = await tempDir(t);
  for (const jumpMs of [0, 600_000, -600_000, -3_600_000, 3_600_000]) {
    clock.jump(jumpMs);
    const { addBatch, upload, buffer, doubts } = await openServer(t, clock, archive, dir);
    await addBatch('1');
    await upload();
    await addBatch('2');
    await upload();
    await buffer.close();
    assert.deepEqual(doubts, [], 'they are its own');
  }

  assert.equal(s3.objects.size, 10);
  assert.equal(new Set([...s3.objects.keys()].map((name) => parseObjectKey(name)!.windowAt)).size, 3);
  assert.deepEqual(await findings(archive), []);
});
