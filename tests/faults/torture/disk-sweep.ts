import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SmallDisk } from '../../support/small-disk.ts';
import { type DiskFault, type KilledHome, makeKilledHome, runWithFault, straceMissing, wrongIn } from './disk-fault.ts';

const SYSCALLS = ['ftruncate', 'fsync', 'pwrite64'] as const;
const ERRORS = ['EIO', 'ENOSPC'] as const;
/** More calls than a run has: it stops by itself long before. */
const NTH_MAX = 1_000;

/** With less than 32 MB free the buffer is careful: it folds its WAL after each commit and each seal, which can fail then. */
const SMALL_DISK_MEGABYTES = 24;

/** Where the agent under the fault begins. */
interface Beginning {
  readonly name: string;
  readonly home?: KilledHome;
  readonly disk: 'large' | 'small';
}

/**
 * Fails the N-th call of each kind for N = 1, 2, 3 … until a run passes untouched: on a new buffer, on that of an agent that was
 * killed, and on a small disk.
 * `on`: one of the three. Prints how it goes; resolves with
 * whether all is well.
 */
export async function sweepDiskFaults(jobs: number, on?: string): Promise<boolean> {
  const missing = straceMissing();
  if (missing !== undefined) {
    console.log(`disk faults skipped: ${missing}`);
    return true;
  }
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-disk-fault-'));
  const killed = await makeKilledHome(join(folder, 'killed'));
  const beginnings: Beginning[] = [
    { name: 'new', disk: 'large' },
    { name: 'killed', disk: 'large', home: killed },
    { name: 'small', disk: 'small' },
  ];
  const startedAt = performance.now();
  let bad = 0;
  for (const beginning of beginnings.filter(({ name }) => on === undefined || on === name)) {
    const disk = beginning.disk === 'small' ? SmallDisk.mount(SMALL_DISK_MEGABYTES) : undefined;
    if (typeof disk === 'string') {
      console.log(`  ${beginning.name} skipped: ${disk}`);
      continue;
    }
    disk?.[Symbol.dispose](); // each run has its own
    for (const syscall of SYSCALLS)
      for (const error of ERRORS)
        for (const lasting of [false, true]) {
          const found = await sweep(folder, jobs, { syscall, error, lasting }, beginning);
          bad += found.bad;
          const seconds = Math.round((performance.now() - startedAt) / 1000);
          const what = `${beginning.name}  ${syscall} ${error} ${lasting ? 'from the N-th on' : 'at the N-th'}`;
          console.log(
            `  ${what.padEnd(42)} N = 1 … ${found.faults}, ${found.refusedStarts} refused to start, ${found.bad} bad  (${seconds} s)`,
          );
        }
  }
  await rm(folder, { recursive: true, force: true });
  console.log(bad === 0 ? 'no fault of the disk lost, doubled or falsely acknowledged anything\n' : `${bad} BAD\n`);
  return bad === 0;
}

async function sweep(
  folder: string,
  jobs: number,
  fault: Omit<DiskFault, 'nth'>,
  { name, home, disk }: Beginning,
): Promise<{ readonly faults: number; readonly refusedStarts: number; readonly bad: number }> {
  let next = 1;
  let untouchedAt = NTH_MAX;
  let refusedStarts = 0;
  let bad = 0;
  const job = async () => {
    while (next < untouchedAt) {
      const nth = next++;
      let wrong: string;
      try {
        await using place = await openPlace(folder, disk);
        const result = await runWithFault(place.dir, { ...fault, nth }, home);
        if (!result.injected) untouchedAt = Math.min(untouchedAt, nth);
        if (result.refusedStart) refusedStarts++;
        wrong = wrongIn(result);
      } catch (error) {
        wrong = String(error);
      }
      if (wrong !== '') {
        bad++;
        console.error(`BAD ${JSON.stringify({ ...fault, nth, on: name })}: ${wrong}`);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, job));
  return { faults: untouchedAt - 1, refusedStarts, bad };
}

/** An empty folder for one run, on a disk of its own where it is to be small. */
async function openPlace(folder: string, size: Beginning['disk']): Promise<{ readonly dir: string } & AsyncDisposable> {
  const disk = size === 'small' ? SmallDisk.mount(SMALL_DISK_MEGABYTES) : undefined;
  if (typeof disk === 'string') throw new Error(disk);
  const dir = disk?.dir ?? (await mkdtemp(join(folder, 'run-')));
  const close = async () => (disk === undefined ? rm(dir, { recursive: true, force: true }) : disk[Symbol.dispose]());
  return { dir, [Symbol.asyncDispose]: close };
}
