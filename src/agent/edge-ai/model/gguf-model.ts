import { basename } from 'node:path';
import { type Clock, withDeadline } from '../../../platform/clock.ts';
import { NervesysError } from '../../../platform/errors.ts';
import { readGgufHeader } from './gguf-header.ts';
import { ModelProcess, type SpawnModel } from './model-process.ts';
import { ANSWER_GRAMMAR } from './prompt.ts';
import type { ServeReply, ServeRequest } from './serve-protocol.ts';
import type { LanguageModel, Prompt } from './types.ts';

const LOAD_DEADLINE_MS = 180_000;

export interface GgufModelOptions {
  readonly path: string;
  readonly memoryBytesMax: number;
  readonly spawn: SpawnModel;
  readonly clock: Clock;
  /** For loading; default: a gigabyte from a slow disk, at the lowest priority. */
  readonly loadDeadlineMs?: number;
}

/** A GGUF file in a process of its own, which is started for the first question and ends in `rest`. */
export class GgufModel implements LanguageModel {
  readonly name: string;
  readonly identity: string;
  readonly #options: GgufModelOptions;
  #process: ModelProcess | undefined;
  #questions = 0;
  /** How often a process was started. */
  starts = 0;

  /** Rejects a file that is none with `NSV_MODEL_UNUSABLE`. */
  constructor(options: GgufModelOptions) {
    this.#options = options;
    this.name = basename(options.path).replace(/\.gguf$/i, '');
    const { sizeBytes, changedAt } = readGgufHeader(options.path);
    // A digest of a gigabyte at each start would tell little more.
    this.identity = encodeURI(`${this.name}|${sizeBytes}|${Math.round(changedAt)}`).slice(0, 200);
  }

  get isAwake(): boolean {
    return this.#process !== undefined && !this.#process.hasEnded;
  }

  get memoryBytes(): number | undefined {
    return this.#process?.memoryBytes;
  }

  async ask(prompt: Prompt, limits: { readonly deadlineMs: number; readonly signal: AbortSignal }): Promise<string> {
    limits.signal.throwIfAborted();
    if (this.#process === undefined || this.#process.hasEnded) await this.#start(limits.signal);
    const id = ++this.#questions;
    const reply = await this.#request({ type: 'ask', id, ...prompt }, limits.deadlineMs, limits.signal);
    if (reply.type === 'answer' && reply.id === id) return reply.text;
    return this.#confused(reply);
  }

  async rest(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rest();
  }

  async #start(signal: AbortSignal): Promise<void> {
    await this.rest();
    const { path, spawn, memoryBytesMax, clock, loadDeadlineMs = LOAD_DEADLINE_MS } = this.#options;
    readGgufHeader(path); // what was there may be gone
    this.starts++;
    this.#process = new ModelProcess({ spawn, memoryBytesMax, clock });
    const reply = await this.#request({ type: 'load', path, grammar: ANSWER_GRAMMAR }, loadDeadlineMs, signal);
    if (reply.type !== 'ready') return this.#confused(reply);
  }

  async #request(request: ServeRequest, deadlineMs: number, signal: AbortSignal): Promise<ServeReply> {
    const process = this.#process!;
    try {
      return await withDeadline(this.#options.clock, deadlineMs, signal, (inTime) => process.request(request, inTime));
    } catch (error) {
      await this.rest(); // it was killed, or is of no more use
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof DOMException)) throw error;
      const what = request.type === 'load' ? 'load the model' : 'ask the model';
      throw new NervesysError('NSV_MODEL_FAILED', `${what}: ${error.message}; its process was killed`, {
        retryable: true,
        hint: 'raise the deadline, or take a smaller model; see `nervesys model test`',
        cause: error,
      });
    }
  }

  /** What is wrong in a reply that is not the one asked for; the process ends. */
  async #confused(reply: ServeReply): Promise<never> {
    await this.rest();
    if (reply.type === 'failed')
      throw new NervesysError(reply.code, reply.message.slice(0, 500), {
        retryable: reply.code === 'NSV_MODEL_FAILED',
        ...(reply.hint === undefined ? {} : { hint: reply.hint.slice(0, 500) }),
      });
    throw new NervesysError('NSV_MODEL_FAILED', 'ask the model: its process answered something else', {
      retryable: true,
    });
  }
}
