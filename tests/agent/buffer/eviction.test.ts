import assert from 'node:assert/strict';
import { cpSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { LEVELS } from '../../../src/contract/record.ts';
import {
  archived,
  fill,
  isTaken,
  LIMIT_BYTES,
  numberedRecords,
  numbersOf,
  openBuffer,
  records,
} from '../../support/full-buffer.ts';
import { givenSeed, seededBelow } from '../../support/random.ts';

/*
 * When the buffer is full, records of sources that can't wait give way to others of such sources: the least valuable first, the
 * oldest of these first, none from a batch that somebody may know of, and never a record of a source that waits. What went is told
 * by loss receipts: the archive alone proves that every sequence is in exactly one object or one receipt.
 */

test('what is worth least gives way first, and of that the oldest', async (t) => {
  const { buffer } = await openBuffer(t);
  const begun = numberedRecords();
  for (let i = 0; i < 20; i++) for (const level of LEVELS) await buffer.append(records(6, level), { onFull: 'evict' });
  const infosBefore = await fill(buffer, 'INFO', 'evict');
  const infos = infosBefore + 120;

  let warns = 120;
  for (; buffer.stats().lostRecords < 120 + infos / 4; warns += 20)
    await buffer.append(records(20, 'WARN'), { onFull: 'evict' });

  const found = await archived(t, buffer);
  assert.deepEqual(numbersOf(found, 'DEBUG'), [], 'all DEBUG went before any INFO');
  const kept = numbersOf(found, 'INFO') as number[];
  assert.equal(kept.length, infos + 120 - buffer.stats().lostRecords, 'then INFO went, and nothing else');
  const last = begun + 600 + infosBefore;
  assert.ok(kept.length < infosBefore);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => last - kept.length + 1 + i),
    'the oldest of it',
  );
  assert.equal(numbersOf(found, 'WARN').length, warns);
  const receipt = found.find(({ action }) => action === 'nervesys.loss')!;
  assert.deepEqual([receipt.agent_id, receipt.level, receipt.context['reason']], ['nervesys', 'ERROR', 'buffer full']);
});

test('records of sources that wait are never given up, and are refused while others are', async (t) => {
  const { buffer } = await openBuffer(t);
  await buffer.append(records(100, 'DEBUG', 'PIPE'), { onFull: 'evict' });
  const held = await fill(buffer, 'DEBUG', 'hold', 'FILE');

  const relief = isTaken(buffer, records(40, 'ERROR', 'PIPE'), 'evict');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  const meanwhile = isTaken(buffer, records(1, 'CRITICAL', 'FILE'), 'hold');

  assert.equal(await relief, true, 'the DEBUG of a pipe gives way to its ERROR');
  assert.equal(await meanwhile, false);
  const found = await archived(t, buffer);
  assert.equal(found.filter(({ agent_id }) => agent_id === 'FILE').length, held);
});

test('where nothing that may go is worth less than what comes, that is refused and nothing is given up', async (t) => {
  const { buffer } = await openBuffer(t);
  await buffer.append(records(100, 'ERROR'), { onFull: 'evict' });
  await fill(buffer, 'DEBUG', 'hold');
  const before = buffer.stats();

  const taken = await isTaken(buffer, records(20, 'INFO'), 'evict');

  assert.equal(taken, false);
  assert.deepEqual([buffer.stats().records, buffer.stats().lostRecords], [before.records, before.lostRecords]);
});

test('of what comes in a full buffer the least valuable goes, so that the rest has room', async (t) => {
  const { buffer } = await openBuffer(t);
  await buffer.append(records(200, 'INFO'), { onFull: 'evict' });
  await fill(buffer, 'DEBUG', 'hold', 'FILE');
  const mixed = [...records(30, 'DEBUG'), ...records(30, 'CRITICAL')];

  assert.equal(await isTaken(buffer, mixed, 'evict'), true);

  const found = await archived(t, buffer);
  const ofPipe = found.filter(({ agent_id }) => agent_id === 'GROK');
  assert.equal(numbersOf(ofPipe, 'DEBUG').length, 0);
  assert.ok(numbersOf(ofPipe, 'INFO').length < 200);
  assert.equal(numbersOf(ofPipe, 'CRITICAL').length, 30);
});

test('a batch that was announced keeps all its records', async (t) => {
  const { buffer, open } = await openBuffer(t);
  await buffer.append(records(100, 'DEBUG'), { onFull: 'evict' });
  await buffer.seal();
  const first = buffer.nextBatch()!;
  buffer.announcing(first.id);
  await fill(buffer, 'DEBUG', 'evict');
  await buffer.close();
  const again = open();

  for (let i = 0; i < 20; i++) await again.append(records(20, 'ERROR'), { onFull: 'evict' });

  assert.equal(again.nextBatch()!.sha256, first.sha256);
  const found = await archived(t, again);
  assert.equal(numbersOf(found, 'DEBUG').length >= 100, true);
  assert.ok(again.stats().lostRecords > 0);
});

test('a batch that was announced is not joined with one that gives records up', async (t) => {
  const { buffer } = await openBuffer(t);
  await buffer.append(records(20, 'DEBUG', 'FILE'));
  await buffer.seal();
  const first = buffer.nextBatch()!;
  buffer.announcing(first.id);
  await buffer.append([...records(20, 'DEBUG'), ...records(20, 'INFO')], { onFull: 'evict' });
  await buffer.seal();
  await fill(buffer, 'DEBUG', 'hold', 'FILE');

  await buffer.append(records(20, 'ERROR'), { onFull: 'evict' });

  assert.ok(buffer.stats().lostRecords > 0);
  assert.deepEqual([buffer.nextBatch()!.id, buffer.nextBatch()!.sha256], [first.id, first.sha256]);
});

