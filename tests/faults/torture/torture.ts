import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultProxy } from '../../servers/fault-proxy.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { seededRandom } from '../../support/random.ts';
import { freshEnvironment, MAIN } from '../../support/running-system.ts';
import { until } from '../../support/until.ts';
import { ArchiveTrouble, type TroublePace } from './archive-trouble.ts';
import { type DiskFigures, DiskSampler } from './disk-sampler.ts';
import { type ClientFigures, sendUntil } from './http-client.ts';
import { type Findings, Ledger } from './ledger.ts';
import { LogWriter } from './log-writer.ts';
import { addressOf, RunningAgent } from './running-agent.ts';

/*
 * A real agent under load is ended at random instants, also while it starts, and started again, while its archive fails in every way there
 * is. Clients repeat what they got no answer to, with the same Idempotency-Key; a log file is written and rotated; a program runs under
 * `nervesys exec`. In the end everything that was acknowledged must be in the archive, once, in order, without a gap, and what
 * the agent kept on disk must never have passed its limit, which is small enough to be reached.
 */

export interface TortureOptions {
  readonly seed: number;
  readonly kills: number;
  readonly signal: 'SIGKILL' | 'SIGTERM';
  /** An empty folder; the agent's home, and the files that it follows. */
  readonly folder: string;
  readonly limitBytes: number;
  /** Doors beside HTTP. */
  readonly tail: boolean;
  readonly exec: boolean;
  /** So long an agent lives at most, from its start or from when it is ready. */
  readonly aliveMsMax: number;
  readonly trouble: TroublePace;
  /** Told after each kill. */
  readonly onKill?: (kill: number, disk: DiskFigures, clients: ClientFigures) => void;
}

export interface TortureResult {
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly findings: Findings;
  /** Some of what is wrong, for people. */
  readonly examples: readonly string[];
  readonly disk: DiskFigures;
  readonly clients: ClientFigures;
  readonly objects: number;
  readonly records: number;
  /** Of the program under `exec`, which can't wait, with receipts. */
  readonly givenUp: number;
  readonly troubles: ReadonlyMap<string, number>;
  readonly rotations: LogWriter['rotations'];
  readonly requests: number;
  readonly killedEarly: number;
  /** The longest end after SIGTERM. */
  readonly endMsMax: number;
  /** Exit codes other than 0 after SIGTERM. */
  readonly badExits: number;
}

const HTTP_AGENTS = ['GROK', 'GIMAI', 'DEEPSEEK', 'COPILOT'];
const TAILED_AGENT = 'CHATGPT';
const EXEC_AGENT = 'CLAUDE';
/** Killed before they are ready. */
const KILLED_EARLY = 0.25;
const DRAINED_MS_MAX = 60_000;
/** Somebody asks for everything to be sent, so that kills meet sealing and sending. */
const FLUSH_EACH_MS_MAX = 300;

