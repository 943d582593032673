/**
 * One record a POST, 16 connections, each durable before its answer: rate and time to the answer, as a ratio to a bare HTTP server that
 * stores and answers alike, measured in turn with it (A B A B …) in the same run.
 *
 *   node bench/single.ts [--seconds 5] [--rounds 3] [--json]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, machineText, percentile, round } from './figures.ts';
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
import { WireClient } from './wire-client.ts';

const CONNECTIONS = 16;
const WARM_UP_MS = 1_500;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'nervesys-single-'));
const s3 = fork(join(import.meta.dirname, 's3-process.ts'), { env: cleanEnvironment({}) });
const floor = fork(join(import.meta.dirname, 'single-floor.ts'), { env: cleanEnvironment({}) });
let agent: RunningAgent | undefined;
try {
  const file = join(folder, 'logs.ndjson');
  generateLogs(file, 20_000);
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => Buffer.from(`${line}\n`));
  const [[{ url: floorUrl }], [settings]] = (await Promise.all([once(floor, 'message'), once(s3, 'message')])) as [
    [{ url: string }],
    [Record<string, string>],
  ];
  agent = await startAgent(join(folder, 'home'), s3Settings(settings));
  for (const url of [agent.url, floorUrl]) await measure(url, lines, WARM_UP_MS);
  const ofAgent: Measured[] = [];
  const ofFloor: Measured[] = [];
  let agentCpu = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    const before = cpuSeconds(agent.pid);
    ofAgent.push(await measure(agent.url, lines, Number(values.seconds) * 1000));
    agentCpu += cpuSeconds(agent.pid) - before;
    ofFloor.push(await measure(floorUrl, lines, Number(values.seconds) * 1000));
  }
  const posts = ofAgent.reduce((sum, { count }) => sum + count, 0);
  const ratios = ofAgent.map((measured, index) => measured.perSecond / ofFloor[index]!.perSecond);
  const result = {
    bench: 'single',
    connections: CONNECTIONS,
    posts,
    refused: ofAgent.reduce((sum, { refused }) => sum + refused, 0),
    postsPerSecond: Math.round(median(ofAgent.map(({ perSecond }) => perSecond))),
    p50Ms: round(median(ofAgent.map(({ p50Ms }) => p50Ms))),
    p99Ms: round(median(ofAgent.map(({ p99Ms }) => p99Ms))),
    cpuMicrosecondsPerPost: round((agentCpu / posts) * 1e6),
    floorPostsPerSecond: Math.round(median(ofFloor.map(({ perSecond }) => perSecond))),
    floorP99Ms: round(median(ofFloor.map(({ p99Ms }) => p99Ms))),
    ratioToFloor: round(median(ratios)),
    peakRssMb: round(residentBytes(agent.pid, 'VmHWM') / 1e6),
    machine: machine(),
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    console.log(
      formatFigures(
        `One record a POST, ${CONNECTIONS} connections, medians of ${values.rounds} rounds of ${values.seconds} s`,
        [
          ['posts/s, each durable', result.postsPerSecond.toLocaleString('en')],
          ['to the answer, p50 / p99', `${result.p50Ms} / ${result.p99Ms} ms`],
          [
            'floor posts/s',
            `${result.floorPostsPerSecond.toLocaleString('en')} (bare HTTP, SQLite row, same durability), p99 ${result.floorP99Ms} ms`,
          ],
          ['RATIO TO FLOOR (more is better)', `${result.ratioToFloor}`],
          ['agent CPU a post', `${result.cpuMicrosecondsPerPost} µs`],
          ['agent peak RSS', `${result.peakRssMb} MB`],
          ['refused', `${result.refused} of ${posts}`],
          ['machine', machineText()],
        ],
      ),
    );
  if (result.refused > 0) process.exitCode = 1;
} finally {
  await agent?.stop();
  s3.disconnect();
  floor.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

interface Measured {
  readonly count: number;
  readonly refused: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(url: string, lines: readonly Buffer[], durationMs: number): Promise<Measured> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => WireClient.connect(url)));
  const times: number[] = [];
  let refused = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + durationMs;
  await Promise.all(
    clients.map(async (client, index) => {
      const requests = lines.slice(index * 1000, (index + 1) * 1000).map((line) => client.request('/logs', line));
      for (let n = 0; performance.now() < endsAt; n++) {
        const sentAt = performance.now();
        const { status } = await client.send(requests[n % requests.length]!);
        times.push(performance.now() - sentAt);
        if (status !== 200) refused++;
      }
      client.close();
    }),
  );
  const elapsedMs = performance.now() - startedAt;
  times.sort((a, b) => a - b);
  return {
    count: times.length,
    refused,
    perSecond: times.length / (elapsedMs / 1000),
    p50Ms: percentile(times, 50),
    p99Ms: percentile(times, 99),
  };
}

function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    50,
  );
}
