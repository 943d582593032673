/**
 * Heartbeats, one a request, authenticated, in Postgres before the answer: rate, as a ratio to a route of the same server that does nothing,
 * measured in turn with it (A B A B …) in the same run; and what a beat costs in CPU for a small fleet and for a large one. Client,
 * orchestrator and Postgres share the machine.
 *
 *   node bench/heartbeats.ts [--agents 100,100000] [--seconds 5] [--rounds 3] [--connections 64] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, machineText, percentile, round } from './figures.ts';
import { beats, emptyBeats, liveness, type Measured, measure, SimulatedServers } from './fleet-load.ts';
import { BenchOrchestrator } from './orchestrator-process.ts';
import { formatFigures } from './processes.ts';

const WARM_UP_MS = 3_000;
const PER_SECOND_GATE = 6_000;
const RATIO_GATE = 0.2;

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '100,100000' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
});
const durationMs = Number(values.seconds) * 1_000;
const connections = Number(values.connections);

interface Result {
  readonly agents: number;
  readonly beatsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly noOpPerSecond: number;
  readonly emptyPerSecond: number;
  readonly ratioToNoOp: number;
  readonly ratioToEmpty: number;
  readonly orchestratorCpuMicroseconds: number;
  readonly postgresCpuMicroseconds: number;
  readonly clientCpuMicroseconds: number;
  readonly refused: number;
}

const results: Result[] = [];
for (const agents of values.agents.split(',').map(Number)) results.push(await run(agents));
const first = results[0]!;
const last = results.at(-1)!;
const cost = (one: Result) => one.orchestratorCpuMicroseconds + one.postgresCpuMicroseconds;
const summary = {
  bench: 'heartbeats',
  connections,
  results,
  costOfLargestToSmallest: round(cost(last) / cost(first)),
  machine: machine(),
};
if (values.json) console.log(JSON.stringify(summary));
else {
  for (const one of results)
    console.log(
      formatFigures(
        `Heartbeats of ${one.agents.toLocaleString('en')} AI agents, one a POST, ${connections} connections`,
        [
          ['beats/s, in Postgres before the answer', one.beatsPerSecond.toLocaleString('en')],
          ['to the answer', `p50 ${one.p50Ms} ms, p99 ${one.p99Ms} ms`],
          ['no-op route (GET /healthz)/s', one.noOpPerSecond.toLocaleString('en')],
          ['RATIO TO NO-OP (more is better)', String(one.ratioToNoOp)],
          ['the same POST without a beat/s', `${one.emptyPerSecond.toLocaleString('en')}, ratio ${one.ratioToEmpty}`],
          [
            'CPU a beat',
            `orchestrator ${one.orchestratorCpuMicroseconds} µs, Postgres ${one.postgresCpuMicroseconds} µs (client ${one.clientCpuMicroseconds} µs)`,
          ],
          ['refused', String(one.refused)],
        ],
      ),
    );
  console.log(`CPU a beat, largest fleet to smallest: ${summary.costOfLargestToSmallest}`);
  console.log(`Machine: ${machineText()}`);
}
if (results.some((one) => one.refused > 0 || one.beatsPerSecond < PER_SECOND_GATE || one.ratioToNoOp < RATIO_GATE))
  process.exitCode = 1;

async function run(agents: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'nervesys-heartbeats-'));
  try {
    await using system = await BenchOrchestrator.start(folder);
    const fleet = new SimulatedServers(agents);
    await fleet.join(system.database);
    const told = beats(fleet);
    // The whole fleet has beaten before anything is measured: each has a latest state to be replaced.
    for (let sent = 0; sent < agents; ) sent += (await measure(system.url, connections, WARM_UP_MS, told)).count;
    await measure(system.url, connections, WARM_UP_MS / 3, liveness);
    const rounds: { beats: Measured; noOp: Measured; empty: Measured }[] = [];
    const spent = { orchestrator: 0, postgres: 0, client: 0 };
    for (let index = 0; index < Number(values.rounds); index++) {
      const before = { ...system.cpu(), client: process.cpuUsage() };
      const beatsMeasured = await measure(system.url, connections, durationMs, told);
      const after = system.cpu();
      const client = process.cpuUsage(before.client);
      spent.orchestrator += after.orchestrator - before.orchestrator;
      spent.postgres += after.postgres - before.postgres;
      spent.client += (client.user + client.system) / 1e6;
      const noOp = await measure(system.url, connections, durationMs / 2, liveness);
      const empty = await measure(system.url, connections, durationMs / 2, emptyBeats(fleet));
      rounds.push({ beats: beatsMeasured, noOp, empty });
    }
    const count = rounds.reduce((sum, one) => sum + one.beats.count, 0);
    const perBeat = (seconds: number) => Math.round((seconds / count) * 1e6);
    return {
      agents,
      beatsPerSecond: Math.round(median(rounds.map((one) => one.beats.perSecond))),
      p50Ms: round(median(rounds.map((one) => one.beats.p50Ms))),
      p99Ms: round(median(rounds.map((one) => one.beats.p99Ms))),
      noOpPerSecond: Math.round(median(rounds.map((one) => one.noOp.perSecond))),
      emptyPerSecond: Math.round(median(rounds.map((one) => one.empty.perSecond))),
      ratioToNoOp: round(median(rounds.map((one) => one.beats.perSecond / one.noOp.perSecond))),
      ratioToEmpty: round(median(rounds.map((one) => one.beats.perSecond / one.empty.perSecond))),
      orchestratorCpuMicroseconds: perBeat(spent.orchestrator),
      postgresCpuMicroseconds: perBeat(spent.postgres),
      clientCpuMicroseconds: perBeat(spent.client),
      refused: rounds.reduce((sum, one) => sum + one.beats.refused, 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    50,
  );
}
