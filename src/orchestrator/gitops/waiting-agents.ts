import type { Clock } from '../../platform/clock.ts';

export interface WaitingAgent {
  readonly server: string;
  /** SHA-256 of the key that it waits with. */
  readonly keySha256: string;
  /** What it has. */
  readonly revision: string;
  /** The tag of the corrections that it has; absent: it doesn't wait for others (an older agent). */
  readonly corrections?: string | undefined;
}

/**
 * How a wait ends: something else is desired or other corrections hold, and it is this server's turn; its time is over; it was ended (another wait of the same
 * server, or its key is no good any more: whoever asks next is told); we are closing.
 */
export type WaitEnd = 'turn' | 'time' | 'ended' | 'closing';

interface Waiter extends WaitingAgent {
  readonly end: (how: WaitEnd) => void;
}

export interface WaitingAgentsOptions {
  readonly clock: Clock;
  /** What a server is to run now. */
  readonly revisionFor: (server: string) => string | undefined;
  /** The tag of the corrections that hold now. */
  readonly corrections: () => string;
  readonly closing: AbortSignal;
}

/** 40 a second: a change reaches a thousand servers within 25 s, and costs the orchestrator no more than their heartbeats do. */
const TURN_MS = 25;
/** Each holds a socket and a few KB. Past it an agent is told to come again. */
export const WAITING_AGENTS_MAX = 10_000;

/**
 * Agents that wait for another revision, or other corrections, than they have. When it is there they get their turn one after the other, oldest first, so
 * that a change is no stampede; who still waits when its time is over comes again, and stands at the end.
 */
export class WaitingAgents {
  readonly #options: WaitingAgentsOptions;
  /** By server, in the order in which they came. */
  readonly #waiting = new Map<string, Waiter>();
  #due: Waiter[] = [];
  #calling = false;

  constructor(options: WaitingAgentsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves when the wait ends; never rejects. `gone` aborts when the caller has hung up. */
  async wait(agent: WaitingAgent, waitMs: number, gone: AbortSignal): Promise<WaitEnd> {
    const { clock, closing } = this.#options;
    this.#waiting.get(agent.server)?.end('ended');
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, gone, closing]);
    if (signal.aborted) return closing.aborted ? 'closing' : 'ended';
    let how: WaitEnd = 'time';
    const waiter: Waiter = {
      ...agent,
      end: (told) => {
        how = told;
        if (this.#waiting.get(agent.server) === waiter) this.#waiting.delete(agent.server);
        stop.abort();
      },
    };
    this.#waiting.set(agent.server, waiter);
    if (this.#isDue(waiter)) this.#call([waiter]);
    try {
      await clock.sleep(waitMs, signal);
    } catch {
      if (!stop.signal.aborted) how = closing.aborted ? 'closing' : 'ended';
    }
    if (this.#waiting.get(agent.server) === waiter) this.#waiting.delete(agent.server);
    return how;
  }

  /** What is desired has changed, or the corrections: whoever it concerns gets its turn. */
  desiredChanged(): void {
    const queued = new Set(this.#due);
    this.#call([...this.#waiting.values()].filter((waiter) => !queued.has(waiter) && this.#isDue(waiter)));
  }

  /** The keys that agents wait with now. */
  get keys(): readonly string[] {
    return [...this.#waiting.values()].map((waiter) => waiter.keySha256);
  }

  /** Ends the waits with these keys. */
  end(keys: ReadonlySet<string>): void {
    for (const waiter of [...this.#waiting.values()]) if (keys.has(waiter.keySha256)) waiter.end('ended');
  }

  #isDue(waiter: Waiter): boolean {
    if (waiter.corrections !== undefined && waiter.corrections !== this.#options.corrections()) return true;
    const revision = this.#options.revisionFor(waiter.server);
    return revision !== undefined && revision !== waiter.revision;
  }

  #call(due: readonly Waiter[]): void {
    this.#due.push(...due);
    if (this.#calling || this.#due.length === 0) return;
    this.#calling = true;
    void this.#callInTurn();
  }

  /** Never rejects. */
  async #callInTurn(): Promise<void> {
    const { clock, closing } = this.#options;
    for (;;) {
      const waiter = this.#due.shift();
      if (waiter === undefined) {
        this.#calling = false;
        return;
      }
      // It may have left meanwhile, or what it has may be desired again.
      if (this.#waiting.get(waiter.server) !== waiter || !this.#isDue(waiter)) continue;
      waiter.end('turn');
      try {
        await clock.sleep(TURN_MS, closing);
      } catch {
        return; // closing: everybody's wait ends by itself
      }
    }
  }
}
