/**
 * The archive is away while 303 MB of records arrive and the agent may keep 100 MB on disk. Clients repeat what is answered 429. Then the
 * archive comes back: how long until all is there, is everything there exactly once, what did the disk hold at each sample,
 * and does the memory stay flat.
 *
 *   node bench/outage.ts [--records 1130000] [--seconds 120] [--json]      --seconds: how long the archive is away at least
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cutBodies } from './bodies.ts';
import { machine, machineText, round } from './figures.ts';
import { generateLogs } from './gen-logs.ts';
import {
  cleanEnvironment,
  formatFigures,
  type RunningAgent,
  residentBytes,
  s3Settings,
  startAgent,
} from './processes.ts';
import type { ArchiveCount } from './s3-process.ts';
import { WireClient } from './wire-client.ts';

const LIMIT_BYTES = 100_000_000; // what config/storage.yaml says
const POST_LINES = 500;
const CONNECTIONS = 4;
const SAMPLE_MS = 20;
const DRAIN_PATIENCE_MS = 300_000;
/** The same outage with the leading log shipper (measured apart; see docs/decisions/0005-hot-path.md). */
const PEER =
  'Fluent Bit 5.1.1: disk 303 MB and 7.5 % of acknowledged lines lost; with both its limits set, 99 MB and 65.6 % lost';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1130000' },
    seconds: { type: 'string', default: '120' },
    json: { type: 'boolean', default: false },
  },
});
const records = Number(values.records);
const folder = mkdtempSync(join(tmpdir(), 'nervesys-outage-'));
const s3 = fork(join(import.meta.dirname, 's3-process.ts'), { env: cleanEnvironment({}) });
let agent: RunningAgent | undefined;
let sampling: NodeJS.Timeout | undefined;
try {
  const file = join(folder, 'logs.ndjson');
  const inputBytes = generateLogs(file, records);
  const [settings] = (await once(s3, 'message')) as [Record<string, string>];
  agent = await startAgent(join(folder, 'home'), s3Settings(settings));
  const { pid, url } = agent;
  const kept = join(folder, 'home/agent');
  const samples: { readonly diskBytes: number; readonly rssBytes: number }[] = [];
  sampling = setInterval(
    () => samples.push({ diskBytes: folderBytes(kept), rssBytes: residentBytes(pid, 'VmRSS') }),
    SAMPLE_MS,
  );

  s3.send('down');
  await once(s3, 'message');
  const startedAt = performance.now();
  const endsAt = startedAt + Number(values.seconds) * 1000;
  const posting = postAll(url, cutBodies(readFileSync(file), POST_LINES));
  await Promise.race([posting, sleep(endsAt - performance.now())]);
  const postedDuring = performance.now() - startedAt;
  await sleep(endsAt - performance.now());
  const heldAtReturn = (await buffer(url)).records;
  const samplesOfOutage = samples.length;
  s3.send('up');
  await once(s3, 'message');
  const returnedAt = performance.now();
  const { accepted, refusals } = await posting;
  // Nothing nudges the agent: it has to find out by itself. The open window is no backlog, it is flushed afterwards.
  while ((await buffer(url)).batches.length > 0 && performance.now() - returnedAt < DRAIN_PATIENCE_MS) await sleep(100);
  const drainedSeconds = (performance.now() - returnedAt) / 1000;
  await fetch(`${url}/flush?timeout=5m`, { method: 'POST' });
  s3.send('count');
  const [count] = (await once(s3, 'message')) as [ArchiveCount];
  clearInterval(sampling);

  const lost = records - count.distinct;
  const doubled = count.records - count.distinct;
  const diskBytesMax = Math.max(...samples.map(({ diskBytes }) => diskBytes));
  const rssOf = (from: number, to: number) => median(samples.slice(from, to).map(({ rssBytes }) => rssBytes));
  const third = Math.floor(samplesOfOutage / 3);
  const result = {
    bench: 'outage',
    records,
    inputMb: round(inputBytes / 1e6),
    outageSeconds: round((returnedAt - startedAt) / 1000),
    accepted,
    lost,
    doubled,
    refusals,
    recordsHeldAtReturn: heldAtReturn,
    postedSeconds: round(postedDuring / 1000),
    limitBytes: LIMIT_BYTES,
    diskBytesMax,
    samples: samples.length,
    drainedSeconds: round(drainedSeconds),
    rssFirstThirdMb: round(rssOf(0, third) / 1e6),
    rssLastThirdMb: round(rssOf(2 * third, samplesOfOutage) / 1e6),
    peakRssMb: round(residentBytes(pid, 'VmHWM') / 1e6),
    diskBytesAfter: folderBytes(kept),
    peer: PEER,
    machine: machine(),
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    console.log(
      formatFigures(
        `Outage: the archive is away for ${result.outageSeconds} s, ${result.inputMb} MB arrive, limit 100 MB`,
        [
          ['of the acknowledged records', `${lost} lost, ${doubled} doubled (of ${accepted.toLocaleString('en')})`],
          [
            'disk, greatest of all samples',
            `${diskBytesMax.toLocaleString('en')} bytes (${samples.length} samples, one in ${SAMPLE_MS} ms)`,
          ],
          ['DISK AS A PART OF THE LIMIT', `${round(diskBytesMax / LIMIT_BYTES)}`],
          ['held when the archive came back', `${heldAtReturn.toLocaleString('en')} records`],
          ['asked to wait (429)', `${refusals} times`],
          ['backlog archived after', `${result.drainedSeconds} s`],
          [
            'RSS, first and last third',
            `${result.rssFirstThirdMb} and ${result.rssLastThirdMb} MB (peak ${result.peakRssMb})`,
          ],
          ['disk afterwards', `${(result.diskBytesAfter / 1e6).toFixed(2)} MB`],
          ['the peer', PEER],
          ['machine', machineText()],
        ],
      ),
    );
  if (lost !== 0 || doubled !== 0 || diskBytesMax > LIMIT_BYTES) process.exitCode = 1;
} finally {
  clearInterval(sampling);
  await agent?.stop();
  s3.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

/** Each connection takes the next body; a 429 is repeated after what it asks for, as a good client does. */
async function postAll(url: string, bodies: readonly Buffer[]): Promise<{ accepted: number; refusals: number }> {
  let next = 0;
  let accepted = 0;
  let refusals = 0;
  const work = async () => {
    const client = await WireClient.connect(url);
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      for (let taken = false; !taken; ) {
        const { status, body: text, retryAfterSeconds } = await client.send(client.request('/logs', body));
        taken = status === 200;
        if (taken) accepted += (JSON.parse(text) as { accepted: number }).accepted;
        else if (status !== 429) throw new Error(`POST /logs: ${status} ${text}`);
        else {
          refusals++;
          await sleep(retryAfterSeconds * 1000);
        }
      }
    }
    client.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return { accepted, refusals };
}

/** What stands in the agent's folder; files come and go meanwhile. */
function folderBytes(path: string): number {
  let bytes = 0;
  for (const name of readdirSync(path)) bytes += statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

async function buffer(url: string): Promise<{ records: number; batches: unknown[] }> {
  return (await (await fetch(`${url}/buffer`)).json()) as { records: number; batches: unknown[] };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, Math.max(0, ms)));
}
