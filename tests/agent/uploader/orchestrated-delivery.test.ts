import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { OrchestratorClient } from '../../../src/agent/orchestrator-client.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { OrchestratedDelivery } from '../../../src/agent/uploader/orchestrated-delivery.ts';
import { Uploader } from '../../../src/agent/uploader/uploader.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { S3Archive } from '../../../src/storage/index.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { FakeOrchestrator } from '../../support/fake-orchestrator.ts';
import { openBuffer, SERVER } from '../../support/local-api.ts';
import { tempDir } from '../../support/temp-dir.ts';

const KEY = `logs/${SERVER}/2026-01-15/12-00.json.gz`;
const NEXT_KEY = `logs/${SERVER}/2026-01-15/12-00.1.json.gz`;
const never = new AbortController().signal;

/** A real store, and an orchestrator that permits what its `keys` say, one after the other, and believes the agent. */
async function open(t: TestContext, keys: readonly string[] = [KEY]) {
  let aheadMs = 0;
  const s3 = await S3Server.start({ now: () => Date.now() + aheadMs });
  const archive = new S3Archive(s3.settings, { clock: systemClock });
  const orchestrator = await FakeOrchestrator.start(t);
  const buffer = openBuffer(await tempDir(t));
  t.after(async () => {
    await buffer.close();
    await archive[Symbol.asyncDispose]();
    await s3.down();
  });
  let given = 0;
  const permit = ({ md5, bytes }: { md5: string; bytes: number }) => {
    const key = keys[Math.min(given++, keys.length - 1)]!;
    return { state: 'upload', key, method: 'PUT', ...archive.presignPut({ key, md5, bytes, expiresInSeconds: 3_600 }) };
  };
  let announced: { md5: string; bytes: number };
  orchestrator.answer = ({ path, body }) => {
    if (path.endsWith('/confirm')) {
      const done = body.outcome === 'stored' || s3.objects.get(body.key)?.md5 === announced.md5;
      return { status: 200, body: done ? { state: 'archived', key: body.key } : permit(announced) };
    }
    announced = body;
    given = 0;
    return { status: 200, body: permit(body) };
  };
  const client = new OrchestratorClient({ url: orchestrator.url, key: 'k', clock: systemClock });
  const uploader = new Uploader({
    queue: buffer,
    delivery: new OrchestratedDelivery(client, systemClock),
    clock: systemClock,
    random: () => 0.5,
    logger: silentLogger,
  });
  t.after(() => client.close());
  await buffer.append([encodeObject({ message: '1' }, { server: SERVER, now: 0 })]);
  await buffer.seal();
  const expireAtOnce = () => {
    aheadMs = 2 * 3_600_000;
  };
  return { s3, buffer, uploader, orchestrator, expireAtOnce };
}

test('a batch goes by permission, under the name that was noted before; a taken name leads to the next', async (t) => {
  const { s3, buffer, uploader, orchestrator } = await open(t, [KEY, NEXT_KEY]);
  s3.plant(KEY, Buffer.from('another’s'));
  const bytes = buffer.batchObject(buffer.nextBatch()!.id);

  await uploader.uploadOnce(never);

  assert.deepEqual(s3.objects.get(KEY)?.body.toString(), 'another’s');
  assert.deepEqual(s3.objects.get(NEXT_KEY)?.body, bytes);
  assert.deepEqual(
    orchestrator.requests.map(({ path, body }) => [path.split('/v1')[1], body.outcome]),
    [
      ['/batches', undefined],
      ['/batches/confirm', 'taken'],
      ['/batches/confirm', 'stored'],
    ],
  );
  assert.equal(buffer.nextBatch(), undefined);
});

test('a batch whose answer was lost is found by the orchestrator, and not stored twice', async (t) => {
  const { s3, buffer, uploader } = await open(t, [KEY, NEXT_KEY]);
  s3.failNext(1, { type: 'dropAfter' });
  await assert.rejects(uploader.uploadOnce(never), { code: 'NSV_ARCHIVE_UNREACHABLE' });
  assert.equal(buffer.nextBatch()!.key, KEY);

  await uploader.uploadOnce(never);

  assert.deepEqual([...s3.objects.keys()], [KEY]);
  assert.equal(buffer.nextBatch(), undefined);
});

test('what the store says is told by its code: what passes, what is full, and what needs hands', async (t) => {
  const cases = [
    [{ status: 503, code: 'SlowDown', retryAfter: '7' }, 'NSV_ARCHIVE_BUSY', true],
    [{ status: 429, code: 'SlowDown' }, 'NSV_ARCHIVE_BUSY', true],
    [{ status: 400, code: 'RequestTimeout' }, 'NSV_ARCHIVE_BUSY', true],
    [{ status: 507, code: 'QuotaExceeded' }, 'NSV_ARCHIVE_FULL', true],
    [{ status: 401, code: 'AccessDenied' }, 'NSV_ARCHIVE_DENIED', false],
    [{ status: 403, code: 'AccessDenied' }, 'NSV_ARCHIVE_DENIED', false],
    [{ status: 404, code: 'NoSuchBucket' }, 'NSV_ARCHIVE_NO_BUCKET', false],
    [{ status: 400, code: 'InvalidRequest' }, 'NSV_ARCHIVE_REJECTED', false],
  ] as const;
  const { s3, buffer, uploader, expireAtOnce } = await open(t);
  for (const [fault, code, retryable] of cases) {
    s3.failNext(1, { type: 'status', ...fault });
    await assert.rejects(uploader.uploadOnce(never), { code, retryable }, fault.code);
    if ('retryAfter' in fault) {
      s3.failNext(1, { type: 'status', ...fault });
      await assert.rejects(uploader.uploadOnce(never), (error: { facts: Record<string, unknown> }) => {
        return error.facts['retryAfterMs'] === 7_000;
      });
    }
  }
  expireAtOnce();
  await assert.rejects(uploader.uploadOnce(never), { code: 'NSV_ARCHIVE_BUSY' }, 'it asks for a new permission');

  assert.equal(buffer.stats().records, 1, 'kept');
});

test('while the orchestrator is away a batch waits, and goes with the same bytes once it is back', async (t) => {
  const { s3, buffer, uploader, orchestrator } = await open(t);
  const waiting = buffer.stats().batches[0];
  await orchestrator.stop();

  await assert.rejects(uploader.uploadOnce(never), { code: 'NSV_ORCHESTRATOR_UNREACHABLE', retryable: true });
  assert.deepEqual([s3.objects.size, buffer.stats().batches.length], [0, 1]);
  await orchestrator.start();
  await uploader.uploadOnce(never);

  assert.deepEqual([...s3.objects.keys()], [KEY]);
  assert.equal(s3.objects.get(KEY)?.body.length, waiting?.bytes);
  assert.equal(buffer.stats().batches.length, 0);
});
