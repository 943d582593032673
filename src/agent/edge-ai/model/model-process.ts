import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../../platform/clock.ts';
import { NervesysError } from '../../../platform/errors.ts';
import { WatchedChild } from '../../../platform/watched-child.ts';
import { SERVE_BYTES_MAX, SERVE_LINE_BYTES_MAX, type ServeReply, type ServeRequest } from './serve-protocol.ts';

/** Starts the program that serves a model (`nervesys model serve`), with pipes for all three streams. */
export type SpawnModel = () => ChildProcess;

const PRIORITY_LOWEST = 19;
const MEMORY_LOOK_MS = 1_000;

export interface ModelProcessOptions {
  readonly spawn: SpawnModel;
  readonly memoryBytesMax: number;
  readonly clock: Clock;
}

/** One process that serves a model. It is asked one thing at a time, and what it writes is bounded. */
export class ModelProcess extends WatchedChild<ServeReply> {
  #line = Buffer.alloc(0);
  /** Since the last request. */
  #bytes = 0;

  constructor(options: ModelProcessOptions) {
    super({
      ...options,
      what: "the model's process",
      priority: PRIORITY_LOWEST,
      memoryLookMs: MEMORY_LOOK_MS,
      memoryHint: 'allow it more, or take a smaller model',
      failure: (message, complaint, more) => {
        const said = complaint.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
        return new NervesysError('NSV_MODEL_FAILED', said === '' ? message : `${message} (${said})`, {
          retryable: true,
          hint: 'try it by itself: nervesys model test',
          ...more,
        });
      },
      onOutput: (chunk) => this.#read(chunk),
    });
  }

  /** Sends one request, and resolves with what comes next. Rejects with why the process ended, if it does; kills it when the signal aborts. */
  async request(request: ServeRequest, signal: AbortSignal): Promise<ServeReply> {
    this.#bytes = 0;
    return this.ask(JSON.stringify(request), signal);
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
      this.kill("the model's process writes without end");
    } else this.#line = Buffer.from(rest);
  }

  #take(line: string): void {
    const reply = parseReply(line);
    if (reply === undefined) this.kill("the model's process does not speak as it should");
    else if (reply.type === 'memory') this.toldMemoryBytes = reply.rssBytes;
    else this.answer(reply);
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
