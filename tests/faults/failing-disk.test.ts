import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
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

interface Range {
  readonly home: 'new' | 'killed';
  readonly from: number;
  readonly to: number;
}

const FAULTS: readonly (Omit<DiskFault, 'nth'> & Range)[] = [
  { syscall: 'fsync', error: 'EIO', lasting: false, home: 'new', from: 8, to: 25 },
  { syscall: 'pwrite64', error: 'ENOSPC', lasting: false, home: 'new', from: 30, to: 100 },
  { syscall: 'fsync', error: 'ENOSPC', lasting: true, home: 'killed', from: 1, to: 15 },
  { syscall: 'pwrite64', error: 'EIO', lasting: true, home: 'killed', from: 1, to: 60 },
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

  for (const { home, from, to, ...fault } of FAULTS) {
    const nth = from + Math.floor(Math.random() * (to - from + 1));
    const when = fault.lasting ? `from ${fault.syscall} ${nth} on` : `at ${fault.syscall} ${nth}`;
    test(`${fault.error} ${when}, ${home === 'new' ? 'with a new buffer' : 'with that of a killed agent'}`, {
      skip,
    }, async (t) => {
      const result = await runWithFault(await tempDir(t), { ...fault, nth }, home === 'new' ? undefined : killed);

      assert.equal(wrongIn(result), '');
    });
  }
});
