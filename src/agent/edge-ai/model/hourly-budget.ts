const HOUR_MS = 3_600_000;

/**
 * Questions that may be asked within any hour. A bucket that refills would let nearly twice as many through in the hour after it was full;
 * this remembers when each was asked, which for numbers of this kind costs nothing. Times are those of a monotonic clock, in ms.
 */
export class HourlyBudget {
  #max: number;
  /** The oldest first; at most `max`. */
  #spentAt: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  setMax(max: number): void {
    this.#max = max;
  }

  /** 0: one may be asked now; otherwise the ms until then. */
  waitMs(now: number): number {
    this.#forget(now);
    if (this.#max <= 0) return HOUR_MS;
    const turn = this.#spentAt.at(-this.#max);
    return turn === undefined ? 0 : Math.max(1, turn + HOUR_MS - now);
  }

  spend(now: number): void {
    this.#forget(now);
    this.#spentAt.push(now);
  }

  #forget(now: number): void {
    while (this.#spentAt.length > 0 && this.#spentAt[0]! + HOUR_MS <= now) this.#spentAt.shift();
  }
}
