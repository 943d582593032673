/**
 * The report of a day of a large fleet, as the orchestrator makes it: its facts from Postgres, their digest, to Postgres and back, then PDF and
 * workbook in the render process. Seconds by part, of the clock and of CPU; the peak of memory of our processes together and of each (this one,
 * which has nothing of an orchestrator but this, and the render process; not Postgres, which has its own bounds, nor the process that makes the
 * history); and a ratio to the floor: Postgres reading through the same roll-up rows once and summing them, in the same run. Then the same with
 * ten times the records in the same beats: neither time nor memory may follow. Exits with 1 beyond its gates.
 *
 *   node --max-semi-space-size=8 bench/report.ts [--agents 1000] [--servers 334] [--days 28] [--rounds 3] [--raw] [--json]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { spawnRenderer } from '../src/commands/report/spawn-renderer.ts';
import type { ReportFacts } from '../src/contract/report-facts.ts';
import { Database, type Transaction } from '../src/orchestrator/database/database.ts';
import { EmbeddedPostgres } from '../src/orchestrator/database/embedded-postgres.ts';
import { DEFAULT_HISTORY } from '../src/orchestrator/history/resolutions.ts';
import { ChildRenderer } from '../src/orchestrator/reports/child-renderer.ts';
import { gatherFacts } from '../src/orchestrator/reports/facts/gather-facts.ts';
import { factsDigest } from '../src/orchestrator/reports/facts-digest.ts';
import { factsPeriod } from '../src/orchestrator/reports/period.ts';
import { systemClock } from '../src/platform/clock.ts';
import { silentLogger } from '../src/platform/logger.ts';
import { machine, machineText, round } from './figures.ts';
import { cpuSeconds, formatFigures, residentBytes } from './processes.ts';
import type { ReportHistory } from './report-history.ts';

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
  [/template_(?:hours|counts)/, 'templates'],
  [/ai_work/, 'work with models'],
  [/alert/, 'alerts'],
  [/archive_/, 'archive'],
  [/AS mb,|AS fine/, 'the fullest buffer'],
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
const connection = { ...postgres.connection(), statement_timeout: 0 };
const database = new Database({ connection, clock: systemClock, logger: silentLogger, connectionsMax: 2 });
let child: ChildProcess | undefined;
const spawnChild = spawnRenderer(resolve(import.meta.dirname, '../src/main.ts'));
const renderer = new ChildRenderer({
  clock: systemClock,
  spawn: () => {
    child = spawnChild();
    return child;
  },
});
try {
  await makeHistoryApart({ connection, history });
  const floorMs = await measureFloor();
  const plain = await measure();
  await database.query(
    'UPDATE status_5m SET debug = debug * 10, info = info * 10, warn = warn * 10, error = error * 10, critical = critical * 10',
    [],
    { patient: true },
  );
  await database.query('VACUUM ANALYZE status_5m', [], { patient: true });
  const tenfold = await measure();
  report(floorMs, plain, tenfold);
} finally {
  await renderer.close();
  await database.close();
  await postgres.close();
  rmSync(folder, { recursive: true, force: true });
}

/** In a process of its own, so that this one doesn't grow by it. */
async function makeHistoryApart(given: {
  readonly connection: object;
  readonly history: ReportHistory;
}): Promise<void> {
  const maker = spawn(process.execPath, [join(import.meta.dirname, 'report-history.ts')], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const ended = once(maker, 'exit');
  maker.stdin.end(JSON.stringify(given));
  const [code] = await ended;
  if (code !== 0) throw new Error(`the history could not be made (exit code ${code})`);
}

interface Measured {
  readonly factsMs: number;
  /** Their digest, and to Postgres and back. */
  readonly keptMs: number;
  readonly pdfMs: number;
  readonly xlsxMs: number;
  readonly totalMs: number;
  /** Of gathering: this process, and Postgres. */
  readonly factsCpuSeconds: number;
  /** Of the render process, its start included. */
  readonly renderCpuSeconds: number;
  readonly memory: Memory;
  readonly factsBytes: number;
  readonly records: number | null;
  readonly parts: readonly (readonly [string, number])[];
}

/** Bytes: the most that our processes held at once, and each by itself. */
interface Memory {
  readonly together: number;
  readonly own: number;
  readonly renderer: number;
}

/** The median of some rounds, and the most memory of any. */
async function measure(): Promise<Measured> {
  const rounds: Measured[] = [];
  for (let index = 0; index < Number(values.rounds); index++) rounds.push(await measureOnce());
  const middle = rounds.toSorted((a, b) => a.totalMs - b.totalMs)[(rounds.length - 1) >> 1]!;
  const most = (of: keyof Memory) => Math.max(...rounds.map(({ memory }) => memory[of]));
  return { ...middle, memory: { together: most('together'), own: most('own'), renderer: most('renderer') } };
}

async function measureOnce(): Promise<Measured> {
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
  const gathered = await gatherFacts(timed(database, parts), question, new AbortController().signal);
  const factsMs = performance.now() - began;
  const factsCpuSeconds = cpuOfAll() - cpuBefore;
  const { facts, factsBytes } = await keepAndRead({ ...gathered, version: 1 });
  const keptMs = performance.now() - began - factsMs;
  const render = async (format: 'pdf' | 'xlsx') => {
    const at = performance.now();
    await renderer.render({ facts, lang: 'en', format }, new AbortController().signal);
    return performance.now() - at;
  };
  const pdfMs = await render('pdf');
  const { pid } = child!;
  const cpuOfPdf = cpuSeconds(pid!);
  const xlsxMs = await render('xlsx');
  // Another child has come where the first one held too much.
  const renderCpuSeconds = cpuSeconds(child!.pid!) + (child!.pid === pid ? 0 : cpuOfPdf);
  const totalMs = performance.now() - began;
  const peaks = memory.stop();
  await endChild();
  return {
    factsMs,
    keptMs,
    factsCpuSeconds,
    renderCpuSeconds,
    pdfMs,
    xlsxMs,
    totalMs,
    memory: peaks,
    factsBytes,
    records: facts.totals.records,
    parts: [...parts].sort(([, a], [, b]) => b - a),
  };
}

/** As a version is kept and read again, but for the row. */
async function keepAndRead(
  gathered: ReportFacts,
): Promise<{ readonly facts: ReportFacts; readonly factsBytes: number }> {
  factsDigest(gathered);
  const text = JSON.stringify(gathered);
  const { rows } = await database.query<{ facts: ReportFacts }>('SELECT $1::jsonb AS facts', [text]);
  return { facts: rows[0]!.facts, factsBytes: Buffer.byteLength(text) };
}

/** Each round begins with a new one, as each day's report does. */
async function endChild(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
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

/** Sampled every 20 ms; of each process by itself the system knows the peak. */
function watchMemory(): { stop: () => Memory } {
  let together = 0;
  let ofRenderer = 0;
  writeFileSync('/proc/self/clear_refs', '5'); // the peak until now
  const sample = () => {
    const pid = child?.pid;
    together = Math.max(together, residentBytes(process.pid, 'VmRSS') + orNothing(pid, 'VmRSS'));
    ofRenderer = Math.max(ofRenderer, orNothing(pid, 'VmHWM'));
  };
  sample();
  const timer = setInterval(sample, 20);
  return {
    stop: () => {
      sample();
      clearInterval(timer);
      return { together, own: residentBytes(process.pid, 'VmHWM'), renderer: ofRenderer };
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

function orNothing(pid: number | undefined, field: 'VmHWM' | 'VmRSS'): number {
  try {
    return pid === undefined ? 0 : residentBytes(pid, field) || 0;
  } catch {
    return 0; // it has ended
  }
}

function report(floorMs: number, plain: Measured, tenfold: Measured): void {
  const seconds = (ms: number) => round(ms / 1_000);
  const megabytes = ({ together, own, renderer: ofRenderer }: Memory) => ({
    together: Math.round(together / 1e6),
    gathering: Math.round(own / 1e6),
    rendering: Math.round(ofRenderer / 1e6),
  });
  const timeRatio = round(tenfold.totalMs / plain.totalMs);
  const memoryRatio = round(tenfold.memory.together / plain.memory.together);
  const summary = {
    bench: 'report',
    ...history,
    beats: history.agents * 1_440,
    records: plain.records,
    totalSeconds: seconds(plain.totalMs),
    factsSeconds: seconds(plain.factsMs),
    keptSeconds: seconds(plain.keptMs),
    pdfSeconds: seconds(plain.pdfMs),
    xlsxSeconds: seconds(plain.xlsxMs),
    factsCpuSeconds: round(plain.factsCpuSeconds),
    renderCpuSeconds: round(plain.renderCpuSeconds),
    floorSeconds: seconds(floorMs),
    factsToFloor: round(plain.factsMs / floorMs),
    peakMB: megabytes(plain.memory),
    factsMB: round(plain.factsBytes / 1e6),
    tenfold: { records: tenfold.records, seconds: seconds(tenfold.totalMs), timeRatio, memoryRatio },
    parts: Object.fromEntries(plain.parts.map(([name, ms]) => [name, Math.round(ms)])),
    machine: machine(),
  };
  if (values.json) console.log(JSON.stringify(summary));
  else {
    const { together, gathering, rendering } = summary.peakMB;
    console.log(
      formatFigures(
        `Report of a day: ${history.agents} AI agents × 1,440 beats, rolled up, and ${history.daysBefore} days before`,
        [
          [
            'in all',
            `${summary.totalSeconds} s: facts ${summary.factsSeconds} s (${summary.factsMB} MB), kept ${summary.keptSeconds} s, PDF ${summary.pdfSeconds} s, workbook ${summary.xlsxSeconds} s`,
          ],
          [
            'CPU',
            `facts ${summary.factsCpuSeconds} s, Postgres included; PDF and workbook ${summary.renderCpuSeconds} s`,
          ],
          ['floor: its rows read and summed once', `${summary.floorSeconds} s`],
          ['RATIO OF FACTS TO THE FLOOR (less is better)', String(summary.factsToFloor)],
          [
            'peak memory, without Postgres',
            `${together} MB (this process ${gathering}, the one that renders ${rendering})`,
          ],
          ['with ten times the records', `time × ${timeRatio}, memory × ${memoryRatio}`],
          ...plain.parts
            .filter(([, ms]) => ms >= 20)
            .map(([name, ms]) => [`  ${name}`, `${Math.round(ms)} ms`] as [string, string]),
        ],
      ),
    );
    console.log(`Machine: ${machineText()}`);
  }
  const isFlat = timeRatio <= FLAT_GATE && memoryRatio <= FLAT_GATE;
  if (plain.totalMs > SECONDS_GATE * 1_000 || plain.memory.together > BYTES_GATE || !isFlat) process.exitCode = 1;
}
