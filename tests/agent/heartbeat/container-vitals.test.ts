import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  countProcessors,
  cpuTimeMs,
  findCgroup,
  mountPointOf,
  quotaProcessors,
} from '../../../src/agent/heartbeat/cgroup-figures.ts';
import { DiskWatch } from '../../../src/agent/heartbeat/disk-watch.ts';
import { VitalsReader } from '../../../src/agent/heartbeat/vitals.ts';
import {
  type CgroupHost,
  CPUSET_V1,
  DOCKER_V1,
  DOCKER_V2,
  HYBRID_HOST,
  KUBERNETES_V2,
  UNIT_V2,
  UNLIMITED_V2,
} from '../../fixtures/cgroups.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const STAT = (busy: number, idle: number) =>
  `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 1 0 0 1\ncpu1 1 0 0 1\ncpu2 1 0 0 1\ncpu3 1 0 0 1\n`;
/** 8 GB, of which 40 % are used, and 25 % of a swap of 1 GB. */
const MEMINFO = 'MemTotal: 8000000 kB\nMemAvailable: 4800000 kB\nSwapTotal: 1000000 kB\nSwapFree: 750000 kB\n';

/** A reader on a host of four processors, whose own are busy a tenth of the time. */
async function readerOn(t: TestContext, host: CgroupHost, meminfo = MEMINFO) {
  const root = await tempDir(t);
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write('proc/self/cgroup', host.cgroup);
  await write('proc/self/mountinfo', host.mountinfo);
  await write('proc/meminfo', meminfo);
  await write('proc/stat', STAT(0, 0));
  for (const [path, text] of Object.entries(host.files)) await write(path, text);
  const clock = new FakeClock();
  const reader = new VitalsReader({ folder: root, clock, procFolder: join(root, 'proc'), cgroupRoot: root });
  await reader.begin();
  return {
    write,
    readAfterAMinute: async () => {
      await clock.advance(60_000);
      await write('proc/stat', STAT(2_400, 21_600));
      return reader.read(0);
    },
  };
}

test('a container of cgroup 2 tells what it uses of what it may use; files it may give up are not used', async (t) => {
  const { write, readAfterAMinute } = await readerOn(t, DOCKER_V2);
  // 45 s of processor time in a minute, where 90 s were allowed.
  await write('sys/fs/cgroup/cpu.stat', 'usage_usec 105000000\nuser_usec 1\n');

  const { cpu_percent, ram_percent, swap_percent } = await readAfterAMinute();

  assert.deepEqual({ cpu_percent, ram_percent, swap_percent }, { cpu_percent: 50, ram_percent: 50, swap_percent: 25 });
});

test('the same in a container of cgroup 1, which may not swap', async (t) => {
  const { write, readAfterAMinute } = await readerOn(t, DOCKER_V1);
  await write('sys/fs/cgroup/cpu,cpuacct/cpuacct.usage', '84000000000\n');

  const { cpu_percent, ram_percent, ...rest } = await readAfterAMinute();

  assert.deepEqual([cpu_percent, ram_percent], [80, 50]);
  assert.ok(!('swap_percent' in rest));
});

test('of groups around each other the fullest counts', async (t) => {
  const { readAfterAMinute } = await readerOn(t, KUBERNETES_V2);

  const { ram_percent, cpu_percent, ...rest } = await readAfterAMinute();

  assert.deepEqual([ram_percent, cpu_percent], [90, 10]);
  assert.ok(!('swap_percent' in rest));
});

test('a container that is bound to some processors tells its share of those', async (t) => {
  const { write, readAfterAMinute } = await readerOn(t, CPUSET_V1);
  await write(`${Object.keys(CPUSET_V1.files).find((path) => path.endsWith('usage'))}`, '156000000000\n');

  assert.equal((await readAfterAMinute()).cpu_percent, 80);
});

