import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseProcessStat, sumTrees } from '../../../src/agent/heartbeat/process-tree.ts';
import { ProcessVitalsReader } from '../../../src/agent/heartbeat/process-vitals.ts';
import { AgentRegistry } from '../../../src/agent/registry.ts';
import type { AgentId } from '../../../src/contract/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const GROK = 'GROK' as AgentId;

function stat(
  pid: number,
  parent: number,
  { ticks = [1, 2, 3, 4], rss = 100, name = 'node', state = 'S' } = {},
): string {
  return `${pid} (${name}) ${state} ${parent} 42 42 0 -1 4194560 1 0 0 0 ${ticks.join(' ')} 20 0 1 0 123456 1000000 ${rss} 18446744073709551615 1\n`;
}

test('a process is read with the time of its ended children, whatever its name holds; one that has ended is none', () => {
  assert.deepEqual(parseProcessStat(stat(7, 1, { name: 'a) S 9 (b' })), {
    pid: 7,
    parent: 1,
    ticks: 10,
    rssPages: 100,
  });
  assert.equal(parseProcessStat(stat(7, 1, { state: 'Z' })), undefined);
  assert.equal(parseProcessStat(''), undefined);
  assert.equal(parseProcessStat('7 (x'), undefined);
});

test('a tree is its process with all below it, and a ring among those that were read is no trap', () => {
  const one = (pid: number, parent: number) => ({ pid, parent, ticks: pid, rssPages: 1 });
  const processes = [one(1, 0), one(10, 1), one(11, 10), one(12, 11), one(20, 1), one(30, 31), one(31, 30)];

  const sums = sumTrees(processes, [10, 20, 30, 99]);

  assert.deepEqual(
    [...sums],
    [
      [10, { ticks: 33, rssPages: 3 }],
      [20, { ticks: 20, rssPages: 1 }],
      [30, { ticks: 61, rssPages: 2 }],
    ],
  );
});

test('an AI agent’s CPU is that of its tree since the last look, and a new process begins anew', async (t) => {
  const procFolder = await tempDir(t);
  const write = async (pid: number, parent: number, ticks: number) => {
    await mkdir(join(procFolder, String(pid)), { recursive: true });
    await writeFile(join(procFolder, String(pid), 'stat'), stat(pid, parent, { ticks: [ticks, 0, 0, 0], rss: 2_560 }));
  };
  const clock = new FakeClock();
  let life = 'first';
  const registry = new AgentRegistry({ clock, probe: () => life });
  registry.report(GROK, { status: 'healthy', pid: 100 });
  const reader = new ProcessVitalsReader(clock, procFolder);
  const read = async () => (await reader.read(registry.list())).get(GROK);

  await write(100, 1, 1_000);
  await write(101, 100, 500);
  const first = await read();
  await clock.advance(60_000);
  await write(100, 1, 4_000);
  await write(101, 100, 6_500);
  const second = await read();
  await clock.advance(500);
  const tooSoon = await read();
  await rm(join(procFolder, '101'), { recursive: true });
  await clock.advance(60_000);
  const fewer = await read();
  life = 'second';
  registry.report(GROK, { status: 'healthy', pid: 200 });
  await write(200, 1, 50);
  const restarted = await read();

  assert.deepEqual([first?.cpu_percent, second?.cpu_percent, tooSoon?.cpu_percent], [0, 150, 150]);
  assert.equal(second?.rss_mb, Math.round((second!.rss_mb / 2) * 20) / 10, 'of both');
  assert.deepEqual([fewer?.cpu_percent, fewer!.rss_mb * 2], [0, second!.rss_mb]);
  assert.deepEqual([restarted?.pid, restarted?.cpu_percent, restarted?.restarts], [200, 0, 1]);
  assert.equal(restarted?.started_at, new Date(clock.now()).toISOString());
});

test('restarts are counted over a restart of the lean agent; one whose process ended has none to tell of', async () => {
  const clock = new FakeClock();
  const lives = new Map([
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ]);
  const options = { clock, probe: (pid: number) => lives.get(pid) };
  const first = new AgentRegistry(options);
  for (const pid of [1, 2]) first.report(GROK, { status: 'healthy', pid });
  const second = new AgentRegistry(options);
  second.restore(JSON.parse(JSON.stringify(first.snapshot())));
  second.report(GROK, { status: 'healthy', pid: 3 });
  const living = second.get(GROK);
  lives.delete(3);
  second.probeProcesses();
  const ended = second.get(GROK);

  assert.deepEqual([living?.restarts, living?.process], [2, 'c']);
  assert.deepEqual([ended?.restarts, ended?.process, ended?.status], [2, null, 'stopped']);
  assert.equal((await new ProcessVitalsReader(clock).read(second.list())).size, 0);
});

test('a real process is measured with its children', async (t) => {
  const program = `
    require('node:child_process').spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")'], { stdio: ['pipe', 'inherit', 'inherit'] });
    for (const until = Date.now() + 300; Date.now() < until; );
    process.stdin.resume().on('end', () => process.exit());`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => {
    child.stdin.end();
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  const registry = new AgentRegistry({ clock: systemClock });
  registry.report(GROK, { status: 'healthy', pid: child.pid! });

  const alone = (await new ProcessVitalsReader(systemClock).read(registry.list())).get(GROK);

  assert.equal(alone?.pid, child.pid);
  // Two programs of Node, some 40 MB each.
  assert.ok(alone!.rss_mb > 60 && alone!.rss_mb < 400, `${alone!.rss_mb} MB`);
});
