import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ProgramFolder } from '../../agent/upgrade/program-folder.ts';
import type { Heartbeat } from '../../contract/heartbeat.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { httpRequest } from '../../platform/http-request.ts';
import { formatDuration, formatSize } from '../../platform/quantity.ts';
import type { BufferView } from '../buffer.ts';
import { type AgentAddress, askAgent, readAddress, readAnswer } from '../connection.ts';
import { type Check, ok, problem, skipped, warning } from './check.ts';
import { portHolder } from './port.ts';

/** A window is 10 minutes; a batch that waited three of them has met trouble. */
const OLDEST_MS_PROBLEM = 1_800_000;
const FILLED_WARNING = 0.6;
const FILLED_PROBLEM = 0.85;
/** The WAL is folded back long before this, unless a reader holds an old snapshot. */
const WAL_BYTES_SUSPICIOUS = 8_000_000;

interface Health {
  readonly status: 'ok' | 'failing';
  readonly reasons: readonly string[];
  readonly server: string;
  /** Absent: an older agent. */
  readonly config?: Heartbeat['config'];
}

export interface AgentFindings {
  readonly checks: readonly Check[];
  /** The name of this server, where an agent runs here. */
  readonly server: string | undefined;
}

/** Looks at the lean agent of this machine: does it run, does it do its work, does its buffer drain? */
export async function checkAgent(home: string, address: AgentAddress, now: number): Promise<AgentFindings> {
  let health: Health;
  try {
    health = await askHealth(address);
  } catch (error) {
    return { checks: [await notRunning(home, address, error)], server: undefined };
  }
  const checks: Check[] =
    health.status === 'ok'
      ? [ok('agent', `${health.server} runs at ${address.socketPath ?? address.url}`)]
      : health.reasons.map((reason) =>
          problem('agent', reason, 'see the log of the agent for more; it goes on by itself once this is mended'),
        );
  try {
    checks.push(...checkBuffer((await askAgent(address, 'GET', '/buffer')) as BufferView, now));
  } catch (error) {
    checks.push(problem('buffer', describeError(error), 'see the log of the agent'));
  }
  checks.push(...checkRevision(health.config), ...checkReaders(home), ...(await checkProgram(home)));
  return { checks, server: health.server };
}

function checkRevision(config: Heartbeat['config'] | undefined): readonly Check[] {
  if (config === undefined) return [];
  const { running, desired, error } = config;
  if (error !== null)
    return [
      problem(
        'revision',
        `the agent runs ${running} and refuses ${desired}: ${error}`,
        'correct the configuration, or upgrade the agent (nervesys fleet upgrade); what ran runs on',
      ),
    ];
  return [
    ok(
      'revision',
      running === desired ? `the agent runs ${running}` : `the agent runs ${running}; ${desired} is on its way`,
    ),
  ];
}

/** What the agent upgraded itself to: beside the buffer's limit, so it is told. */
async function checkProgram(home: string): Promise<readonly Check[]> {
  const folder = new ProgramFolder(home);
  const { current } = await folder.state();
  if (current === undefined) return [];
  const path = folder.pathOf(current.sha256);
  if ((await folder.current()) === path)
    return [ok('program', `upgraded to ${current.version} (${formatSize(statSync(path).size)} in ${path})`)];
  return [
    warning(
      'program',
      `the upgraded agent ${path} is not what was fetched, so the installed one runs`,
      'ask for the upgrade again: nervesys fleet upgrade',
    ),
  ];
}

async function askHealth(address: AgentAddress): Promise<Health> {
  const answer = await httpRequest({
    method: 'GET',
    url: new URL('/healthz', address.url),
    socketPath: address.socketPath,
    timeoutMs: 5_000,
  });
  // 503 is an answer too: the same document, with reasons.
  const value = readAnswer(answer.status === 503 ? { ...answer, status: 200 } : answer, 'GET /healthz') as
    | Health
    | undefined;
  if (typeof value?.server === 'string' && Array.isArray(value.reasons)) return value;
  throw new NervesysError('NSV_NOT_RUNNING', `what answers at ${address.url} is not a Nervesys agent`);
}

