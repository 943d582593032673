/**
 * Brings the records of one run to the lean agent, in order, one request in flight.
 *
 * - A batch goes when BATCH_AGE_MS have passed, or BATCH_RECORDS_MAX or BATCH_BYTES_MAX are reached.
 * - A batch that failed is sent again, the same bytes under the same `Idempotency-Key`: the agent counts it once.
 * - While the agent is away records wait in memory, at most `queueBytesMax`. When that is full the caller is asked to hold the
 *   program's output back for a moment (`room`); after that the least valuable lines are dropped, counted, told to `tell`, and
 *   told to the archive by a record of its own once the agent is back.
 */
import type { AgentId } from '../../contract/ids.ts';
import type { Level } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { formatSize } from '../../platform/quantity.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { type AgentDoor, type OwnStatus, outgoingBatch } from './agent-door.ts';
import type { PendingRecord } from './output-record.ts';
import { RecordQueue } from './record-queue.ts';

export const BATCH_AGE_MS = 50;
export const BATCH_RECORDS_MAX = 500;
export const BATCH_BYTES_MAX = 256 * 1024;
export const QUEUE_BYTES_MAX = 16 * 1024 * 1024;
/** How long output may be held back for an agent that is away, once for each time it goes away. */
export const HOLD_BACK_MS_MAX = 2_000;
/** Past the bound by this much lines go even while output is held back: what was read already still comes in. */
const QUEUE_HARD_FACTOR = 1.5;
const BACKOFF = { baseMs: 100, maxMs: 2_000 };
/** An agent that was reached before is called away only after this long: a restart is no news. */
const AWAY_TOLD_AFTER_MS = 3_000;
const RETRY_AFTER_MS_MAX = 10_000;

export interface DeliveryOptions {
  readonly door: AgentDoor;
  readonly agentId: AgentId;
  readonly clock: Clock;
  readonly random: Random;
  /** Says something to the person at the terminal: one line, without line break. */
  readonly tell: (text: string) => void;
  readonly queueBytesMax?: number;
  readonly holdBackMsMax?: number;
}

