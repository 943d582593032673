/**
 * What placing lines in templates costs on one core: raw lines of many kinds, invented from statements, beside splitting the same lines into
 * words (the floor of anything that reads them). Tells lines a second and time a line at p50 and p99; then, each in a process of its own,
 * what 10,000 templates add to the RSS, and what an hour of random text adds to that.
 *
 *   node bench/triage.ts [--lines 200000] [--json]
 */
import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { TemplateMiner } from '../src/agent/edge-ai/miner/index.ts';
import { cpuPerRecord, machineText, percentile, round } from './figures.ts';

const ROUNDS = 5;
const TEMPLATES = 10_000;
/** The engine keeps free pages for so long before it gives them back. */
const PAGES_KEPT_MS = 2_000;
/** An hour of text that never comes again, at 100 lines a second. */
const RANDOM_LINES = 360_000;
const GATES = { linesPerSecond: 100_000, p99Us: 100, templatesMb: 15, randomMb: 10 } as const;

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '200000' },
    memory: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
if (values.memory) console.log(JSON.stringify(await measureMemory()));
else await report();

async function report(): Promise<void> {
  const count = Number(values.lines);
  const random = randomSource(1);
  const statements = makeStatements(random, 500);
  const lines = Array.from({ length: count }, (_, index) => rawLine(random, statements, index));
  const miner = new TemplateMiner();
  for (const line of lines) miner.place(line, 0);
  const placing = cpuPerRecord(count, ROUNDS, () => {
    for (const line of lines) miner.place(line, 0);
  });
  let words = 0;
  const floor = cpuPerRecord(count, ROUNDS, () => {
    for (const line of lines) words += line.split(' ').length;
  });
  const times = timeEach(lines);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--expose-gc',
      // As the agent's service unit has it.
      '--max-semi-space-size=1',
      import.meta.filename,
      '--memory',
    ],
    { env: { ...process.env, MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' } },
  );
  const memory = JSON.parse(stdout) as Awaited<ReturnType<typeof measureMemory>>;
  const linesPerSecond = Math.round(1e6 / placing);
  const p99Us = round(percentile(times, 99));
  const result = {
    bench: 'triage',
    machine: machineText(),
    lines: count,
    charactersPerLine: Math.round(lines.reduce((sum, line) => sum + line.length, 0) / count),
    wordsPerLine: Math.round(words / ROUNDS / count),
    templates: miner.size,
    linesPerSecond,
    placeUs: round(placing),
    p50Us: round(percentile(times, 50)),
    p99Us,
    floorUs: round(floor),
    ratioToFloor: round(placing / floor),
    ...memory,
    reached:
      linesPerSecond >= GATES.linesPerSecond &&
      p99Us <= GATES.p99Us &&
      memory.templatesMb <= GATES.templatesMb &&
      memory.randomMb <= GATES.randomMb,
  };
  if (values.json) console.log(JSON.stringify(result));
  else for (const [name, figure] of Object.entries(result)) console.log(`${name.padEnd(18)} ${figure}`);
  if (!result.reached) process.exitCode = 1;
}

/** µs of each line for a miner that starts empty, ascending: those that make templates are among them. */
function timeEach(lines: readonly string[]): number[] {
  const miner = new TemplateMiner();
  const times = lines.map((line) => {
    const start = process.hrtime.bigint();
    miner.place(line, 0);
    return Number(process.hrtime.bigint() - start) / 1e3;
  });
  return times.sort((one, other) => one - other);
}

/** MB of RSS that templates add, and random text after them; the lines themselves are garbage by then. */
async function measureMemory() {
  const random = randomSource(2);
  const statements = makeStatements(random, TEMPLATES);
  const miner = new TemplateMiner();
  // What the compiler takes for both ways through the code is there before, by a small miner of its own.
  warmUp(new TemplateMiner({ limits: { templatesMax: 500, establishedMax: 450, lengthMax: 200_000 } }));
  const [before, heapBefore] = [await settledRss(), heapMb()];
  for (let round = 0; round < 3; round++) for (const statement of statements) miner.place(fill(random, statement), 0);
  const [after, templates, heapAfter] = [await settledRss(), miner.size, heapMb()];
  for (let index = 0; index < RANDOM_LINES; index++) miner.place(randomText(random), 0);
  const [flooded, heapFlooded] = [await settledRss(), heapMb()];
  const kept = statements.filter((statement) => miner.place(fill(random, statement), 0).lines > 3).length;
  return {
    templatesHeld: templates,
    templatesMb: round(after - before),
    templatesHeapMb: round(heapAfter - heapBefore),
    randomMb: round(flooded - after),
    randomHeapMb: round(heapFlooded - heapAfter),
    keptThroughRandom: kept,
  };
}

function warmUp(miner: TemplateMiner): void {
  const random = randomSource(3);
  for (let index = 0; index < 5_000; index++) {
    miner.place(`warm up ${index}, ${'lines come and go '.repeat(4)}`, 0);
    miner.place(randomText(random), 0);
  }
}

function heapMb(): number {
  return process.memoryUsage().heapUsed / 1e6;
}

/** After the garbage is gone and the pages it stood on were given back, which takes a moment. */
async function settledRss(): Promise<number> {
  for (let index = 0; index < 4; index++) {
    (globalThis as { gc?: () => void }).gc?.();
    await setTimeout(PAGES_KEPT_MS / 4);
  }
  return process.memoryUsage.rss() / 1e6;
}

/** Statements of a few words, each with places for values. */
function makeStatements(random: () => number, count: number): string[] {
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 5 + Math.floor(random() * 8) }, () => word(random));
    for (let places = 1 + Math.floor(random() * 3); places > 0; places--)
      words[1 + Math.floor(random() * (words.length - 1))] = '%';
    return words.join(' ');
  });
}

function rawLine(random: () => number, statements: readonly string[], index: number): string {
  // Few statements write most lines.
  const statement = statements[Math.floor(random() ** 3 * statements.length)] as string;
  const second = String(index % 60).padStart(2, '0');
  const headers = [
    `2026-11-26 10:15:${second},123 INFO [worker-${index % 8}] com.example.app.Service: `,
    `Nov 26 10:15:${second} host${index % 5} daemon[${1000 + (index % 50)}]: `,
    `[2026-11-26T10:15:${second}.000Z] WARN `,
    '',
  ];
  return headers[index % headers.length] + fill(random, statement);
}

function fill(random: () => number, statement: string): string {
  return statement.replace(/%/g, () => value(random));
}

function value(random: () => number): string {
  const number = Math.floor(random() * 1e6);
  const kinds = [
    `${number}`,
    `10.0.${number % 256}.7:${number % 65_536}`,
    `/var/lib/app/${number}`,
    `${number.toString(16)}f0`,
    `${number} ms`,
  ];
  return kinds[number % kinds.length] as string;
}

function word(random: () => number): string {
  return Array.from({ length: 3 + Math.floor(random() * 7) }, () =>
    String.fromCharCode(97 + Math.floor(random() * 26)),
  ).join('');
}

function randomText(random: () => number): string {
  return Array.from({ length: 120 }, () => String.fromCharCode(32 + Math.floor(random() * 95))).join('');
}

/** The same numbers each time. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
