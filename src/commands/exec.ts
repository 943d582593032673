import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { OnFull } from '../config/index.ts';
import { type AgentId, parseAgentId } from '../contract/ids.ts';
import { EXIT_ACTION } from '../contract/record.ts';
import { systemClock } from '../platform/clock.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { openConnections } from '../platform/http-request.ts';
import { formatDuration } from '../platform/quantity.ts';
import { systemRandom } from '../platform/random.ts';
import { locateAgent } from './connection.ts';
import { AgentDoor, type OwnStatus } from './exec/agent-door.ts';
import { Delivery, type DeliverySummary } from './exec/delivery.ts';
import { LineSplitter } from './exec/line-splitter.ts';
import { type OutputStream, outputRecord } from './exec/output-record.ts';
import { type RestartPolicy, Restarts } from './exec/restart-policy.ts';
import { relaySignals, type SignalRelay } from './exec/signals.ts';
import { escapeControls, note } from './output.ts';
import { childEnvironment, userDirectory } from './settings.ts';

export interface ExecOptions {
  readonly agentId: string;
  readonly home?: string;
  readonly agentPort?: number;
  readonly restart?: RestartPolicy;
  readonly onFull?: OnFull;
}

/** As a shell answers where a program could not be started. */
const EXIT_NOT_EXECUTABLE = 126;
const EXIT_NOT_FOUND = 127;
const DELIVERY_MS_MAX = 10_000;
/** A program that never ran has only its end to tell. */
const DELIVERY_NOT_STARTED_MS_MAX = 2_000;
/** How long the output of a program's own children is still read once the program itself has ended. */
const LINGER_MS = 2_000;

/** How a run ended. */
interface Ending {
  readonly exitCode: number;
  readonly status: OwnStatus;
  /** For the final record. */
  readonly message: string;
  readonly signal?: NodeJS.Signals;
}

/** `nervesys exec`: resolves with the program's own exit code, 128 + n when signal n ended it. */
export async function run(options: ExecOptions, command: readonly string[]): Promise<number> {
  const agentId = parseAgentId(options.agentId);
  if (agentId === undefined) {
    throw new NervesysError('NSV_SETTING_INVALID', `--agent-id is ${JSON.stringify(options.agentId.slice(0, 80))}`, {
      hint: 'use 1–50 characters, none of them a control character',
    });
  }
  const clock = systemClock;
  const locate = () => locateAgent(options);
  using signals = relaySignals(clock);
  await using connections = openConnections({ connectionsMax: 1 });
  const door = new AgentDoor({ locate, connections, clock, onFull: options.onFull });
  const tell = (text: string) => note(`nervesys: ${escapeControls(text)}`);
  const delivery = new Delivery({ door, agentId, clock, random: systemRandom, tell });
  const restarts = new Restarts(options.restart ?? 'never');
  for (let run = 1; ; run++) {
    const startedAt = clock.monotonic();
    const environment = childEnvironment({ NERVESYS_AGENT_ID: agentId, NERVESYS_URL: locate().url });
    const { ending, pid, started } = await runOnce(command, environment, agentId, delivery, signals);
    const asked = signals.endAsked;
    const ranMs = clock.monotonic() - startedAt;
    const waitMs = restarts.after({
      failed: ending.status.status !== 'stopped',
      started,
      asked: asked !== undefined,
      ranMs,
    });
    const { exitCode, status, message, signal } = asked === undefined ? ending : stoppedOnRequest(ending, asked);
    const next = waitMs === undefined ? '' : `; it starts again in ${formatDuration(waitMs)}`;
    delivery.add({
      json: JSON.stringify({
        timestamp: new Date(clock.now()).toISOString(),
        level: status.status === 'stopped' ? 'INFO' : 'ERROR',
        agent_id: agentId,
        action: EXIT_ACTION,
        message: `${message} after ${formatDuration(ranMs)}${next}`,
        // Arguments stay out: they may hold secrets.
        context: {
          program: basename(command[0]!),
          pid,
          exit_code: status.exit_code,
          signal,
          ...(waitMs === undefined ? {} : { run, restart_after_ms: waitMs }),
        },
      }),
      level: 'ERROR', // whatever it says, it is the last line to go
    });
    if (waitMs !== undefined) {
      delivery.setStatus({ ...status, detail: `${message}${next}` });
      tell(`${message}${next}`);
      const stopped = await clock.sleep(waitMs, signals.ending).then(
        () => false,
        () => true,
      );
      if (!stopped) continue;
    }
    const finalStatus = waitMs === undefined ? status : stoppedOnRequest(ending, signals.endAsked!).status;
    const impatient = new AbortController();
    signals.childEnded(impatient);
    const patienceMs = started || run > 1 ? DELIVERY_MS_MAX : DELIVERY_NOT_STARTED_MS_MAX;
    tellOutcome(await delivery.close(finalStatus, patienceMs, impatient.signal), tell);
    return exitCode;
  }
}

