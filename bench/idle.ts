/**
 * What an agent costs that has nothing to do: memory and CPU over some seconds, heartbeats on (to a stand-in for the
 * orchestrator), against a bare Node process with an HTTP server and SQLite measured at the same time.
 *
 *   node bench/idle.ts [--bundle] [--seconds 60] [--used] [--rules] [--json] [-- --node-option …]
 *
 * `--rules`: it is served the example configuration, with its rules, in the place of the defaults.
 * `--used`: it is not a new one, but has archived 100,000 records before; then it holds what AI agents may ask about their last minutes.
 * `--bundle` measures what servers run (`npm run bundle:agent`, made anew here) and holds it to the gate: exit code 1 past it.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleAgent } from '../scripts/bundle-agent.ts';
import { builtInConfig, loadConfig, serverPart } from '../src/config/index.ts';
import { CONFIG_DELIVERY_FORMAT, type ConfigDelivery } from '../src/contract/config-delivery.ts';
import { formatToken } from '../src/contract/enrolment.ts';
import { cutBodies } from './bodies.ts';
import { machine, machineText, round } from './figures.ts';
import { generateLogs } from './gen-logs.ts';
import {
  cleanEnvironment,
  cpuSeconds,
  formatFigures,
  type RunningAgent,
  residentBytes,
  s3Settings,
  startAgent,
} from './processes.ts';

/** Starting is not idling: so long it may settle first, and give back what starting took. */
const SETTLE_MS = 12_000;
const USED_RECORDS = 100_000;
/** Of the bundle, a new one (DESIGN 7). */
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
    used: { type: 'boolean', default: false },
    rules: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const seconds = Number(values.seconds);
/** As long as an agent asks an orchestrator to hold its answer. */
const HELD_MS = 50_000;
const folder = mkdtempSync(join(tmpdir(), 'nervesys-idle-'));
let program: readonly string[] | undefined;
if (values.bundle) {
  program = [...nodeOptions, join(folder, 'nervesys-agent.cjs')];
  await bundleAgent(join(folder, 'nervesys-agent.cjs'));
}
const floor = spawn(process.execPath, ['-e', FLOOR], { env: cleanEnvironment({}), stdio: ['pipe', 'pipe', 'inherit'] });
const orchestrator = await startOrchestratorStandIn(await servedConfig(values.rules));
const s3 = values.used ? fork(join(import.meta.dirname, 's3-process.ts'), { env: cleanEnvironment({}) }) : undefined;
let agent: RunningAgent | undefined;
try {
  await once(floor.stdout, 'data');
  const token = formatToken({ url: orchestrator.url, secret: 'bench', fingerprint: null });
  agent = await startAgent(
    folder,
    { NERVESYS_TOKEN: token, ...(s3 === undefined ? {} : await archiveOf(s3)) },
    program,
  );
  if (values.used) await use(agent);
  await sleep(SETTLE_MS);
  const measured = [agent.pid, floor.pid!].map((pid) => ({ pid, before: cpuSeconds(pid) }));
  await sleep(seconds * 1000);
  const [ofAgent, ofFloor] = measured.map(({ pid, before }) => ({
    rssMb: round(residentBytes(pid, 'VmRSS') / 1e6),
    ownMb: round(residentBytes(pid, 'RssAnon') / 1e6),
    sharedMb: round(residentBytes(pid, 'RssFile') / 1e6),
    peakRssMb: round(residentBytes(pid, 'VmHWM') / 1e6),
    cpuPercent: round(((cpuSeconds(pid) - before) / seconds) * 100),
  }));
  const result = {
    bench: 'idle',
    bundle: values.bundle,
    used: values.used,
    nodeOptions,
    seconds,
    agent: ofAgent!,
    floor: ofFloor!,
    rssRatioToFloor: round(ofAgent!.rssMb / ofFloor!.rssMb),
    heartbeatRequests: orchestrator.beats(),
    machine: machine(),
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(
      formatFigures(
        `Idle agent over ${seconds} s (${values.bundle ? 'the bundle' : 'TypeScript as it is, not the bundle'}; ${values.used ? `after ${USED_RECORDS} records` : 'a new one'}${values.rules ? ', with rules' : ''})`,
        [
          ['agent RSS', `${memoryText(ofAgent!)}, peak ${ofAgent!.peakRssMb}`],
          ['floor RSS', `${memoryText(ofFloor!)}: bare Node, http and sqlite`],
          ['RATIO TO FLOOR', `${result.rssRatioToFloor}`],
          ['agent CPU', `${ofAgent!.cpuPercent} % of a core`],
          ...(values.bundle && !values.used
            ? [['GATE', `RSS ≤ ${GATE.rssMb} MB, CPU ≤ ${GATE.cpuPercent} % of a core`] as const]
            : []),
          ['floor CPU', `${ofFloor!.cpuPercent} % of a core`],
          ['heartbeat requests', `${result.heartbeatRequests}`],
          ['machine', machineText()],
        ],
      ),
    );
  }
  if (values.bundle && !values.used && (ofAgent!.rssMb > GATE.rssMb || ofAgent!.cpuPercent > GATE.cpuPercent))
    process.exitCode = 1;
} finally {
  await agent?.stop();
  floor.stdin.end();
  orchestrator.close();
  s3?.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

/** The binary's pages are shared with every other Node process, and the kernel may drop them. */
function memoryText({ rssMb, ownMb, sharedMb }: { rssMb: number; ownMb: number; sharedMb: number }): string {
  return `${rssMb} MB (${ownMb} of its own, ${sharedMb} of files)`;
}

async function archiveOf(archive: ChildProcess): Promise<Record<string, string>> {
  const [told] = (await once(archive, 'message')) as [Record<string, string>];
  return s3Settings(told);
}

async function use({ url }: RunningAgent): Promise<void> {
  const file = join(folder, 'logs.ndjson');
  generateLogs(file, USED_RECORDS);
  for (const body of cutBodies(readFileSync(file), 500)) await post(`${url}/logs`, body);
  await post(`${url}/flush?timeout=1m`);
}

async function post(url: string, body?: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const answer = await fetch(url, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
  if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${await answer.text()}`);
}

/** Lets the agent join and takes its beats; nothing else. */
/** What the agent is to run: held while it has that, as an orchestrator does. */
async function servedConfig(example: boolean): Promise<ConfigDelivery> {
  const config = example
    ? (await loadConfig(resolve(import.meta.dirname, '../config'))).config
    : { ...(await builtInConfig()), revision: '000000000000' };
  return { format: CONFIG_DELIVERY_FORMAT, revision: config.revision, config: serverPart(config, 'BENCH') };
}

async function startOrchestratorStandIn(delivery: ConfigDelivery) {
  let beats = 0;
  const held = new Set<NodeJS.Timeout>();
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/api/v1/enroll') response.end(JSON.stringify({ key: 'bench', server: 'BENCH' }));
      else if (request.url?.startsWith('/api/v1/config') === true) {
        if (request.headers['if-none-match'] !== `"${delivery.revision}"`) response.end(JSON.stringify(delivery));
        else held.add(setTimeout(() => response.writeHead(304).end(), HELD_MS));
      } else {
        if (request.url === '/api/v1/heartbeats') beats++;
        response.end(JSON.stringify({ accepted: 1, rejected: [], now: new Date().toISOString() }));
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    for (const timer of held) clearTimeout(timer);
    server.closeAllConnections();
    server.close();
  };
  return { url, beats: () => beats, close };
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
