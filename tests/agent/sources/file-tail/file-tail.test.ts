/*
 * Real files, a real buffer, a real rotation; only the pace is quicker. `taken` is what the buffer acknowledged, in order, over all
 * restarts of a test: a line that is there twice, or not at all, fails it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFile,
  copyFile,
  mkdir,
  open,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogBuffer } from '../../../../src/agent/buffer/buffer.ts';
import type { AppendOptions, EncodedRecord, RecordSink, TailPosition } from '../../../../src/agent/buffer/types.ts';
import { AgentRegistry } from '../../../../src/agent/registry.ts';
import {
  FileTail,
  type FileTailLimits,
  type FileTailOptions,
} from '../../../../src/agent/sources/file-tail/file-tail.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { openBuffer, SERVER } from '../../../support/local-api.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const QUICK: Partial<FileTailLimits> = {
  pollMs: 5,
  idlePollMs: 20,
  idleAfterMs: 500,
  discoveryMs: 15,
  rotatedQuietMs: 150,
  heldMs: 10,
};

interface Taken {
  readonly agentId: string;
  readonly level: string;
  readonly message: string;
  readonly context: Record<string, unknown>;
}

async function fixture(t: TestContext) {
  const dir = await tempDir(t);
  const logs = join(dir, 'logs');
  await mkdir(logs);
  const taken: Taken[] = [];
  const gate = {
    failure: undefined as Error | undefined,
    /** It becomes full right after an append that makes this true. */
    fullOnce: undefined as (() => boolean) | undefined,
  };
  let buffer: LogBuffer = openBuffer(dir);
  let tail: FileTail | undefined;
  const sink: RecordSink = {
    async append(records: readonly EncodedRecord[], options?: AppendOptions) {
      if (gate.failure !== undefined) throw gate.failure;
      const result = await buffer.append(records, options);
      for (const { agentId, level, json } of records) {
        const { message, context } = JSON.parse(`{${json}`);
        taken.push({ agentId, level, message, context });
      }
      if (gate.fullOnce?.()) gate.failure = full();
      return result;
    },
    positions: () => buffer.positions(),
    forgetPosition: (file) => buffer.forgetPosition(file),
    recent: (query) => buffer.recent(query),
    stats: () => buffer.stats(),
  };
  const start = async (options: Partial<FileTailOptions> & { file?: string; startAt?: 'beginning' | 'end' } = {}) => {
    const { file = join(logs, '*.log'), startAt = 'beginning', ...rest } = options;
    tail = await FileTail.open({
      sources: [{ file, startAt, agentId: 'GROK' }],
      server: SERVER,
      sink,
      clock: systemClock,
      logger: silentLogger,
      ...rest,
      limits: { ...QUICK, ...rest.limits },
    });
    return tail.start();
  };
  /** Ends the tail and the buffer; both open again on the same files. */
  const stop = async () => {
    await tail?.close();
    tail = undefined;
    await buffer.close();
    buffer = openBuffer(dir);
  };
  t.after(async () => {
    await tail?.close();
    await buffer.close();
  });
  const messages = () => taken.map(({ message }) => message);
  const takenAll = (count: number) => until(`${count} lines`, () => taken.length >= count);
  const settle = () => new Promise((resolve) => setTimeout(resolve, 80));
  return { dir, logs, taken, messages, takenAll, settle, start, stop, gate, positions: () => buffer.positions() };
}

const full = () => new NervesysError('NSV_BUFFER_FULL', 'full', { retryable: true });
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join('');
const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

test('lines of files that are there, and of files that appear later, become records of the AI agent', async (t) => {
  const { logs, taken, messages, takenAll, start } = await fixture(t);
  await writeFile(join(logs, 'a.log'), '{"level":"error","msg":"json","agent_id":"GIMAI"}\nplain text\n{broken json\n');
  const registry = new AgentRegistry({ clock: systemClock });
  await start({ registry });
  await takenAll(3);
  await writeFile(join(logs, 'b.log'), 'later\n');
  await writeFile(join(logs, 'c.txt'), 'not matched\n');
  await takenAll(4);

  assert.deepEqual(messages(), ['json', 'plain text', '{broken json', 'later']);
  assert.deepEqual(
    taken.map(({ agentId, level }) => `${agentId} ${level}`),
    ['GIMAI ERROR', 'GROK INFO', 'GROK INFO', 'GROK INFO'],
  );
  assert.equal(registry.totals.ERROR + registry.totals.INFO, 4);
});

