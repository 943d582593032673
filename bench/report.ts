/**
 * The report of a day of a large fleet: its facts from Postgres, then PDF and workbook. Seconds by part, the peak of memory of all processes of
 * ours (this one and the render process; not Postgres, which has its own bounds), and a ratio to the floor: Postgres reading through the same
 * roll-up rows once and summing them, in the same run. Then the same with ten times the records in the same beats: neither time nor memory may
 * follow.
 *
 *   node bench/report.ts [--agents 1000] [--servers 334] [--days 28] [--rounds 3] [--raw] [--json]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ReportFacts } from '../src/contract/report-facts.ts';
import { Database, type Transaction } from '../src/orchestrator/database/database.ts';
import { EmbeddedPostgres } from '../src/orchestrator/database/embedded-postgres.ts';
import { migrate } from '../src/orchestrator/database/migrate.ts';
import { DEFAULT_HISTORY } from '../src/orchestrator/history/resolutions.ts';
import { gatherFacts } from '../src/orchestrator/reports/facts/gather-facts.ts';
import { factsPeriod } from '../src/orchestrator/reports/period.ts';
import type { Renderer } from '../src/orchestrator/reports/renderer.ts';
import { type Clock, systemClock } from '../src/platform/clock.ts';
import { silentLogger } from '../src/platform/logger.ts';
import { machine, machineText, round } from './figures.ts';
import { cleanEnvironment, cpuSeconds, formatFigures, residentBytes } from './processes.ts';
import { makeReportHistory } from './report-history.ts';

const SECONDS_GATE = 15;
const BYTES_GATE = 500_000_000;
/** Ten times the records may cost so much more: noise. */
const FLAT_GATE = 1.5;

