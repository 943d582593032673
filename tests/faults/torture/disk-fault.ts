import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Server } from '../../servers/s3-server.ts';
import { postLogs } from '../../support/running-system.ts';
import { until } from '../../support/until.ts';
import { type Findings, Ledger } from './ledger.ts';
import { RunningAgent } from './running-agent.ts';

/*
 * A real agent whose disk fails for real: strace answers the N-th write, sync or truncation of its buffer's files with an error, once or
 * from then on. What it acknowledged must be in the archive once after a clean start, and it must neither end nor claim what it hasn't done.
 */

export interface DiskFault {
  readonly syscall: 'pwrite64' | 'fsync' | 'ftruncate';
  readonly error: 'ENOSPC' | 'EIO';
  /** The first call that fails, from 1. */
  readonly nth: number;
  /** Whether all later ones fail too. */
  readonly lasting: boolean;
}

export interface DiskFaultResult {
  /** False: there are fewer such calls, and the run passed untouched. */
  readonly injected: boolean;
  readonly findings: Findings;
  readonly examples: readonly string[];
  /** It refused to start, and said why; only the disk of its start is to blame. */
  readonly refusedStart: boolean;
  /** What it must never do, in words. */
  readonly complaints: readonly string[];
}

/** A home to begin with, of an agent that was killed after it had acknowledged lines 1 … `given`. */
export interface KilledHome {
  readonly home: string;
  readonly given: number;
}

const AGENT_ID = 'GROK';
const REQUESTS = 8;
const LINES_PER_REQUEST = 5;
/** After these many requests somebody asks for everything to be sent: sealing, noting a key, removing, shrinking. */
const FLUSH_AFTER: ReadonlySet<number> = new Set([3, 6]);
/** Repeats of a request that is refused: a fault that passes has passed by then. */
const TRIES = 4;
const TRY_AGAIN_MS = 25;

