import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Clock } from '../../../platform/clock.ts';
import { describeError, NervesysError } from '../../../platform/errors.ts';
import { SERVE_BYTES_MAX, SERVE_LINE_BYTES_MAX, type ServeReply, type ServeRequest } from './serve-protocol.ts';

/** Starts the program that serves a model (`nervesys model serve`), with pipes for all three streams. */
export type SpawnModel = () => ChildProcess;

/** Whatever else wants the processor goes first. */
const PRIORITY_LOWEST = 19;
const MEMORY_LOOK_MS = 1_000;
const END_MS = 5_000;
/** Of what it wrote on standard error, the end: there libraries say why they failed. */
const COMPLAINT_LENGTH_MAX = 500;

export interface ModelProcessOptions {
  readonly spawn: SpawnModel;
  readonly memoryBytesMax: number;
  readonly clock: Clock;
}

/**
 * One process that serves a model. It is asked one thing at a time, and trusted with nothing: what it writes is bounded, its memory is looked
 * at each second, and who tires of waiting kills it.
 */
export class ModelProcess implements AsyncDisposable {
  /** Resolves when it is gone, with why. */
  readonly ended: Promise<NervesysError>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #end: NervesysError | undefined;
  /** As it told itself, where it can't be seen from here. */
  #memoryBytes: number | undefined;
  #waiting: ((reply: ServeReply) => void) | undefined;
  #line = Buffer.alloc(0);
  /** Since the last request. */
  #bytes = 0;
  #complaint = '';

  constructor({ spawn, memoryBytesMax, clock }: ModelProcessOptions) {
    const child = spawn();
    this.#child = child;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      const finish = (what: string, cause?: unknown) => {
        this.#end ??= new NervesysError('NSV_MODEL_FAILED', `${what}${this.#complaintText()}`, {
          retryable: true,
          hint: 'try it by itself: nervesys model test',
          ...(cause === undefined ? {} : { cause }),
        });
        this.#over.abort();
        resolve(this.#end);
      };
      child.once('error', (error) => {
        if (child.pid === undefined) finish(`start the model's process: ${describeError(error)}`, error);
      });
      child.once('exit', (code, signal) =>
        finish(`the model's process ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`),
      );
    });
    if (child.pid !== undefined) {
      try {
        setPriority(child.pid, PRIORITY_LOWEST);
      } catch {
        // It is gone already, which `exit` tells; it lowers itself too.
      }
    }
    child.stdin?.on('error', () => undefined); // its end is told by `exit`
    child.stdout?.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk));
    child.stderr?.on('error', () => undefined);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-COMPLAINT_LENGTH_MAX);
    });
    void this.#watchMemory(memoryBytesMax);
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Resident and swapped; `undefined` once it has ended. */
  get memoryBytes(): number | undefined {
    return this.hasEnded ? undefined : (residentBytes(this.#child.pid) ?? this.#memoryBytes);
  }

  /** Sends one request, and resolves with what comes next. Rejects with why the process ended, if it does; kills it when the signal aborts. */
  async request(request: ServeRequest, signal: AbortSignal): Promise<ServeReply> {
    signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
    let onAbort = () => {};
    try {
      const reply = new Promise<ServeReply>((resolve, reject) => {
        this.#waiting = resolve;
        onAbort = () => {
          this.#child.kill('SIGKILL');
          reject(signal.reason);
        };
      });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#bytes = 0;
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
      const first = await Promise.race([reply, this.ended]);
      if (first instanceof NervesysError) throw first;
      return first;
    } finally {
      this.#waiting = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Ends it at once, whatever it does: it holds nothing that would have to be put in order. Resolves when it is gone; one that hangs in the kernel
   * goes when it can, which nobody waits for.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end === undefined) this.#child.kill('SIGKILL');
    await Promise.race([this.ended, this.#clock.sleep(END_MS, this.#over.signal).catch(() => undefined)]);
    this.#over.abort();
  }

  #read(chunk: Buffer): void {
    let rest = this.#line.length === 0 ? chunk : Buffer.concat([this.#line, chunk]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      this.#take(rest.subarray(0, end).toString('utf8'));
      rest = rest.subarray(end + 1);
    }
    this.#bytes += chunk.length;
    if (rest.length > SERVE_LINE_BYTES_MAX || this.#bytes > SERVE_BYTES_MAX) {
      this.#line = Buffer.alloc(0);
      this.#kill('the model’s process writes without end');
    } else this.#line = Buffer.from(rest);
  }

  #take(line: string): void {
    const reply = parseReply(line);
    if (reply === undefined) this.#kill('the model’s process does not speak as it should');
    else if (reply.type === 'memory') this.#memoryBytes = reply.rssBytes;
    else this.#waiting?.(reply);
  }

  async #watchMemory(bytesMax: number): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const bytes = this.memoryBytes ?? 0;
      if (bytes > bytesMax)
        return this.#kill(
          `the model’s process took ${mega(bytes)} of memory, and may take ${mega(bytesMax)}`,
          'allow it more, or take a smaller model',
        );
      await this.#clock.sleep(MEMORY_LOOK_MS, signal).catch(() => undefined);
    }
  }

  #kill(why: string, hint = 'try it by itself: nervesys model test'): void {
    this.#end ??= new NervesysError('NSV_MODEL_FAILED', `${why}; it was killed${this.#complaintText()}`, {
      retryable: true,
      hint,
    });
    this.#child.kill('SIGKILL');
  }

  #complaintText(): string {
    const complaint = this.#complaint.trim().split('\n').at(-1)?.trim() ?? '';
    return complaint === '' ? '' : ` (${complaint.slice(0, 300)})`;
  }
}

function mega(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** What the process takes of memory and swap; `undefined` where there is no /proc, or no such process any more. */
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

function parseReply(line: string): ServeReply | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, id, text, code, message, hint, rssBytes } = value as Record<string, unknown>;
  switch (type) {
    case 'ready':
      return { type };
    case 'answer':
      return typeof id === 'number' && typeof text === 'string' ? { type, id, text } : undefined;
    case 'failed':
      return typeof code === 'string' && typeof message === 'string'
        ? { type, code, message, ...(typeof hint === 'string' ? { hint } : {}) }
        : undefined;
    case 'memory':
      return typeof rssBytes === 'number' ? { type, rssBytes } : undefined;
    default:
      return undefined;
  }
}
