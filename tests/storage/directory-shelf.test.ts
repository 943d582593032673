import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, open, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import type { NervesysError } from '../../src/platform/errors.ts';
import { DirectoryShelf } from '../../src/storage/directory-shelf.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { shelfFile } from '../support/shelf-files.ts';
import { FileNotes } from '../support/shelf-notes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const PATH = 'Daily/2025-12-10_summary.pdf';
const signal = new AbortController().signal;

async function folderShelf(t: TestContext, below = 'reports', clock: Clock = systemClock) {
  const dir = await tempDir(t);
  const path = join(dir, below);
  const shelf = new DirectoryShelf({ name: 'folder', path, root: 'OWAL', makePath: false }, { clock });
  return { dir, path, shelf, notes: new FileNotes(await tempDir(t)) };
}

test('the link opens the file', async (t) => {
  const { path, shelf, notes } = await folderShelf(t);

  const { id, link } = await shelf.put(shelfFile('Daily/a b#%.pdf', 'x'), notes, signal);

  assert.equal(id, null);
  assert.equal(link, pathToFileURL(join(path, 'OWAL/Daily/a b#%.pdf')).href);
  assert.equal(await readFile(new URL(link!), 'utf8'), 'x');
});

test('what a killed writer left is swept, what another is writing is not', async (t) => {
  const { path, shelf, notes } = await folderShelf(t);
  const folder = join(path, 'OWAL/Daily');
  await mkdir(folder, { recursive: true });
  const [old, young, theirs] = ['.nervesys-0123456789abcdef.tmp', '.nervesys-fedcba9876543210.tmp', '.DS_Store'];
  for (const name of [old, young, theirs]) await writeFile(join(folder, name), 'half');
  await utimes(join(folder, old), 1, 1);
  await utimes(join(folder, theirs), 1, 1);

  await shelf.put(shelfFile(PATH, 'x'), notes, signal);

  assert.deepEqual((await readdir(folder)).sort(), [theirs, young, '2025-12-10_summary.pdf'].sort());
});

test('a reader who has the old version open keeps it whole', async (t) => {
  const { path, shelf, notes } = await folderShelf(t);
  await shelf.put(shelfFile(PATH, 'one'), notes, signal);
  await using handle = await open(join(path, 'OWAL', PATH));

  await shelf.put(shelfFile(PATH, 'two, longer', { version: 2 }), notes, signal);

  assert.equal(await handle.readFile('utf8'), 'one');
  assert.equal(await readFile(join(path, 'OWAL', PATH), 'utf8'), 'two, longer');
});

test('a path above which nothing is is not made: its disk may not be mounted', async (t) => {
  const { shelf, notes } = await folderShelf(t, 'mnt/nas/reports');

  for (const attempt of [() => shelf.put(shelfFile(PATH, 'x'), notes, signal), () => shelf.check(notes, signal)])
    await assert.rejects(attempt, (error: NervesysError) => {
      assert.deepEqual([error.code, error.retryable], ['NSV_SHELF_NO_FOLDER', true]);
      assert.match(error.hint ?? '', /mount/);
      return true;
    });
});

test('a folder that may not be written says so', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere');
  const { path, shelf, notes } = await folderShelf(t);
  await mkdir(path);
  await chmod(path, 0o500);
  t.after(() => chmod(path, 0o700));

  for (const attempt of [() => shelf.put(shelfFile(PATH, 'x'), notes, signal), () => shelf.check(notes, signal)])
    await assert.rejects(attempt, (error: NervesysError) => {
      assert.deepEqual([error.code, error.retryable], ['NSV_SHELF_DENIED', false]);
      assert.match(error.hint ?? '', /chown/);
      return true;
    });
});

test('a file system that hangs is told after a while, is not asked for more meanwhile, and takes the report once it answers', async (t) => {
  const clock = new FakeClock();
  const { path, shelf, notes } = await folderShelf(t, 'reports', clock);
  await shelf.put(shelfFile(PATH, 'one'), notes, signal);
  const pipe = join(path, 'OWAL/.nervesys', `${PATH}.json`);
  await rm(pipe);
  execFileSync('mkfifo', [pipe]); // whoever opens it waits for its other end
  const hangs = { code: 'NSV_SHELF_UNREACHABLE', retryable: true, message: /put Daily.*: its file system hangs/ };
  const second = shelfFile(PATH, 'two', { version: 2 });

  const told = assert.rejects(shelf.put(second, notes, signal), hangs);
  await clock.advance(120_000);
  await told;
  await assert.rejects(shelf.put(second, notes, signal), hangs);
  await assert.rejects(shelf.check(notes, signal), { code: 'NSV_SHELF_UNREACHABLE' });
  await (await open(pipe, 'w')).close();
  await rm(pipe);
  await until('it answers again', () => shelf.put(second, notes, signal).catch(() => undefined));

  assert.equal(await readFile(join(path, 'OWAL', PATH), 'utf8'), 'two');
});

test('a full disk says so, leaves the old version, and no half of the new', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('a small file system can be mounted by root only');
  const { path, shelf, notes } = await folderShelf(t);
  await mkdir(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    return t.skip(`no file system can be mounted here: ${(error as Error).message.split('\n')[0]}`);
  }
  try {
    await shelf.put(shelfFile(PATH, 'small'), notes, signal);

    await assert.rejects(
      shelf.put(shelfFile(PATH, Buffer.alloc(2_000_000, 'x'), { version: 2 }), notes, signal),
      (error: NervesysError) => {
        assert.deepEqual([error.code, error.retryable], ['NSV_SHELF_FULL', true]);
        assert.match(error.hint ?? '', /free space/);
        return true;
      },
    );

    assert.deepEqual(await readdir(join(path, 'OWAL/Daily')), ['2025-12-10_summary.pdf']);
    assert.equal(await readFile(join(path, 'OWAL', PATH), 'utf8'), 'small');
    execFileSync('mount', ['-o', 'remount,ro', path]);
    await assert.rejects(shelf.check(notes, signal), (error: NervesysError) => {
      assert.equal(error.code, 'NSV_SHELF_DENIED');
      assert.match(error.message, /read-only/);
      return true;
    });
  } finally {
    execFileSync('umount', [path]);
  }
});

test('a file in the place of a folder, and a folder in the place of a report, are told', async (t) => {
  const { path, shelf, notes } = await folderShelf(t);
  await mkdir(join(path, 'OWAL', PATH), { recursive: true });
  await writeFile(join(path, 'OWAL/Weekly'), 'x');

  for (const one of [PATH, 'Weekly/Week_50_2025.pdf'])
    await assert.rejects(shelf.put(shelfFile(one, 'x'), notes, signal), { code: 'NSV_SHELF_REJECTED' });
});

test('a link that stands in the place of a report is replaced, not followed', async (t) => {
  const { dir, path, shelf, notes } = await folderShelf(t);
  await mkdir(join(path, 'OWAL/Daily'), { recursive: true });
  await writeFile(join(dir, 'precious'), 'precious');
  await symlink(join(dir, 'precious'), join(path, 'OWAL', PATH));

  await shelf.put(shelfFile(PATH, 'x'), notes, signal);

  assert.equal(await readFile(join(dir, 'precious'), 'utf8'), 'precious');
  assert.equal(await readFile(join(path, 'OWAL', PATH), 'utf8'), 'x');
});
