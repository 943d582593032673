import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { LogBuffer } from '../../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import type { ArchivedRecord, Level, LevelCounts } from '../../../src/contract/record.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { DirectoryArchive } from '../../../src/storage/index.ts';
import { verifyArchive } from '../../../src/storage/ledger/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { archived, drain, fill, isTaken, numbersOf, openBuffer, records, SERVER } from '../../support/full-buffer.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

/* What goes on around a buffer that is giving records up: requests that wait meanwhile, writes that fail, readers, restarts. */

/** Fills with records that stay but for the oldest 200, which may go. */
async function fillUp(buffer: LogBuffer): Promise<void> {
  await buffer.append(records(200, 'DEBUG', 'PIPE'), { onFull: 'evict' });
  await fill(buffer, 'DEBUG', 'hold', 'FILE');
}

/** Fails those of the next statements that `fails` picks, as a disk without room does. */
function failing(t: TestContext, fails: (sql: string) => boolean): void {
  const exec = DatabaseSync.prototype.exec;
  t.mock.method(DatabaseSync.prototype, 'exec', function (this: DatabaseSync, sql: string) {
    if (fails(sql)) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
    return exec.call(this, sql);
  });
}

const countOf = (found: readonly ArchivedRecord[], agentId: string) =>
  found.filter(({ agent_id }) => agent_id === agentId).length;

test('a request that was refused for its key is not stored when there is room at last', async (t) => {
  const { buffer } = await openBuffer(t);
  await fillUp(buffer);
  const pressing = isTaken(buffer, records(370, 'DEBUG', 'LARGE'), 'evict');
  const first = buffer.append(records(150, 'DEBUG', 'LARGE'), { onFull: 'evict', idempotencyKey: 'k', bodyMark: 1 });
  const second = buffer.append(records(20, 'ERROR', 'OTHER'), { onFull: 'evict', idempotencyKey: 'k', bodyMark: 2 });
  const answers = Promise.allSettled([first, second]);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  const amid = isTaken(buffer, records(225, 'DEBUG', 'LARGE'), 'evict'); // room for the first beside it, but not for the second

  const outcomes = await answers;

  assert.deepEqual([await pressing, await amid], [false, false]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code),
    ['NSV_BUFFER_FULL', 'NSV_KEY_REUSED'],
  );
  assert.equal(countOf(await archived(t, buffer), 'OTHER'), 0);
});

test('a repeated request is answered in a full buffer, and nothing of it is counted as given up', async (t) => {
  const { buffer } = await openBuffer(t);
  const sent = records(200, 'DEBUG', 'REPEATED');
  const options = { onFull: 'evict', idempotencyKey: 'k', answer: 'the first' } as const;
  await buffer.append(sent, options);
  await buffer.seal();
  for (const { id } of buffer.stats().batches) buffer.announcing(id);
  await fillUp(buffer);

  const [repeated] = await Promise.all([
    buffer.append(sent, options),
    buffer.append(records(60, 'ERROR', 'OTHER'), { onFull: 'evict' }),
  ]);

  assert.deepEqual(repeated, { repeatedAnswer: 'the first' });
  assert.ok(buffer.stats().lostRecords > 0);
  assert.ok(buffer.stats().lostRecords <= 200, `${buffer.stats().lostRecords} lost of 200 that could be`);
  const found = await archived(t, buffer);
  assert.equal(countOf(found, 'REPEATED'), 200);
});

test('what waits behind a request that presses for room does not get in front of it, nor takes the room', async (t) => {
  const { buffer } = await openBuffer(t);
  await fillUp(buffer);
  const large = isTaken(buffer, records(357, 'ERROR', 'FILE'), 'hold'); // with what follows it is one commit
  const pressing = isTaken(buffer, records(20, 'ERROR', 'OTHER'), 'evict');
  const behind = isTaken(buffer, records(2, 'ERROR', 'OTHER'), 'evict');
  const held = isTaken(buffer, records(1, 'ERROR', 'HELD'), 'hold');

  const outcomes = await Promise.all([large, pressing, behind, held]);

  assert.deepEqual(outcomes, [false, true, true, false]);
  const numbers = numbersOf((await archived(t, buffer)).filter(({ agent_id }) => agent_id === 'OTHER')) as number[];
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
});

for (const times of [1, 2])
  test(`where putting a lightened batch in place fails ${times === 1 ? 'once' : 'for good'}, what is counted as lost is what went`, async (t) => {
    const { buffer } = await openBuffer(t);
    await fillUp(buffer);
    await buffer.seal();
    let left = 0;
    failing(t, (sql) => sql === 'COMMIT' && left-- > 0);
    const pressing = isTaken(buffer, records(20, 'ERROR', 'OTHER'), 'evict');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    left = times;

    const taken = await pressing;
    left = 0;

    assert.equal(taken, times === 1);
    const { lostRecords } = buffer.stats();
    assert.equal(lostRecords > 0, times === 1);
    const found = await archived(t, buffer); // and what the receipts tell is what it lacks
    assert.equal(countOf(found, 'PIPE'), 200 - lostRecords);
  });

