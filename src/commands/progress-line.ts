import type { Clock } from '../platform/clock.ts';

const BAR_CELLS = 20;
/** Redrawing more often only costs a slow terminal. */
const REDRAW_MS = 100;

/** One line at the foot of a terminal that says how far long work is; in a pipe it stays silent. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #clock: Clock;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** `part`: 0 to 1. */
  show(text: string, part: number): void {
    const now = this.#clock.monotonic();
    if (!this.#stream.isTTY || now - this.#shownAt < REDRAW_MS) return;
    this.#shownAt = now;
    const full = Math.round(Math.min(1, Math.max(0, part)) * BAR_CELLS);
    const line = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${text}`;
    this.#stream.write(`\r\u001b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`);
  }

  /** Removes it, so that other text can follow. */
  clear(): void {
    if (this.#stream.isTTY && this.#shownAt !== Number.NEGATIVE_INFINITY) this.#stream.write('\r\u001b[K');
    this.#shownAt = Number.NEGATIVE_INFINITY;
  }
}
