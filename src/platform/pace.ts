import type { Clock } from './clock.ts';

/**
 * Runs `round` again and again until the signal aborts, and resolves then. Each round says how many ms to wait before the
 * next; a round that throws is the round's own bug, so it ends the loop with its error. `nudge()` on the returned handle
 * starts the next round at once.
 */
export class Pace implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #round: (signal: AbortSignal) => Promise<number>;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #nudged = false;
  #running: Promise<void> | undefined;

  constructor(clock: Clock, round: (signal: AbortSignal) => Promise<number>) {
    this.#clock = clock;
    this.#round = round;
  }

  /** Starts the loop; the first round runs after `delayMs`. Returns itself. */
  start(delayMs = 0): this {
    this.#running ??= this.#run(delayMs);
    return this;
  }

  /** Ends the current wait, or the wait after the running round. */
  nudge(): void {
    this.#nudged = true;
    this.#wake.abort();
  }

  /** Stops the loop; resolves when the running round has ended. Safe twice, and before `start`. */
  async close(): Promise<void> {
    this.#stop.abort(new DOMException('closing', 'AbortError'));
    this.#wake.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(delayMs: number): Promise<void> {
    let waitMs = delayMs;
    while (!this.#stop.signal.aborted) {
      if (!this.#nudged) {
        this.#wake = new AbortController();
        await this.#clock.sleep(waitMs, this.#wake.signal).catch(() => undefined); // woken early: go on
      }
      if (this.#stop.signal.aborted) return;
      this.#nudged = false;
      try {
        waitMs = await this.#round(this.#stop.signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return; // the round gave up because we are closing
        throw error;
      }
    }
  }
}