test('a crash after records were given up forgets neither them nor what made them go', async (t) => {
  const { buffer, open, path } = await openBuffer(t);
  await fill(buffer, 'DEBUG', 'evict');
  for (let i = 0; i < 5; i++) await buffer.append(records(20, 'ERROR'), { onFull: 'evict' });
  const { lostRecords } = buffer.stats();
  const copy = `${path}.copy`;
  for (const suffix of ['', '-wal']) cpSync(path + suffix, copy + suffix);

  const again = open(copy);

  assert.ok(lostRecords > 0);
  assert.equal(again.stats().lostRecords, lostRecords);
  assert.equal(numbersOf(await archived(t, again), 'ERROR').length, 100);
});

test('whatever comes in whatever order, the books are right, the limit holds and what waits is kept', async (t) => {
  const seed = givenSeed();
  t.diagnostic(`NERVESYS_SEED=${seed}`);
  const random = seededBelow(seed);
  const { buffer: first, path, open } = await openBuffer(t);
  let buffer = first;
  const pending: Promise<void>[] = [];
  let held = 0;
  let peakBytes = 0;
  const size = (suffix: string) => statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0;
  for (let step = 0; step < 250; step++) {
    const level = LEVELS[random(LEVELS.length)]!;
    const onFull = random(4) === 0 ? 'hold' : 'evict';
    const batch = [...records(1 + random(15), level, onFull), ...records(random(4), 'DEBUG', onFull)];
    const taken = isTaken(buffer, batch, onFull).then((yes) => {
      if (yes && onFull === 'hold') held += batch.length;
    });
    pending.push(taken);
    if (random(3) > 0) await taken;
    if (random(40) === 0) await buffer.seal().catch(() => undefined);
    if (random(120) === 0) {
      await Promise.all(pending);
      await buffer.close();
      buffer = open();
    }
    peakBytes = Math.max(peakBytes, size('') + size('-wal') + size('-shm') + size('.reserve'));
  }
  await Promise.all(pending);
  await buffer.seal().catch(() => undefined);

  const found = await archived(t, buffer);

  assert.ok(buffer.stats().lostRecords > 100, `${buffer.stats().lostRecords} were given up`);
  assert.equal(found.filter(({ agent_id }) => agent_id === 'hold').length, held);
  assert.ok(peakBytes <= LIMIT_BYTES, `${peakBytes} bytes`);
  for (const onFull of ['hold', 'evict']) {
    const numbers = found.filter(({ agent_id }) => agent_id === onFull).map(({ context }) => context['n'] as number);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
      'in order',
    );
  }
});

test('a buffer that stays full joins what is left of its batches: they stay few', async (t) => {
  const { buffer } = await openBuffer(t);
  await buffer.append(records(100, 'DEBUG'), { onFull: 'evict' });
  await fill(buffer, 'INFO', 'hold', 'FILE');
  let most = 0;
  for (let i = 0; i < 150; i++) {
    await isTaken(buffer, [...records(8, 'DEBUG'), ...records(1, 'INFO')], 'evict');
    most = Math.max(most, buffer.stats().batches.length);
  }

  assert.ok(buffer.stats().lostRecords > 500, `${buffer.stats().lostRecords} lost`);
  console.log('MOST', most);
  assert.ok(most < 20, `${most} batches`);
  assert.ok(numbersOf(await archived(t, buffer), 'INFO').length > 20);
});

test('what a batch told of dropped records is told by another one where all of its own give way', async (t) => {
  const { buffer, open } = await openBuffer(t);
  await buffer.append(records(100, 'DEBUG'), { onFull: 'evict', dropped: 7 });
  await buffer.seal();
  await fill(buffer, 'INFO', 'evict');
  while (buffer.stats().lostRecords < 100) await buffer.append(records(20, 'WARN'), { onFull: 'evict', dropped: 1 });
  const dropped = buffer.stats().droppedRecords;
  await buffer.close();

  const again = open();
  await again.seal();

  let told = 0;
  for (let batch = again.nextBatch(); batch !== undefined; batch = again.nextBatch()) {
    told += batch.manifest.dropped;
    again.removeArchived(batch.id);
  }
  assert.deepEqual([told, again.stats().droppedRecords], [dropped, dropped]);
});

test('what brings no records is refused, too, where nothing may give way for its positions', async (t) => {
  const { buffer } = await openBuffer(t);
  await fill(buffer, 'DEBUG', 'hold');
  while (await isTaken(buffer, records(1, 'DEBUG'), 'hold'));
  const position = (index: number) => ({
    file: `1:${index}`,
    path: `/var/log/${index}`,
    offset: 1,
    fingerprint: '',
    fingerprintBytes: 0,
  });
  const positions = Array.from({ length: 400 }, (_, index) => position(index));

  const appended = buffer.append([], { onFull: 'evict', dropped: 3, positions });

  await assert.rejects(appended, { code: 'NSV_BUFFER_FULL' });
  assert.deepEqual([buffer.stats().droppedRecords, buffer.positions().length], [0, 0]);
});
