/* Files that are renamed, truncated, rewritten and deleted while they are followed, and while nobody follows them. */
import assert from 'node:assert/strict';
import { appendFile, copyFile, open, rename, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TailPosition } from '../../../../src/agent/buffer/types.ts';
import { bufferFull, descriptorsUnder, lines, numbered, tailFixture } from '../../../support/file-tail.ts';
import { until } from '../../../support/until.ts';

test('rotation by rename: the old file is read to its end, also what its writer adds late, then the new one', async (t) => {
  const { logs, messages, takenAll, settle, start, positions } = await tailFixture(t);
  const path = join(logs, 'a.log');
  const writer = await open(path, 'a');
  t.after(() => writer.close().catch(() => undefined));
  await writer.write(lines(1, 10));
  await start();
  await takenAll(10);

  await writer.write(lines(11, 12));
  await rename(path, `${path}.1`);
  await writeFile(path, 'new 1\n');
  await takenAll(13);
  await writer.write('late without line break');
  await writer.close();
  await takenAll(14);
  await appendFile(path, 'new 2\n');
  await takenAll(15);
  await settle();

  assert.deepEqual(
    messages().filter((m) => !m.startsWith('new')),
    [...numbered(1, 12), 'late without line break'],
  );
  assert.deepEqual(
    messages().filter((m) => m.startsWith('new')),
    ['new 1', 'new 2'],
  );
  assert.equal(positions().length, 2);
});

test('a rotated file that the pattern still finds is not read again', async (t) => {
  const { logs, messages, takenAll, settle, start, stop } = await tailFixture(t);
  await writeFile(join(logs, 'a.log'), lines(1, 10));
  await start({ file: join(logs, 'a.log*') });
  await takenAll(10);
  await rename(join(logs, 'a.log'), join(logs, 'a.log.1'));
  await writeFile(join(logs, 'a.log'), lines(11, 12));
  await takenAll(12);
  await settle();
  await stop();
  await start({ file: join(logs, 'a.log*') });
  await appendFile(join(logs, 'a.log.1'), 'to the old\n');
  await takenAll(13);
  await settle();

  assert.deepEqual(messages(), [...numbered(1, 12), 'to the old']);
});

test('a file that was rotated while no agent ran is found by its inode and read to its end', async (t) => {
  const { logs, messages, takenAll, settle, start, stop, positions } = await tailFixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, lines(1, 10));
  await start();
  await takenAll(10);
  await stop();
  await appendFile(path, lines(11, 15));
  await rename(path, `${path}.1`);
  await writeFile(path, 'new 1\n');
  await start();
  await takenAll(16);
  await settle();
  assert.deepEqual(
    messages().filter((m) => m.startsWith('line')),
    numbered(1, 15),
  );
  assert.equal(messages().filter((m) => m === 'new 1').length, 1);

  await stop();
  await unlink(`${path}.1`);
  await start();
  await until('the position of the deleted file is forgotten', () => positions().length === 1);
});

test('a file that was rotated while no agent ran is read to its end, also over another restart on the way', async (t) => {
  const { logs, messages, takenAll, start, stop, gate } = await tailFixture(t);
  const file = join(logs, 'app.log');
  await writeFile(file, lines(1, 3));
  await start({ file });
  await takenAll(3);
  await stop();
  await appendFile(file, lines(4, 1_000));
  await rename(file, `${file}.1`);
  await writeFile(file, lines(1_001, 1_003));

  gate.fullOnce = () => messages().length >= 20;
  await start({ file, limits: { linesPerTurnMax: 5, batchRecordsMax: 5 } });
  await takenAll(20);
  await stop();
  assert.ok(messages().length < 30, 'it was stopped on the way');
  gate.failure = gate.fullOnce = undefined;
  await start({ file });

  await takenAll(1_003);
  assert.deepEqual(messages(), numbered(1, 1_003));
});