async function notRunning(home: string, address: AgentAddress, error: unknown): Promise<Check> {
  const noted = readAddress(join(home, 'agent/address.json'));
  if (noted !== undefined) {
    return problem(
      'agent',
      `it is noted as running (process ${noted.pid ?? 'unknown'}), but: ${describeError(error)}`,
      'start it again; a killed agent leaves its note behind',
    );
  }
  const port = Number(new URL(address.url).port);
  if (await portHolder(port))
    return problem(
      'agent',
      `another program listens on port ${port}`,
      'stop that program, or start the agent with another --agent-port',
    );
  return problem('agent', `no agent runs in ${home}`, 'start it with `npm start`, or name its home with --home');
}

function checkBuffer(view: BufferView, now: number): readonly Check[] {
  const checks: Check[] = [];
  const filled = view.bytes / view.limit_bytes;
  const found = `${formatSize(view.bytes)} of ${formatSize(view.limit_bytes)}, ${view.records} records wait`;
  const remedy = 'see `archive backlog` for why it does not drain';
  if (view.held || filled >= FILLED_PROBLEM)
    checks.push(problem('buffer', `${found}${view.held ? '; sources are held back' : ''}`, remedy));
  else checks.push(filled >= FILLED_WARNING ? warning('buffer', found, remedy) : ok('buffer', found));

  const oldestMs = view.oldest_at === null ? 0 : now - Date.parse(view.oldest_at);
  const archived = view.last_archived_at
    ? `last archived ${formatDuration(now - Date.parse(view.last_archived_at))} ago`
    : 'nothing archived yet';
  if (oldestMs > OLDEST_MS_PROBLEM) {
    checks.push(
      problem(
        'archive backlog',
        `the oldest record has waited ${formatDuration(oldestMs)}; ${archived}`,
        'is the archive reachable, and are its keys right? Nothing is lost; `nervesys buffer` shows what waits',
      ),
    );
  } else
    checks.push(
      ok(
        'archive backlog',
        view.oldest_at === null ? `none, ${archived}` : `oldest ${formatDuration(oldestMs)}, ${archived}`,
      ),
    );
  if ((view.lost_records ?? 0) > 0) {
    checks.push(
      warning(
        'losses',
        `${view.lost_records} records had to go because the buffer was full`,
        'the archive has a receipt: `nervesys logs --grep loss --since 30d`',
      ),
    );
  }
  return checks;
}

/** An outside program that holds a snapshot of the buffer makes its WAL grow until writing stops; this names it. */
function checkReaders(home: string): readonly Check[] {
  const path = join(home, 'agent/buffer.db');
  const walBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (walBytes < WAL_BYTES_SUSPICIOUS) return [];
  const agentPid = readAddress(join(home, 'agent/address.json'))?.pid;
  const readers = processesWith(path).filter((one) => one.pid !== agentPid);
  if (readers.length === 0)
    return [skipped('buffer readers', `the WAL is ${formatSize(walBytes)}; no other reader was found`)];
  const names = readers.map((one) => `${one.name} (process ${one.pid})`).join(', ');
  return [
    problem(
      'buffer readers',
      `the WAL is ${formatSize(walBytes)} and held by ${names}`,
      'end that program, or its open transaction',
    ),
  ];
}

function processesWith(path: string): readonly { readonly pid: number; readonly name: string }[] {
  const found: { pid: number; name: string }[] = [];
  for (const entry of listed('/proc').filter((name) => /^\d+$/.test(name))) {
    const open = listed(`/proc/${entry}/fd`).some((fd) => linkOf(`/proc/${entry}/fd/${fd}`) === path);
    if (open) found.push({ pid: Number(entry), name: nameOf(entry) });
  }
  return found;
}

/** Processes end while they are looked at, and others' are not for us to see: both read as nothing. */
function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program';
  }
}
