import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * User and system CPU seconds of a process and its threads so far (proc_pid_stat(5): utime, stime); `withEnded`: and of its children that ended.
 */
export function cpuSeconds(pid: number, withEnded = false): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, withEnded ? 15 : 13).reduce((sum, field) => sum + Number(field), 0);
  return ticks / TICKS_PER_SECOND;
}

/** `VmHWM` (peak) or `VmRSS` (now) of a process, or of the latter its own memory or pages of files, bytes. */
export function residentBytes(pid: number, field: 'VmHWM' | 'VmRSS' | 'RssAnon' | 'RssFile'): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}

export interface RunningAgent {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** The environment of a measured process: nothing of Nervesys or npm but what is given. */
export function cleanEnvironment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(NERVESYS_|STORJ_|DATABASE_URL|npm_|INIT_CWD)/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/** What lets an agent archive to the S3 server of `s3-process.ts`, from what that tells at its start. */
export function s3Settings(told: Readonly<Record<string, string>>): Record<string, string> {
  return {
    STORJ_ACCESS_KEY: told['accessKey']!,
    STORJ_SECRET_KEY: told['secretKey']!,
    STORJ_BUCKET: told['bucket']!,
    STORJ_ENDPOINT: told['endpoint']!,
    STORJ_REGION: told['region']!,
  };
}

/** Starts `nervesys agent` as a process of its own, and resolves when it has noted its address. `program`: Node's arguments. */
export async function startAgent(
  home: string,
  env: Readonly<Record<string, string>>,
  program: readonly string[] = [join(ROOT, 'src/main.ts')],
): Promise<RunningAgent> {
  const child = spawn(process.execPath, [...program, 'agent', '--home', home, '--agent-port', '0'], {
    env: cleanEnvironment({ NERVESYS_SERVER: 'BENCH', ...env }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    complaints = (complaints + String(chunk)).slice(-4_000);
  });
  const note = join(home, 'agent/address.json');
  for (let waitedMs = 0; !isWritten(note); waitedMs += 20) {
    if (child.exitCode !== null || waitedMs > 20_000) throw new Error(`the agent did not start:\n${complaints}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  const { url } = JSON.parse(readFileSync(note, 'utf8')) as { url: string };
  return { pid: child.pid!, url, stop: () => stop(child) };
}

/** Whole, that is: it is found while it is being written, too. */
function isWritten(note: string): boolean {
  return existsSync(note) && readFileSync(note, 'utf8').endsWith('\n');
}

/** Asks a process to end, and makes it after 15 s. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(timer);
}

/** Two columns for people. */
export function formatFigures(title: string, figures: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...figures.map(([name]) => name.length));
  return [title, ...figures.map(([name, value]) => `  ${name.padEnd(width)}   ${value}`)].join('\n');
}
