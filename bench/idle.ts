/**
 * What an agent costs that has nothing to do: memory and CPU over some seconds, heartbeats on (to a stand-in for the
 * orchestrator), against a bare Node process with an HTTP server and SQLite measured at the same time.
 *
 *   node bench/idle.ts [--bundle] [--seconds 60] [--json] [-- --node-option …]
 *
 * `--bundle` measures what servers run (`npm run bundle:agent`, made anew here) and holds it to the gate: exit code 1 past it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleAgent } from '../scripts/bundle-agent.ts';
import { formatToken } from '../src/contract/enrolment.ts';
import {
  cleanEnvironment,
  cpuSeconds,
  formatFigures,
  type RunningAgent,
  residentBytes,
  startAgent,
} from './processes.ts';

/** Starting is not idling: so long it may settle first, and give back what starting took. */
const SETTLE_MS = 12_000;
/** Of the bundle (DESIGN 7). */
const GATE = { rssMb: 62, cpuPercent: 0.2 };
/** Plain JavaScript, since stripping types costs as much memory again. */
const FLOOR = `
  const db = new (require('node:sqlite').DatabaseSync)(':memory:');
  db.exec('CREATE TABLE logs (id INTEGER PRIMARY KEY)');
  require('node:http').createServer((_, response) => response.end()).listen(0, '127.0.0.1', () => console.log('ready'));
  process.stdin.resume().on('end', () => process.exit(0));`;

const { values, positionals: nodeOptions } = parseArgs({
  options: {
    bundle: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const seconds = Number(values.seconds);
const folder = mkdtempSync(join(tmpdir(), 'nervesys-idle-'));
let program: readonly string[] | undefined;
if (values.bundle) {
  program = [...nodeOptions, join(folder, 'nervesys-agent.cjs')];
  await bundleAgent(join(folder, 'nervesys-agent.cjs'));
}
const floor = spawn(process.execPath, ['-e', FLOOR], { env: cleanEnvironment({}), stdio: ['pipe', 'pipe', 'inherit'] });
const orchestrator = await startOrchestratorStandIn();
let agent: RunningAgent | undefined;
try {
  await once(floor.stdout, 'data');
  const token = formatToken({ url: orchestrator.url, secret: 'bench', fingerprint: null });
  agent = await startAgent(folder, { NERVESYS_TOKEN: token }, program);
  await sleep(SETTLE_MS);
  const measured = [agent.pid, floor.pid!].map((pid) => ({ pid, before: cpuSeconds(pid) }));
  await sleep(seconds * 1000);
  const [ofAgent, ofFloor] = measured.map(({ pid, before }) => ({
    rssMb: round(residentBytes(pid, 'VmRSS') / 1e6),
    peakRssMb: round(residentBytes(pid, 'VmHWM') / 1e6),
    cpuPercent: round(((cpuSeconds(pid) - before) / seconds) * 100),
  }));
  const result = {
    bench: 'idle',
    bundle: values.bundle,
    nodeOptions,
    seconds,
    agent: ofAgent!,
    floor: ofFloor!,
    rssRatioToFloor: round(ofAgent!.rssMb / ofFloor!.rssMb),
    heartbeatRequests: orchestrator.beats(),
    machine: { cpus: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version },
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(
      formatFigures(
        `Idle agent over ${seconds} s (${values.bundle ? 'the bundle' : 'TypeScript as it is, not the bundle'})`,
        [
          ['agent RSS', `${ofAgent!.rssMb} MB (peak ${ofAgent!.peakRssMb})`],
          ['floor RSS', `${ofFloor!.rssMb} MB (bare Node, http and sqlite)`],
          ['RATIO TO FLOOR', `${result.rssRatioToFloor}`],
          ['agent CPU', `${ofAgent!.cpuPercent} % of a core`],
          ...(values.bundle ? [['GATE', `RSS ≤ ${GATE.rssMb} MB, CPU ≤ ${GATE.cpuPercent} % of a core`] as const] : []),
          ['floor CPU', `${ofFloor!.cpuPercent} % of a core`],
          ['heartbeat requests', `${result.heartbeatRequests}`],
          ['machine', `${result.machine.cpus} × ${result.machine.model}, Node ${result.machine.node}`],
        ],
      ),
    );
  }
  if (values.bundle && (ofAgent!.rssMb > GATE.rssMb || ofAgent!.cpuPercent > GATE.cpuPercent)) process.exitCode = 1;
} finally {
  await agent?.stop();
  floor.stdin.end();
  orchestrator.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Lets the agent join and takes its beats; nothing else. */
async function startOrchestratorStandIn() {
  let beats = 0;
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/api/v1/enroll') response.end(JSON.stringify({ key: 'bench', server: 'BENCH' }));
      else {
        if (request.url === '/api/v1/heartbeats') beats++;
        response.end(JSON.stringify({ accepted: 1, rejected: [], now: new Date().toISOString() }));
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, beats: () => beats, close };
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