test('lines that were written just before a rotation come before those of the new file, however long the buffer was full', async (t) => {
  const { logs, messages, takenAll, start, gate } = await tailFixture(t);
  const file = join(logs, 'app.log');
  await writeFile(file, lines(1, 3));
  const tail = await start({ file, limits: { linesPerTurnMax: 1, batchRecordsMax: 1, rotatedQuietMs: 1 } });
  await takenAll(3);
  gate.failure = bufferFull();
  await appendFile(file, lines(4, 5)); // one waits to be stored, one is read: both are known
  await until('it is held', () => tail.stats().held && tail.stats().behindBytes === 0);

  await appendFile(file, lines(6, 6)); // written after the last look
  await rename(file, `${file}.1`);
  await writeFile(file, lines(7, 8));
  await until('the new file is found', () => tail.stats().files === 2);
  gate.failure = undefined;

  await takenAll(8);
  assert.deepEqual(messages(), numbered(1, 8));
});

test('files that were rotated while the buffer was full are read one after the other, over a restart too', async (t) => {
  const { logs, messages, takenAll, start, stop, gate, positions } = await tailFixture(t);
  const file = join(logs, 'app.log');
  const limits = { linesPerTurnMax: 1, batchRecordsMax: 2 };
  await writeFile(file, lines(1, 3));
  const tail = await start({ file, limits });
  await takenAll(3);
  gate.failure = bufferFull();

  await appendFile(file, lines(4, 500));
  await rename(file, `${file}.1`);
  await writeFile(file, lines(501, 600));
  await until('the second file is found', () => tail.stats().files === 2);
  await rename(`${file}.1`, `${file}.2`);
  await rename(file, `${file}.1`);
  await writeFile(file, lines(601, 610));
  await until('the third file is found', () => tail.stats().files === 3);
  gate.fullOnce = () => positions().length === 3;
  gate.failure = undefined;
  await until('the files are known', () => positions().length === 3);
  await stop();
  assert.ok(messages().length < 500, `it was stopped on the way, after ${messages().length}`);
  gate.failure = gate.fullOnce = undefined;
  await start({ file, limits });

  await takenAll(610);
  assert.deepEqual(messages(), numbered(1, 610));
});

test('rotation by copy and truncate: the same file is read from its beginning', async (t) => {
  const { logs, messages, takenAll, settle, start, stop } = await tailFixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, lines(1, 50));
  await start();
  await takenAll(50);
  await copyFile(path, `${path}.1`);
  await truncate(path);
  await settle();
  await appendFile(path, lines(51, 52));
  await takenAll(52);
  // The same while no agent runs, and grown past the old position again.
  await stop();
  await writeFile(path, `after the restart\n${lines(54, 80)}`);
  await start();
  await takenAll(80);

  assert.deepEqual(messages(), [...numbered(1, 52), 'after the restart', ...numbered(54, 80)]);
});

test('a file rewritten to more than was read, between two looks, is recognised by its beginning', async (t) => {
  const { logs, messages, takenAll, start } = await tailFixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, lines(1, 5));
  await start({ limits: { pollMs: 50 } });
  await takenAll(5);

  await writeFile(path, `other\n${lines(6, 30)}`);
  await takenAll(31);

  assert.deepEqual(messages(), [...numbered(1, 5), 'other', ...numbered(6, 30)]);
});

test('a writer that does not append leaves a hole of NULs after a truncation: it is no text', async (t) => {
  const { logs, messages, takenAll, settle, start } = await tailFixture(t);
  const path = join(logs, 'a.log');
  const writer = await open(path, 'w');
  t.after(() => writer.close());
  await writer.write(`${'x'.repeat(5_000)}\n`);
  await start({ limits: { chunkBytes: 1024 } });
  await takenAll(1);
  await truncate(path);
  await settle();
  await writer.write('after the hole\n');
  await takenAll(2);

  assert.equal(messages()[1], 'after the hole');
});

test('a deleted file is closed and forgotten once its writer is quiet; a new one of its name is new', async (t) => {
  const { logs, messages, takenAll, start, positions } = await tailFixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, 'first\n');
  const tail = await start();
  await takenAll(1);

  await unlink(path);
  await until('it is closed and forgotten', () => tail.stats().files === 0 && positions().length === 0);
  await writeFile(path, 'first\n');
  await takenAll(2);
  assert.deepEqual(messages(), ['first', 'first']);
});