test('a partial last line is waited for', async (t) => {
  const { logs, messages, takenAll, settle, start } = await fixture(t);
  await writeFile(join(logs, 'a.log'), 'whole\npart');
  await start();
  await takenAll(1);
  await settle();
  assert.deepEqual(messages(), ['whole']);

  await appendFile(join(logs, 'a.log'), 'ial\n');
  await takenAll(2);
  assert.deepEqual(messages(), ['whole', 'partial']);
});

test('after a restart it goes on where it was: nothing twice, nothing missing', async (t) => {
  const { logs, messages, takenAll, start, stop } = await fixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, lines(1, 100));
  await start();
  await takenAll(100);
  await stop();
  await appendFile(path, lines(101, 150));
  await start();
  await takenAll(150);
  await stop();
  await start();
  await appendFile(path, lines(151, 160));
  await takenAll(160);

  assert.deepEqual(messages(), numbered(1, 160));
});

test('rotation by rename: the old file is read to its end, also what its writer adds late, then the new one', async (t) => {
  const { logs, messages, takenAll, settle, start, positions } = await fixture(t);
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
  const { logs, messages, takenAll, settle, start, stop } = await fixture(t);
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
  const { logs, messages, takenAll, settle, start, stop, positions } = await fixture(t);
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
  const { logs, messages, takenAll, start, stop, gate } = await fixture(t);
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
  const { logs, messages, takenAll, start, gate } = await fixture(t);
  const file = join(logs, 'app.log');
  await writeFile(file, lines(1, 3));
  const tail = await start({ file, limits: { linesPerTurnMax: 1, batchRecordsMax: 1, rotatedQuietMs: 1 } });
  await takenAll(3);
  gate.failure = full();
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
  const { logs, messages, takenAll, start, stop, gate, positions } = await fixture(t);
  const file = join(logs, 'app.log');
  const limits = { linesPerTurnMax: 1, batchRecordsMax: 2 };
  await writeFile(file, lines(1, 3));
  const tail = await start({ file, limits });
  await takenAll(3);
  gate.failure = full();

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
  const { logs, messages, takenAll, settle, start, stop } = await fixture(t);
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
  const { logs, messages, takenAll, start } = await fixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, lines(1, 5));
  await start({ limits: { pollMs: 50 } });
  await takenAll(5);

  await writeFile(path, `other\n${lines(6, 30)}`);
  await takenAll(31);

  assert.deepEqual(messages(), [...numbered(1, 5), 'other', ...numbered(6, 30)]);
});