test('a receipt that has no room keeps nothing from being sealed', async (t) => {
  const { buffer } = await openBuffer(t);
  await fillUp(buffer);
  await buffer.append(records(20, 'ERROR', 'OTHER'), { onFull: 'evict' });
  assert.ok(buffer.stats().lostRecords > 0);
  let left = 1; // the receipt's transaction comes first
  failing(t, (sql) => sql === 'COMMIT' && left-- > 0);

  await buffer.seal();

  assert.ok(left < 1);
  assert.equal(buffer.stats().openRecords, 0);
  await archived(t, buffer);
});

test('while an outside reader is what leaves no room, nothing is given up', async (t) => {
  const { buffer, path } = await openBuffer(t);
  await buffer.append(records(200, 'DEBUG', 'PIPE'), { onFull: 'evict' });
  await buffer.seal();
  using reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM meta').get();
  let refused = false;
  for (let i = 0; i < 100 && !refused; i++) refused = !(await isTaken(buffer, records(20, 'ERROR', 'OTHER'), 'evict'));

  assert.ok(refused);
  assert.equal(buffer.stats().lostRecords, 0);
  reader.exec('COMMIT');
  await until('sealed', () =>
    buffer.seal().then(
      () => true,
      () => false,
    ),
  ); // soon after
  await archived(t, buffer);
});

test('losses that a crash left without a receipt are told when the buffer is opened', async (t) => {
  const told: { readonly lost: LevelCounts; readonly total: number }[] = [];
  const { buffer, open } = await openBuffer(t, { onLoss: (lost, total) => told.push({ lost, total }) });
  await fillUp(buffer);
  await buffer.append(records(20, 'ERROR', 'OTHER'), { onFull: 'evict' });
  const { lostRecords } = buffer.stats();
  await buffer.close();
  assert.equal(told.length, 0);

  const again = open();

  assert.deepEqual(
    told.map(({ lost, total }) => [lost.DEBUG, total]),
    [[lostRecords, lostRecords]],
  );
  assert.equal(again.stats().lostRecords, lostRecords);
});

test('a buffer that stays full tells what it gives up each minute', async (t) => {
  const clock = new FakeClock(systemClock.now());
  let told = 0;
  const { buffer } = await openBuffer(t, { clock, onLoss: () => told++ });
  await fillUp(buffer);
  for (let second = 0; second < 70; second++) {
    const { lostRecords } = buffer.stats();
    do await buffer.append([...records(20, 'DEBUG', 'OTHER'), ...records(1, 'INFO', 'OTHER')], { onFull: 'evict' });
    while (buffer.stats().lostRecords === lostRecords);
    await clock.advance(1_000);
    buffer.sealEndedWindow();
  }

  assert.equal(told, 1);
  await archived(t, buffer);
});

test('what was sealed again may be given up again, however its levels take turns', async (t) => {
  // Many more runs of what is left than a batch notes: all of them are one run of what may go.
  const { buffer } = await openBuffer(t, { batchTextBytes: 3_000_000, limitBytes: 6_000_000 });
  const line = (level: Level, message = '') =>
    encodeObject({ message, agent_id: 'TURNS', level }, { server: SERVER, now: systemClock.now() });
  for (let i = 0; i < 5; i++) {
    const turns = Array.from({ length: 2_000 }, (_, n) => line(n % 2 === 0 ? 'DEBUG' : 'INFO'));
    await buffer.append(turns, { onFull: 'evict' });
  }
  await buffer.seal();
  await fill(buffer, 'DEBUG', 'hold', 'FILE');
  for (let i = 0; i < 20 && buffer.stats().lostRecords < 10_000; i++)
    await isTaken(buffer, records(4, 'ERROR', 'OTHER'), 'evict');

  assert.ok(buffer.stats().lostRecords >= 10_000, `${buffer.stats().lostRecords}`);
  assert.equal(countOf(await archived(t, buffer), 'TURNS'), 0);
});

for (const lost of ['all', 'the beginning'])
  test(`where the server is renamed before its losses are told (${lost} of its first batch), the books of both names are right together`, async (t) => {
    const { buffer, path } = await openBuffer(t);
    await buffer.append(records(10, 'DEBUG', 'PIPE'), { onFull: 'evict' });
    if (lost !== 'all') await buffer.append(records(1, 'WARN', 'FILE'));
    await fillUp(buffer);
    await buffer.append(records(20, 'ERROR', 'OTHER'), { onFull: 'evict' });
    assert.ok(buffer.stats().lostRecords > 0);
    await buffer.close();
    const { buffer: renamed } = await openBuffer(t, { path, server: 'AIGARDEN02' as ServerName });
    await using archive = await DirectoryArchive.open(await tempDir(t), { clock: systemClock });

    await drain(renamed, archive);

    const servers: string[] = [];
    for await (const { server, findings } of verifyArchive({ archive })) {
      servers.push(server);
      assert.deepEqual(findings, [], server);
    }
    assert.deepEqual(servers.sort(), ['AIGARDEN01', 'AIGARDEN02']);
  });
