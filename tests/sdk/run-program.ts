import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cleanEnvironment } from '../commands/run-nervesys.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** The records on standard error. */
  readonly fallen: readonly { readonly message: string; readonly action: string; readonly context: { n?: number } }[];
}

const DEADLINE_MS = 15_000;

/** Runs a program beside this file to its end; one that doesn't end is killed. */
export async function runProgram(
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  return run(process.execPath, [join(import.meta.dirname, name), ...args], env);
}

export async function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(command, args, {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  return {
    code,
    stdout,
    stderr,
    durationMs: performance.now() - startedAt,
    fallen: lines.map((line) => JSON.parse(line)),
  };
}
