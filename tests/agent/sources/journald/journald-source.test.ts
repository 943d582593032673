import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogBuffer } from '../../../../src/agent/buffer/buffer.ts';
import type { AppendOptions, EncodedRecord, RecordSink } from '../../../../src/agent/buffer/types.ts';
import { FileTail } from '../../../../src/agent/sources/file-tail/file-tail.ts';
import { JournaldSource, type JournaldSourceOptions } from '../../../../src/agent/sources/journald/index.ts';
import type { AgentId } from '../../../../src/contract/ids.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { openBuffer, SERVER } from '../../../support/local-api.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { until } from '../../../support/until.ts';

const UNIT = 'ollama.service';
const START_US = Date.parse('2026-01-15T08:00:00Z') * 1_000;

async function fixture(t: TestContext) {
  const dir = await tempDir(t);
  const journal = join(dir, 'journal');
  writeFileSync(journal, '');
  let buffer: LogBuffer = openBuffer(dir);
  let source: JournaldSource | undefined;
  let written = 0;
  const gate = { failure: undefined as Error | undefined };
  const taken: {
    agentId: string;
    level: string;
    timestamp: string;
    message: string;
    context: Record<string, unknown>;
  }[] = [];
  const sink: RecordSink = {
    async append(records: readonly EncodedRecord[], options?: AppendOptions) {
      if (gate.failure !== undefined) throw gate.failure;
      const result = await buffer.append(records, options);
      for (const { agentId, level, timestamp, json } of records) {
        const { message, context } = JSON.parse(`{${json}`);
        taken.push({ agentId, level, timestamp, message, context });
      }
      return result;
    },
    positions: () => buffer.positions(),
    forgetPosition: (file) => buffer.forgetPosition(file),
    recent: (query) => buffer.recent(query),
    stats: () => buffer.stats(),
  };
  const start = (options: Partial<JournaldSourceOptions> = {}) => {
    source = JournaldSource.open({
      units: [UNIT],
      agentId: undefined,
      configured: ['OLLAMA' as AgentId],
      server: SERVER,
      sink,
      clock: systemClock,
      random: () => 0.5,
      logger: silentLogger,
      program: [process.execPath, join(import.meta.dirname, 'journalctl-stand-in.ts'), journal],
      restart: { baseMs: 20, maxMs: 40 },
      ...options,
    }).start();
    return source;
  };
  const stop = async () => {
    await source?.close();
    source = undefined;
    await buffer.close();
    buffer = openBuffer(dir);
  };
  t.after(async () => {
    await source?.close();
    await buffer.close();
  });
  const log = (message: unknown, fields: Record<string, unknown> = {}) => {
    const entry = {
      __REALTIME_TIMESTAMP: String(START_US + written++),
      _SYSTEMD_UNIT: UNIT,
      PRIORITY: '6',
      MESSAGE: message,
      ...fields,
    };
    appendFileSync(journal, `${JSON.stringify(entry)}\n`);
  };
  const calls = () =>
    existsSync(`${journal}.calls`)
      ? readFileSync(`${journal}.calls`, 'utf8')
          .split('\n')
          .slice(0, -1) // what stands behind the last line break is being written
          .map((line) => JSON.parse(line) as { args: string[]; env: string[] })
      : [];
  const control = (word: string) =>
    word === '' ? rmSync(`${journal}.control`, { force: true }) : writeFileSync(`${journal}.control`, word);
  /** Follows from the end: what is logged after this is to be taken. */
  const following = () => until('journalctl runs', () => calls().length > 0);
  const takenAll = (count: number) =>
    until(`${count} entries (there are ${taken.length})`, () => taken.length >= count);
  const messages = () => taken.map(({ message }) => message);
  return {
    journal,
    taken,
    gate,
    start,
    stop,
    log,
    calls,
    control,
    following,
    takenAll,
    messages,
    sink,
    positions: () => buffer.positions(),
  };
}

