import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
import { fill, records as noise, openBuffer } from '../support/full-buffer.ts';
import { givenSeed } from '../support/random.ts';
import { readFolderArchive, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';

/*
 * A buffer file that is torn, cut off or overwritten must never keep the agent from starting: what can be read reaches the
 * archive once, what can't is told as a loss receipt, and new records are taken at once.
 */

const SERVER = 'AIGARDEN01' as ServerName;
const RECORDS = 3_000;
const PAGES_ZEROED = 10;

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

/** The sequences that a loss receipt names, which are the numbers of the records here. */
function lostNumbers(records: readonly ArchivedRecord[]): number[] {
  return records
    .filter((record) => record.action === 'nervesys.loss')
    .flatMap((receipt) => receipt.context['ranges'] as [number, number][])
    .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}

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
  const lost = lostNumbers(records);
  assert.ok(numbers.length >= RECORDS / 2, `${numbers.length} salvaged`);
  assert.deepEqual(
    [...numbers, ...lost].sort((a, b) => a - b),
    Array.from({ length: RECORDS }, (_, i) => i + 1),
  );
});

test('whichever page is zeroed, the agent starts, what can be read is archived once, and the rest is told', async (t) => {
  const seed = givenSeed();
  t.diagnostic(`NERVESYS_SEED=${seed}`);
  const whole = join(await tempDir(t), 'buffer.db');
  await writeBuffer(whole);
  const pages = statSync(whole).size / 8192;
  const step = pages / PAGES_ZEROED;
  for (let i = 0; i < PAGES_ZEROED; i++) {
    const page = Math.floor((i + (seed % 997) / 997) * step);
    const home = await tempDir(t);
    const path = join(home, 'agent', 'buffer.db');
    mkdirSync(join(home, 'agent'));
    copyFileSync(whole, path);
    overwrite(path, page * 8192, Buffer.alloc(8192));

    const records = await archivedAfterStart(t, home);

    const numbers = numbersOf(records);
    assertAscending(numbers);
    const known = new Set([...numbers, ...lostNumbers(records)]);
    const missing = Array.from({ length: RECORDS }, (_, n) => n + 1).filter((n) => !known.has(n));
    const told = records.some(({ action }) => action === 'nervesys.loss');
    assert.ok(missing.length === 0 || told, `page ${page}: ${missing.length} records are gone and nobody says so`);
    assert.equal(records.filter(({ message }) => message === 'new').length, 1, `page ${page}`);
  }
});

test('a bit that flips in a sealed batch or in an open record is noticed before it is archived', async (t) => {
  for (const table of ['batch_objects', 'blocks'] as const) {
    const home = await tempDir(t);
    const path = join(home, 'agent', 'buffer.db');
    await writeBuffer(path);
    const db = new DatabaseSync(path);
    const column = table === 'blocks' ? 'body' : 'object';
    const row = db.prepare(`SELECT rowid AS id, ${column} AS bytes FROM ${table} ORDER BY rowid DESC LIMIT 1`).get()!;
    const bytes = Buffer.from(row['bytes'] as Uint8Array);
    const at = table === 'blocks' ? bytes.indexOf('"message":"') + 20 : bytes.length - 100;
    bytes[at] = bytes[at]! ^ 1;
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(bytes, row['id']!);
    db.close();

    const records = await archivedAfterStart(t, home);

    const numbers = numbersOf(records);
    assertAscending(numbers);
    assert.ok(numbers.length >= RECORDS / 2, `${table}: ${numbers.length} salvaged`);
    assert.deepEqual(
      [...numbers, ...lostNumbers(records)].sort((a, b) => a - b),
      Array.from({ length: RECORDS }, (_, i) => i + 1),
      table,
    );
    assert.ok(numbers.length < RECORDS, `${table}: the damaged records are not archived as if they were whole`);
  }
});

for (const damaged of ['a record', 'the note of what may be given up'])
  test(`where ${damaged} is damaged in a buffer that has given records up, all that it lacks is told`, async (t) => {
    const home = await tempDir(t);
    const path = join(home, 'agent', 'buffer.db');
    const { buffer } = await openBuffer(t, { path });
    await buffer.append(noise(200, 'DEBUG', 'PIPE'), { onFull: 'evict' });
    await fill(buffer, 'DEBUG', 'hold', 'FILE');
    await buffer.append(noise(20, 'ERROR', 'PIPE'), { onFull: 'evict' });
    const { lostRecords, lastSequence } = buffer.stats();
    await buffer.close();
    const db = new DatabaseSync(path);
    if (damaged === 'a record')
      db.exec('UPDATE blocks SET crc = crc + 1 WHERE first_id = (SELECT max(first_id) FROM blocks)');
    else db.exec(`UPDATE batches SET evictable = '{"ranges":[[1' WHERE id = (SELECT max(id) FROM batches)`);
    db.close();

    const records = await archivedAfterStart(t, home);

    assert.ok(lostRecords > 0);
    const kept = records.filter(({ id }) => id.startsWith(buffer.epoch)).length;
    assert.equal(kept + lostNumbers(records).length, lastSequence);
    assert.equal(lostNumbers(records).length === lostRecords, damaged !== 'a record');
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