/** Why strace can't be used here; `undefined`: it can. */
export function straceMissing(): string | undefined {
  try {
    execFileSync('strace', ['-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=none', 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    return code === 'ENOENT' ? 'strace is not installed' : `strace can't trace here: ${String(stderr).trim()}`;
  }
}

/** The command that runs a program with this fault on the buffer's files, and notes each such call in `trace`. */
export function straceWith(agentFolder: string, trace: string, fault?: DiskFault): string[] {
  const buffer = join(agentFolder, 'buffer.db');
  const paths = ['', '-wal', '-shm'].flatMap((suffix) => ['-P', buffer + suffix]);
  const when = fault === undefined ? '' : `${fault.nth}${fault.lasting ? '+' : ''}`;
  const inject = fault === undefined ? [] : ['-e', `inject=${fault.syscall}:error=${fault.error}:when=${when}`];
  // As a child of the program (-D): signals and the exit code are the program's own.
  return [
    'strace',
    '-D',
    '-f',
    '-qq',
    '-o',
    trace,
    '-e',
    'trace=pwrite64,fsync,fdatasync,ftruncate',
    ...paths,
    ...inject,
  ];
}

/**
 * One run in an empty folder, on a copy of `template`; absent: the buffer is created under the fault.
 */
export async function runWithFault(folder: string, fault: DiskFault, template?: KilledHome): Promise<DiskFaultResult> {
  const home = join(folder, 'home');
  const trace = join(folder, 'trace');
  const agentFolder = join(home, 'agent');
  if (template === undefined) await mkdir(agentFolder, { recursive: true });
  else await cp(template.home, home, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  await using s3 = await S3Server.start();
  const settings = settingsFor(s3);
  const client = new CarefulClient(template?.given ?? 0);
  const complaints: string[] = [];
  let refusedStart = false;

  const faulty = new RunningAgent(home, settings, straceWith(agentFolder, trace, fault));
  try {
    await until('it is ready or ends', () => faulty.ended || faulty.output.includes('Ready in'), 60_000);
    if (faulty.ended) {
      refusedStart = true;
      const { exitCode } = faulty.child;
      if (exitCode !== 1 || !/^code: NSV_/m.test(faulty.output))
        complaints.push(
          `ended at its start with ${exitCode}, without a reason of its own: ${faulty.output.slice(-600)}`,
        );
    } else {
      await client.send(faulty, REQUESTS / 2);
      if (!fault.lasting && client.gaveUp > 0)
        complaints.push(`a fault that passed was not got over: ${client.refusals.join(', ')}`);
      if (!faulty.ended && (await health(faulty)) === undefined) complaints.push('does not answer');
      const byTerm = fault.nth % 2 === 0;
      if (faulty.ended) complaints.push(`ended by itself: ${faulty.output.slice(-1_500)}`);
      else {
        const { ms } = await faulty.end(byTerm ? 'SIGTERM' : 'SIGKILL');
        if (ms > 10_000) complaints.push(`took ${ms} ms to end`);
      }
    }
  } finally {
    if (!faulty.ended) await faulty.end('SIGKILL');
  }
  complaints.push(...client.lies);

  const clean = new RunningAgent(home, settings);
  const ledger = new Ledger();
  try {
    await clean.ready();
    await client.send(clean, REQUESTS);
    assert.equal(client.sent, (template?.given ?? 0) + REQUESTS * LINES_PER_REQUEST, client.refusals.join(', '));
    await until('everything is archived', async () => (await flush(clean)) === 200, 20_000);
    const { code } = await clean.end('SIGTERM');
    if (code !== 0) complaints.push(`the clean start ended with ${code}`);
  } finally {
    if (!clean.ended) await clean.end('SIGKILL');
  }
  ledger.readNew([...s3.objects].map(([key, { body }]) => ({ key, body })));
  const findings = ledger.findings(new Map([[AGENT_ID, client.sent]]));
  const injected = (await readFile(trace, 'utf8')).includes('(INJECTED)');
  return { injected, findings, examples: ledger.examples, refusedStart, complaints };
}

/** What is wrong, in words; '' when nothing is. */
export function wrongIn({ findings, complaints, examples }: DiskFaultResult): string {
  const found = Object.entries(findings).filter(([, count]) => count !== 0);
  return [...found.map(([name, count]) => `${name} ${count}`), ...examples.slice(0, 3), ...complaints].join('; ');
}

/** A home with sealed and open records whose agent was killed, so that the next start recovers them from the WAL. */
export async function makeKilledHome(home: string): Promise<KilledHome> {
  await mkdir(join(home, 'agent'), { recursive: true });
  await using s3 = await S3Server.start();
  const agent = new RunningAgent(home, settingsFor(s3));
  try {
    await agent.ready();
    s3.failNext(1_000, { type: 'status', status: 503 });
    const client = new CarefulClient(0);
    await client.send(agent, REQUESTS);
    assert.equal(client.gaveUp, 0);
    await agent.end('SIGKILL');
    return { home, given: client.sent };
  } finally {
    if (!agent.ended) agent.child.kill('SIGKILL');
  }
}

/** Settings of an agent that archives to this server. */
export function settingsFor(s3: S3Server): Record<string, string> {
  return { ...s3.environment, NERVESYS_SERVER: 'AIGARDEN01' };
}

/** Sends numbered lines, request after request; one that is refused again and again ends the round, and the next begins with it. */
class CarefulClient {
  sent: number;
  requests = 0;
  gaveUp = 0;
  readonly refusals: string[] = [];
  /** Answers that promise nothing sensible. */
  readonly lies: string[] = [];
  #key: string | undefined;

  constructor(given: number) {
    this.sent = given;
  }

  /** Until so many requests in all were acknowledged. */
  async send(agent: RunningAgent, requests: number): Promise<void> {
    while (this.requests < requests) {
      if (FLUSH_AFTER.has(this.requests)) await flush(agent);
      if (!(await this.#sendOne(agent))) {
        this.gaveUp++;
        return;
      }
      this.requests++;
      this.sent += LINES_PER_REQUEST;
      this.#key = undefined;
    }
    await flush(agent);
  }

  async #sendOne(agent: RunningAgent): Promise<boolean> {
    const lines = Array.from({ length: LINES_PER_REQUEST }, (_, i) =>
      JSON.stringify({ agent_id: AGENT_ID, message: `line ${this.sent + i + 1} ${'x'.repeat(3_000)}` }),
    );
    this.#key ??= randomUUID();
    for (let attempt = 0; attempt < TRIES && !agent.ended; attempt++) {
      const answer = await postLogs(agent.url, lines.join('\n'), { 'idempotency-key': this.#key }).catch(
        () => undefined,
      );
      if (answer?.status === 200) return true;
      const text = answer === undefined ? 'no answer' : `${answer.status} ${await answer.text()}`;
      this.refusals.push(text.replaceAll(/\s+/g, ' ').slice(0, 300));
      if (answer !== undefined && ![429, 503, 507].includes(answer.status))
        this.lies.push(`refused as ${this.refusals.at(-1)}`);
      await sleep(TRY_AGAIN_MS);
    }
    return false;
  }
}

async function flush(agent: RunningAgent): Promise<number | undefined> {
  if (agent.ended) return undefined;
  const url = `${agent.url}/flush?timeout=2s`;
  return (await fetch(url, { method: 'POST', signal: AbortSignal.timeout(10_000) }).catch(() => undefined))?.status;
}

async function health(agent: RunningAgent): Promise<number | undefined> {
  const url = `${agent.url}/healthz`;
  return (await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined))?.status;
}
