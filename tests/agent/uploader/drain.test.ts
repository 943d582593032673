import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { DirectDelivery } from '../../../src/agent/uploader/direct-delivery.ts';
import { Uploader } from '../../../src/agent/uploader/uploader.ts';
import { readManifest } from '../../../src/contract/batch-object.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { S3Archive } from '../../../src/storage/index.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openBuffer, SERVER } from '../../support/local-api.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

/*
 * After an outage: many sealed batches go to an S3 server (in this very process, which checks every signature and hash), while new records
 * come in and a heartbeat ticks. The floor is the same objects put one after the other by nothing but the S3 client, compared by CPU, which others
 * on the machine don't change. The uploader's clock stands still, so a pause between two batches would be one for ever.
 */

const BATCHES = 16;
const BATCH_BYTES = 1_000_000;

test('a backlog drains in order and without a pause, at little more than what putting it costs, while new records and the heartbeat have their turn', async (t) => {
  await using s3 = await S3Server.start();
  await using archive = new S3Archive(s3.settings, { clock: systemClock });
  const buffer = openBuffer(await tempDir(t));
  t.after(() => buffer.close());
  const record = (message: string) => encodeObject({ message, agent_id: 'GROK' }, { server: SERVER, now: Date.now() });
  for (let batch = 0; batch < BATCHES; batch++) {
    await buffer.append(
      Array.from({ length: BATCH_BYTES / 40_000 }, () => record(randomBytes(30_000).toString('base64'))),
    );
    await buffer.seal();
  }
  const backlog = buffer.stats().batches;
  const bytes = backlog.reduce((sum, batch) => sum + batch.bytes, 0);
  const floorCpu = process.cpuUsage();
  for (const { id } of backlog) await archive.put(`floor/${id}`, buffer.batchObject(id));
  const floorMs = cpuMs(floorCpu);
  const clock = new FakeClock();
  await using uploader = new Uploader({
    queue: buffer,
    delivery: new DirectDelivery(archive),
    clock,
    random: () => 0.5,
    logger: silentLogger,
  });
  let draining = true;
  const waits: number[] = [];
  const beats: number[] = [];
  const heartbeat = setInterval(() => beats.push(performance.now()), 10);
  t.after(() => clearInterval(heartbeat));

  const startedAt = performance.now();
  const drainCpu = process.cpuUsage();
  uploader.start();
  const drained = until('the backlog is drained', () => buffer.nextBatch() === undefined, 30_000).then(() => {
    draining = false;
  });
  const turns = (async () => {
    for (; draining; await sleep(1)) await clock.advance(0);
  })();
  while (draining) {
    const askedAt = performance.now();
    await buffer.append([record('new')]);
    waits.push(performance.now() - askedAt);
    await sleep(2);
  }
  await Promise.all([drained, turns]);
  const drainMs = performance.now() - startedAt;
  const ratio = cpuMs(drainCpu) / floorMs;

  const megabytesPerSecond = bytes / 1e3 / drainMs;
  const pauses = beats.slice(1).map((at, i) => at - beats[i]!);
  t.diagnostic(
    `${(bytes / 1e6).toFixed(1)} MB at ${megabytesPerSecond.toFixed(0)} MB/s, ${ratio.toFixed(2)} of the floor's CPU; ` +
      `${waits.length} new records, the slowest in ${Math.max(...waits).toFixed(0)} ms; longest pause of the heartbeat ${Math.max(...pauses).toFixed(0)} ms`,
  );
  const firsts = [...s3.objects]
    .filter(([key]) => key.startsWith('logs/'))
    .map(([, { body }]) => readManifest(body)!.first);
  assert.equal(firsts.length, BATCHES);
  assert.deepEqual(
    firsts,
    firsts.toSorted((a, b) => a - b),
    'in order',
  );
  assert.ok(ratio < 2.5, `${ratio} of the floor's CPU`);
  assert.ok(waits.length >= 10 && Math.max(...waits) < 3_000, `${waits.length} records, ${Math.max(...waits)} ms`);
  assert.ok(Math.max(...pauses) < 3_000, `${Math.max(...pauses)} ms without a heartbeat`);
});

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}
