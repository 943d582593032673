import type { Sequence } from '../contract/ids.ts';

/** Fewer records than this leave nothing behind that would be worth the 20 ms of freeing it. */
const RECORDS_MIN = 10_000;

/** Decides when memory is freed: once after the start, and once after each time that many records came, when no more come. */
export class QuietWatch {
  #seen: Sequence | undefined;
  #freedAt: Sequence | undefined;

  /** Told the last sequence at an even pace; whether this is such a time. */
  isTimeToFree(last: Sequence): boolean {
    const quiet = last === this.#seen;
    this.#seen = last;
    if (!quiet || (this.#freedAt !== undefined && last - this.#freedAt < RECORDS_MIN)) return false;
    this.#freedAt = last;
    return true;
  }
}
