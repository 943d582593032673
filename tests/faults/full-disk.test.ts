import assert from 'node:assert/strict';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { S3Server } from '../servers/s3-server.ts';
import { postLogs } from '../support/running-system.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';
import { settingsFor } from './torture/disk-fault.ts';
import { Ledger } from './torture/ledger.ts';
import { addressOf, RunningAgent } from './torture/running-agent.ts';

/*
 * A real file system that is really full: a small tmpfs, filled up by somebody else while the buffer is far below its own
 * limit. Nothing that was acknowledged may be lost, refusals must be honest, and the buffer must still drain.
 */

/** On a busy machine an agent takes seconds for what it does in a moment otherwise. */
const AWAITED_MS = 30_000;
const SERVER = 'AIGARDEN01' as ServerName;

/** A small disk until the test ends; `undefined`: the test is skipped. */
function smallDisk(t: TestContext): string | undefined {
  const disk = SmallDisk.mount(24);
  if (typeof disk === 'string') {
    t.skip(disk);
    return undefined;
  }
  t.after(() => disk[Symbol.dispose]());
  return disk.dir;
}

function record(n: number) {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(300))).toString('hex');
  return encodeObject({ message: noise, agent_id: 'GROK', context: { n } }, { server: SERVER, now: systemClock.now() });
}

async function fillDisk(dir: string, leaveBytes: number, name = 'ballast'): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  await writeFile(join(dir, name), Buffer.alloc(bavail * bsize - leaveBytes)).catch((error: { code: string }) => {
    assert.equal(error.code, 'ENOSPC'); // as full as it gets
  });
}

test('on a full disk records are refused honestly, what was acknowledged is kept, and the buffer drains', async (t) => {
  const dir = smallDisk(t);
  if (dir === undefined) return;
  const open = () =>
    LogBuffer.open({
      path: join(dir, 'agent', 'buffer.db'),
      server: SERVER,
      limitBytes: 100_000_000,
      windowMs: 600_000,
      batchTextBytes: 1_000_000,
      clock: systemClock,
      logger: silentLogger,
    });
  let buffer = open();
  let acknowledged = 0;
  const append = async () => {
    await buffer.append(Array.from({ length: 50 }, (_, i) => record(acknowledged + i + 1)));
    acknowledged += 50;
  };
  for (let i = 0; i < 20; i++) await append();
  await fillDisk(dir, 2_500_000);

  await assert.rejects(
    async () => {
      for (;;) await append();
    },
    { code: 'NSV_BUFFER_FULL', retryable: true },
  );

  assert.equal(buffer.stats().held, true);
  await buffer.seal().catch((error) => assert.equal(error.code, 'NSV_BUFFER_FULL')); // sealed later, where there is too little room
  await fillDisk(dir, 0, 'ballast2'); // somebody else takes the very last byte
  await buffer.close();
  buffer = open(); // a restart on the full disk recovers too
  const kept: number[] = [];
  const drain = () => {
    for (let batch = buffer.nextBatch(); batch !== undefined; batch = buffer.nextBatch()) {
      const lines = gunzipSync(buffer.batchObject(batch.id)).toString().trimEnd().split('\n');
      kept.push(...lines.map((line) => JSON.parse(line).context.n as number));
      buffer.noteKey(batch.id, `logs/AIGARDEN01/2026-01-15/10-00.${batch.id}.json.gz`);
      buffer.removeArchived(batch.id);
    }
  };
  drain();
  await buffer.shrink();
  await append(); // the room that the archive freed is used again
  await buffer.seal();
  drain();
  await buffer.close();

  assert.deepEqual(
    kept,
    Array.from({ length: acknowledged }, (_, i) => i + 1),
  );
});

test('an agent starts on a full disk, killed or stopped before, says that it takes nothing, drains, and takes records once there is room', async (t) => {
  let agent: RunningAgent | undefined;
  t.after(async () => {
    if (agent?.ended === false) await agent.end('SIGKILL'); // before its disk goes
  });
  const dir = smallDisk(t);
  if (dir === undefined) return;
  const home = join(dir, 'home');
  await using s3 = await S3Server.start();
  const start = async () => {
    agent = new RunningAgent(home, settingsFor(s3));
    await agent.ready();
    return agent;
  };
  let sent = 0;
  const post = async (agent: RunningAgent) => {
    const text = Buffer.from(crypto.getRandomValues(new Uint8Array(2_500))).toString('hex');
    const answer = await postLogs(agent.url, JSON.stringify({ agent_id: 'GROK', message: `line ${sent + 1} ${text}` }));
    if (answer.status === 200) sent++;
    return `${answer.status} ${answer.headers.has('retry-after')}`;
  };
  const REFUSED = '429 true';
  let running = await start();
  s3.failNext(10_000, { type: 'status', status: 503 });
  while (sent < 40) await post(running);
  await running.end('SIGKILL');
  await fillDisk(dir, 0, 'home/ballast');

  running = await start();
  assert.equal(await post(running), REFUSED);
  s3.heal();
  await until(
    'everything is archived',
    async () => (await fetch(`${running.url}/flush`, { method: 'POST' })).ok,
    AWAITED_MS,
  );
  assert.equal(await post(running), REFUSED, 'the room that the archive freed is less than a disk must keep');
  await running.end('SIGTERM'); // it gives up its WAL, which somebody else takes
  await fillDisk(dir, 0, 'home/ballast2');

  running = await start();
  assert.equal(await post(running), REFUSED);
  await rm(join(home, 'ballast'));
  await until('it takes records again', async () => (await post(running)) === '200 false', AWAITED_MS);
  await until('its address is noted', () => addressOf(home) === running.url, AWAITED_MS);
  assert.equal((await fetch(`${running.url}/flush`, { method: 'POST' })).status, 200);
  await running.end('SIGTERM');

  const ledger = new Ledger();
  ledger.readNew([...s3.objects].map(([key, { body }]) => ({ key, body })));
  const findings = ledger.findings(new Map([['GROK', sent]]));
  assert.deepEqual(findings, { lost: 0, doubled: 0, outOfOrder: 0, unknown: 0, gaps: 0, damaged: 0, newEpochs: 0 });
});
