import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SmallDisk } from '../support/small-disk.ts';
import { tempDir } from '../support/temp-dir.ts';
import {
  type DiskFault,
  type KilledHome,
  makeKilledHome,
  runWithFault,
  straceMissing,
  wrongIn,
} from './torture/disk-fault.ts';

/*
 * A few of the disk faults that `npm run torture` tries one after the other: in the middle of commits, of sealing, of removing what the archive
 * has, of a recovery; once, and from then on.
 */

type Beginning = 'a new buffer' | 'that of a killed agent' | 'a disk with little room';

interface Range {
  readonly on: Beginning;
  readonly from: number;
  readonly to: number;
}

const FAULTS: readonly (Omit<DiskFault, 'nth'> & Range)[] = [
  { syscall: 'fsync', error: 'EIO', lasting: false, on: 'a new buffer', from: 8, to: 25 },
  { syscall: 'pwrite64', error: 'ENOSPC', lasting: false, on: 'a new buffer', from: 30, to: 100 },
  // The first look at the file: the agent ends, and says why by a code of its own.
  { syscall: 'ftruncate', error: 'EIO', lasting: false, on: 'that of a killed agent', from: 1, to: 1 },
  { syscall: 'pwrite64', error: 'EIO', lasting: true, on: 'that of a killed agent', from: 1, to: 60 },
  // There the WAL is folded after each commit and each seal, and that fails: neither may become a refusal of what is stored.
  { syscall: 'ftruncate', error: 'EIO', lasting: false, on: 'a disk with little room', from: 2, to: 9 },
];

describe('an agent whose disk fails keeps what it has acknowledged, and goes on once the disk does', {
  concurrency: 3,
}, () => {
  const skip = straceMissing() ?? false;
  let folder: string;
  let killed: KilledHome;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nervesys-killed-'));
    if (skip === false) killed = await makeKilledHome(join(folder, 'home'));
  });
  after(() => rm(folder, { recursive: true }));

  for (const { on, from, to, ...fault } of FAULTS) {
    const nth = from + Math.floor(Math.random() * (to - from + 1));
    const when = fault.lasting ? `from ${fault.syscall} ${nth} on` : `at ${fault.syscall} ${nth}`;
    test(`${fault.error} ${when}, with ${on}`, { skip }, async (t) => {
      const disk = on === 'a disk with little room' ? SmallDisk.mount(24) : undefined;
      if (typeof disk === 'string') return t.skip(disk);
      t.after(() => disk?.[Symbol.dispose]());
      const template = on === 'that of a killed agent' ? killed : undefined;

      const result = await runWithFault(disk?.dir ?? (await tempDir(t)), { ...fault, nth }, template);

      assert.equal(wrongIn(result), '');
    });
  }
});
