import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiskFault, type KilledHome, makeKilledHome, runWithFault, straceMissing, wrongIn } from './disk-fault.ts';

const SYSCALLS = ['ftruncate', 'fsync', 'pwrite64'] as const;
const ERRORS = ['EIO', 'ENOSPC'] as const;
/** More calls than a run has: it stops by itself long before. */
const NTH_MAX = 1_000;

/**
 * Fails the N-th call of each kind for N = 1, 2, 3 … until a run passes untouched, on a new buffer and on that of an agent that was killed.
 * Prints how it goes; resolves with whether all is well.
 */
export async function sweepDiskFaults(jobs: number): Promise<boolean> {
  const missing = straceMissing();
  if (missing !== undefined) {
    console.log(`disk faults skipped: ${missing}`);
    return true;
  }
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-disk-fault-'));
  const killed = await makeKilledHome(join(folder, 'killed'));
  const startedAt = performance.now();
  let bad = 0;
  for (const home of [undefined, killed])
    for (const syscall of SYSCALLS)
      for (const error of ERRORS)
        for (const lasting of [false, true]) {
          const found = await sweep(folder, jobs, { syscall, error, lasting }, home);
          bad += found.bad;
          const seconds = Math.round((performance.now() - startedAt) / 1000);
          const buffer = home === undefined ? 'new buffer' : 'killed agent’s';
          const what = `${buffer}  ${syscall} ${error} ${lasting ? 'from the N-th on' : 'at the N-th'}`;
          console.log(
            `  ${what.padEnd(52)} N = 1 … ${found.faults}, ${found.refusedStarts} refused to start, ${found.bad} bad  (${seconds} s)`,
          );
        }
  await rm(folder, { recursive: true, force: true });
  console.log(bad === 0 ? 'no fault of the disk lost, doubled or falsely acknowledged anything\n' : `${bad} BAD\n`);
  return bad === 0;
}

async function sweep(
  folder: string,
  jobs: number,
  fault: Omit<DiskFault, 'nth'>,
  home: KilledHome | undefined,
): Promise<{ readonly faults: number; readonly refusedStarts: number; readonly bad: number }> {
  let next = 1;
  let untouchedAt = NTH_MAX;
  let refusedStarts = 0;
  let bad = 0;
  const job = async () => {
    while (next < untouchedAt) {
      const nth = next++;
      const dir = await mkdtemp(join(folder, 'run-'));
      let wrong: string;
      try {
        const result = await runWithFault(dir, { ...fault, nth }, home);
        if (!result.injected) untouchedAt = Math.min(untouchedAt, nth);
        if (result.refusedStart) refusedStarts++;
        wrong = wrongIn(result);
      } catch (error) {
        wrong = String(error);
      }
      if (wrong !== '') {
        bad++;
        console.error(
          `BAD ${JSON.stringify({ ...fault, nth, home: home === undefined ? 'new' : 'killed' })}: ${wrong}`,
        );
      }
      await rm(dir, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: jobs }, job));
  return { faults: untouchedAt - 1, refusedStarts, bad };
}
