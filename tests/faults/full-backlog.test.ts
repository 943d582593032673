import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { S3Server } from '../servers/s3-server.ts';
import { assertEachOnceInOrder, RunningSystem, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const LIMIT_BYTES = 100_000_000;
/** What the limit leaves to the file: the rest is for the WAL, and for sealing the next batch. */
const BACKLOG_BYTES_MIN = 80_000_000;
/** Over an agent with nothing to do: 11 to 16 MB were seen, two copies of one batch; a third and fourth would go past it. */
const GROWN_BYTES_MAX = 40_000_000;
/** More than such an agent takes: 0.3 s, most of it SQLite's check of the file. */
const READY_SECONDS_MORE_MAX = 5;

/** Fills a buffer until it takes no more, with text that hardly shrinks, and seals it all. Returns how many records it holds. */
async function fillBuffer(path: string): Promise<{ records: number; batches: number }> {
  const buffer = LogBuffer.open({
    path,
    server: SERVER,
    limitBytes: LIMIT_BYTES,
    windowMs: 600_000,
    batchTextBytes: 10_000_000,
    clock: systemClock,
    logger: silentLogger,
  });
  let n = 0;
  for (let full = false; !full; ) {
    const noise = randomBytes(1_500_000).toString('base64');
    const records = Array.from({ length: 40 }, (_, i) =>
      encodeObject(
        { message: noise.slice(i * 50_000, (i + 1) * 50_000), agent_id: 'GROK', context: { n: n + i + 1 } },
        { server: SERVER, now: systemClock.now() },
      ),
    );
    await buffer.append(records).then(
      () => {
        n += records.length;
      },
      () => {
        full = true;
      },
    );
  }
  await buffer.seal();
  const batches = buffer.stats().batches.length;
  await buffer.close();
  return { records: n, batches };
}

function residentBytes(pid: number, field: 'VmHWM'): number {
  return (
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
  );
}

function readySeconds({ output }: RunningSystem): number {
  return Number(/Ready in ([\d.]+) s/.exec(output)?.[1]);
}

test('with a full backlog an agent starts at once, brings it all to the archive, and takes no more memory than a bound', async (t) => {
  await using s3 = await S3Server.start();
  const home = await tempDir(t);
  const path = join(home, 'agent', 'buffer.db');
  const { records, batches } = await fillBuffer(path);
  const backlogBytes = statSync(path).size;

  const idle = await RunningSystem.start(t, await tempDir(t), ['agent', '--agent-port', '0'], {
    NERVESYS_SERVER: SERVER,
    ...s3.environment,
  });
  const idleBytes = residentBytes(idle.address('agent').pid, 'VmHWM');
  const idleSeconds = readySeconds(idle);
  await idle.end();
  const agent = await RunningSystem.start(t, home, ['agent', '--agent-port', '0'], {
    NERVESYS_SERVER: SERVER,
    ...s3.environment,
  });
  await until('all is archived', () => s3.objects.size >= batches, 60_000);
  const grownBytes = residentBytes(agent.address('agent').pid, 'VmHWM') - idleBytes;

  assert.ok(backlogBytes >= BACKLOG_BYTES_MIN, `the buffer was filled with ${backlogBytes} bytes only`);
  const moreSeconds = readySeconds(agent) - idleSeconds;
  assert.ok(moreSeconds <= READY_SECONDS_MORE_MAX, `it took ${moreSeconds} s more to be ready`);
  assert.ok(grownBytes <= GROWN_BYTES_MAX, `its memory grew by ${grownBytes} bytes`);
  assertEachOnceInOrder(readRecords([...s3.objects].map(([key, { body }]) => ({ key, body }))), 'GROK', records);
});
