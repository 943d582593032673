/* What lines of files become, and what holds the following of files up, or doesn't; rotation has a file of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AgentRegistry } from '../../../../src/agent/registry.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { type LogFields, silentLogger } from '../../../../src/platform/logger.ts';
import { bufferFull, descriptorsUnder, lines, numbered, tailFixture } from '../../../support/file-tail.ts';
import { until } from '../../../support/until.ts';

test('lines of files that are there, and of files that appear later, become records of the AI agent', async (t) => {
  const { logs, taken, messages, takenAll, start } = await tailFixture(t);
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
  const { logs, messages, takenAll, settle, start } = await tailFixture(t);
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
  const { logs, messages, takenAll, start, stop } = await tailFixture(t);
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

test('a line past the bound is cut and marked, its rest passed over, over a restart too', async (t) => {
  const { logs, taken, takenAll, settle, start, stop } = await tailFixture(t);
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
  const { logs, messages, takenAll, start } = await tailFixture(t);
  await writeFile(
    join(logs, 'a.log'),
    Buffer.concat([Buffer.from([0xff, 0xfe, 0x41, 0x0a]), Buffer.from('\n  \r\na\0b\nend\n')]),
  );
  await start();
  await takenAll(3);

  assert.deepEqual(messages(), ['\ufffd\ufffdA', 'a\0b', 'end']);
});

test('a byte order mark at the start of a file is no text, also when the first line comes after a restart', async (t) => {
  const { logs, taken, takenAll, start, stop, positions } = await tailFixture(t);
  await writeFile(join(logs, 'a.log'), '\ufeff{"message":"json","level":"WARN"}\n');
  await writeFile(join(logs, 'b.log'), '\ufeff');
  await start();
  await takenAll(1);
  await until('the mark alone is read', () =>
    positions().some(({ path, offset }) => path.endsWith('b.log') && offset === 3),
  );
  await stop();
  await appendFile(join(logs, 'b.log'), '{"message":"late","level":"ERROR"}\n\ufeffin the middle it is kept\n');
  await start();
  await takenAll(3);

  assert.deepEqual(
    taken.map(({ level, message }) => `${level} ${message}`),
    ['WARN json', 'ERROR late', 'INFO \ufeffin the middle it is kept'],
  );
});

test('start_at end passes over what was there before, and only that', async (t) => {
  const { logs, messages, takenAll, settle, start, stop } = await tailFixture(t);
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
  const { logs, messages, takenAll, settle, start, gate } = await tailFixture(t);
  const path = join(logs, 'a.log');
  gate.failure = bufferFull();
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

test('lines that are too many for a small buffer to take together are stored all the same, once and in order', async (t) => {
  const { logs, messages, takenAll, start } = await tailFixture(t, 8_000_000);
  await writeFile(join(logs, 'a.log'), lines(1, 20_500));

  await start();

  await takenAll(20_500);
  assert.deepEqual(messages(), numbered(1, 20_500));
});

test('closing while the buffer is full ends at once, and loses nothing', async (t) => {
  const { logs, messages, takenAll, start, stop, gate } = await tailFixture(t);
  await writeFile(join(logs, 'a.log'), lines(1, 100));
  gate.failure = bufferFull();
  const tail = await start({ limits: { heldMs: 60_000 } });
  await until('it is held', () => tail.stats().held);

  await stop();
  gate.failure = undefined;
  await start();
  await takenAll(100);

  assert.deepEqual(messages(), numbered(1, 100));
});

test('a large file does not keep a small one waiting, nor does it fill the memory', async (t) => {
  const { logs, taken, takenAll, start } = await tailFixture(t);
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
  const { dir, logs, messages, takenAll, settle, start } = await tailFixture(t);
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
  const { logs, messages, takenAll, settle, start } = await tailFixture(t);
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

test('a file that may not be read is followed, from its beginning, once it may; why not is told once', async (t) => {
  const { dir, logs, messages, takenAll, settle, start } = await tailFixture(t);
  const path = join(logs, 'a.log');
  await writeFile(path, 'secret no more\n', { mode: 0 });
  for (const folder of [dir, logs]) await chmod(folder, 0o755);
  const asked = process.geteuid!();
  if (asked === 0) process.seteuid!(65_534); // root may read anything
  t.after(() => process.seteuid!(asked));
  const told: LogFields[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields?: LogFields) => void told.push(fields ?? {}) };
  await start({ logger });
  await until('it is told', () => told.length > 0);
  await settle();
  assert.deepEqual(messages(), []);
  process.seteuid!(asked);
  await chmod(path, 0o644);
  await takenAll(1);

  assert.deepEqual(messages(), ['secret no more']);
  assert.deepEqual(
    told.map(({ path, errorCode }) => [path, errorCode]),
    [[path, 'EACCES']],
  );
});

test('a line of a quarter of a gigabyte is cut at the bound, and takes no more memory than another', async (t) => {
  const { logs, taken, takenAll, start } = await tailFixture(t);
  const file = await open(join(logs, 'a.log'), 'w');
  await file.write('begin');
  await file.write('\nafter it\n', LONG_LINE_BYTES); // a hole in between, which takes no room on the disk
  await file.close();
  const before = process.memoryUsage().rss;
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 5);
  t.after(() => clearInterval(timer));
  await start();
  await takenAll(2);

  assert.deepEqual(
    taken.map(({ message }) => [message.slice(0, 8), message.length]),
    [
      ['begin\0\0\0', 65_536],
      ['after it', 8],
    ],
  );
  assert.ok(most - before < 48_000_000, `${most - before} bytes more`);
});

/** `LONG_LINE=1e9` for a gigabyte. */
const LONG_LINE_BYTES = Number(process.env['LONG_LINE'] ?? 256 * 1024 * 1024);

test('more files than may be open take turns: none is left out, also not what is added to one that was closed', async (t) => {
  const { logs, messages, takenAll, settle, start, stop } = await tailFixture(t);
  const names = Array.from({ length: 12 }, (_, n) => `${n}.log`);
  for (const name of names) await writeFile(join(logs, name), `${name} a\n`);
  await start({ limits: { filesMax: 4 } });
  await takenAll(12);
  for (const name of names) await appendFile(join(logs, name), `${name} b\n`);
  await takenAll(24);
  assert.ok((await descriptorsUnder(logs)) <= 4);
  await stop();
  for (const name of names) await appendFile(join(logs, name), `${name} c\n`);
  await start({ limits: { filesMax: 4 } });
  await takenAll(36);
  await settle();

  const expected = names.flatMap((name) => ['a', 'b', 'c'].map((line) => `${name} ${line}`));
  assert.deepEqual(messages().sort(), expected.sort());
});
