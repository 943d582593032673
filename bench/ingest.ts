/**
 * What a record costs the agent, end to end: HTTP, 500 records a POST, 4 connections, each answer after its commit, sealed,
 * compressed, uploaded to an S3 server, deleted; every record counted in the archive. The agent and the S3 server run in
 * processes of their own; CPU is the agent's alone, and is told as a ratio to the floor measured in the same run.
 *
 *   node bench/ingest.ts [--records 200000] [--bundle dist/nervesys-agent.cjs] [--redaction] [--rules N] [--triage] [--json]
 *
 * --bundle: the agent as servers run it (npm run bundle:agent), not its TypeScript; --redaction: secrets are looked for, as is the default; --rules: so many rules of the usual kinds; --triage: lines are judged, as is the default
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { copyBenchConfig } from './bench-config.ts';
import { cutBodies } from './bodies.ts';
import { measureFloorApart, round } from './figures.ts';
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
import type { ArchiveCount } from './s3-process.ts';

const POST_RECORDS = 500;
const CONNECTIONS = 4;

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '200000' },
    bundle: { type: 'string' },
    redaction: { type: 'boolean', default: false },
    rules: { type: 'string', default: '0' },
    triage: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const records = Number(values.records);
const folder = mkdtempSync(join(tmpdir(), 'nervesys-ingest-'));
const s3 = fork(join(import.meta.dirname, 's3-process.ts'), { env: cleanEnvironment({}) });
let agent: RunningAgent | undefined;
try {
  const file = join(folder, 'logs.ndjson');
  const inputBytes = generateLogs(file, records);
  const floor = await measureFloorApart(file);
  const bodies = cutBodies(readFileSync(file), POST_RECORDS);
  const [settings] = (await once(s3, 'message')) as [Record<string, string>];
  const home = join(folder, 'home');
  copyBenchConfig(home, { redaction: values.redaction, rules: Number(values.rules), triage: values.triage });
  const program = values.bundle === undefined ? undefined : [resolve(values.bundle)];
  agent = await startAgent(home, s3Settings(settings), program);

  const cpuBefore = cpuSeconds(agent.pid);
  const startedAt = performance.now();
  const { accepted, refusals } = await postAll(agent.url, bodies);
  const acceptedAt = performance.now();
  const flush = await ask(agent.url, 'POST', '/flush?timeout=10m');
  const archivedAt = performance.now();
  const cpu = ((cpuSeconds(agent.pid) - cpuBefore) / records) * 1e6;
  const peakBytes = residentBytes(agent.pid, 'VmHWM');
  const buffer = JSON.parse((await ask(agent.url, 'GET', '/buffer')).body) as { bytes: number; records: number };
  s3.send('count');
  const [count] = (await once(s3, 'message')) as [ArchiveCount];

  const rate = (until: number) => Math.round(records / ((until - startedAt) / 1000));
  const complete = count.records === records && count.distinct === records && accepted === records;
  const result = {
    bench: 'ingest',
    records,
    complete,
    lost: records - count.distinct,
    doubled: count.records - count.distinct,
    flushStatus: flush.status,
    recordsPerSecond: rate(archivedAt),
    acceptedPerSecond: rate(acceptedAt),
    cpuSecondsPerMillion: round(cpu),
    floorCpuSecondsPerMillion: floor.cpuSecondsPerMillion.total,
    ratioToFloor: round(cpu / floor.cpuSecondsPerMillion.total),
    peakRssMb: round(peakBytes / 1e6),
    inputToStored: round(inputBytes / count.storedBytes),
    textToStored: round(count.textBytes / count.storedBytes),
    objects: count.objects,
    bufferBytesAfter: buffer.bytes,
    refusals,
    machine: { cpus: floor.cpus, model: floor.model, node: floor.node },
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(
      formatFigures(
        `Ingest: ${records.toLocaleString('en')} records, ${POST_RECORDS} a POST, ${CONNECTIONS} connections`,
        [
          ['in the archive', complete ? 'every record exactly once' : `LOST ${result.lost}, DOUBLED ${result.doubled}`],
          ['records/s, first POST to archived', result.recordsPerSecond.toLocaleString('en')],
          ['records/s, first POST to last answer', result.acceptedPerSecond.toLocaleString('en')],
          ['agent CPU s per million', `${result.cpuSecondsPerMillion}`],
          ['floor CPU s per million', `${result.floorCpuSecondsPerMillion} (parse, insert and gzip alone)`],
          ['RATIO TO FLOOR', `${result.ratioToFloor}`],
          ['agent peak RSS', `${result.peakRssMb} MB`],
          ['input bytes : stored bytes', `${result.inputToStored} (archived text : stored ${result.textToStored})`],
          ['buffer afterwards', `${(buffer.bytes / 1e6).toFixed(2)} MB, ${buffer.records} records`],
          ['asked to wait (429)', `${refusals} times`],
          ['machine', `${floor.cpus} × ${floor.model}, Node ${floor.node}`],
        ],
      ),
    );
  }
  if (!complete) process.exitCode = 1;
} finally {
  await agent?.stop();
  s3.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

/** Each connection takes the next body; a 429 is repeated after what it asks for, as a good client does. */
async function postAll(url: string, bodies: readonly Buffer[]): Promise<{ accepted: number; refusals: number }> {
  const connections = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let next = 0;
  let accepted = 0;
  let refusals = 0;
  const work = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      for (;;) {
        const answer = await ask(url, 'POST', '/logs', body, connections);
        if (answer.status === 200) {
          accepted += (JSON.parse(answer.body) as { accepted: number }).accepted;
          break;
        }
        if (answer.status !== 429) throw new Error(`POST /logs: ${answer.status} ${answer.body}`);
        refusals++;
        await new Promise((done) => setTimeout(done, 1_000 * answer.retryAfterSeconds));
      }
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  connections.destroy();
  return { accepted, refusals };
}

function ask(
  url: string,
  method: string,
  path: string,
  body?: Buffer,
  connections?: http.Agent,
): Promise<{ status: number; body: string; retryAfterSeconds: number }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/x-ndjson', 'content-length': body.length };
    const request = http.request(new URL(path, url), { method, headers, agent: connections ?? false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const retryAfterSeconds = Number(response.headers['retry-after'] ?? 1);
        resolve({ status: response.statusCode!, body: text, retryAfterSeconds });
      });
      response.on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}
