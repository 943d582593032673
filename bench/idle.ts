/**
 * What an agent costs that has nothing to do: memory and CPU over some seconds, heartbeats on (to a stand-in for the
 * orchestrator), against a bare Node process with an HTTP server and SQLite measured at the same time.
 *
 *   node bench/idle.ts [--seconds 60] [--json]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatToken } from '../src/contract/enrolment.ts';
import {
  cleanEnvironment,
  cpuSeconds,
  formatFigures,
  type RunningAgent,
  residentBytes,
  startAgent,
} from './processes.ts';

/** Starting is not idling: so long it may settle first. */
const SETTLE_MS = 3_000;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, json: { type: 'boolean', default: false } },
});
const seconds = Number(values.seconds);
const folder = mkdtempSync(join(tmpdir(), 'nervesys-idle-'));
const floor = fork(join(import.meta.dirname, 'idle-floor.ts'), { env: cleanEnvironment({}) });
const orchestrator = await startOrchestratorStandIn();
let agent: RunningAgent | undefined;
try {
  await once(floor, 'message');
  agent = await startAgent(folder, {
    NERVESYS_TOKEN: formatToken({ url: orchestrator.url, secret: 'bench', fingerprint: null }),
  });
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
      formatFigures(`Idle agent over ${seconds} s (TypeScript as it is, not the bundle)`, [
        ['agent RSS', `${ofAgent!.rssMb} MB (peak ${ofAgent!.peakRssMb})`],
        ['floor RSS', `${ofFloor!.rssMb} MB (bare Node, http and sqlite)`],
        ['RATIO TO FLOOR', `${result.rssRatioToFloor}`],
        ['agent CPU', `${ofAgent!.cpuPercent} % of a core`],
        ['floor CPU', `${ofFloor!.cpuPercent} % of a core`],
        ['heartbeat requests', `${result.heartbeatRequests}`],
        ['machine', `${result.machine.cpus} × ${result.machine.model}, Node ${result.machine.node}`],
      ]),
    );
  }
} finally {
  await agent?.stop();
  floor.disconnect();
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
