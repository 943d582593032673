import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Clock } from '../../platform/clock.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { parseReply, REPLY_LINE_BYTES_MAX, type RenderAsk, type RenderReply } from './render-protocol.ts';
import type { RenderedReport, RenderRequest } from './renderer.ts';

/** Starts the program that renders (`nervesys report-render`), with pipes for all three streams. */
export type SpawnRenderer = () => ChildProcess;

/** The orchestrator and its database go first. */
export const RENDER_PRIORITY = 10;
const MEMORY_LOOK_MS = 500;
const END_MS = 5_000;
/** Of what it wrote on standard error, the end: there native code says why it failed, and V8 before the addresses of a stack. */
const COMPLAINT_LENGTH_MAX = 8_000;

export interface RenderProcessOptions {
  readonly spawn: SpawnRenderer;
  readonly clock: Clock;
  readonly memoryBytesMax: number;
}

/** One child. It is asked one thing at a time and trusted with nothing: what it writes is bounded, and who tires of waiting kills it. */
export class RenderProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  /** Resolves when it is gone, with why. */
  readonly #ended: Promise<NervesysError>;
  readonly #over = new AbortController();
  #end: NervesysError | undefined;
  #waiting: ((reply: RenderReply, file: Buffer) => void) | undefined;
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #reply: (RenderReply & { readonly type: 'rendered' }) | undefined;
  #complaint = '';
  #asked = 0;

  constructor({ spawn, clock, memoryBytesMax }: RenderProcessOptions) {
    const child = spawn();
    this.#child = child;
    this.#clock = clock;
    this.#ended = new Promise((resolve) => {
      const finish = (what: string, cause?: unknown) => {
        this.#end ??= this.#failure(what, cause);
        this.#over.abort();
        resolve(this.#end);
      };
      child.once('error', (error) => {
        if (child.pid === undefined) finish(`start the process that renders: ${describeError(error)}`, error);
      });
      // Not `exit`: by then its last words may not have been read.
      child.once('close', (code, signal) =>
        finish(`the process that renders ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`),
      );
    });
    if (child.pid !== undefined) {
      try {
        setPriority(child.pid, RENDER_PRIORITY);
      } catch {
        // It is gone already, which `close` tells; it lowers itself too.
      }
    }
    child.stdin?.on('error', () => undefined); // its end is told by `close`
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

  /** Rejects with why it failed or ended; kills it when the signal aborts, and rejects with the signal's reason. */
  async render(request: RenderRequest, signal: AbortSignal): Promise<RenderedReport & { readonly rssBytes: number }> {
    signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
    const id = ++this.#asked;
    let onAbort = () => {};
    try {
      const answer = new Promise<readonly [RenderReply, Buffer]>((resolve, reject) => {
        this.#waiting = (reply, file) => resolve([reply, file]);
        onAbort = () => {
          this.#child.kill('SIGKILL');
          reject(signal.reason);
        };
      });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#child.stdin?.write(`${JSON.stringify({ id, request } satisfies RenderAsk)}\n`);
      const first = await Promise.race([answer, this.#ended]);
      if (first instanceof NervesysError) throw first;
      const [reply, file] = first;
      if (reply.id !== id) throw this.#failure('the process that renders answers another question');
      if (reply.type === 'failed')
        throw new NervesysError(
          'NSV_REPORT_FAILED',
          reply.message,
          reply.hint === undefined ? {} : { hint: reply.hint },
        );
      return { bytes: file, title: reply.title, summary: reply.summary, rssBytes: reply.rss_bytes };
    } finally {
      this.#waiting = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends it at once, whatever it does. Resolves when it is gone; one that hangs in the kernel goes when it can, which nobody waits for. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over.signal.aborted) this.#child.kill('SIGKILL');
    await Promise.race([this.#ended, this.#clock.sleep(END_MS, this.#over.signal).catch(() => undefined)]);
    this.#over.abort();
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#reply === undefined) this.#readLine();
    if (this.#reply === undefined || this.#chunkBytes < this.#reply.bytes) return;
    const whole = Buffer.concat(this.#chunks);
    const reply = this.#reply;
    const file = whole.subarray(0, reply.bytes);
    this.#keep(whole.subarray(reply.bytes));
    this.#reply = undefined;
    this.#answer(reply, file);
  }

  #readLine(): void {
    const whole = Buffer.concat(this.#chunks);
    const end = whole.indexOf(0x0a);
    if (end === -1) {
      this.#keep(whole);
      if (whole.length > REPLY_LINE_BYTES_MAX) this.#kill('the process that renders does not speak as it should');
      return;
    }
    const reply = parseReply(whole.toString('utf8', 0, end));
    this.#keep(whole.subarray(end + 1));
    if (reply === undefined) this.#kill('the process that renders does not speak as it should');
    else if (reply.type === 'rendered') this.#reply = reply;
    else this.#answer(reply, Buffer.alloc(0));
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#chunkBytes = rest.length;
  }

  #answer(reply: RenderReply, file: Buffer): void {
    if (this.#waiting === undefined) this.#kill('the process that renders answers without a question');
    else this.#waiting(reply, file);
  }

  async #watchMemory(bytesMax: number): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const bytes = residentBytes(this.#child.pid) ?? 0;
      if (bytes > bytesMax) {
        const [took, may] = [bytes, bytesMax].map((count) => `${Math.round(count / 1e6)} MB`);
        return this.#kill(`the process that renders took ${took} of memory, and may take ${may}`);
      }
      await this.#clock.sleep(MEMORY_LOOK_MS, signal).catch(() => undefined);
    }
  }

  #kill(why: string): void {
    this.#end ??= this.#failure(`${why}; it was killed`);
    this.#child.kill('SIGKILL');
  }

  #failure(what: string, cause?: unknown): NervesysError {
    const lines = this.#complaint.trim().split('\n');
    const complaint = (lines.findLast((line) => line.startsWith('FATAL ERROR')) ?? lines.at(-1) ?? '').trim();
    return new NervesysError('NSV_REPORT_FAILED', complaint === '' ? what : `${what} (${complaint.slice(0, 300)})`, {
      retryable: true,
      hint: 'it is tried again; if it stays so, look at the memory of this machine and report the message',
      ...(cause === undefined ? {} : { cause }),
    });
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
