import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import { builtInConfig } from '../../src/config/index.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { DirectoryArchive } from '../../src/storage/index.ts';
import { readFolderArchive, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';

/*
 * A buffer file that is torn, cut off or overwritten must never keep the agent from starting: what can be read reaches the
 * archive once, what can't is told as a loss receipt, and new records are taken at once.
 */

const SERVER = 'AIGARDEN01' as ServerName;
const RECORDS = 3_000;

/** A closed buffer file with sealed batches and open records, 1 … RECORDS. */
async function writeBuffer(path: string): Promise<string> {
  const buffer = LogBuffer.open({
    path,
    server: SERVER,
    limitBytes: 100_000_000,
    windowMs: 600_000,
    batchTextBytes: 300_000,
    clock: systemClock,
    logger: silentLogger,
  });
  for (let n = 1; n <= RECORDS; n += 100) {
    const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(150))).toString('base64');
    await buffer.append(
      Array.from({ length: 100 }, (_, i) =>
        encodeObject(
          { message: noise(), agent_id: 'GROK', context: { n: n + i } },
          { server: SERVER, now: systemClock.now() },
        ),
      ),
    );
  }
  await buffer.shrink();
  await buffer.close();
  return buffer.epoch;
}

async function openAgent(t: TestContext, home: string): Promise<Agent> {
  const agent = await Agent.open({
    home,
    server: SERVER,
    config: await builtInConfig(),
    port: 0,
    archive: await DirectoryArchive.open(join(home, 'archive'), { clock: systemClock }),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  return agent;
}

/** What the archive holds after the agent has started on the file at hand, taken one new record, and flushed. */
async function archivedAfterStart(t: TestContext, home: string): Promise<ArchivedRecord[]> {
  const agent = await openAgent(t, home);
  const answer = await fetch(`${agent.url}/logs`, { method: 'POST', body: '{"agent_id":"GIMAI","message":"new"}' });
  assert.equal(answer.status, 200);
  await agent.flush();
  await agent.close();
  return readRecords(await readFolderArchive(join(home, 'archive')));
}

const numbersOf = (records: readonly ArchivedRecord[]) =>
  records.filter((record) => record.agent_id === 'GROK').map((record) => record.context['n'] as number);

function assertAscending(numbers: readonly number[]): void {
  for (const [i, n] of numbers.entries()) assert.ok(i === 0 || n > numbers[i - 1]!, `${numbers[i - 1]} then ${n}`);
}

function overwrite(path: string, offset: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

test('of a truncated buffer file the readable records are archived once, and the agent works on under a new epoch', async (t) => {
  const home = await tempDir(t);
  const path = join(home, 'agent', 'buffer.db');
  const epoch = await writeBuffer(path);
  truncateSync(path, Math.floor(statSync(path).size * 0.6));

  const records = await archivedAfterStart(t, home);

  const numbers = numbersOf(records);
  assertAscending(numbers);
  const receipts = records.filter((record) => record.action === 'nervesys.loss');
  assert.equal(receipts.length, 1);
  assert.equal(records.filter((record) => record.message === 'new').length, 1);
  assert.ok(records.filter((record) => record.message === 'new').every((record) => !record.id.startsWith(epoch)));
  assert.equal(existsSync(`${path}.damaged`), false);
});

test('of a file with a page zeroed everything else is archived, and the receipt names the range that is lost', async (t) => {
  const home = await tempDir(t);
  const path = join(home, 'agent', 'buffer.db');
  await writeBuffer(path);
  overwrite(path, Math.floor(statSync(path).size / 2 / 8192) * 8192, Buffer.alloc(8192));

  const records = await archivedAfterStart(t, home);

  const numbers = numbersOf(records);
  assertAscending(numbers);
  const receipt = records.find((record) => record.action === 'nervesys.loss')!;
  const { ranges } = receipt.context as { ranges: [number, number][] };
  const lost = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  assert.ok(numbers.length >= RECORDS / 2, `${numbers.length} salvaged`);
  assert.deepEqual(
    [...numbers, ...lost].sort((a, b) => a - b),
    Array.from({ length: RECORDS }, (_, i) => i + 1),
  );
});

test('a file that is no database at all is set aside, told, and kept for people', async (t) => {
  const home = await tempDir(t);
  const path = join(home, 'agent', 'buffer.db');
  await writeBuffer(path);
  writeFileSync(path, Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))));

  const records = await archivedAfterStart(t, home);

  assert.deepEqual(numbersOf(records), []);
  assert.equal(records.filter((record) => record.action === 'nervesys.loss').length, 1);
  assert.equal(readFileSync(`${path}.unreadable`).length, 60_000);
  const again = await archivedAfterStart(t, home);
  assert.equal(again.filter((record) => record.action === 'nervesys.loss').length, 1, 'told once, not at each start');
});

test('a WAL of garbage costs nothing that was acknowledged and folded back', async (t) => {
  const home = await tempDir(t);
  const path = join(home, 'agent', 'buffer.db');
  await writeBuffer(path);
  writeFileSync(`${path}-wal`, Buffer.from(crypto.getRandomValues(new Uint8Array(50_000))));

  const records = await archivedAfterStart(t, home);

  assert.deepEqual(
    numbersOf(records),
    Array.from({ length: RECORDS }, (_, i) => i + 1),
  );
  assert.equal(
    records.some((record) => record.action === 'nervesys.loss'),
    false,
  );
});
