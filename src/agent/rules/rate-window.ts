/** How finely a window of time is divided. */
const SLOTS = 60;

/** As it is kept on disk: the newest slot's number, and counts by how many slots ago they were, zeros left out. */
export interface StoredRate {
  readonly at: number;
  readonly counts: Readonly<Record<number, number>>;
}

/** How many came within a time that moves along, counted in sixtieths of it. */
export class RateWindow {
  readonly #slotMs: number;
  readonly #counts = new Uint32Array(SLOTS);
  /** The newest slot's number since 1970. */
  #at = 0;
  #sum = 0;

  constructor(withinMs: number, stored?: StoredRate) {
    this.#slotMs = withinMs / SLOTS;
    if (stored === undefined) return;
    this.#at = stored.at;
    for (const [ago, count] of Object.entries(stored.counts)) {
      if (!(Number(ago) >= 0 && Number(ago) < SLOTS && Number.isSafeInteger(count) && count > 0)) continue;
      this.#counts[this.#place(this.#at - Number(ago))] = count;
      this.#sum += count;
    }
  }

  /**
   * How many there were within the time up to `now` (epoch ms). A clock that is set back counts into the newest slot; one that is set back by
   * more than the window begins anew, or the window would not move until the clock is there again.
   */
  sum(now: number): number {
    this.#advance(now);
    return this.#sum;
  }

  /** One more. Returns the number of its slot, by which it can be taken back. */
  add(now: number): number {
    this.#advance(now);
    this.#counts[this.#place(this.#at)]!++;
    this.#sum++;
    return this.#at;
  }

  takeBack(slot: number): void {
    const place = this.#place(slot);
    if (slot <= this.#at - SLOTS || slot > this.#at || this.#counts[place] === 0) return;
    this.#counts[place]!--;
    this.#sum--;
  }

  get stored(): StoredRate {
    const counts: Record<number, number> = {};
    for (let ago = 0; ago < SLOTS; ago++) {
      const count = this.#counts[this.#place(this.#at - ago)]!;
      if (count > 0) counts[ago] = count;
    }
    return { at: this.#at, counts };
  }

  #advance(now: number): void {
    const slot = Math.floor(now / this.#slotMs);
    if (slot <= this.#at && slot > this.#at - SLOTS) return;
    if (Math.abs(slot - this.#at) >= SLOTS) {
      this.#counts.fill(0);
      this.#sum = 0;
    } else
      for (let next = this.#at + 1; next <= slot; next++) {
        const place = this.#place(next);
        this.#sum -= this.#counts[place]!;
        this.#counts[place] = 0;
      }
    this.#at = slot;
  }

  #place(slot: number): number {
    return ((slot % SLOTS) + SLOTS) % SLOTS;
  }
}
