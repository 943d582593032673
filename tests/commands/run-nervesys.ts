import { AsyncLocalStorage } from 'node:async_hooks';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const MAIN = join(import.meta.dirname, '../../src/main.ts');

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** An environment without anything that was set for this test run's own Nervesys or npm. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined && !/^(NERVESYS_|STORJ_|DATABASE_URL|npm_|INIT_CWD|NODE_TEST_CONTEXT)/.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...extra };
}

/** Starts the real command line as a process of its own; `finished` resolves when it has ended and its output is read. */
export function startNervesys(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): { readonly child: ChildProcess; readonly finished: Promise<Finished>; stdoutSoFar(): string } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: cleanEnvironment(options.env),
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    );
  });
  return { child, finished, stdoutSoFar: () => Buffer.concat(stdout).toString() };
}

export function runNervesys(args: readonly string[], options?: Parameters<typeof startNervesys>[1]): Promise<Finished> {
  return startNervesys(args, options).finished;
}

const captured = new AsyncLocalStorage<{ readonly stdout: string[]; readonly stderr: string[] }>();

/**
 * The same command line within this process, for the tenth question to it: a process of its own costs a second of the processor. Only what the
 * command itself writes is taken; the runner's own goes its way.
 */
export async function runHere(args: readonly string[]): Promise<Omit<Finished, 'signal'>> {
  const { runProgram } = await import('../../src/commands/program.ts');
  const written = { stdout: [] as string[], stderr: [] as string[] };
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name];
    const write = stream.write;
    stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
      const into = captured.getStore();
      if (into === undefined) return write.call(stream, chunk as string, ...rest);
      into[name].push(Buffer.from(chunk as Uint8Array).toString());
      for (const done of rest) if (typeof done === 'function') (done as () => void)();
      return true;
    }) as typeof write;
    return () => {
      stream.write = write;
    };
  });
  try {
    const code = await captured.run(written, () => runProgram(args));
    return { code, stdout: Buffer.from(written.stdout.join('')), stderr: written.stderr.join('') };
  } finally {
    for (const one of restore) one();
  }
}

/** Resolves once the condition holds; rejects after the deadline. */
export async function eventually(condition: () => boolean, what: string, deadlineMs = 8_000): Promise<void> {
  const until = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > until) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
