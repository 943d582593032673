import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { badFindings, runTorture, type TortureOptions, type TortureResult } from './torture.ts';

const ALIVE_MS_MAX = 1_500;
/** Outages are long enough to fill the buffer: then clients are refused, and the limit is what it is about. */
const TROUBLE = { calmMsMax: 1_500, troubleMsMax: 1_500, outages: 0.3, outageMsMax: 12_000 };
const TOLD_EACH_KILLS = 10;

type Plan = Pick<TortureOptions, 'seed' | 'limitBytes' | 'signal' | 'kills'> & { readonly keep: boolean };

/** The long form: every door, every trouble. Prints how it goes, and a table; resolves with whether all is well. */
export async function tortureBySignal({ keep, ...plan }: Plan): Promise<boolean> {
  const { seed, limitBytes, signal, kills } = plan;
  const folder = await mkdtemp(join(tmpdir(), 'nervesys-torture-'));
  console.log(`${kills} × ${signal}, seed ${seed}, limit ${withCommas(limitBytes)} bytes, in ${folder}`);
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const result = await runTorture({
    ...plan,
    folder,
    tail: true,
    exec: true,
    aliveMsMax: ALIVE_MS_MAX,
    trouble: TROUBLE,
    onKill: (kill, { bytesMax }, { refusedFull }) => {
      if (kill % TOLD_EACH_KILLS !== 0 && kill !== kills) return;
      const line = [`${kill} kills`, `${seconds()} s`, `disk at most ${withCommas(bytesMax)}`, `${refusedFull} × 429`];
      console.log(`  ${line.join('  ')}`);
    },
  });
  for (const [name, value] of rowsOf(result, plan)) console.log(`${name.padEnd(24)} ${value}`);
  console.log(`${'seconds'.padEnd(24)} ${seconds()}`);
  const bad = badFindings(result);
  const well = Object.keys(bad).length === 0;
  if (well) console.log('nothing lost, doubled, out of order or above the limit\n');
  else console.error(`FOUND, with seed ${seed}: ${JSON.stringify(bad)}; ${result.examples.join(', ')}\n`);
  if (keep || !well) console.log(`kept: ${folder}`);
  else await rm(folder, { recursive: true, force: true });
  return well;
}

function rowsOf(result: TortureResult, { signal, kills, limitBytes }: Omit<Plan, 'keep'>): [string, string | number][] {
  const { acknowledged, findings, disk, clients, troubles, rotations } = result;
  const listed = (counts: Iterable<readonly [string, number]>) =>
    [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  return [
    ['ended by', `${kills} × ${signal}, ${result.killedEarly} of them while starting`],
    ['acknowledged', listed(acknowledged)],
    ['archived', `${result.records} records in ${result.objects} objects, by ${result.requests} requests`],
    ['given up, with receipts', result.givenUp],
    ['clients', listed(Object.entries(clients))],
    ['rotations', listed(Object.entries(rotations))],
    ['troubles', listed(troubles)],
    ['disk', `at most ${withCommas(disk.bytesMax)} of ${withCommas(limitBytes)} bytes in ${disk.samples} samples`],
    ...(signal === 'SIGTERM' ? [['longest end', `${Math.round(result.endMsMax)} ms`] as [string, string]] : []),
    ['above the limit', disk.above],
    ['exit codes other than 0', result.badExits],
    ...Object.entries(findings),
  ];
}

function withCommas(number: number): string {
  return number.toLocaleString('en');
}
