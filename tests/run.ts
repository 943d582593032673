/**
 * `npm test [filter …] [--node-option …]`: runs every `*.test.ts` below tests/, or those whose path contains a filter, each file in
 * a process of its own. What they started and left behind is ended, and makes the run fail.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RUN_FOLDER_VARIABLE } from './support/run-folder.ts';

const NODE_MAJOR_LEAST = 24;
/** Two, as many as the least machine has cores: tests with real processes and databases wait for each other otherwise. */
const CONCURRENCY = 2;
/** A file that runs longer hangs, most likely on a handle that it left open. */
const TEST_TIMEOUT_MS = 180_000;
/** How long processes that were told to end may take after the last test. */
const LEFTOVER_GRACE_MS = 3_000;
/** Marks every process below this run, for they inherit its environment. */
const RUN_VARIABLE = 'NERVESYS_TEST_RUN';

const root = path.resolve(import.meta.dirname, '..');
process.chdir(root);

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_LEAST) {
  console.error(
    `the tests need Node ${NODE_MAJOR_LEAST} or later, and this is ${process.version}: run \`npm ci\`, then \`npm test\``,
  );
  process.exit(2);
}

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const files = globSync('tests/**/*.test.ts')
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();
if (files.length === 0) {
  console.error(`no test file's path contains ${filters.map((filter) => JSON.stringify(filter)).join(' or ')}`);
  process.exit(2);
}

const runId = randomUUID();
/** What the files of this run share: a Postgres made once, and our sources compiled once, for the many processes that run them. */
const shared = mkdtempSync(path.join(tmpdir(), 'nervesys-tests-'));
const runner = spawn(
  process.execPath,
  [
    '--import=./tests/guard.ts',
    '--test',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    '--test-reporter=./tests/reporter.ts',
    '--test-reporter-destination=stdout',
    ...options,
    ...files,
  ],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      [RUN_VARIABLE]: runId,
      [RUN_FOLDER_VARIABLE]: shared,
      NODE_COMPILE_CACHE: path.join(shared, 'compiled'),
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
const failed = await new Promise<boolean>((resolve) => {
  runner.on('error', (error) => {
    console.error(`cannot run ${process.execPath}: ${error.message}`);
    resolve(true);
  });
  runner.on('exit', (code) => resolve(code !== 0));
});

const leftovers = await endLeftovers();
rmSync(shared, { recursive: true, force: true });
for (const { pid, command } of leftovers) console.error(`✖ left behind by a test, and ended: ${pid} ${command}`);
process.exitCode = failed || leftovers.length > 0 ? 1 : 0;

/** Processes of this run that are still there after the grace; they are killed. */
async function endLeftovers(): Promise<{ pid: number; command: string }[]> {
  const deadline = performance.now() + LEFTOVER_GRACE_MS;
  while (runningOfThisRun().length > 0 && performance.now() < deadline) await sleep(100);
  const found = runningOfThisRun();
  for (const { pid } of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended meanwhile
    }
  }
  return found;
}

function runningOfThisRun(): { pid: number; command: string }[] {
  if (process.platform !== 'linux') return [];
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(`${RUN_VARIABLE}=${runId}`)) continue;
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (command !== '') found.push({ pid: Number(name), command: command.slice(0, 200) });
    } catch {
      // it ended between two reads, or belongs to somebody else
    }
  }
  return found;
}