const STATEMENTS: readonly (readonly [RegExp, string])[] = [
  [/^SET /, 'settings'],
  [/by_agent/, 'records of the days before, and habits'],
  [/\) AS unit, sum\(lost/, 'losses of the days before'],
  [/"reachSeconds"/, 'when anybody was heard'],
  [/array_agg\(slot/, 'slots of AI agents'],
  [/SELECT slot,/, 'slots of the fleet'],
  [/max\(backlog\)/, 'vitals and counters of servers'],
  [/percentile_cont\(ARRAY/, 'vitals and records of AI agents'],
  [/part AS \(\s+SELECT server, agent_id, state, n/, 'states of the days before'],
  [/tstzmultirange/, 'states'],
  [/alert/, 'alerts'],
  [/archive_/, 'archive'],
  [/template/, 'templates'],
  [/work/, 'work with models'],
];

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '1000' },
    servers: { type: 'string', default: '334' },
    days: { type: 'string', default: '28' },
    rounds: { type: 'string', default: '3' },
    raw: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const ZONE = 'Asia/Jerusalem';
const period = factsPeriod('daily', '2026-11-25', ZONE)!;
const history = {
  agents: Number(values.agents),
  servers: Number(values.servers),
  daysBefore: Number(values.days),
  rawBeats: values.raw,
  dayAt: Date.parse(period.starts_at),
};

const folder = mkdtempSync(join(tmpdir(), 'nervesys-report-'));
const postgres = await EmbeddedPostgres.start({ folder, clock: systemClock, logger: silentLogger });
const database = new Database({
  connection: { ...postgres.connection(), statement_timeout: 0 },
  clock: systemClock,
  logger: silentLogger,
  connectionsMax: 2,
});
try {
  await migrate(database, systemClock);
  await makeReportHistory(database, history);
  const renderer = await loadRenderer();
  await using _ = renderer;
  const floorMs = await measureFloor();
  const plain = await measure(renderer);
  await database.query(
    'UPDATE status_5m SET debug = debug * 10, info = info * 10, warn = warn * 10, error = error * 10, critical = critical * 10',
    [],
    { patient: true },
  );
  await database.query('VACUUM ANALYZE status_5m', [], { patient: true });
  const tenfold = await measure(renderer);
  report(floorMs, plain, tenfold, renderer !== undefined);
} finally {
  await database.close();
  await postgres.close();
  rmSync(folder, { recursive: true, force: true });
}

interface Measured {
  readonly factsMs: number;
  readonly pdfMs: number | undefined;
  readonly xlsxMs: number | undefined;
  readonly totalMs: number;
  /** Of gathering: this process, and Postgres. */
  readonly factsCpuSeconds: number;
  readonly bytesPeak: number;
  readonly records: number | null;
  readonly parts: readonly (readonly [string, number])[];
}

/** The median of some rounds, and the most memory of any. */
async function measure(renderer: Renderer | undefined): Promise<Measured> {
  const rounds: Measured[] = [];
  for (let index = 0; index < Number(values.rounds); index++) rounds.push(await measureOnce(renderer));
  const middle = rounds.toSorted((a, b) => a.totalMs - b.totalMs)[(rounds.length - 1) >> 1]!;
  return { ...middle, bytesPeak: Math.max(...rounds.map(({ bytesPeak }) => bytesPeak)) };
}

async function measureOnce(renderer: Renderer | undefined): Promise<Measured> {
  const memory = watchMemory();
  const parts = new Map<string, number>();
  const began = performance.now();
  const question = {
    kind: 'daily',
    period,
    now: Date.parse(period.ends_at) + 1_200_000,
    storagePrices: { currency: 'USD', keepTbMonth: 4, writeMillion: 0, keepMillionMonth: 8.8 },
    modelPrices: [],
    intervalMs: 60_000,
    history: DEFAULT_HISTORY,
  } as const;
  const cpuBefore = cpuOfAll();
  const facts = await gatherFacts(timed(database, parts), question, new AbortController().signal);
  const factsMs = performance.now() - began;
  const factsCpuSeconds = cpuOfAll() - cpuBefore;
  const render = async (format: 'pdf' | 'xlsx') => {
    if (renderer === undefined) return undefined;
    const at = performance.now();
    const whole: ReportFacts = { ...facts, version: 1 };
    await renderer.render({ facts: whole, lang: 'en', format }, new AbortController().signal);
    return performance.now() - at;
  };
  const pdfMs = await render('pdf');
  const xlsxMs = await render('xlsx');
  const totalMs = performance.now() - began;
  const sorted = [...parts].sort(([, a], [, b]) => b - a);
  return {
    factsMs,
    factsCpuSeconds,
    pdfMs,
    xlsxMs,
    totalMs,
    bytesPeak: memory.stop(),
    records: facts.totals.records,
    parts: sorted,
  };
}

/** Reading all of the day's rows once, and the days' before, with a sum of each figure that facts have. */
async function measureFloor(): Promise<number> {
  const sums =
    'count(*), sum(cpu_avg), sum(ram_avg), sum(disk_avg), sum(debug + info + warn + error + critical), max(cpu_max)';
  const times: number[] = [];
  for (let index = 0; index < Number(values.rounds) + 1; index++) {
    const began = performance.now();
    await database.query(`SELECT ${sums} FROM status_5m WHERE bucket >= $1 AND bucket < $2`, [
      period.starts_at,
      period.ends_at,
    ]);
    await database.query(`SELECT ${sums} FROM status_1h WHERE bucket < $1`, [period.starts_at]);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

/** What each statement took, by what it reads. */
function timed(on: Database, parts: Map<string, number>): Pick<Database, 'transaction'> {
  return {
    transaction: (work) =>
      on.transaction((transaction) => {
        const query: Transaction['query'] = async (text, ...rest) => {
          const began = performance.now();
          try {
            return await transaction.query(text, ...rest);
          } finally {
            const name = nameOfStatement(text);
            parts.set(name, (parts.get(name) ?? 0) + performance.now() - began);
          }
        };
        return work({ ...transaction, query });
      }),
  };
}

function nameOfStatement(text: string): string {
  return STATEMENTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}

/** As the orchestrator has it: in a process of its own. */
async function loadRenderer(): Promise<(Renderer & AsyncDisposable) | undefined> {
  const path = resolve(import.meta.dirname, '../src/orchestrator/reports/child-renderer.ts');
  if (!existsSync(path)) return undefined;
  const { ChildRenderer } = (await import(path)) as {
    ChildRenderer: new (options: {
      readonly clock: Clock;
      readonly spawn: () => ChildProcess;
    }) => Renderer & AsyncDisposable;
  };
  const main = resolve(import.meta.dirname, '../src/main.ts');
  const spawnRenderer = () =>
    spawn(process.execPath, [main, 'report-render', '--parent', `${process.pid}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: cleanEnvironment({}),
    });
  return new ChildRenderer({ clock: systemClock, spawn: spawnRenderer });
}

/** The most memory that this process and its children, but Postgres, held at once, sampled every 20 ms. */
function watchMemory(): { stop: () => number } {
  let most = 0;
  const sample = () => {
    let bytes = residentBytes(process.pid, 'VmRSS');
    for (const pid of childrenOf(process.pid)) if (pid !== postgres.pid) bytes += residentOrNothing(pid);
    most = Math.max(most, bytes);
  };
  sample();
  const timer = setInterval(sample, 20);
  return {
    stop: () => {
      sample();
      clearInterval(timer);
      return most;
    },
  };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent ? [Number(name)] : [];
      } catch {
        return []; // it has ended
      }
    });
}

/** This process and Postgres, its connections included: on a machine with other work, seconds of the clock say little. */
function cpuOfAll(): number {
  const own = process.cpuUsage();
  const pids = postgres.pid === undefined ? [] : childrenOf(postgres.pid);
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), (own.user + own.system) / 1e6);
}

function residentOrNothing(pid: number): number {
  try {
    return residentBytes(pid, 'VmRSS') || 0;
  } catch {
    return 0;
  }
}

function report(floorMs: number, plain: Measured, tenfold: Measured, isRendered: boolean): void {
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : round(ms / 1_000));
  const timeRatio = round(tenfold.factsMs / plain.factsMs);
  const summary = {
    bench: 'report',
    ...history,
    beats: history.agents * 1_440,
    records: plain.records,
    factsSeconds: seconds(plain.factsMs),
    pdfSeconds: seconds(plain.pdfMs),
    xlsxSeconds: seconds(plain.xlsxMs),
    totalSeconds: seconds(plain.totalMs),
    floorSeconds: seconds(floorMs),
    factsCpuSeconds: round(plain.factsCpuSeconds),
    factsToFloor: round(plain.factsMs / floorMs),
    peakMB: round(plain.bytesPeak / 1e6),
    tenfold: { records: tenfold.records, timeRatio, memoryRatio: round(tenfold.bytesPeak / plain.bytesPeak) },
    parts: Object.fromEntries(plain.parts.map(([name, ms]) => [name, Math.round(ms)])),
    machine: machine(),
  };
  if (values.json) console.log(JSON.stringify(summary));
  else {
    const rendered = isRendered
      ? `facts ${summary.factsSeconds} s, PDF ${summary.pdfSeconds} s, workbook ${summary.xlsxSeconds} s`
      : `facts ${summary.factsSeconds} s (there is no renderer here)`;
    console.log(
      formatFigures(
        `Report of a day: ${history.agents} AI agents × 1,440 beats, rolled up, and ${history.daysBefore} days before`,
        [
          ['in all', `${summary.totalSeconds} s: ${rendered}`],
          ['CPU of the facts, Postgres included', `${summary.factsCpuSeconds} s`],
          ['floor: its rows read and summed once', `${summary.floorSeconds} s`],
          ['RATIO OF FACTS TO THE FLOOR (less is better)', String(summary.factsToFloor)],
          ['peak memory, without Postgres', `${summary.peakMB} MB`],
          ['with ten times the records', `time × ${timeRatio}, memory × ${summary.tenfold.memoryRatio}`],
          ...plain.parts
            .filter(([, ms]) => ms >= 20)
            .map(([name, ms]) => [`  ${name}`, `${Math.round(ms)} ms`] as [string, string]),
        ],
      ),
    );
    console.log(`Machine: ${machineText()}`);
  }
  const isFlat = timeRatio <= FLAT_GATE && summary.tenfold.memoryRatio <= FLAT_GATE;
  if (plain.totalMs > SECONDS_GATE * 1_000 || plain.bytesPeak > BYTES_GATE || !isFlat) process.exitCode = 1;
}