test('without a limit, on a host and in a unit of the service manager the host counts', async (t) => {
  const MISSING: CgroupHost = { cgroup: '', mountinfo: '', files: {} };
  for (const host of [UNLIMITED_V2, HYBRID_HOST, UNIT_V2, MISSING, { ...DOCKER_V2, files: {} }]) {
    const { readAfterAMinute } = await readerOn(t, host);

    const { cpu_percent, ram_percent, swap_percent } = await readAfterAMinute();

    assert.deepEqual(
      { cpu_percent, ram_percent, swap_percent },
      { cpu_percent: 10, ram_percent: 40, swap_percent: 25 },
    );
  }
});

test('a limit that is set or changed while we run holds from the next beat on', async (t) => {
  const { write, readAfterAMinute } = await readerOn(t, UNLIMITED_V2);
  const before = (await readAfterAMinute()).ram_percent;
  await write('sys/fs/cgroup/memory.max', `${800 * 1024 * 1024}\n`);

  assert.deepEqual([before, (await readAfterAMinute()).ram_percent], [40, 50]);
});

test('a host without swap tells none', async (t) => {
  const { readAfterAMinute } = await readerOn(
    t,
    HYBRID_HOST,
    'MemTotal: 100 kB\nMemAvailable: 60 kB\nSwapTotal: 0 kB\n',
  );

  assert.ok(!('swap_percent' in (await readAfterAMinute())));
});

test('the group of a container is found from inside and outside of its namespace', () => {
  const foldersOf = ({ cgroup, mountinfo }: CgroupHost) => findCgroup('memory', cgroup, mountinfo)?.folders;

  assert.deepEqual(foldersOf(DOCKER_V2), ['/sys/fs/cgroup']);
  assert.deepEqual(foldersOf(DOCKER_V1), ['/sys/fs/cgroup/memory']);
  assert.deepEqual(foldersOf(UNIT_V2), ['/sys/fs/cgroup']);
  assert.equal(foldersOf(KUBERNETES_V2)?.length, 5);
  assert.deepEqual(
    findCgroup('memory', '0::/../../other\n', '1 2 0:1 / /sys/fs/cgroup\\040two rw - cgroup2 none rw\n')?.folders,
    ['/sys/fs/cgroup two'],
  );
  assert.equal(findCgroup('memory', 'nonsense', 'nonsense'), undefined);
  const deep = `0::/${'docker/'.repeat(500)}x\n`;
  assert.equal(findCgroup('memory', deep, DOCKER_V2.mountinfo)?.folders.length, 8);
});

test('the files of a group are read for what they say, and for nothing else', () => {
  assert.equal(quotaProcessors(2, { quota: 'max 100000\n', period: '' }), undefined);
  assert.equal(quotaProcessors(2, { quota: '', period: '' }), undefined);
  assert.equal(quotaProcessors(1, { quota: '-1\n', period: '100000\n' }), undefined);
  assert.equal(quotaProcessors(1, { quota: '250000\n', period: '100000\n' }), 2.5);
  assert.equal(cpuTimeMs(2, 'user_usec 5\n'), undefined);
  assert.equal(cpuTimeMs(1, ''), undefined);
  assert.deepEqual(['0-3,6', '0', '', '3-'].map(countProcessors), [5, 1, undefined, undefined]);
});

const MOUNTS = `23 1 254:0 / / rw,relatime - ext4 /dev/root rw
40 23 254:16 / /var/log rw,relatime - ext4 /dev/vdb rw
41 40 0:40 / /var/log/my\\040app rw - tmpfs none rw
`;

test('a file system is named by where it is mounted', () => {
  assert.equal(mountPointOf(MOUNTS, '/var/log/my app/x'), '/var/log/my app');
  assert.equal(mountPointOf(MOUNTS, '/var/logs'), '/');
  assert.equal(mountPointOf('', '/var'), undefined);
});

test('each further file system is told once, by folders that are there or not yet, and the buffer’s own not at all', async (t) => {
  const home = await tempDir(t);
  const disks = new DiskWatch({ except: home, clock: new FakeClock(), procFolder: '/proc' });

  const found = await disks.read([home, '/proc/self', '/proc/sys/gone/deeper', join(home, 'gone')]);

  assert.deepEqual(
    found.map(({ mount }) => mount),
    ['/proc'],
  );
  assert.deepEqual(await disks.read([]), []);
});
