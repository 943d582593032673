import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshEnvironment, MAIN } from '../../support/running-system.ts';
import { until } from '../../support/until.ts';

const READY_MS = 60_000;
/** Twice what an agent may take for its end. */
const EXIT_MS_MAX = 20_000;
/** Of what an agent says, the end tells why it ended. */
const OUTPUT_KEPT = 20_000;

/** A real agent in a process of its own, on a home that outlives it. */
export class RunningAgent {
  readonly child: ChildProcess;
  #url: string | undefined;
  output = '';

  /** `under`: a program that runs it, such as strace. */
  constructor(home: string, settings: Record<string, string>, under: readonly string[] = []) {
    const [command, ...args] = [...under, process.execPath, MAIN, 'agent', '--agent-port', '0', '--home', home];
    this.child = spawn(command!, args, {
      env: freshEnvironment(home, settings),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (data) => {
        this.output = (this.output + data).slice(-OUTPUT_KEPT);
      });
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async ready(): Promise<void> {
    await until('it is ready', () => this.isReady, READY_MS);
  }

  /** Whether it listens: it is the one that has noted its address. */
  get isReady(): boolean {
    this.assertRuns();
    return this.output.includes('Ready in');
  }

  assertRuns(): void {
    assert.equal(this.ended, false, `the agent ended by itself:\n${this.output}`);
  }

  /** Sends the signal; resolves with the exit code once it has ended, and how long that took. */
  async end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly ms: number }> {
    this.assertRuns();
    const startedAt = performance.now();
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const late = sleep(EXIT_MS_MAX, 'late', { ref: false });
    if ((await Promise.race([exited, late])) === 'late') {
      this.child.kill('SIGKILL');
      throw new Error(`the agent had not ended ${EXIT_MS_MAX} ms after ${signal}:\n${this.output}`);
    }
    return { code: this.child.exitCode, ms: performance.now() - startedAt };
  }

  /** What it says itself: on a full disk it can't note its address. */
  get url(): string {
    this.#url ??= / takes records at (\S+)\/logs\./.exec(this.output)![1]!;
    return this.#url;
  }
}

/** Where the agent was last; it may be dead by now. `undefined` before the first. */
export function addressOf(home: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(home, 'agent', 'address.json'), 'utf8')) as { url: string }).url;
  } catch {
    return undefined;
  }
}
