import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { WatchedChild } from '../../platform/watched-child.ts';
import { parseReply, REPLY_LINE_BYTES_MAX, type RenderAsk, type RenderReply } from './render-protocol.ts';
import type { RenderedReport, RenderRequest } from './renderer.ts';

/** Starts the program that renders (`nervesys report-render`), with pipes for all three streams. */
export type SpawnRenderer = () => ChildProcess;

/** The orchestrator and its database go first. */
export const RENDER_PRIORITY = 10;
const WHAT = 'the process that renders';
const MEMORY_LOOK_MS = 500;

export interface RenderProcessOptions {
  readonly spawn: SpawnRenderer;
  readonly clock: Clock;
  readonly memoryBytesMax: number;
}

/** One child that renders. It is asked one thing at a time, and what it writes is bounded. */
export class RenderProcess extends WatchedChild<readonly [RenderReply, Buffer]> {
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #reply: (RenderReply & { readonly type: 'rendered' }) | undefined;
  #asked = 0;

  constructor(options: RenderProcessOptions) {
    super({
      ...options,
      what: WHAT,
      priority: RENDER_PRIORITY,
      memoryLookMs: MEMORY_LOOK_MS,
      failure,
      onOutput: (chunk) => this.#read(chunk),
    });
  }

  /** Rejects with why it failed or ended; kills it when the signal aborts, and rejects with the signal's reason. */
  async render(request: RenderRequest, signal: AbortSignal): Promise<RenderedReport & { readonly rssBytes: number }> {
    const id = ++this.#asked;
    const [reply, file] = await this.ask(JSON.stringify({ id, request } satisfies RenderAsk), signal);
    if (reply.id !== id) throw this.failure(`${WHAT} answers another question`);
    if (reply.type === 'failed')
      throw new NervesysError('NSV_REPORT_FAILED', reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
    return { bytes: file, title: reply.title, summary: reply.summary, rssBytes: reply.rss_bytes };
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
      if (whole.length > REPLY_LINE_BYTES_MAX) this.kill(`${WHAT} does not speak as it should`);
      return;
    }
    const reply = parseReply(whole.toString('utf8', 0, end));
    this.#keep(whole.subarray(end + 1));
    if (reply === undefined) this.kill(`${WHAT} does not speak as it should`);
    else if (reply.type === 'rendered') this.#reply = reply;
    else this.#answer(reply, Buffer.alloc(0));
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#chunkBytes = rest.length;
  }

  #answer(reply: RenderReply, file: Buffer): void {
    if (!this.answer([reply, file])) this.kill(`${WHAT} answers without a question`);
  }
}

function failure(message: string, said: string, more: { readonly cause?: unknown }): NervesysError {
  const lines = said.trim().split('\n');
  const complaint = (lines.findLast((line) => line.startsWith('FATAL ERROR')) ?? lines.at(-1) ?? '').trim();
  return new NervesysError(
    'NSV_REPORT_FAILED',
    complaint === '' ? message : `${message} (${complaint.slice(0, 300)})`,
    {
      retryable: true,
      hint: 'it is tried again; if it stays so, look at the memory of this machine and report the message',
      ...more,
    },
  );
}
