import type { Clock } from '../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs, retryAfterMs } from '../../platform/retry.ts';
import type { SealedBatch } from '../buffer/types.ts';
import type { Delivery } from './delivery.ts';

/** What the uploader needs of the buffer. */
export interface BatchQueue {
  nextBatch(): SealedBatch | undefined;
  batchObject(id: number): Buffer;
  /** To be called before anybody is told of the batch: from now on its bytes don't change. */
  announcing(id: number): void;
  noteKey(id: number, key: string): void;
  removeArchived(id: number): void;
}

export interface UploaderOptions {
  readonly queue: BatchQueue;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Told when the archive refuses us, and once it takes batches again (`undefined`). */
  readonly onTrouble?: (error: NervesysError | undefined) => void;
  /** Told of each batch that the archive has, once its bytes are not held any more. */
  readonly onArchived?: (batch: SealedBatch) => void;
}

interface Waiter {
  readonly id: number;
  readonly keys: string[];
  readonly resolve: (keys: string[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Passing trouble: soon again, then a few times a minute, so that an archive that is back is noticed well within 30 s. */
const BACKOFF = { baseMs: 500, maxMs: 15_000 };
/** Trouble that needs hands (refused, no bucket): slowly, for as long as it takes. Nothing is ever given up. */
const BACKOFF_DENIED = { baseMs: 10_000, maxMs: 300_000 };
/** A longer wait than this isn't heeded: a proxy's `Retry-After: 86400` would fill the buffer. */
const RETRY_AFTER_MS_MAX = 300_000;
/** With nothing to send it looks again this often; it is nudged anyway when a batch is sealed. */
const IDLE_MS = 60_000;
const NEEDS_HANDS: ReadonlySet<string> = new Set([
  'NSV_ARCHIVE_DENIED',
  'NSV_ARCHIVE_FULL',
  'NSV_ARCHIVE_NO_BUCKET',
  'NSV_ARCHIVE_REJECTED',
  'NSV_ARCHIVE_NAME_TAKEN',
  'NSV_ARCHIVE_NAME_UNCERTAIN',
  'NSV_AGENT_REVOKED',
  'NSV_AGENT_CLONED',
  'NSV_AGENT_TOO_OLD',
  'NSV_ORCHESTRATOR_TOO_OLD',
]);

/** Brings sealed batches to the archive, oldest first, one at a time, and forgets each when the archive has it. */
export class Uploader implements AsyncDisposable {
  readonly #options: UploaderOptions;
  readonly #pace: Pace;
  #failures = 0;
  #trouble: unknown;
  /** Those who wait until a batch and all before it are archived, or until an attempt fails. */
  #waiters: Waiter[] = [];

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
  }

  start(): this {
    this.#pace.start();
    return this;
  }

  /** Why nothing arrives at the moment; `undefined` when the last attempt succeeded. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** A batch was sealed: sends it now, unless an earlier one is waiting out a failure. */
  batchSealed(): void {
    if (this.#trouble === undefined) this.#pace.nudge();
  }

  /** Something changed that may help (permission, network): tries now whatever happened before. */
  retryNow(): void {
    this.#pace.nudge();
  }

  /**
   * Resolves with the keys of what was archived once batch `id` and all before it are in the archive; rejects with the reason
   * as soon as an attempt fails, or when `signal` aborts. The batches stay queued either way.
   */
  async archived(id: number, signal: AbortSignal): Promise<string[]> {
    const next = this.#options.queue.nextBatch();
    if (next === undefined || next.id > id) return [];
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { id, keys: [], resolve, reject };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', () => this.#leave(waiter, signal.reason), { once: true });
      this.#pace.nudge();
    });
  }

  /** One attempt on the oldest batch. Returns false when there is none; rejects when the attempt failed. */
  async uploadOnce(signal: AbortSignal): Promise<boolean> {
    const batch = this.#options.queue.nextBatch();
    if (batch === undefined) return false;
    await this.#upload(batch, signal);
    this.#options.onArchived?.(batch);
    return true;
  }

  async #upload(batch: SealedBatch, signal: AbortSignal): Promise<void> {
    const { queue, delivery, clock, logger } = this.#options;
    const startedAt = clock.monotonic();
    queue.announcing(batch.id);
    const key = await delivery.deliver(
      { batch, object: queue.batchObject(batch.id), noteKey: (noted) => queue.noteKey(batch.id, noted) },
      signal,
    );
    queue.removeArchived(batch.id);
    logger.info('batch archived', {
      key,
      records: batch.manifest.records,
      sizeBytes: batch.bytes,
      durationMs: Math.round(clock.monotonic() - startedAt),
    });
    for (const waiter of this.#waiters) waiter.keys.push(key);
  }

  /** Stops after the running attempt was aborted; the batches stay in the buffer. */
  async close(): Promise<void> {
    await this.#pace.close();
    const closing = new NervesysError('NSV_SHUTTING_DOWN', 'archive batches: the agent is closing');
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { clock, random, logger, onTrouble } = this.#options;
    try {
      const sent = await this.uploadOnce(signal);
      this.#settle();
      if (sent && this.#trouble !== undefined) {
        logger.info('the archive takes batches again');
        onTrouble?.(undefined);
      }
      if (sent) this.#trouble = undefined;
      this.#failures = 0;
      return sent ? 0 : IDLE_MS;
    } catch (error) {
      if (signal.aborted) return 0;
      this.#failures++;
      this.#trouble = error;
      for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
      const needsHands = needsPeople(error);
      const waitMs = Math.max(
        backoffMs(this.#failures, needsHands ? BACKOFF_DENIED : BACKOFF, random),
        retryAfter(error, clock.now()),
      );
      const fields = { ...errorFields(error), failures: this.#failures, retryInMs: waitMs };
      if (needsHands) {
        logger.error('the archive refuses batches; they are kept', fields);
        onTrouble?.(error instanceof NervesysError ? error : new NervesysError('NSV_INTERNAL', describeError(error)));
      } else logger.warn('a batch could not be archived; it is kept', fields);
      return waitMs;
    }
  }

  /** Lets go those who wait for nothing any more: what they waited for is archived, or all of it was given up since. */
  #settle(): void {
    const next = this.#options.queue.nextBatch()?.id ?? Number.POSITIVE_INFINITY;
    for (const waiter of [...this.#waiters]) {
      if (next <= waiter.id) continue;
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      waiter.resolve(waiter.keys);
    }
  }

  #leave(waiter: Waiter, reason: unknown): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    waiter.reject(reason);
  }
}

/** An orchestrator that refuses a batch for good (another server's name, numbers that are taken) is told as a store that does. */
function needsPeople(error: unknown): boolean {
  const code = errorCode(error);
  return NEEDS_HANDS.has(code) || (code === 'NSV_ORCHESTRATOR_REFUSED' && !(error as NervesysError).retryable);
}

/** The wait that the archive asked for, at most `RETRY_AFTER_MS_MAX`. */
function retryAfter(error: unknown, now: number): number {
  const { retryAfterMs: askedMs, retryAfter: header } = error instanceof NervesysError ? error.facts : {};
  const ms = typeof askedMs === 'number' ? askedMs : typeof header === 'string' ? retryAfterMs(header, now) : 0;
  return Math.min(ms ?? 0, RETRY_AFTER_MS_MAX);
}
