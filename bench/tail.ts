/**
 * File tail: a file of the common workload is moved to where the agent looks, and followed until every record is stored; then archived and
 * counted. CPU as a ratio to the floor of the ingest bench (parse, insert, gzip), measured in the same run.
 *
 *   node bench/tail.ts [--records 500000] [--lines json|plain|logfmt] [--bundle dist/nervesys-agent.cjs] [--redaction] [--rules N] [--json]
 *
 * --lines: the same records as other loggers write them; --bundle: the agent as servers run it (npm run bundle:agent), not its
 * TypeScript; --redaction: secrets are looked for, as is the default; --rules: so many rules of the usual kinds
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { copyBenchConfig } from './bench-config.ts';
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

const POLL_MS = 20;

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '500000' },
    lines: { type: 'string', default: 'json' },
    bundle: { type: 'string' },
    redaction: { type: 'boolean', default: false },
    rules: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const records = Number(values.records);
const { lines } = values;
if (lines !== 'json' && lines !== 'plain' && lines !== 'logfmt') throw new Error(`no lines of the kind ${lines}`);
const folder = mkdtempSync(join(tmpdir(), 'nervesys-tail-'));
const s3 = fork(join(import.meta.dirname, 's3-process.ts'), { env: cleanEnvironment({}) });
let agent: RunningAgent | undefined;
try {
  const file = join(folder, 'logs.ndjson');
  const inputBytes = generateLogs(file, records);
  const floor = await measureFloorApart(file);
  const tailed = lines === 'json' ? file : rewriteLines(file, lines);
  const home = join(folder, 'home');
  const watched = join(folder, 'watched');
  mkdirSync(watched);
  mkdirSync(home);
  copyBenchConfig(home, { redaction: values.redaction, rules: Number(values.rules) });
  writeFileSync(
    join(home, 'config/agents/bench.yaml'),
    `sources:\n  - file: ${watched}/*.ndjson\n    start_at: beginning\n`,
  );
  const [settings] = (await once(s3, 'message')) as [Record<string, string>];
  const program = values.bundle === undefined ? undefined : [resolve(values.bundle)];
  agent = await startAgent(home, s3Settings(settings), program);

  const cpuBefore = cpuSeconds(agent.pid);
  renameSync(tailed, join(watched, 'logs.ndjson'));
  // From when it is found, which takes up to a second: of interest is how fast a file is read, not when.
  while ((await buffer(agent.url)).last_sequence === 0) await sleep(POLL_MS);
  const startedAt = performance.now();
  const first = (await buffer(agent.url)).last_sequence;
  while ((await buffer(agent.url)).last_sequence < records) await sleep(POLL_MS);
  const storedAt = performance.now();
  const flush = await fetch(`${agent.url}/flush?timeout=10m`, { method: 'POST' });
  const archivedAt = performance.now();
  const cpu = ((cpuSeconds(agent.pid) - cpuBefore) / records) * 1e6;
  const peakBytes = residentBytes(agent.pid, 'VmHWM');
  s3.send('count');
  const [count] = (await once(s3, 'message')) as [ArchiveCount];
  const complete = count.records === records && count.distinct === records;
  const rate = (until: number) => Math.round((records - first) / ((until - startedAt) / 1000));
  const result = {
    bench: 'tail',
    lines,
    records,
    complete,
    lost: records - count.distinct,
    doubled: count.records - count.distinct,
    flushStatus: flush.status,
    recordsPerSecond: rate(archivedAt),
    storedPerSecond: rate(storedAt),
    cpuSecondsPerMillion: round(cpu),
    floorCpuSecondsPerMillion: floor.cpuSecondsPerMillion.total,
    ratioToFloor: round(cpu / floor.cpuSecondsPerMillion.total),
    peakRssMb: round(peakBytes / 1e6),
    inputToStored: round(inputBytes / count.storedBytes),
    machine: { cpus: floor.cpus, model: floor.model, node: floor.node },
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    console.log(
      formatFigures(`File tail: ${records.toLocaleString('en')} records in one file, ${lines} lines`, [
        ['in the archive', complete ? 'every record exactly once' : `LOST ${result.lost}, DOUBLED ${result.doubled}`],
        ['records/s, found to archived', result.recordsPerSecond.toLocaleString('en')],
        ['records/s, found to stored', result.storedPerSecond.toLocaleString('en')],
        ['agent CPU s per million', `${result.cpuSecondsPerMillion}`],
        ['floor CPU s per million', `${result.floorCpuSecondsPerMillion} (parse, insert and gzip alone)`],
        ['RATIO TO FLOOR', `${result.ratioToFloor}`],
        ['agent peak RSS', `${result.peakRssMb} MB`],
        ['input bytes : stored bytes', `${result.inputToStored}`],
        ['machine', `${floor.cpus} × ${floor.model}, Node ${floor.node}`],
      ]),
    );
  if (!complete) process.exitCode = 1;
} finally {
  await agent?.stop();
  s3.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

/** The records of a file as other loggers would have written them, in a file beside it; what tells them apart stays in the line. */
function rewriteLines(file: string, kind: 'plain' | 'logfmt'): string {
  const path = `${file}.${kind}`;
  const texts = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { timestamp, level, agent_id: agentId, action, message, context } = JSON.parse(line);
      return kind === 'plain'
        ? `${timestamp.replace('T', ' ').replace('Z', '')} ${level} [${agentId}] ${action}: ${message} ${JSON.stringify(context)}\n`
        : `time=${timestamp} level=${level.toLowerCase()} agent_id=${agentId} action=${action} msg=${JSON.stringify(message)} seq=${context.seq} context=${JSON.stringify(JSON.stringify(context))}\n`;
    });
  writeFileSync(path, texts.join(''));
  return path;
}

async function buffer(url: string): Promise<{ last_sequence: number }> {
  return (await (await fetch(`${url}/buffer`)).json()) as { last_sequence: number };
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
