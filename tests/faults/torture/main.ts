/**
 * `npm run torture [-- PART … --kills N --seed N --limit BYTES --jobs N --on new|killed|small --keep]`: what tests/faults/ tries in seconds, for
 * as long as it takes. Parts: `kill` (SIGKILL at random instants), `stop` (SIGTERM), `disk` (each write, sync and truncation fails in turn); all
 * three when none is named. Ends with 3 when something was lost, doubled, out of order or above the limit. The seed that it prints repeats the
 * instants as far as the machine does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { sweepDiskFaults } from './disk-sweep.ts';
import { tortureBySignal } from './signal-torture.ts';

const PARTS = ['kill', 'stop', 'disk'];
/** A stop takes up to ten seconds, a kill none. */
const STOPS_PER_KILL = 0.3;
const EXIT_FOUND = 3;
const WATCHED_VARIABLE = 'NERVESYS_TORTURE_WATCHED';
const WATCH_MS_MAX = 7_200_000;

if (process.env[WATCHED_VARIABLE] === undefined) process.exit(await watch(process.argv.slice(2)));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    kills: { type: 'string', default: process.env['KILLS'] ?? '100' },
    seed: { type: 'string', default: process.env['NERVESYS_SEED'] ?? String(Math.floor(Math.random() * 2 ** 31)) },
    limit: { type: 'string', default: '8000000' },
    jobs: { type: 'string', default: '2' },
    on: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run torture [-- PART … --kills N --seed N --limit BYTES --jobs N --on new|killed|small --keep]
parts: ${PARTS.join(', ')}; all of them when none is named`);
  process.exit(0);
}
const unknown = positionals.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}`);
  process.exit(2);
}
const kills = Number(values.kills);
const plan = { seed: Number(values.seed), limitBytes: Number(values.limit), keep: values.keep };
let well = true;
for (const part of positionals.length === 0 ? PARTS : positionals) {
  if (part === 'kill') well = (await tortureBySignal({ ...plan, signal: 'SIGKILL', kills })) && well;
  else if (part === 'stop')
    well = (await tortureBySignal({ ...plan, signal: 'SIGTERM', kills: Math.ceil(kills * STOPS_PER_KILL) })) && well;
  else well = (await sweepDiskFaults(Number(values.jobs), values.on)) && well;
}
process.exitCode = well ? 0 : EXIT_FOUND;

/** Runs this program as a process group of its own, which ends with it, however it ends, and after two hours in any case. */
async function watch(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [import.meta.filename, ...args], {
    detached: true,
    stdio: 'inherit',
    env: { ...process.env, [WATCHED_VARIABLE]: '1' },
  });
  const endGroup = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // all have ended already
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, endGroup);
  const late = setTimeout(() => {
    console.error(`not done after ${WATCH_MS_MAX / 60_000} minutes: it hangs`);
    endGroup();
  }, WATCH_MS_MAX);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(late);
  endGroup();
  return code ?? 1;
}
