import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countCpus,
  cpuPercent,
  diskPercent,
  parseMeminfo,
  parseProcStat,
  sumCpus,
} from '../../../src/agent/heartbeat/host-figures.ts';
import { parseProcessStart, probeProcess } from '../../../src/agent/heartbeat/process-probe.ts';

const STAT = `cpu  4705 150 1120 16250 520 30 45 20 100 0
cpu0 2352 75 560 8125 260 15 22 10 50 0
cpu1 2353 75 560 8125 260 15 23 10 50 0
intr 114930548 113199788 3
ctxt 1990473
btime 1062191376
`;

test('/proc/stat: waiting for a disk is idle, guests are counted once, stolen time is used', () => {
  assert.deepEqual(parseProcStat(STAT), { busy: 4705 + 150 + 1120 + 30 + 45 + 20, total: 6070 + 16250 + 520 });
  assert.deepEqual(parseProcStat('cpu  1 2 3 4\n'), { busy: 6, total: 10 }, 'kernels before 2.6 have four figures');
  assert.equal(parseProcStat(''), undefined);
  assert.equal(parseProcStat('cpu0 1 2 3 4\n'), undefined);
});

test('CPU is the used share between two readings, 0 to 100, whatever single counters do', () => {
  const before = { busy: 1000, total: 10_000 };

  assert.equal(cpuPercent(before, { busy: 1250, total: 11_000 }), 25);
  assert.equal(cpuPercent(before, { busy: 1333, total: 11_000 }), 33.3);
  assert.equal(cpuPercent(before, { busy: 990, total: 10_010 }), 0);
  assert.equal(cpuPercent(before, { busy: 1020, total: 10_010 }), 100);
  assert.equal(cpuPercent(before, before), undefined);
});

test('memory and swap are read in bytes; what an old kernel does not tell is absent', () => {
  const meminfo =
    'MemTotal:       16384000 kB\nMemFree:          200000 kB\nMemAvailable:   12288000 kB\nSwapCached:       1 kB\nSwapTotal:       2000 kB\nSwapFree:        500 kB\n';

  assert.deepEqual(parseMeminfo(meminfo), {
    totalBytes: 16_384_000 * 1024,
    availableBytes: 12_288_000 * 1024,
    swapTotalBytes: 2_000 * 1024,
    swapFreeBytes: 500 * 1024,
  });
  assert.equal(parseMeminfo('MemTotal: 16384000 kB\nMemFree: 200000 kB\n')?.availableBytes, undefined);
  assert.equal(parseMeminfo(''), undefined);
});

test('processors are counted by their own lines', () => {
  assert.deepEqual([countCpus(STAT), countCpus('')], [2, 0]);
});

test('a disk is as full as df shows it', () => {
  assert.equal(diskPercent({ blocks: 1000, bfree: 300, bavail: 250 }), 73.7);
  assert.equal(diskPercent({ blocks: 0, bfree: 0, bavail: 0 }), 0);
});

test('without /proc the processors are summed', () => {
  const times = { user: 10, nice: 1, sys: 4, idle: 80, irq: 5 };
  assert.deepEqual(sumCpus([{ times }, { times }]), { busy: 40, total: 200 });
});

test('a process is known by its start, whatever its name holds; a zombie is none', () => {
  const stat = (name: string, state: string) =>
    `42 (${name}) ${state} 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 1000 100 18446744073709551615`;

  assert.equal(parseProcessStart(stat('node', 'S')), '123456');
  assert.equal(parseProcessStart(stat('a) R 1 (b', 'S')), '123456');
  assert.equal(parseProcessStart(stat('node', 'Z')), undefined);
  assert.equal(probeProcess(process.pid), probeProcess(process.pid));
  assert.notEqual(probeProcess(process.pid), undefined);
  assert.equal(probeProcess(2 ** 22 + 1), undefined);
});
