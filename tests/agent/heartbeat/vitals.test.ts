import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVitals, VitalsReader } from '../../../src/agent/heartbeat/vitals.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

test('each reading tells the CPU share since the one before', async (t) => {
  const dir = await tempDir(t);
  const procFolder = join(dir, 'proc');
  await mkdir(procFolder);
  const stat = (busy: number, idle: number) =>
    writeFile(join(procFolder, 'stat'), `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\n`);
  await writeFile(join(procFolder, 'meminfo'), 'MemTotal: 1000 kB\nMemAvailable: 400 kB\n');
  const clock = new FakeClock();
  const reader = new VitalsReader({ folder: dir, clock, procFolder });

  await stat(0, 0);
  await reader.begin();
  await clock.advance(60_000);
  await stat(100, 300);
  const first = await reader.read(1_234_567);
  await clock.advance(60_000);
  await stat(400, 400);
  const second = await reader.read(0);

  assert.deepEqual([first.cpu_percent, first.ram_percent, first.buffer_size_mb], [25, 60, 1.235]);
  assert.equal(second.cpu_percent, 75);
});

test('this host can be measured, with /proc and without, and a missing folder is no failure', async (t) => {
  const dir = await tempDir(t);

  for (const options of [{ folder: dir }, { folder: join(dir, 'gone'), procFolder: join(dir, 'no-proc') }]) {
    const vitals = await readVitals({ ...options, clock: systemClock }, 0);
    for (const [name, value] of Object.entries(vitals)) assert.ok(value >= 0 && value <= 100, `${name} is ${value}`);
    assert.ok(vitals.ram_percent > 0);
  }
});
