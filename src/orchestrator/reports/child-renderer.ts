import type { ReportFormat } from '../../contract/reports.ts';
import { type Clock, withDeadline } from '../../platform/clock.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { RenderProcess, type SpawnRenderer } from './render-process.ts';
import type { RenderedReport, Renderer, RenderRequest } from './renderer.ts';

export type { SpawnRenderer } from './render-process.ts';

export interface ChildRendererOptions {
  readonly spawn: SpawnRenderer;
  readonly clock: Clock;
  /** For one file; the largest takes some ten seconds where nothing else wants the processor. */
  readonly deadlineMs?: number;
  /** After the last file: files of one format of a report follow each other closely, and share a child. */
  readonly idleMs?: number;
  /** More than this, and the child is killed. Seen on Linux alone. */
  readonly memoryBytesMax?: number;
  /** A child that took more is not asked again. */
  readonly memoryBytesKept?: number;
}

const DEADLINE_MS = 180_000;
const IDLE_MS = 20_000;
const MEMORY_BYTES_MAX = 1_500_000_000;
const MEMORY_BYTES_KEPT = 350_000_000;

/**
 * Renders in a process beside this one, one file at a time: what typesetter and workbook take of memory goes back to the system, and when
 * their native code crashes or hangs, it is the child that ends. The next request begins another; so does one for another format, for what one
 * format's libraries hold (50 MB of 200) is of no use to the other. Ask for all files of a format in a row: a start takes 0.7 s.
 */
export class ChildRenderer implements Renderer, AsyncDisposable {
  readonly #spawn: SpawnRenderer;
  readonly #clock: Clock;
  readonly #options: Required<Omit<ChildRendererOptions, 'spawn' | 'clock'>>;
  readonly #closed = new AbortController();
  #child: RenderProcess | undefined;
  #format: ReportFormat | undefined;
  /** Resolves, never rejects, when the last request is over. */
  #line: Promise<unknown> = Promise.resolve();
  #stopIdle = new AbortController();

  constructor({ spawn, clock, ...options }: ChildRendererOptions) {
    this.#spawn = spawn;
    this.#clock = clock;
    this.#options = {
      deadlineMs: DEADLINE_MS,
      idleMs: IDLE_MS,
      memoryBytesMax: MEMORY_BYTES_MAX,
      memoryBytesKept: MEMORY_BYTES_KEPT,
      ...options,
    };
  }

  /** Rejects with `NSV_REPORT_FAILED` and the child's reason; with the signal's reason when it aborts, which ends the child. */
  async render(request: RenderRequest, signal: AbortSignal): Promise<RenderedReport> {
    const either = AbortSignal.any([signal, this.#closed.signal]);
    either.throwIfAborted();
    const turn = this.#line.then(() => this.#renderNow(request, either));
    this.#line = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the child, whatever it does. Resolves when it is gone. Twice is once. */
  async close(): Promise<void> {
    this.#closed.abort(
      new NervesysError('NSV_REPORT_FAILED', 'render a report: this process is ending', { retryable: true }),
    );
    this.#stopIdle.abort();
    await this.#line;
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #renderNow(request: RenderRequest, signal: AbortSignal): Promise<RenderedReport> {
    signal.throwIfAborted();
    this.#stopIdle.abort();
    const { deadlineMs, memoryBytesMax, memoryBytesKept } = this.#options;
    if (this.#child?.hasEnded === true || this.#format !== request.format) await this.#end();
    this.#format = request.format;
    this.#child ??= new RenderProcess({ spawn: this.#spawn, clock: this.#clock, memoryBytesMax });
    const child = this.#child;
    try {
      const { rssBytes, ...report } = await withDeadline(this.#clock, deadlineMs, signal, (within) =>
        child.render(request, within),
      );
      if (rssBytes > memoryBytesKept) await this.#end();
      else this.#beginIdle(child);
      return report;
    } catch (error) {
      // Nothing is known of the state it is in; the next request begins another.
      await this.#end();
      if (signal.aborted) throw signal.reason;
      if (error instanceof NervesysError) throw error;
      const what = `render ${request.facts.kind} ${request.facts.period.name} as ${request.format} in ${request.lang}`;
      throw new NervesysError('NSV_REPORT_FAILED', `${what}: ${describeError(error)}; its process was killed`, {
        retryable: true,
        cause: error,
      });
    }
  }

  #beginIdle(child: RenderProcess): void {
    this.#stopIdle = new AbortController();
    const { signal } = this.#stopIdle;
    this.#clock.sleep(this.#options.idleMs, signal).then(
      () => {
        if (!signal.aborted && this.#child === child) this.#line = this.#line.then(() => this.#endIdle(child, signal));
      },
      () => undefined, // it is wanted again, or this is closing
    );
  }

  async #endIdle(child: RenderProcess, signal: AbortSignal): Promise<void> {
    if (!signal.aborted && this.#child === child) await this.#end();
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.[Symbol.asyncDispose]();
  }
}