test('a writer that does not append leaves a hole of NULs after a truncation: it is no text', async (t) => {
  const { logs, messages, takenAll, settle, start } = await fixture(t);
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

test('a line past the bound is cut and marked, its rest passed over, over a restart too', async (t) => {
  const { logs, taken, takenAll, settle, start, stop } = await fixture(t);
  const limits = { lineBytesMax: 100_000, chunkBytes: 10_000 };
  await writeFile(join(logs, 'a.log'), `first\n${'x'.repeat(250_000)}`);
  await start({ limits });
  await takenAll(2);
  await settle();
  await stop();
  await appendFile(join(logs, 'a.log'), `${'x'.repeat(50_000)}\nlast\n`);
  await start({ limits });
  await takenAll(3);
  await settle();

  assert.deepEqual(
    taken.map(({ message }) => message.length),
    [5, 65_536, 4],
  );
  assert.deepEqual(taken[1]!.context, { _truncated: ['message'] });
});

test('invalid UTF-8, NULs and blank lines break nothing', async (t) => {
  const { logs, messages, takenAll, start } = await fixture(t);
  await writeFile(
    join(logs, 'a.log'),
    Buffer.concat([Buffer.from([0xff, 0xfe, 0x41, 0x0a]), Buffer.from('\n  \r\na\0b\nend\n')]),
  );
  await start();
  await takenAll(3);

  assert.deepEqual(messages(), ['\ufffd\ufffdA', 'a\0b', 'end']);
});

test('start_at end passes over what was there before, and only that', async (t) => {
  const { logs, messages, takenAll, settle, start, stop } = await fixture(t);
  await writeFile(join(logs, 'old.log'), 'old\nhalf ');
  await start({ startAt: 'end' });
  await settle();
  await appendFile(join(logs, 'old.log'), 'of a line\nnew\n');
  await writeFile(join(logs, 'appeared.log'), 'appeared\n');
  await takenAll(2);
  await stop();
  await writeFile(join(logs, 'meanwhile.log'), 'meanwhile\n');
  await start({ startAt: 'end' });
  await takenAll(3);
  await settle();

  assert.deepEqual(messages().sort(), ['appeared', 'meanwhile', 'new']);
});

test('a full buffer holds the files; afterwards every line is there, in order', async (t) => {
  const { logs, messages, takenAll, settle, start, gate } = await fixture(t);
  const path = join(logs, 'a.log');
  gate.failure = full();
  await writeFile(path, lines(1, 1_000));
  const tail = await start({ limits: { linesPerTurnMax: 100, batchRecordsMax: 100 } });
  await until('it is held', () => tail.stats().held);
  await rename(path, `${path}.1`);
  await writeFile(path, 'new\n');
  await settle();
  assert.deepEqual(messages(), []);

  gate.failure = new Error('database is locked');
  await settle();
  gate.failure = undefined;
  await takenAll(1_001);

  assert.deepEqual(
    messages().filter((m) => m !== 'new'),
    numbered(1, 1_000),
  );
  assert.equal(tail.stats().held, false);
});

test('closing while the buffer is full ends at once, and loses nothing', async (t) => {
  const { logs, messages, takenAll, start, stop, gate } = await fixture(t);
  await writeFile(join(logs, 'a.log'), lines(1, 100));
  gate.failure = full();
  const tail = await start({ limits: { heldMs: 60_000 } });
  await until('it is held', () => tail.stats().held);

  await stop();
  gate.failure = undefined;
  await start();
  await takenAll(100);

  assert.deepEqual(messages(), numbered(1, 100));
});

test('a large file does not keep a small one waiting, nor does it fill the memory', async (t) => {
  const { logs, taken, takenAll, start } = await fixture(t);
  const text = 'y'.repeat(99);
  await writeFile(join(logs, 'large.log'), `${`${text}\n`.repeat(60_000)}`);
  await writeFile(join(logs, 'small.log'), 'small\n');
  await start();
  await takenAll(60_001);

  const at = taken.findIndex(({ message }) => message === 'small');
  assert.ok(at < 20_000, `the small file came after ${at} lines`);
  assert.equal(taken.length, 60_001);
});

test('symbolic links are followed to their files, once each; one that is pointed elsewhere is followed there', async (t) => {
  const { dir, logs, messages, takenAll, settle, start } = await fixture(t);
  await mkdir(join(dir, 'real'));
  await writeFile(join(dir, 'real', 'one'), 'one\n');
  await writeFile(join(dir, 'real', 'two'), 'two\n');
  await symlink(join(dir, 'real', 'one'), join(logs, 'current.log'));
  await symlink(join(dir, 'real', 'one'), join(logs, 'again.log'));
  await start();
  await takenAll(1);

  await rm(join(logs, 'current.log'));
  await rm(join(logs, 'again.log'));
  await symlink(join(dir, 'real', 'two'), join(logs, 'current.log'));
  await takenAll(2);
  await settle();

  assert.deepEqual(messages(), ['one', 'two']);
});

test('folders, pipes and files that may not be read hold nothing up', async (t) => {
  const { logs, messages, takenAll, settle, start } = await fixture(t);
  await mkdir(join(logs, 'folder.log'));
  execFileSync('mkfifo', [join(logs, 'pipe.log')]);
  await symlink(join(logs, 'nowhere'), join(logs, 'dangling.log'));
  await writeFile(join(logs, 'secret.log'), 'secret\n', { mode: 0 });
  await writeFile(join(logs, 'good.log'), 'good\n');
  await start();
  await until('the good file is read', () => messages().includes('good'));
  await settle();

  if (process.getuid?.() !== 0) assert.deepEqual(messages(), ['good']);
  await takenAll(1);
});

test('a deleted file is closed and forgotten once its writer is quiet; a new one of its name is new', async (t) => {
  const { logs, messages, takenAll, start, positions } = await fixture(t);
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

test('more files than may be open are left out, the others read', async (t) => {
  const { logs, takenAll, settle, taken, start } = await fixture(t);
  for (let n = 0; n < 8; n++) await writeFile(join(logs, `${n}.log`), 'x\n');
  const tail = await start({ limits: { filesMax: 5 } });
  await takenAll(5);
  await settle();

  assert.deepEqual([tail.stats().files, taken.length], [5, 5]);
});

test('under random writes, rotations and restarts every line arrives exactly once', async (t) => {
  const { logs, messages, takenAll, start, stop, positions } = await fixture(t);
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
