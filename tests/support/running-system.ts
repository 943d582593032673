import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { readManifest } from '../../src/contract/batch-object.ts';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import { until } from './until.ts';

export const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
/** Far above what it takes: first start of an idle machine is below 5 s; the suite runs two at a time on two cores. */
const READY_MS = 60_000;
const CLOSE_MS = 15_000;

/** The environment of a fresh user: nothing of ours is set, and the home is empty. */
export function freshEnvironment(home: string, more: Record<string, string> = {}): Record<string, string> {
  const compiled = process.env['NODE_COMPILE_CACHE']; // Node's own; only how fast it starts depends on it
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    LANG: 'C.UTF-8',
    ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }),
    ...more,
  };
}

/** A real `nervesys up` or `nervesys agent` in a process of its own. */
export class RunningSystem {
  readonly home: string;
  readonly child: ChildProcess;
  output = '';
  readonly #environment: Record<string, string>;

  private constructor(home: string, child: ChildProcess, environment: Record<string, string>) {
    this.home = home;
    this.child = child;
    this.#environment = environment;
    child.stdout?.on('data', (data) => {
      this.output += data;
    });
    child.stderr?.on('data', (data) => {
      this.output += data;
    });
  }

  /** Starts it and resolves when it is ready; it is ended with the test, if the test hasn't. */
  static async start(
    t: Pick<TestContext, 'after'>,
    home: string,
    args: readonly string[],
    more: Record<string, string> = {},
  ): Promise<RunningSystem> {
    const environment = freshEnvironment(home, more);
    const child = spawn(process.execPath, [MAIN, ...args, '--home', home], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const system = new RunningSystem(home, child, environment);
    t.after(() => system.end());
    try {
      await until(
        'it is ready',
        () => {
          assert.equal(child.exitCode, null, 'it ended early');
          return system.output.includes('Ready in');
        },
        READY_MS,
      );
    } catch (error) {
      throw new Error(`start ${args.join(' ')}:\n${system.output}`, { cause: error });
    }
    return system;
  }

  address(part: 'agent' | 'orchestrator'): { url: string; pid: number; socket?: string } {
    return JSON.parse(readFileSync(join(this.home, part, 'address.json'), 'utf8'));
  }

  get agentUrl(): string {
    return this.address('agent').url;
  }

  /** Runs a command of the CLI on this home; resolves with what it printed. */
  cli(...args: string[]): Promise<string> {
    return RunningSystem.commandOf(this.home, this.#environment)(...args);
  }

  /** The CLI on a home in which nothing need run. */
  static commandOf(home: string, environment: Record<string, string>): (...args: string[]) => Promise<string> {
    return async (...args) => {
      const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args, '--home', home], {
        env: freshEnvironment(home, environment),
        maxBuffer: 1e9,
      });
      return stdout;
    };
  }

  /** `kill -9`, as a crash does. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended();
  }

  /** Asks it to stop, as Ctrl-C does; resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGINT');
    await this.#ended();
    return this.child.exitCode;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    await this.stop().catch(() => this.kill());
  }

  #ended(): Promise<unknown> {
    return until('the process ends', () => this.child.exitCode !== null || this.child.signalCode !== null, CLOSE_MS);
  }
}

export interface ReadObject {
  readonly key: string;
  readonly body: Buffer;
}

/** All objects of a folder archive. */
export async function readFolderArchive(root: string): Promise<ReadObject[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const objects = files.map((path) => ({ key: relative(root, path), path }));
  const batches = objects.filter(({ key }) => !key.startsWith('configs/')); // snapshots of the configuration stand beside them
  return Promise.all(batches.map(async ({ key, path }) => ({ key, body: await readFile(path) })));
}

/** The records of archive objects in the order of their sequences, each object checked against its manifest. */
export function readRecords(objects: Iterable<ReadObject>): ArchivedRecord[] {
  const records: { readonly epoch: string; readonly sequence: number; readonly record: ArchivedRecord }[] = [];
  for (const { key, body } of objects) {
    const lines = gunzipSync(body).toString().split('\n').slice(0, -1);
    const manifest = readManifest(body);
    assert.equal(manifest?.records, lines.length, `${key}: its manifest`);
    for (const line of lines) {
      const record = JSON.parse(line) as ArchivedRecord;
      const [epoch, sequence] = record.id.split('-') as [string, string];
      records.push({ epoch, sequence: Number(sequence), record });
    }
  }
  return records
    .sort((a, b) => (a.epoch === b.epoch ? a.sequence - b.sequence : a.epoch < b.epoch ? -1 : 1))
    .map(({ record }) => record);
}

/** Asserts that each AI agent's records carry `context.n` = 1, 2, … `count`, each once and in order. */
export function assertEachOnceInOrder(records: readonly ArchivedRecord[], agentId: string, count: number): void {
  const numbers = records.filter((record) => record.agent_id === agentId).map((record) => record.context['n']);
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, i) => i + 1),
    `${agentId}: 1 … ${count}`,
  );
}

/** Whether a process lives (zombies count as dead: their parent is gone or late, not they). */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export async function postLogs(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/logs`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
  });
}