/** One run of the program, to the end of its output. Signals go to it meanwhile. */
async function runOnce(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  agentId: AgentId,
  delivery: Delivery,
  signals: SignalRelay,
): Promise<{ readonly ending: Ending; readonly pid: number; readonly started: boolean }> {
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['inherit', 'pipe', 'pipe'],
    cwd: userDirectory(),
    env,
  });
  signals.attach(child);
  const begun = new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', resolve);
  });
  const ended = childEnding(child, command);
  const pid = child.pid ?? 0;
  delivery.setStatus({ status: 'healthy', ...(pid === 0 ? {} : { pid }) });
  delivery.start();
  const pipe = (stream: OutputStream) =>
    pipeOutput(child[stream]!, stream, process[stream], delivery, { agentId, pid });
  const piped = Promise.all([pipe('stdout'), pipe('stderr')]);
  const failure = await begun;
  const ending = failure === undefined ? await ended : notStarted(command, failure);
  signals.attach(undefined);
  if (failure === undefined) await lingering(piped, child);
  return { ending, pid, started: failure === undefined };
}

/** Passes a stream's bytes on unchanged, at once, and its lines to the delivery. Resolves at the stream's end. */
async function pipeOutput(
  source: Readable,
  stream: OutputStream,
  target: NodeJS.WriteStream,
  delivery: Delivery,
  facts: { readonly agentId: AgentId; readonly pid: number },
): Promise<void> {
  const splitter = new LineSplitter();
  let targetOpen = true;
  const onError = (error: Error) => {
    targetOpen = false;
    // The reader of our pipe has gone: the program learns it as it would without us, by writing into a closed pipe.
    // A terminal that has gone (EIO) is no such word: the program lives on, and so do its records.
    if (errorCode(error) === 'EPIPE') source.destroy();
  };
  // What went wrong with the last run's output is not this run's: it finds out by itself.
  target.removeAllListeners('error').on('error', onError);
  const addLines = (lines: ReturnType<LineSplitter['push']>) => {
    const now = systemClock.now();
    for (const line of lines) delivery.add(outputRecord(line, stream, facts, now));
  };
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (targetOpen && !target.write(chunk)) await writable(target);
      addLines(splitter.push(chunk));
      if (delivery.full) await delivery.room();
    }
  } catch (error) {
    // Destroyed by us, see above and `lingering`; a pipe of our own child has no other way to fail.
    if (errorCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  addLines(splitter.end());
}

function writable(target: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      target.off('drain', done).off('error', done).off('close', done);
      resolve();
    };
    target.on('drain', done).on('error', done).on('close', done);
  });
}

function childEnding(child: ChildProcess, command: readonly string[]): Promise<Ending> {
  const program = basename(command[0]!);
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      if (signal !== null) {
        resolve({
          exitCode: 128 + (constants.signals[signal] ?? 0),
          status: { status: 'critical', last_action: `killed by ${signal}`, detail: `killed by ${signal}` },
          message: `${program} was killed by ${signal}`,
          signal,
        });
        return;
      }
      const exitCode = code ?? 0;
      resolve({
        exitCode,
        status: {
          status: exitCode === 0 ? 'stopped' : 'critical',
          last_action: `exited ${exitCode}`,
          exit_code: exitCode,
        },
        message: `${program} exited with code ${exitCode}`,
      });
    });
  });
}

/** Who was asked to end and ended has done nothing wrong, whatever its exit code (130 and 143 are customary). */
function stoppedOnRequest(ending: Ending, signal: NodeJS.Signals): Ending {
  return {
    ...ending,
    status: { ...ending.status, status: 'stopped', last_action: `stopped by ${signal}`, detail: `asked by ${signal}` },
  };
}

function notStarted(command: readonly string[], error: NodeJS.ErrnoException): Ending {
  const found = error.code !== 'ENOENT' && isThere(command[0]!);
  const program = escapeControls(command[0]!);
  note(`error: ${program}: ${found ? `cannot be executed (${error.code})` : 'command not found'}`);
  return {
    exitCode: found ? EXIT_NOT_EXECUTABLE : EXIT_NOT_FOUND,
    status: { status: 'critical', last_action: 'could not be started' },
    message: `${basename(command[0]!)} could not be started (${error.code})`,
  };
}

/** A folder of PATH that may not be searched gives EACCES too, whatever is asked for: as in a shell, what isn't seen isn't found. */
function isThere(program: string): boolean {
  if (program.includes('/')) return true;
  const folders = (childEnvironment({})['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Waits for the end of the output; what the program left running may hold it open, and is read a little longer only. */
async function lingering(piped: Promise<unknown>, child: ChildProcess): Promise<void> {
  const timer = new AbortController();
  const timeUp = systemClock.sleep(LINGER_MS, timer.signal).then(
    () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
    () => undefined, // the output ended in time
  );
  await Promise.race([piped, timeUp]);
  timer.abort();
  await piped;
}

function tellOutcome(summary: DeliverySummary, tell: (text: string) => void): void {
  if (summary.undelivered > 0) {
    const reason = summary.reason === undefined ? '' : ` (${summary.reason})`;
    tell(`${summary.undelivered} lines could not be delivered to the agent and are lost${reason}`);
  }
  if (summary.dropped > 0) tell(`${summary.dropped} lines were dropped`);
}
