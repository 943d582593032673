/**
 * Brings the lines of one program to the lean agent, in order, one request in flight.
 *
 * - A batch goes when its oldest line is BATCH_AGE_MS old, at once when a line is urgent or a batch is full.
 * - A batch that failed is sent again, the same bytes under the same `Idempotency-Key`: the agent counts it once.
 * - While the agent is away lines wait in memory, within the queue's bounds; those past them go to the fallback (standard error),
 *   are counted, and told to the archive by a line of our own once the agent is back.
 * - Nothing here keeps the process alive, but a `flush` or `close` that somebody waits for; nothing here throws.
 *
 * `#added` and `#settled` count queued lines that came and that have found their end (taken, refused or fallen back). Lines settle in
 * the order they came, so a flush has succeeded when `#settled` reaches what `#added` was at its call.
 */
import { randomInt, randomUUID } from 'node:crypto';
import type { AgentDoor, DoorAnswer } from './agent-door.ts';
import { keepProcessAlive, later, monotonicMs } from './timers.ts';

export const BATCH_AGE_MS = 50;
export const BATCH_RECORDS_MAX = 500;
/** Of UTF-16 units; a batch that reaches it in text is far below the agent's 16 MiB a body even where each takes three bytes. */
export const BATCH_LENGTH_MAX = 512 * 1024;
/** Some minutes of a talkative agent; as long as the lean agent needs to be restarted or replaced. */
export const QUEUE_RECORDS_MAX = 20_000;
export const QUEUE_BYTES_MAX = 16 * 1024 * 1024;
const BACKOFF_BASE_MS = 100;
const BACKOFF_MS_MAX = 2_000;
const RETRY_AFTER_MS_MAX = 10_000;
/** A restart of the agent is no news; longer than that is told on the fallback, once for each time it is away. */
const AWAY_TOLD_AFTER_MS = 3_000;

export interface DeliveryOptions {
  readonly door: AgentDoor;
  readonly queueRecordsMax: number;
  readonly queueBytesMax: number;
  /** Takes a line that can't be delivered. May throw; nothing is done about it. */
  readonly fallback: (line: string) => void;
  /** A line of our own, for the archive or the fallback. */
  readonly ownLine: (message: string, context: Readonly<Record<string, unknown>>) => string;
  /** Called when the first line waits, and when none waits any more. */
  readonly onBusy: (busy: boolean) => void;
}

/** Counts since the start, in lines; `waiting` is now. */
export interface DeliveryCounts {
  readonly waiting: number;
  readonly delivered: number;
  /** Written to the fallback: no room, refused by the agent, or left at the end. */
  readonly fellBack: number;
}

interface Status {
  readonly agentId: string;
  readonly body: string;
  /** It goes after all records. */
  readonly last: boolean;
  readonly done: (taken: boolean) => void;
}

