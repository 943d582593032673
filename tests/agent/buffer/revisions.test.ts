import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { RevisionLog } from '../../../src/agent/buffer/revision-log.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;

function open(t: TestContext, dir: string): LogBuffer {
  const buffer = LogBuffer.open({
    path: join(dir, 'buffer.db'),
    server: SERVER,
    limitBytes: 20_000_000,
    windowMs: 600_000,
    batchTextBytes: 1_000_000,
    clock: new FakeClock('2026-01-15T10:03:00.000Z'),
    logger: silentLogger,
  });
  t.after(() => buffer.close());
  return buffer;
}

const records = (count: number) =>
  Array.from({ length: count }, (_, n) => encodeObject({ message: 'x', context: { n } }, { server: SERVER, now: 0 }));

test('a batch tells under which revisions its records were taken, each from which one on, after a crash too', async (t) => {
  const dir = await tempDir(t);
  const first = open(t, dir);
  first.setRevision('aaaaaaaaaaaa');
  await first.append(records(3));
  first.setRevision('bbbbbbbbbbbb');
  await first.append(records(2));
  await first.close(); // the window stays open in the file, as after a kill

  const buffer = open(t, dir);
  buffer.setRevision('bbbbbbbbbbbb');
  await buffer.append(records(1));
  await buffer.seal();
  buffer.setRevision('cccccccccccc');
  buffer.setRevision('dddddddddddd');
  await buffer.append(records(1));
  await buffer.seal();

  const told: unknown[] = [];
  for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
    told.push(batch.manifest.configs);
    buffer.removeArchived(batch.id);
  }
  assert.deepEqual(told, [
    [
      { revision: 'aaaaaaaaaaaa', first: 1 },
      { revision: 'bbbbbbbbbbbb', first: 4 },
    ],
    [{ revision: 'dddddddddddd', first: 7 }],
  ]);
});

test('records that were taken under a revision and wait for their commit carry it, whichever runs by then', async (t) => {
  const buffer = open(t, await tempDir(t));
  buffer.setRevision('aaaaaaaaaaaa');
  const stored = [buffer.append(records(2), { revision: 'aaaaaaaaaaaa' })];
  buffer.setRevision('bbbbbbbbbbbb');
  stored.push(buffer.append(records(3), { revision: 'bbbbbbbbbbbb' }));
  await Promise.all(stored);
  await buffer.append(records(1), { revision: 'aaaaaaaaaaaa' }); // a judge that was slow
  await buffer.append(records(1), { revision: 'bbbbbbbbbbbb' });

  await buffer.seal();

  assert.deepEqual(buffer.nextBatch()?.manifest.configs, [
    { revision: 'aaaaaaaaaaaa', first: 1 },
    { revision: 'bbbbbbbbbbbb', first: 3 },
    { revision: 'aaaaaaaaaaaa', first: 6 },
    { revision: 'bbbbbbbbbbbb', first: 7 },
  ]);
});

test('the log of revisions is bounded, forgets what is sealed, and begins anew where it cannot be read', () => {
  const log = new RevisionLog('no JSON');
  for (let n = 1; n <= 200; n++) log.begin(`r${n}`, n * 10, 0);
  assert.equal(JSON.parse(log.format()).length, 50);
  assert.equal(log.within(1_995, 1_999)[0]?.revision, 'r199');

  log.begin('last', 3_000, 1_999);
  assert.deepEqual(log.within(2_001, 9_000), [
    { revision: 'r200', first: 2_001 },
    { revision: 'last', first: 3_000 },
  ]);
  assert.deepEqual(JSON.parse(log.format()).length, 2);
});
