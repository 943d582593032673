import type { Epoch } from '../../contract/ids.ts';
import {
  AI_WORK_PER_REQUEST_MAX,
  type AiWorkCount,
  TEMPLATES_PER_REQUEST_MAX,
  type TemplateReport,
  type TemplatesRequest,
} from '../../contract/triage.ts';
import type { Clock } from '../../platform/clock.ts';
import { withDeadline } from '../../platform/clock.ts';
import { errorCode, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import type { KeptState } from './kept-state.ts';

/** What the reporter needs of the orchestrator. */
export interface TemplateDoor {
  sendTemplates(request: TemplatesRequest, signal?: AbortSignal): Promise<void>;
}

export interface TemplateReporterOptions {
  readonly client: TemplateDoor;
  /** What was counted since it was taken before, in lists in which each template comes once. */
  readonly take: () => readonly (readonly TemplateReport[])[];
  /** The same of the work of AI agents. */
  readonly takeWork: () => readonly AiWorkCount[];
  readonly state: KeptState;
  readonly epoch: Epoch;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What was counted is told this often, spread, so that a fleet doesn't tell at once. */
const TOLD_EACH_MS = 300_000;
const JITTER_SHARE = 0.1;
const BACKOFF = { baseMs: 5_000, maxMs: 300_000 };
/** An orchestrator that has no such address is an older one; it may be upgraded. */
const OLD_ORCHESTRATOR_MS = 600_000;
/** Of a request; an orchestrator takes four times as much. */
const REQUEST_BYTES_MAX = 1_000_000;
/** At the end, so much for telling what is left; the rest is told after the next start. */
const CLOSING_MS = 1_000;

interface Kept {
  readonly next: number;
  readonly requests: readonly TemplatesRequest[];
}

/**
 * Tells the orchestrator which templates there are and how many lines they had, and what AI agents did with models. While it is away what was cut into requests waits, each under
 * an id and with content that stay the same, and what comes since is counted on; both over a restart.
 */
export class TemplateReporter implements AsyncDisposable {
  readonly #options: TemplateReporterOptions;
  readonly #pace: Pace;
  /** Cut, and not known to have arrived. */
  #waiting: TemplatesRequest[] = [];
  #next: number;
  #failures = 0;
  #closed = false;

  constructor(options: TemplateReporterOptions) {
    this.#options = options;
    // Past all that a run before can have used, should what it kept be lost: a number that comes again would not be counted.
    this.#next = options.clock.now();
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  /** Returns itself. */
  start(): this {
    this.#pace.start(this.#spread(TOLD_EACH_MS) * this.#options.random());
    return this;
  }

  /** Tells what is left if that is quickly done, and keeps it if not. Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pace.close();
    const { clock, logger } = this.#options;
    try {
      await this.#restore();
      await this.#cut();
      await withDeadline(clock, CLOSING_MS, undefined, (signal) => this.#send(signal));
    } catch (error) {
      if (this.#failures === 0) logger.info('templates are told after the next start', errorFields(error));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { random, logger } = this.#options;
    try {
      await this.#restore();
      if (this.#waiting.length === 0) await this.#cut();
      await this.#send(signal);
      this.#failures = 0;
      return this.#spread(TOLD_EACH_MS);
    } catch (error) {
      signal.throwIfAborted();
      if (statusOf(error) === 404) return this.#spread(OLD_ORCHESTRATOR_MS);
      this.#failures++;
      // Heartbeats tell of an orchestrator that is away; here it is worth a line only when it is something else.
      if (this.#failures === 1 && errorCode(error) !== 'NSV_ORCHESTRATOR_UNREACHABLE')
        logger.warn('templates of log lines wait for the orchestrator', errorFields(error));
      return backoffMs(this.#failures, BACKOFF, random);
    }
  }

  #isRestored = false;

  async #restore(): Promise<void> {
    if (this.#isRestored) return;
    const { next, requests } = readKept(await this.#options.state.read('reports'));
    this.#waiting = [...requests];
    this.#next = Math.max(this.#next, next);
    this.#isRestored = true;
  }

  /** Cuts what was counted into requests, and keeps them before the first is sent. */
  async #cut(): Promise<void> {
    const { take, takeWork, epoch } = this.#options;
    const before = this.#waiting.length;
    const lists = take().flatMap(piecesOf);
    const work = takeWork();
    const rounds = Math.max(lists.length, Math.ceil(work.length / AI_WORK_PER_REQUEST_MAX));
    for (let n = 0; n < rounds; n++) {
      const part = work.slice(n * AI_WORK_PER_REQUEST_MAX, (n + 1) * AI_WORK_PER_REQUEST_MAX);
      const request = { id: `${epoch}-${this.#next++}`, templates: lists[n] ?? [] };
      this.#waiting.push(part.length === 0 ? request : { ...request, ai_work: part });
    }
    if (this.#waiting.length > before) await this.#keep();
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#options;
    for (let request = this.#waiting[0]; request !== undefined; request = this.#waiting[0]) {
      try {
        await client.sendTemplates(request, signal);
      } catch (error) {
        if (isRetryable(error) || signal.aborted || !UNUSABLE_STATUSES.has(statusOf(error))) throw error;
        logger.error('templates of log lines were refused', errorFields(error)); // as they are they will never be taken
      }
      this.#waiting.shift();
      if (this.#waiting.length === 0) await this.#keep();
    }
  }

  /** Where all doesn't fit, the newest are not kept: a restart would lose them, nothing else. */
  async #keep(): Promise<void> {
    const { state } = this.#options;
    const bytesMax = state.textBytesMax('reports');
    const requests: TemplatesRequest[] = [];
    let bytes = 0;
    for (const request of this.#waiting) {
      bytes += JSON.stringify(request).length;
      if (bytes > bytesMax) break;
      requests.push(request);
    }
    await state.write('reports', JSON.stringify({ next: this.#next, requests } satisfies Kept));
  }

  #spread(ms: number): number {
    return ms * (1 + JITTER_SHARE * (2 * this.#options.random() - 1));
  }
}

/** The body is wrong, or too large. */
const UNUSABLE_STATUSES: ReadonlySet<unknown> = new Set([400, 413]);

function statusOf(error: unknown): unknown {
  return error instanceof NervesysError ? error.facts['status'] : undefined;
}

/** As many templates in each as a request may bear. */
function piecesOf(list: readonly TemplateReport[]): TemplateReport[][] {
  const pieces: TemplateReport[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const report of list) {
    const own = Buffer.byteLength(JSON.stringify(report));
    if (bytes + own > REQUEST_BYTES_MAX || pieces.at(-1)!.length >= TEMPLATES_PER_REQUEST_MAX) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)!.push(report);
    bytes += own;
  }
  return pieces;
}

function readKept(text: string | undefined): Kept {
  const nothing: Kept = { next: 0, requests: [] };
  try {
    const { next, requests } = { ...nothing, ...(JSON.parse(text ?? '{}') as Partial<Kept>) };
    const isSound = Number.isSafeInteger(next) && Array.isArray(requests) && requests.every(isRequest);
    return isSound ? { next, requests } : nothing;
  } catch {
    return nothing;
  }
}

function isRequest(value: unknown): value is TemplatesRequest {
  const { id, templates } = (value ?? {}) as Partial<TemplatesRequest>;
  return typeof id === 'string' && Array.isArray(templates);
}
