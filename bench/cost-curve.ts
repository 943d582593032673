/**
 * What a fleet costs by its size: CPU of orchestrator and Postgres for the heartbeats of 100 to 100,000 AI agents, sent as agents do (all AI
 * agents of a server in one request, each minute), and what Postgres keeps of them, raw and rolled up.
 *
 * CPU is measured for each size under load, a beat, and told as cores at one beat a minute. Sizes are measured on a sample (500 AI agents, six
 * hours, a beat a minute, rolled up every five minutes, indexes and dead rows included) and scaled: a row takes the same whatever the fleet.
 *
 *   node bench/cost-curve.ts [--agents 100,1000,10000,100000] [--seconds 10] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Database } from '../src/orchestrator/database/database.ts';
import { tendPartitions } from '../src/orchestrator/database/partitions.ts';
import { recordHeartbeats } from '../src/orchestrator/database/queries/record-heartbeats.ts';
import { rollUpOnce } from '../src/orchestrator/database/queries/roll-up-status.ts';
import { DAY_MS, DEFAULT_HISTORY, ROLLUPS } from '../src/orchestrator/history/resolutions.ts';
import { machine, machineText, round } from './figures.ts';
import { AGENTS_PER_SERVER, measure, SimulatedServers, sampleBeat, serverBeats } from './fleet-load.ts';
import { BenchOrchestrator } from './orchestrator-process.ts';

const MINUTE_MS = 60_000;
const BEATS_A_DAY = 1_440;
const CONNECTIONS = 64;
const SAMPLE_AGENTS = 500;
const SAMPLE_MINUTES = 360;

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '100,1000,10000,100000' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});

interface Sample {
  /** Bytes with indexes, and rows an AI agent makes in a day. */
  readonly bytesPerRow: Readonly<Record<string, number>>;
  readonly rollUpCpuMicroseconds: number;
}

const folder = mkdtempSync(join(tmpdir(), 'nervesys-cost-'));
try {
  await using system = await BenchOrchestrator.start(folder);
  const sample = await measureSample(system);
  const curve = [];
  for (const agents of values.agents.split(',').map(Number)) curve.push(await measureFleet(system, agents, sample));
  if (values.json) console.log(JSON.stringify({ bench: 'cost-curve', sample, curve, machine: machine() }));
  else {
    console.log(`Bytes a row, with indexes: ${JSON.stringify(sample.bytesPerRow)}`);
    console.table(curve);
    console.log(`Machine: ${machineText()}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Six hours of a small fleet in virtual time, as the keeper would have treated them. */
async function measureSample(system: BenchOrchestrator): Promise<Sample> {
  await using database = await system.scratchDatabase('sample');
  const fleet = new SimulatedServers(SAMPLE_AGENTS);
  const start = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  await tendPartitions(database, start, DEFAULT_HISTORY);
  await rollAll(database, start);
  let rollUpCpu = 0;
  for (let minute = 0; minute < SAMPLE_MINUTES; minute++) {
    const at = start + minute * MINUTE_MS;
    if (minute % 5 === 0) rollUpCpu += await cpuOf(system, () => rollAll(database, at + 20_000));
    await recordHeartbeats(
      database,
      Array.from({ length: SAMPLE_AGENTS }, (_, agent) => {
        const receivedAt = new Date(at + (agent * MINUTE_MS) / SAMPLE_AGENTS);
        return {
          beat: sampleBeat(fleet.serverOf(agent), fleet.agentIdOf(agent), receivedAt.getTime()),
          receivedAt,
          judgement: { state: 'up', reason: 'beats arrive on time' } as const,
        };
      }),
    );
  }
  const end = start + SAMPLE_MINUTES * MINUTE_MS;
  rollUpCpu += await cpuOf(system, () => rollAll(database, end + 20_000));
  await database.query('UPDATE status_rollup SET rolled_at = $1, hours_until = $1', [new Date(start + DAY_MS)]);
  rollUpCpu += await cpuOf(system, () => rollAll(database, start + DAY_MS + 20_000));
  const bytesPerRow: Record<string, number> = {};
  for (const table of ['agent_status', ...ROLLUPS.map((rollup) => rollup.table)]) {
    const { rows } = await database.query<{ bytes: number; count: number }>(
      `SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = '${table}'::regclass
          AND pg_relation_size(inhrelid) > 0)::float8 AS bytes, count(*)::float8 AS count FROM ${table}`,
    );
    bytesPerRow[table] = Math.round((rows[0]?.bytes ?? 0) / (rows[0]?.count ?? 1));
  }
  return {
    bytesPerRow,
    rollUpCpuMicroseconds: Math.round((rollUpCpu / (SAMPLE_AGENTS * SAMPLE_MINUTES)) * 1e6),
  };
}

async function rollAll(database: Database, now: number): Promise<void> {
  for (;;) {
    const outcome = await rollUpOnce(database, { now, intervalMs: MINUTE_MS, keep: DEFAULT_HISTORY });
    if (outcome === 'done' || outcome === 'elsewhere') return;
    if (outcome === 'unsettled') await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function cpuOf(system: BenchOrchestrator, work: () => Promise<void>): Promise<number> {
  const before = system.cpu().postgres;
  await work();
  return system.cpu().postgres - before;
}

async function measureFleet(system: BenchOrchestrator, agents: number, sample: Sample) {
  const fleet = new SimulatedServers(agents);
  await fleet.join(system.database);
  const told = serverBeats(fleet);
  for (let sent = 0; sent < fleet.servers; ) sent += (await measure(system.url, CONNECTIONS, 2_000, told)).count;
  const before = system.cpu();
  const { count, refused, perSecond } = await measure(system.url, CONNECTIONS, Number(values.seconds) * 1_000, told);
  const after = system.cpu();
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  const beats = count * Math.min(agents, AGENTS_PER_SERVER);
  const perBeat = (seconds: number) => (seconds / beats) * 1e6;
  const orchestrator = perBeat(after.orchestrator - before.orchestrator);
  const postgres = perBeat(after.postgres - before.postgres) + sample.rollUpCpuMicroseconds;
  const cores = (microseconds: number) => round((agents / 60) * microseconds * 1e-6 * 100) / 100;
  const gigabytes = (table: string, rows: number) => ((sample.bytesPerRow[table] ?? 0) * rows * agents) / 1e9;
  const perDay = {
    agent_status: gigabytes('agent_status', BEATS_A_DAY),
    status_5m: gigabytes('status_5m', 288),
    status_1h: gigabytes('status_1h', 24),
    status_1d: gigabytes('status_1d', 1),
  };
  const days = (ms: number) => ms / DAY_MS;
  const kept =
    perDay.agent_status * days(DEFAULT_HISTORY.beatsMs) +
    perDay.status_5m * days(DEFAULT_HISTORY.fiveMinutesMs) +
    perDay.status_1h * days(DEFAULT_HISTORY.hoursMs) +
    perDay.status_1d * days(DEFAULT_HISTORY.daysMs);
  return {
    'AI agents': agents,
    'beats/s needed': round(agents / 60),
    'beats/s reached': Math.round(perSecond * Math.min(agents, AGENTS_PER_SERVER)),
    'orchestrator µs a beat': Math.round(orchestrator),
    'Postgres µs a beat': Math.round(postgres),
    'orchestrator cores': cores(orchestrator),
    'Postgres cores': cores(postgres),
    'raw GB a day': round(perDay.agent_status),
    'rolled up GB a day': round(perDay.status_5m + perDay.status_1h + perDay.status_1d),
    'GB kept by default': round(kept),
  };
}
