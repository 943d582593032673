import { RateWindow } from '../../rules/rate-window.ts';

/** How often something came within a time that moves along; another time begins anew. */
export class Within {
  #withinMs = 0;
  #window: RateWindow | undefined;

  /** One more. Returns how many there are within the time. */
  add(withinMs: number, now: number): number {
    if (this.#window === undefined || this.#withinMs !== withinMs) {
      this.#window = new RateWindow(withinMs);
      this.#withinMs = withinMs;
    }
    this.#window.add(now);
    return this.#window.sum(now);
  }
}