/** The first entry tells where following began: it may have been written before journalctl looked. */
async function begin(fix: Awaited<ReturnType<typeof fixture>>): Promise<void> {
  await fix.following();
  await until('the first entry is taken', () => {
    if (fix.taken.length > 0) return true;
    fix.log('begin');
    return new Promise<boolean>((resolve) => setTimeout(() => resolve(fix.taken.length > 0), 30));
  });
  await until('all of them', () => fix.taken.length > 0 && fix.messages().every((message) => message === 'begin'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  fix.taken.length = 0;
}

test('entries become records, with the level and time of the journal or, where it says them, of the message', async (t) => {
  const fix = await fixture(t);
  const { log, start, taken, takenAll, calls } = fix;
  log('before the first start: not ours');
  start();
  await begin(fix);
  const at = Date.now() * 1_000;
  log('plain trouble', { PRIORITY: '3', _PID: '12', SYSLOG_IDENTIFIER: 'ollama', __REALTIME_TIMESTAMP: String(at) });
  log('time=2026-01-15T07:59:59Z level=WARN msg="a logfmt line"');
  log([...Buffer.from('bytes \u001b[31mred')]);
  log('of another unit', { _SYSTEMD_UNIT: 'cron.service' });
  log('the last');
  await takenAll(4);

  assert.deepEqual(
    taken.map(({ agentId, level, message }) => [agentId, level, message]),
    [
      ['OLLAMA', 'ERROR', 'plain trouble'],
      ['OLLAMA', 'WARN', 'a logfmt line'],
      ['OLLAMA', 'INFO', 'bytes \u001b[31mred'],
      ['OLLAMA', 'INFO', 'the last'],
    ],
  );
  assert.equal(taken[0]!.timestamp, new Date(at / 1_000).toISOString());
  assert.deepEqual(taken[0]!.context, { unit: UNIT, identifier: 'ollama', pid: '12' });
  assert.equal(taken[1]!.timestamp, '2026-01-15T07:59:59.000Z');
  assert.ok(
    calls()[0]!.env.every((name) => !/NERVESYS|STORJ|TOKEN/.test(name)),
    'our environment stays ours',
  );
});

test('after a restart it goes on behind its cursor: nothing twice, nothing missing', async (t) => {
  const fix = await fixture(t);
  const { log, start, stop, takenAll, messages, calls } = fix;
  start();
  await begin(fix);
  const all: string[] = [];
  for (let round = 0; round < 4; round++) {
    for (let n = 0; n < 50; n++) {
      all.push(`${round} ${n}`);
      log(`${round} ${n}`);
    }
    if (round % 2 === 0) await takenAll(all.length - 20);
    await stop();
    all.push(`away ${round}`);
    log(`away ${round}`);
    start();
  }
  await takenAll(all.length);

  assert.deepEqual(messages(), all);
  assert.ok(
    calls()
      .at(-1)!
      .args.some((arg) => arg.startsWith('--after-cursor=s=1;i=')),
  );
});

test('a full buffer holds the journal; afterwards all is there once', async (t) => {
  const fix = await fixture(t);
  const { log, start, gate, takenAll, messages } = fix;
  const source = start();
  await begin(fix);
  gate.failure = new NervesysError('NSV_BUFFER_FULL', 'full');
  const all = Array.from({ length: 300 }, (_, n) => `entry ${n}`);
  for (const message of all) log(message);
  await until('it is held', () => source.stats().held);
  gate.failure = undefined;
  await takenAll(all.length);

  assert.deepEqual(messages(), all);
});

test('journalctl that ends is started again, and says why meanwhile', async (t) => {
  const fix = await fixture(t);
  const { log, start, control, takenAll, messages, calls } = fix;
  const source = start();
  await begin(fix);
  const before = calls().length;
  control('exit');
  log('one');
  await until('it was started again and again', () => calls().length >= before + 2);
  assert.match(source.trouble!, /exited with code 1: Journal has been rotated beyond recognition/);
  control('');
  log('two');
  await takenAll(2);

  assert.deepEqual(messages(), ['one', 'two']);
  assert.equal(source.trouble, undefined);
});

test('a cursor that is refused is replaced by the time of its entry, without doubling it', async (t) => {
  const fix = await fixture(t);
  const { log, start, stop, control, takenAll, messages, calls } = fix;
  start();
  await begin(fix);
  log('one');
  await takenAll(1);
  await stop();
  control('refuse-cursors');
  log('two');
  start();
  await takenAll(2);

  assert.deepEqual(messages(), ['one', 'two']);
  assert.ok(
    calls()
      .at(-1)!
      .args.some((arg) => arg.startsWith('--since=@')),
  );
});

test('where there is no journalctl that is said, and nothing else breaks', async (t) => {
  const { start } = await fixture(t);
  const source = start({ program: ['/nonexistent/journalctl'] });

  await until('it says so', () => source.trouble !== undefined);
  assert.match(source.trouble!, /could not be started \(ENOENT\)/);
});

test('the cursor is no file: following files leaves it alone', async (t) => {
  const fix = await fixture(t);
  const { log, start, takenAll, sink, positions } = fix;
  start();
  await begin(fix);
  log('one');
  await takenAll(1);
  const tail = await FileTail.open({
    sources: [{ file: '/nonexistent/*.log', startAt: 'beginning', agentId: 'GROK' }],
    server: SERVER,
    sink,
    clock: systemClock,
    logger: silentLogger,
    limits: { discoveryMs: 5 },
  });
  tail.start();
  await new Promise((resolve) => setTimeout(resolve, 60));
  await tail.close();

  assert.equal(positions().filter(({ file }) => file.startsWith('journald:')).length, 1);
});

const journalctl = spawnSync('journalctl', ['--version'], { encoding: 'utf8' });
test('the real journalctl knows our options', {
  skip: journalctl.status === 0 ? false : 'journalctl is not installed',
}, async (t) => {
  const dir = await tempDir(t);
  for (const since of [['--lines=0'], ['--no-tail', '--since=@1736928000.000123']]) {
    const args = ['--output=json', '--follow', '--all', '--no-pager', '--quiet', '--merge', `--unit=${UNIT}`, ...since];
    const { stderr } = spawnSync('journalctl', [`--directory=${dir}`, ...args], { encoding: 'utf8', timeout: 300 });
    assert.equal(stderr, '');
  }
});
