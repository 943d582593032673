import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Clock } from './clock.ts';
import { describeError, type NervesysError } from './errors.ts';

export interface WatchedChildOptions {
  /** Starts it, with pipes for all three streams. */
  readonly spawn: () => ChildProcess;
  readonly clock: Clock;
  /** What it is, for messages: `the process that renders`. */
  readonly what: string;
  /** As for `nice`: whatever else wants the processor goes first. */
  readonly priority: number;
  /** More than this, and it is killed. Seen where there is a /proc, or where it tells (`toldMemoryBytes`). */
  readonly memoryBytesMax: number;
  readonly memoryLookMs: number;
  /** What to do where it takes more. */
  readonly memoryHint?: string;
  /** What it is known by as having gone wrong; `complaint` is what it wrote on standard error. */
  readonly failure: (
    message: string,
    complaint: string,
    more: { readonly hint?: string; readonly cause?: unknown },
  ) => NervesysError;
  /** What it writes on standard output. */
  readonly onOutput: (chunk: Buffer) => void;
}

const END_MS = 5_000;
/** Of what it wrote on standard error, the end: there libraries say why they failed, and V8 before the addresses of a stack. */
const COMPLAINT_LENGTH_MAX = 8_000;

/**
 * A process of ours that does one thing at a time and is trusted with nothing: it goes last for the processor, its memory is looked at, and who
 * tires of waiting kills it. `Answer` is what `answer` is told for whoever asked.
 */
export abstract class WatchedChild<Answer> implements AsyncDisposable {
  /** Resolves when it is gone, with why. */
  readonly ended: Promise<NervesysError>;
  readonly #options: WatchedChildOptions;
  readonly #child: ChildProcess;
  readonly #over = new AbortController();
  #end: NervesysError | undefined;
  #waiting: PromiseWithResolvers<Answer> | undefined;
  #complaint = '';
  /** As it told itself, where it can't be seen from here. */
  protected toldMemoryBytes: number | undefined;

  constructor(options: WatchedChildOptions) {
    const { spawn, what, priority, onOutput } = options;
    const child = spawn();
    this.#options = options;
    this.#child = child;
    this.ended = new Promise((resolve) => {
      const finish = (message: string, cause?: unknown) => {
        this.#end ??= this.failure(message, cause === undefined ? {} : { cause });
        this.#over.abort();
        this.#waiting?.reject(this.#end);
        resolve(this.#end);
      };
      child.once('error', (error) => {
        if (child.pid === undefined) finish(`start ${what}: ${describeError(error)}`, error);
      });
      // Not `exit`: by then its last words may not have been read.
      child.once('close', (code, signal) =>
        finish(`${what} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`),
      );
    });
    if (child.pid !== undefined) {
      try {
        setPriority(child.pid, priority);
      } catch {
        // It is gone already, which `close` tells; it lowers itself too.
      }
    }
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => undefined); // its end is told by `close`
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-COMPLAINT_LENGTH_MAX);
    });
    void this.#watchMemory();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Resident and swapped; `undefined` once it has ended, and where it isn't known. */
  get memoryBytes(): number | undefined {
    return this.hasEnded ? undefined : (residentBytes(this.#child.pid) ?? this.toldMemoryBytes);
  }

  /** Writes a line, and resolves with what is answered next. Rejects with why it ended, if it does; kills it when the signal aborts. */
  protected async ask(line: string, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
    const waiting = Promise.withResolvers<Answer>();
    const onAbort = () => {
      this.#child.kill('SIGKILL');
      waiting.reject(signal.reason);
    };
    this.#waiting = waiting;
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#child.stdin?.write(`${line}\n`);
      return await waiting.promise;
    } finally {
      this.#waiting = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** For whoever asked; false: nobody waits. */
  protected answer(answer: Answer): boolean {
    this.#waiting?.resolve(answer);
    return this.#waiting !== undefined;
  }

  protected kill(why: string, hint?: string): void {
    this.#end ??= this.failure(`${why}; it was killed`, hint === undefined ? {} : { hint });
    this.#child.kill('SIGKILL');
  }

  /** As the end of it would be told, with what it wrote on standard error. */
  protected failure(message: string, more: { readonly hint?: string; readonly cause?: unknown } = {}): NervesysError {
    return this.#options.failure(message, this.#complaint, more);
  }

  /**
   * Ends it at once, whatever it does: it holds nothing that would have to be put in order. Resolves when it is gone; one that hangs in the kernel
   * goes when it can, which nobody waits for.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over.signal.aborted) this.#child.kill('SIGKILL');
    await Promise.race([this.ended, this.#options.clock.sleep(END_MS, this.#over.signal).catch(() => undefined)]);
    this.#over.abort();
  }

  async #watchMemory(): Promise<void> {
    const { clock, what, memoryBytesMax, memoryLookMs, memoryHint } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted) {
      const bytes = this.memoryBytes ?? 0;
      if (bytes > memoryBytesMax) {
        const [took, may] = [bytes, memoryBytesMax].map((count) => `${Math.round(count / 1e6)} MB`);
        return this.kill(`${what} took ${took} of memory, and may take ${may}`, memoryHint);
      }
      await clock.sleep(memoryLookMs, signal).catch(() => undefined);
    }
  }
}

/** What a process takes of memory and swap; undefined where there is no /proc, or no such process any more. */
function residentBytes(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
    return (kilobytes('VmRSS') + kilobytes('VmSwap')) * 1_024;
  } catch {
    return undefined;
  }
}