interface FlushWaiter {
  readonly target: number;
  readonly done: (delivered: boolean) => void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  #queue: string[] = [];
  #queueBytes = 0;
  #urgent = false;
  /** Lines of the batch in flight that are the caller's, not ours. */
  #inFlight: readonly string[] = [];
  #inFlightBytes = 0;
  #status: Status | undefined;
  #added = 0;
  #settled = 0;
  #delivered = 0;
  #fellBack = 0;
  /** Fallen back for want of room, and not yet told to the archive. */
  #overflowed = 0;
  #waiters: FlushWaiter[] = [];
  #running = false;
  #closed = false;
  #giveUp = new AbortController();
  /** Ends the pause that the loop is in, if it may be ended. */
  #wake: () => void = () => undefined;
  #awaySince: number | undefined;
  #awayTold = false;
  #reason: string | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get counts(): DeliveryCounts {
    return {
      waiting: this.#queue.length + this.#inFlight.length,
      delivered: this.#delivered,
      fellBack: this.#fellBack,
    };
  }

  /** Takes a line of NDJSON, without its line break. An urgent one is not kept waiting for company. */
  add(line: string, urgent: boolean): void {
    const bytes = Buffer.byteLength(line);
    const { queueRecordsMax, queueBytesMax } = this.#options;
    if (this.#closed) {
      this.#fallBack([line]);
      return;
    }
    if (
      this.#queue.length + this.#inFlight.length >= queueRecordsMax ||
      this.#queueBytes + this.#inFlightBytes + bytes > queueBytesMax
    ) {
      this.#overflowed++;
      this.#fallBack([line]);
      return;
    }
    this.#queue.push(line);
    this.#queueBytes += bytes;
    this.#added++;
    this.#urgent ||= urgent;
    this.#start();
    if (this.#ripe()) this.#wake();
  }

  /**
   * The latest word wins: one that was not yet delivered is given up for it. Resolves with whether the agent has it
   * within `timeoutMs`; later it is still tried.
   */
  setStatus(agentId: string, body: string, last: boolean, timeoutMs: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    this.#status?.done(false);
    return new Promise((resolve) => {
      const cancel = later(timeoutMs, () => resolve(false));
      const done = (taken: boolean) => {
        cancel();
        if (this.#status === status) this.#status = undefined;
        resolve(taken);
      };
      const status: Status = { agentId, body, last, done };
      this.#status = status;
      this.#start();
      this.#wake();
    });
  }

  /** Resolves with `true` when everything added before has left (taken or refused), with `false` when `timeoutMs` have passed. */
  flush(timeoutMs: number): Promise<boolean> {
    if (this.#idle) return Promise.resolve(true);
    const release = keepProcessAlive();
    return new Promise((resolve) => {
      const cancel = later(timeoutMs, () => done(false));
      const done = (delivered: boolean) => {
        cancel();
        release();
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve(delivered);
      };
      const waiter: FlushWaiter = { target: this.#added, done };
      this.#waiters.push(waiter);
      this.#wake();
    });
  }

  /** Delivers what waits, for at most `timeoutMs`; the rest goes to the fallback, as does everything added later. Safe twice. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    await this.flush(timeoutMs);
    this.abandon();
    this.#options.door.close();
  }

  /** Everything that waits goes to the fallback, at once. A batch in flight too: whether the agent took it can't be known. */
  abandon(): void {
    const left = [...this.#inFlight, ...this.#queue];
    for (const waiter of this.#waiters) waiter.done(false);
    this.#giveUp.abort();
    this.#giveUp = new AbortController();
    this.#queue = [];
    this.#queueBytes = 0;
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    this.#status?.done(false);
    if (left.length > 0) {
      this.#fallBack(left);
      this.#settle(left.length);
    }
  }

  get #idle(): boolean {
    return this.#queue.length === 0 && this.#inFlight.length === 0 && this.#status === undefined;
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#options.onBusy(true);
    const ended = () => {
      this.#running = false;
      this.#options.onBusy(false);
      this.#answerWaiters();
      if (!this.#idle) this.#start();
    };
    // A bug of ours must not end the program that logs: its lines go to the fallback instead.
    this.#run().then(ended, () => {
      this.abandon();
      ended();
    });
  }

  async #run(): Promise<void> {
    while (!this.#idle) {
      if (this.#status !== undefined && (!this.#status.last || this.#queue.length === 0))
        await this.#sendStatus(this.#status);
      if (this.#queue.length === 0) continue;
      if (!this.#ripe()) await this.#pause(BATCH_AGE_MS, true);
      await this.#sendBatch();
    }
  }

  #ripe(): boolean {
    return (
      this.#urgent ||
      this.#status !== undefined ||
      this.#waiters.length > 0 ||
      this.#queue.length >= BATCH_RECORDS_MAX ||
      this.#queueBytes >= BATCH_LENGTH_MAX
    );
  }

  async #sendBatch(): Promise<void> {
    const lines = this.#takeLines();
    if (lines.length === 0) return; // abandoned during the pause
    const overflowed = this.#overflowed;
    this.#overflowed = 0;
    const notice =
      overflowed === 0
        ? []
        : [
            this.#options.ownLine('records were written to standard error: too many waited for the agent', {
              records: overflowed,
            }),
          ];
    await this.#deliver(lines, notice);
  }

  #takeLines(): readonly string[] {
    let length = 0;
    let count = 0;
    for (const line of this.#queue) {
      if (count === BATCH_RECORDS_MAX || (count > 0 && length + line.length > BATCH_LENGTH_MAX)) break;
      length += line.length;
      count++;
    }
    const lines = this.#queue.splice(0, count);
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    this.#queueBytes -= bytes;
    this.#inFlight = lines;
    this.#inFlightBytes = bytes;
    if (this.#queue.length === 0) this.#urgent = false;
    return lines;
  }

  /** Tries until the agent has taken or refused the lines, or they were abandoned. `notice` is ours and goes before them. */
  async #deliver(lines: readonly string[], notice: readonly string[]): Promise<void> {
    const { door } = this.#options;
    const idempotencyKey = randomUUID();
    const body = `${[...notice, ...lines].join('\n')}\n`;
    const signal = this.#giveUp.signal;
    for (let attempt = 1; ; attempt++) {
      const answer = await door.postRecords(body, idempotencyKey, signal);
      if (signal.aborted) return;
      if (answer.type === 'taken') {
        this.#reached();
        const rejected = answer.rejectedLines
          .map((line) => lines[line - 1 - notice.length])
          .filter((line) => line !== undefined);
        if (rejected.length > 0) this.#refuse(rejected, answer.reason ?? '');
        this.#delivered += lines.length - rejected.length;
        this.#settleInFlight(lines.length);
        return;
      }
      if (answer.type === 'refused') {
        this.#reached();
        if (answer.tooLarge && lines.length > 1) {
          const half = Math.ceil(lines.length / 2);
          await this.#deliver(lines.slice(0, half), notice);
          if (!signal.aborted) await this.#deliver(lines.slice(half), []);
          return;
        }
        this.#refuse(lines, answer.reason);
        this.#settleInFlight(lines.length);
        return;
      }
      await this.#missed(answer, attempt);
      if (signal.aborted) return;
    }
  }

  async #sendStatus(status: Status): Promise<void> {
    const signal = this.#giveUp.signal;
    for (let attempt = 1; this.#status === status; attempt++) {
      const answer = await this.#options.door.putStatus(status.agentId, status.body, signal);
      if (signal.aborted) return;
      if (answer.type !== 'again') {
        this.#reached();
        if (answer.type === 'refused') this.#tell('the agent refused a status', answer.reason);
        status.done(answer.type === 'taken');
        return;
      }
      await this.#missed(answer, attempt);
      if (signal.aborted) return;
    }
  }

  #reached(): void {
    this.#awaySince = undefined;
    this.#awayTold = false;
    this.#reason = undefined;
  }

  /** Says that the agent is away when it is so for long, and waits until it is worth another try. */
  async #missed(answer: DoorAnswer & { readonly type: 'again' }, attempt: number): Promise<void> {
    this.#reason = answer.reason;
    this.#awaySince ??= monotonicMs();
    if (!this.#awayTold && monotonicMs() - this.#awaySince >= AWAY_TOLD_AFTER_MS) {
      this.#awayTold = true;
      this.#tell('the agent takes no records; they wait in memory', answer.reason);
    }
    if (answer.afterMs !== undefined) await this.#pause(Math.min(answer.afterMs, RETRY_AFTER_MS_MAX), false);
    else {
      // Half fixed, half random, so that programs which lost the agent together don't return together.
      const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_BASE_MS * 2 ** Math.min(10, attempt - 1));
      await this.#pause(ceiling / 2 + randomInt(Math.ceil(ceiling / 2) + 1), false);
    }
  }

  #refuse(lines: readonly string[], reason: string): void {
    this.#tell('the agent refused records', reason, { records: lines.length });
    this.#fallBack(lines);
  }

  #tell(message: string, reason: string, facts: Readonly<Record<string, unknown>> = {}): void {
    this.#write(this.#options.ownLine(message, { ...facts, reason }));
  }

  #fallBack(lines: readonly string[]): void {
    this.#fellBack += lines.length;
    for (const line of lines) this.#write(line);
  }

  #write(line: string): void {
    try {
      this.#options.fallback(line);
    } catch {
      // The last resort failed, and a logger must not throw into the program that logs.
    }
  }

  #settleInFlight(count: number): void {
    this.#inFlight = this.#inFlight.slice(count);
    if (this.#inFlight.length === 0) this.#inFlightBytes = 0;
    this.#settle(count);
  }

  #settle(count: number): void {
    this.#settled += count;
    this.#answerWaiters();
  }

  #answerWaiters(): void {
    const statusDone = this.#status === undefined;
    for (const waiter of this.#waiters) {
      if (this.#settled >= waiter.target && statusDone) waiter.done(true);
    }
  }

  /** Waits; `abandon` ends each pause, a flush or a full batch those that are `wakeable`. */
  #pause(ms: number, wakeable: boolean): Promise<void> {
    const signal = this.#giveUp.signal;
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener('abort', end);
        this.#wake = () => undefined;
        resolve();
      };
      const cancel = later(ms, end);
      signal.addEventListener('abort', end, { once: true });
      if (wakeable) this.#wake = end;
    });
  }
}
