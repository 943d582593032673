import { type ChildProcess, spawn } from 'node:child_process';
import { ProgramFolder } from '../agent/upgrade/program-folder.ts';
import type { NewProgram } from '../agent/upgrade/upgrader.ts';
import { UPGRADE_REASON_LENGTH_MAX } from '../contract/agent-upgrade.ts';
import { systemClock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { formatDuration } from '../platform/quantity.ts';
import { EXIT } from './exit-codes.ts';

const PATIENCE_MS = 180_000;
const STOP_MS = 15_000;

/** What a program on trial says to the process that tries it, by IPC. */
export type TrialWord = { readonly type: 'beats' } | { readonly type: 'refuses'; readonly reason: string };

export interface Trial {
  readonly home: string;
  readonly program: NewProgram;
  readonly logger: Logger;
  /** Aborts when this process is to end. */
  readonly stop: AbortSignal;
  /** How long the program has for its first heartbeat; default: 3 min, as starting, salvaging and joining take seconds. */
  readonly patienceMs?: number;
  /** How long it has for closing before it is killed; default: longer than an agent's own deadline for it. */
  readonly stopMs?: number;
}

type Verdict =
  | { readonly type: 'good' }
  | { readonly type: 'failed' | 'refused'; readonly reason: string }
  | { readonly type: 'stopped'; readonly exitCode: number };

/**
 * Runs a new program beside this process, which has closed its own agent, and puts the better of both in this process's place: the new one
 * once the orchestrator has taken a heartbeat of it, else the one from before. Only a program that has beaten is ever noted as the one to
 * run, so a power loss at any instant leaves the old one. Resolves (with an exit code) only when the process was told to stop meanwhile.
 */
export async function tryProgram(trial: Trial): Promise<number> {
  const { home, program, logger } = trial;
  const folder = new ProgramFolder(home);
  const verdict = await judge(trial);
  switch (verdict.type) {
    case 'stopped':
      return verdict.exitCode; // undecided: the orchestrator asks for it again
    case 'good': {
      logger.info('the new agent beats and takes over', { version: program.version, sha256: program.sha256 });
      const untold = { bundle_sha256: program.sha256, outcome: 'done', reason: null } as const;
      await folder.setState({ current: { sha256: program.sha256, version: program.version }, untold });
      await folder.keepOnly([program.sha256]);
      return becomeProgram(program.path);
    }
    case 'failed':
    case 'refused': {
      logger.error('the new agent is not taken; the one before goes on', { reason: verdict.reason });
      const { current } = await folder.state();
      const reason = verdict.reason.slice(0, UPGRADE_REASON_LENGTH_MAX);
      await folder.setState({
        ...(current === undefined ? {} : { current }),
        untold: { bundle_sha256: program.sha256, outcome: verdict.type, reason },
      });
      await folder.keepOnly(current === undefined ? [] : [current.sha256]);
      return becomeProgram(process.argv[1]!);
    }
    default:
      return verdict satisfies never;
  }
}

/** Puts another program in this process's place: same number, same arguments, same environment. Nothing of ours runs after it. */
export function becomeProgram(path: string): never {
  process.execve!(process.execPath, [process.execPath, ...process.execArgv, path, ...process.argv.slice(2)]);
  throw new Error('execve came back');
}

async function judge({ program, stop, patienceMs = PATIENCE_MS, stopMs = STOP_MS }: Trial): Promise<Verdict> {
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...process.execArgv, program.path, ...process.argv.slice(2), '--trial'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  } catch (error) {
    return { type: 'failed', reason: `it could not be started: ${describeError(error)}` };
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${describeError(error)}`));
    child.once('exit', (code, signal) =>
      resolve(`it ended ${signal === null ? `with exit code ${code}` : `by ${signal}`} before its first heartbeat`),
    );
  });
  const word = new Promise<TrialWord>((resolve) => child.once('message', (said) => resolve(said as TrialWord)));
  const over = new AbortController();
  const deadline = systemClock.sleep(patienceMs, AbortSignal.any([over.signal, stop])).then(
    () => 'late' as const,
    () => 'stop' as const,
  );
  const first = await Promise.race([word, ended, deadline]);
  over.abort();
  await end(child, ended, stopMs);
  if (first === 'stop') return { type: 'stopped', exitCode: child.exitCode ?? EXIT.done };
  if (first === 'late')
    return { type: 'failed', reason: `no heartbeat of it arrived within ${formatDuration(patienceMs)}` };
  if (typeof first === 'string') return { type: 'failed', reason: first };
  return first.type === 'beats' ? { type: 'good' } : { type: 'refused', reason: first.reason };
}

/** Asks it to close, which takes what it holds to safety, and waits until it is gone. */
async function end(child: ChildProcess, ended: Promise<string>, stopMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const patience = new AbortController();
  const killing = systemClock.sleep(stopMs, patience.signal).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await ended;
  patience.abort();
  await killing;
}