export async function runTorture(options: TortureOptions): Promise<TortureResult> {
  const { seed, kills, folder, limitBytes } = options;
  const random = seededRandom(seed);
  const home = join(folder, 'home');
  const agentFolder = join(home, 'agent');
  const logFile = join(folder, 'chat.log');
  await writeConfig(home, limitBytes, options.tail ? logFile : undefined);
  await using s3 = await S3Server.start();
  await using proxy = await FaultProxy.start(s3.port);
  await using sampler = new DiskSampler(agentFolder, limitBytes);
  const settings = {
    ...s3.environment,
    STORJ_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
    NERVESYS_SERVER: 'AIGARDEN01',
  };
  const result = { killedEarly: 0, endMsMax: 0, badExits: 0 };
  const clients: ClientFigures = { requests: 0, unanswered: 0, refusedFull: 0, refusedClosing: 0 };
  const acknowledged = new Map<string, number>();
  const trouble = new ArchiveTrouble(s3, proxy, seededRandom(seed + 1));
  const writer = new LogWriter(logFile, join(agentFolder, 'buffer.db'), seededRandom(seed + 2));
  const calm = new AbortController();
  const unloaded = new AbortController();
  const failed = new AbortController();
  let agent: RunningAgent | undefined;
  let exec: ChildProcess | undefined;
  // One that fails ends all others: the first failure is the one to tell.
  const background = (work: Promise<unknown>) =>
    work.catch((error: unknown) => {
      failed.abort(error);
    });
  const loads = HTTP_AGENTS.map(async (agentId, i) => {
    acknowledged.set(
      agentId,
      await sendUntil(unloaded.signal, failed.signal, home, agentId, seededRandom(seed + 10 + i), clients),
    );
  });
  if (options.tail) loads.push(writer.run(unloaded.signal));
  const work = [...loads, trouble.run(options.trouble, calm.signal), flushNowAndThen(home, calm.signal, seed)].map(
    background,
  );
  try {
    for (let kill = 1; kill <= kills; kill++) {
      failed.signal.throwIfAborted();
      agent = new RunningAgent(home, settings);
      if (random() >= KILLED_EARLY) await agent.ready();
      else result.killedEarly++;
      if (options.exec && agent.isReady) exec ??= startExec(home, folder);
      await sleep(random() * options.aliveMsMax);
      const wasReady = agent.isReady;
      const { code, ms } = await agent.end(options.signal);
      if (options.signal === 'SIGTERM') {
        result.endMsMax = Math.max(result.endMsMax, ms);
        if (wasReady && code !== 0) result.badExits++;
      }
      options.onKill?.(kill, sampler.figures, clients);
    }
    calm.abort();
    agent = new RunningAgent(home, settings);
    await agent.ready();
    unloaded.abort();
    await Promise.all(work);
    failed.signal.throwIfAborted();
    if (exec !== undefined) acknowledged.set(EXEC_AGENT, await endExec(exec, folder));
    if (options.tail) acknowledged.set(TAILED_AGENT, writer.lines);

    const ledger = new Ledger();
    const isDrained = async () => {
      const flushed = await flush(home);
      ledger.readNew([...s3.objects].map(([key, { body }]) => ({ key, body })));
      return flushed?.ok && (!options.tail || ledger.greatest(TAILED_AGENT) >= writer.lines);
    };
    await until('everything is archived', isDrained, DRAINED_MS_MAX).catch(() => undefined); // then the findings say what is lost
    await agent.end('SIGTERM');
    ledger.readNew([...s3.objects].map(([key, { body }]) => ({ key, body })));
    return {
      ...result,
      acknowledged,
      findings: ledger.findings(acknowledged, new Set([EXEC_AGENT])),
      givenUp: ledger.givenUp,
      examples: ledger.examples,
      disk: sampler.figures,
      clients,
      objects: ledger.objects,
      records: ledger.records,
      troubles: trouble.met,
      rotations: writer.rotations,
      requests: s3.requests.length,
    };
  } finally {
    calm.abort();
    unloaded.abort();
    failed.abort();
    exec?.kill('SIGKILL');
    if (agent?.ended === false) agent.child.kill('SIGKILL');
    await Promise.all(work);
  }
}

/** All findings that must be zero, by name. */
export function badFindings({ findings, disk, badExits }: TortureResult): Record<string, number> {
  const all = { ...findings, aboveLimit: disk.above, badExits };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}

async function writeConfig(home: string, limitBytes: number, logFile: string | undefined): Promise<void> {
  const config = join(home, 'config');
  await mkdir(join(config, 'agents'), { recursive: true });
  const storage = `buffer:\n  limit: ${limitBytes / 1000}KB\nupload:\n  window: 1m\n  batch_size: 2MB\n  jitter: 0s\n`;
  await writeFile(join(config, 'storage.yaml'), storage);
  if (logFile === undefined) return;
  const sources = `sources:\n  - file: ${logFile}\n    start_at: beginning\n`;
  await writeFile(join(config, 'agents', `${TAILED_AGENT.toLowerCase()}.yaml`), `role: Talker\n${sources}`);
}

async function flushNowAndThen(home: string, signal: AbortSignal, seed: number): Promise<void> {
  const random = seededRandom(seed + 3);
  while (!signal.aborted) {
    await sleep(random() * FLUSH_EACH_MS_MAX);
    void flush(home); // not waited for: the agent may be killed before it answers
  }
}

async function flush(home: string): Promise<Response | undefined> {
  try {
    return await fetch(`${addressOf(home)!}/flush`, { method: 'POST', signal: AbortSignal.timeout(30_000) });
  } catch {
    return undefined;
  }
}

function startExec(home: string, folder: string): ChildProcess {
  const program = [process.execPath, join(import.meta.dirname, 'numbered-lines.ts'), join(folder, 'exec-lines')];
  const args = [MAIN, 'exec', '--agent-id', EXEC_AGENT, '--home', home, '--', ...program];
  return spawn(process.execPath, args, { env: freshEnvironment(home), stdio: 'ignore' });
}

/** Resolves with how many lines its program printed. */
async function endExec(exec: ChildProcess, folder: string): Promise<number> {
  const exited = once(exec, 'exit');
  exec.kill('SIGTERM');
  await exited;
  return Number(await readFile(join(folder, 'exec-lines'), 'utf8'));
}