/** What became of the records in the end. */
export interface DeliverySummary {
  readonly delivered: number;
  /** Dropped for want of room, or refused by the agent. */
  readonly dropped: number;
  /** Still waiting when the time was up. */
  readonly undelivered: number;
  /** Why the last attempt failed, if it did. */
  readonly reason: string | undefined;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #queue: RecordQueue;
  readonly #queueBytesMax: number;
  readonly #stop = new AbortController();
  /** Rung when there may be something to do; a new one for each wait. */
  #bell = new AbortController();
  #running: Promise<void> | undefined;
  #closing = false;
  #status: OwnStatus | undefined;
  #inFlightRecords = 0;
  #roomWaiters: (() => void)[] = [];
  /** Output may be held back; false once that was done in vain, until the agent takes something again. */
  #patient = true;
  #everReached = false;
  #awaySince: number | undefined;
  #awayTold = false;
  #dropTold = false;
  #delivered = 0;
  #dropped = 0;
  #reason: string | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#queueBytesMax = options.queueBytesMax ?? QUEUE_BYTES_MAX;
    this.#queue = new RecordQueue(this.#queueBytesMax);
  }

  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  add(record: PendingRecord): void {
    this.#queue.push(record);
    if (this.#queue.full && (!this.#patient || this.#queue.bytes > this.#queueBytesMax * QUEUE_HARD_FACTOR))
      this.#drop();
    if (this.#queue.length === 1 || this.#batchReady()) this.#bell.abort();
  }

  /** The latest word wins. One that is set before `close` goes after all records. */
  setStatus(status: OwnStatus): void {
    this.#status = status;
    this.#bell.abort();
  }

  /** Whether output should be held back now, by awaiting `room`. */
  get full(): boolean {
    return this.#queue.full && this.#patient;
  }

  /** Resolves when there is room again, at the latest after the hold-back time: from then on lines are dropped instead. */
  async room(): Promise<void> {
    const timer = new AbortController();
    const drained = new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
    const timeUp = this.#options.clock.sleep(this.#options.holdBackMsMax ?? HOLD_BACK_MS_MAX, timer.signal).then(
      () => {
        this.#patient = false;
        if (this.#queue.full) this.#drop();
      },
      () => undefined, // there was room in time
    );
    await Promise.race([drained, timeUp]);
    timer.abort();
  }

  /**
   * Sends what is left, then `finalStatus`; gives up after `timeoutMs`, or when `signal` aborts, and says what was left.
   * Call it once, after the last `add`.
   */
  async close(finalStatus: OwnStatus, timeoutMs: number, signal?: AbortSignal): Promise<DeliverySummary> {
    const timer = new AbortController();
    const giveUp = () => this.#stop.abort(new DOMException('not waited for', 'AbortError'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#options.clock.sleep(timeoutMs, timer.signal).then(giveUp, () => undefined);
    this.#closing = true;
    this.setStatus(finalStatus);
    try {
      await this.#running;
    } finally {
      timer.abort();
      signal?.removeEventListener('abort', giveUp);
    }
    const undelivered = this.#queue.length + this.#inFlightRecords;
    return { delivered: this.#delivered, dropped: this.#dropped, undelivered, reason: this.#reason };
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        await this.#until(() => this.#queue.length > 0 || this.#status !== undefined || this.#closing);
        if (this.#status !== undefined && (!this.#closing || this.#queue.length === 0)) await this.#sendStatus();
        if (this.#queue.length > 0) {
          await this.#until(() => this.#batchReady() || this.#closing, BATCH_AGE_MS);
          await this.#sendBatch();
        } else if (this.#closing && this.#status === undefined) return;
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  /** Waits until the condition holds, or for `ms`. The bell only wakes: what is true is always asked. */
  async #until(condition: () => boolean, ms?: number): Promise<void> {
    while (!condition()) {
      this.#bell = new AbortController();
      const bell = this.#bell.signal;
      if (ms !== undefined) {
        const timeUp = await this.#options.clock.sleep(ms, bell).then(
          () => true,
          () => false,
        );
        if (timeUp) return;
      } else await new Promise<void>((resolve) => bell.addEventListener('abort', () => resolve(), { once: true }));
    }
  }

  #batchReady(): boolean {
    return this.#queue.length >= BATCH_RECORDS_MAX || this.#queue.bytes >= BATCH_BYTES_MAX || this.#queue.full;
  }

  async #sendBatch(): Promise<void> {
    const lines = this.#queue.take(BATCH_RECORDS_MAX, BATCH_BYTES_MAX).map((record) => record.json);
    this.#inFlightRecords = lines.length;
    const dropped = this.#queue.takeDropped();
    const notice = dropped === undefined ? [] : [this.#dropNotice(dropped)];
    await this.#deliver([...notice, ...lines], notice.length);
    if (!this.#queue.full) for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  /** Tries until the agent has taken or refused the lines. The first `notices` of them are ours, not the program's. */
  async #deliver(lines: readonly string[], notices: number): Promise<void> {
    const { door, clock, random, tell } = this.#options;
    const batch = outgoingBatch(lines);
    for (let attempt = 1; ; attempt++) {
      const outcome = await door.sendRecords(batch, this.#stop.signal);
      if (outcome.type === 'taken') {
        const refused = outcome.answer.rejected?.length ?? 0;
        this.#reached();
        this.#settle(lines.length - notices, refused);
        if (refused > 0) tell(`the agent refused ${refused} lines: ${outcome.answer.rejected[0]?.message}`);
        return;
      }
      if (outcome.type === 'refused') {
        this.#reached();
        if (outcome.tooLarge && lines.length > 1) {
          const half = Math.ceil(lines.length / 2);
          await this.#deliver(lines.slice(0, half), Math.min(notices, half));
          await this.#deliver(lines.slice(half), Math.max(0, notices - half));
          return;
        }
        this.#reason = outcome.reason;
        this.#settle(lines.length - notices, lines.length - notices);
        tell(`the agent refused ${lines.length} lines: ${outcome.reason}`);
        return;
      }
      this.#missed(outcome.reason);
      const waitMs = Math.min(outcome.afterMs ?? backoffMs(attempt, BACKOFF, random), RETRY_AFTER_MS_MAX);
      await clock.sleep(this.#closing ? Math.min(waitMs, 1_000) : waitMs, this.#stop.signal);
    }
  }

  #settle(records: number, refused: number): void {
    this.#inFlightRecords -= records;
    this.#delivered += records - refused;
    this.#dropped += refused;
  }

  async #sendStatus(): Promise<void> {
    const { door, agentId, clock, random } = this.#options;
    const status = this.#status!;
    for (let attempt = 1; this.#status === status; attempt++) {
      const outcome = await door.putStatus(agentId, status, this.#stop.signal);
      // A status that is refused as such is not worth holding the records up for.
      if (outcome.type !== 'again') {
        if (this.#status === status) this.#status = undefined;
        if (outcome.type === 'taken') this.#reached();
        return;
      }
      this.#missed(outcome.reason);
      if (this.#queue.length > 0) return; // the records' own attempts go on, this is tried again after them
      const waitMs = backoffMs(attempt, BACKOFF, random);
      await clock.sleep(this.#closing ? Math.min(waitMs, 1_000) : waitMs, this.#stop.signal);
    }
  }

  #reached(): void {
    if (this.#awayTold) {
      const lost = this.#dropTold ? ` (${this.#dropped} lines were dropped for want of room)` : '';
      this.#options.tell(`the agent answers again, the lines go on to it${lost}`);
    }
    this.#everReached = true;
    this.#awaySince = undefined;
    this.#awayTold = false;
    this.#dropTold = false;
    this.#patient = true;
    this.#reason = undefined;
  }

  #missed(reason: string): void {
    const now = this.#options.clock.monotonic();
    this.#reason = reason;
    this.#awaySince ??= now;
    if (this.#awayTold || (this.#everReached && now - this.#awaySince < AWAY_TOLD_AFTER_MS)) return;
    this.#awayTold = true;
    this.#options.tell(`the agent does not take lines (${reason}); they wait in memory until it does`);
  }

  #drop(): void {
    this.#dropped += this.#queue.dropLeastValuable();
    if (this.#dropTold) return;
    this.#dropTold = true;
    this.#awayTold = true;
    this.#options.tell(
      `the agent still does not take lines and memory for them is full (${formatSize(this.#queueBytesMax)}): ` +
        'lines are dropped now, DEBUG and INFO first',
    );
  }

  /** The record that tells the archive what is missing from it. */
  #dropNotice(lost: Readonly<Record<Level, number>>): string {
    const count = Object.values(lost).reduce((sum, one) => sum + one, 0);
    return JSON.stringify({
      timestamp: new Date(this.#options.clock.now()).toISOString(),
      level: 'WARN',
      agent_id: this.#options.agentId,
      action: 'nervesys.dropped',
      message: `${count} lines of output were dropped while the agent took none`,
      context: { lost },
    });
  }
}