test('a file that is deleted while the buffer takes nothing is read to its end afterwards, with what was added to it meanwhile', async (t) => {
  const { logs, messages, takenAll, settle, start, gate, positions } = await tailFixture(t);
  const path = join(logs, 'a.log');
  gate.failure = bufferFull();
  await writeFile(path, lines(1, 1_000));
  const tail = await start({ limits: { linesPerTurnMax: 100, batchRecordsMax: 100, rotatedQuietMs: 20 } });
  await until('it is held', () => tail.stats().held);
  const writer = await open(path, 'a');
  t.after(() => writer.close());
  await unlink(path);
  await settle();
  await writer.write(lines(1_001, 1_010));
  gate.failure = undefined;
  await takenAll(1_010);
  await until('it is closed and forgotten', () => tail.stats().files === 0 && positions().length === 0);

  assert.deepEqual(messages(), numbered(1, 1_010));
});

test('an inode that was given to a file that nobody asked to follow brings none of its lines', async (t) => {
  const { dir, logs, messages, takenAll, settle, start, stop, positions } = await tailFixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, lines(1, 3));
  await start();
  await takenAll(3);
  await stop();
  await rename(path, join(logs, 'another.txt')); // the same inode, and all else is new
  await writeFile(join(logs, 'another.txt'), `private\n${lines(1, 30)}`);
  await writeFile(path, 'new\n');
  await start();
  await takenAll(4);
  await settle();

  assert.deepEqual(messages(), [...numbered(1, 3), 'new']);
  assert.deepEqual(
    positions().map(({ path }) => path.slice(dir.length)),
    ['/logs/a.log'],
  );
});

test('a file that was closed for others to have a turn is read on after it was renamed, truncated or deleted', async (t) => {
  const { logs, messages, takenAll, settle, start, positions } = await tailFixture(t);
  const path = (name: string) => join(logs, `${name}.log`);
  for (const name of ['renamed', 'truncated', 'deleted']) await writeFile(path(name), `${name} and the rest of it\n`);
  await start({ limits: { filesMax: 1, rotatedQuietMs: 20 } });
  await takenAll(3);
  await until('all but one are closed', async () => (await descriptorsUnder(logs)) === 1);

  await appendFile(path('renamed'), 'late\n');
  await rename(path('renamed'), join(logs, 'renamed.1'));
  await writeFile(path('truncated'), 'anew\n');
  await unlink(path('deleted'));
  await takenAll(5);
  await until('the deleted one is forgotten', () => positions().length === 2);
  await settle();

  assert.deepEqual(messages().slice(3).sort(), ['anew', 'late']);
});

test('under random writes, rotations and restarts every line arrives exactly once', async (t) => {
  const { logs, messages, takenAll, start, stop, positions } = await tailFixture(t);
  const path = join(logs, 'app.log');
  const seed = Math.floor(Math.random() * 1e9);
  let state = seed;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  t.diagnostic(`seed ${seed}`);
  let written = 0;
  let rotations = 0;
  let running = true;
  await start();

  for (let step = 0; step < 40; step++) {
    const count = random(200);
    if (count > 0) await appendFile(path, lines(written + 1, written + count));
    written += count;
    const what = random(10);
    if (what < 3 && (await stat(path).catch(() => undefined))) {
      // A file that was renamed before anybody saw it is hidden from any follower, so each is given the time to be seen.
      if (running) await new Promise((resolve) => setTimeout(resolve, 60));
      if (await isKnown(path, positions())) await rename(path, `${path}.${++rotations}`);
    } else if (what < 5) {
      if (running) await stop();
      else await start();
      running = !running;
    } else await new Promise((resolve) => setTimeout(resolve, random(20)));
  }
  if (!running) await start();
  await takenAll(written);
  await new Promise((resolve) => setTimeout(resolve, 100));

  const sorted = messages().sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  assert.deepEqual(sorted, numbered(1, written));
});

async function isKnown(path: string, positions: readonly TailPosition[]): Promise<boolean> {
  const { dev, ino } = await stat(path, { bigint: true });
  return positions.some(({ file }) => file === `${dev}:${ino}`);
}
