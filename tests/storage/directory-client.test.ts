/** What is the folder archive's own: durability, left-over files, and the failures of file systems. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import { DirectoryArchive } from '../../src/storage/directory-client.ts';
import { collect } from '../suites/archive-conformance.ts';

const options = { clock: systemClock };
const SOURCE = join(import.meta.dirname, '../../src');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nervesys-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('folder archive', () => {
  it('an object is a plain file at its key, for anybody to read, and nothing else stays', async () => {
    await using archive = await DirectoryArchive.open(folder, options);

    await archive.put('logs/A/2025-12-10/19-40.json.gz', Buffer.from('batch'));
    await archive.put('logs/A/2025-12-10/19-40.json.gz', Buffer.from('other'));

    assert.equal(await readFile(join(folder, 'logs/A/2025-12-10/19-40.json.gz'), 'utf8'), 'batch');
    assert.deepEqual(await readdir(join(folder, '.nervesys-tmp')), []);
  });

  it('what killed writers left is cleared at the start, what is being written is not, and neither is listed', async () => {
    await (await DirectoryArchive.open(folder, options))[Symbol.asyncDispose]();
    const left = join(folder, '.nervesys-tmp/1-left');
    const young = join(folder, '.nervesys-tmp/2-young');
    await writeFile(left, 'half');
    await writeFile(young, 'half');
    await utimes(left, new Date(0), new Date(0));

    await using archive = await DirectoryArchive.open(folder, options);

    assert.deepEqual(await readdir(join(folder, '.nervesys-tmp')), ['2-young']);
    assert.deepEqual(await collect(archive.list('')), []);
  });

  it('a root that is gone is not made again: its disk may not be mounted', async () => {
    const root = join(folder, 'mounted');
    await using archive = await DirectoryArchive.open(root, options);
    await rm(root, { recursive: true });

    await assert.rejects(archive.put('a/b', Buffer.from('x')), { code: 'NSV_ARCHIVE_UNREACHABLE', retryable: true });
    await assert.rejects(collect(archive.list('')), { code: 'NSV_ARCHIVE_UNREACHABLE' });
    await assert.rejects(stat(root), { code: 'ENOENT' });
  });

  it('a folder that was removed under a running archive is made again', async () => {
    await using archive = await DirectoryArchive.open(folder, options);
    await archive.put('logs/A/1', Buffer.from('x'));
    await rm(join(folder, 'logs'), { recursive: true });

    assert.equal(await archive.put('logs/A/1', Buffer.from('y')), 'created');
  });

  it('a key below an object is refused, not taken for a passing failure', async () => {
    await using archive = await DirectoryArchive.open(folder, options);
    await archive.put('logs/A', Buffer.from('x'));

    await assert.rejects(archive.put('logs/A/1', Buffer.from('y')), { code: 'NSV_ARCHIVE_REJECTED' });
    assert.equal(await archive.head('logs/A/1'), undefined);
  });

  it('a file where the folder should be is told', async () => {
    await writeFile(join(folder, 'file'), '');

    await assert.rejects(DirectoryArchive.open(join(folder, 'file'), options), { code: /^NSV_ARCHIVE_/ });
  });

  it('no permission is told as denied, with the folder and what to do', {
    skip: asRoot('a user that may not write'),
  }, async () => {
    // Root may write everywhere, so an unprivileged child tries; it runs from the source tree, which everybody may read.
    await chmod(folder, 0o755);
    const answer = openAsNobody(folder);

    assert.equal(answer.code, 'NSV_ARCHIVE_DENIED');
    assert.ok(answer.message.includes(folder), answer.message);
    assert.match(answer.hint, /chown/);
  });

  it('file, name and new folders are synced before a put answers', { skip: lacking('strace') }, async () => {
    const program = `
      const { DirectoryArchive } = await import('${SOURCE}/storage/directory-client.ts');
      const { systemClock } = await import('${SOURCE}/platform/clock.ts');
      const archive = await DirectoryArchive.open(process.argv[1], { clock: systemClock });
      await archive.put('logs/A/1', Buffer.from('x'));
      require('node:fs').writeSync(1, 'ANSWERED');`.replace("require('node:fs')", "(await import('node:fs'))");
    const traced = spawnSync(
      'strace',
      [
        '-f',
        '-y',
        '-e',
        'trace=link,linkat,fsync,fdatasync,write',
        process.execPath,
        '--input-type=module',
        '-e',
        program,
        folder,
      ],
      { encoding: 'utf8' },
    );
    const calls = traced.stderr.split('\n').filter((line) => line.includes(folder) || line.includes('ANSWERED'));
    const place = (pattern: RegExp) => calls.findLastIndex((line) => pattern.test(line));
    const answered = place(/ANSWERED/);
    const linked = place(/link(at)?\(/);

    assert.ok(answered > 0, traced.stderr.slice(-2000));
    assert.ok(
      place(/sync\(\d+<.*nervesys-tmp\//) < linked && place(/sync\(\d+<.*nervesys-tmp\//) >= 0,
      'file before its name',
    );
    assert.ok(place(/sync\(\d+<[^>]*\/logs\/A>/) > linked, 'the folder after the name');
    for (const made of ['', '/logs']) {
      const at = calls.findIndex((line) => /sync\(/.test(line) && line.includes(`<${folder}${made}>`));
      assert.ok(at >= 0 && at < answered, `parent ${made}`);
    }
  });
});

describe('folder archive on a small disk', { skip: mountRefusal() }, () => {
  let disk: string;
  beforeEach(async () => {
    disk = join(folder, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
  });
  afterEach(() => execFileSync('umount', [disk]));

  it('a full disk is told as full, leaves nothing half, and the next put works once there is room', async () => {
    await using archive = await DirectoryArchive.open(disk, options);
    await archive.put('logs/fill', Buffer.alloc(150_000));

    await assert.rejects(archive.put('logs/more', Buffer.alloc(150_000)), {
      code: 'NSV_ARCHIVE_FULL',
      retryable: true,
    });

    assert.equal(await archive.head('logs/more'), undefined);
    assert.deepEqual(await readdir(join(disk, '.nervesys-tmp')), []);
    await rm(join(disk, 'logs/fill'));
    assert.equal(await archive.put('logs/more', Buffer.alloc(150_000)), 'created');
  });

  it('a full disk keeps nobody from starting', async () => {
    await (await DirectoryArchive.open(disk, options))[Symbol.asyncDispose]();
    await writeFile(join(disk, 'fill'), Buffer.alloc(300_000)).catch(() => undefined);

    await using archive = await DirectoryArchive.open(disk, options);

    await assert.rejects(archive.put('logs/a', Buffer.alloc(10_000)), { code: 'NSV_ARCHIVE_FULL' });
  });

  it('a read-only disk is told as denied', async () => {
    await using archive = await DirectoryArchive.open(disk, options);
    execFileSync('mount', ['-o', 'remount,ro', disk]);

    await assert.rejects(archive.put('logs/a', Buffer.from('x')), { code: 'NSV_ARCHIVE_DENIED', message: /read-only/ });
    await assert.rejects(DirectoryArchive.open(disk, options), { code: 'NSV_ARCHIVE_DENIED' });
  });
});

function openAsNobody(path: string): { code: string; message: string; hint: string } {
  const program = `
    const { DirectoryArchive } = await import('${SOURCE}/storage/directory-client.ts');
    const { systemClock } = await import('${SOURCE}/platform/clock.ts');
    await DirectoryArchive.open(process.argv[1], { clock: systemClock }).catch((error) =>
      console.log(JSON.stringify({ code: error.code, message: error.message, hint: error.hint })));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program, join(path, 'archive')], {
    uid: 65_534,
    gid: 65_534,
    cwd: '/',
    encoding: 'utf8',
  });
  return JSON.parse(child.stdout || JSON.stringify({ code: `child failed: ${child.stderr}`, message: '', hint: '' }));
}

function asRoot(what: string): string | false {
  return process.getuid?.() === 0 ? false : `needs root to become ${what}`;
}

function lacking(program: string): string | false {
  return spawnSync(program, ['-V']).error === undefined ? false : `${program} is not installed`;
}

function mountRefusal(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to mount a small disk';
  const probe = spawnSync('sh', [
    '-c',
    'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$d" && umount "$d"; s=$?; rmdir "$d"; exit $s',
  ]);
  return probe.status === 0 ? false : 'mounting is not permitted here';
}
