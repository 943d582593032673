/*
 * How many tokens an AI agent uses in an hour, usually: its hours of the last week, kept to a tenth of their size. What a sum is held
 * against is made of hours in which it worked at all; one hour that was far above all others moves neither the median nor the second largest.
 */

const HOUR_MS = 3_600_000;
export const HOURS_KEPT = 168;
const SLOTS = 12;
const SLOT_MS = HOUR_MS / SLOTS;
/** With fewer hours of work nobody has a habit. */
const ACTIVE_HOURS_MIN = 6;
/** It must also be so many times its second largest hour: a batch each night is a habit, too. */
const PEAK_FACTOR = 1.5;
/** Sums are kept as logarithms: eight steps for each doubling. */
const STEPS = 8;

export interface StoredTokenHabit {
  readonly hour: number;
  readonly watched: number;
  /** Of the hour that runs. */
  readonly sum: number;
  /** Newest first, each as two digits in base 36. */
  readonly hours: string;
}

export class TokenHabit {
  /** Since 1970. */
  #hour = 0;
  #sum = 0;
  #watched = 0;
  /** Newest first. */
  #hours: number[] = [];
  /** The last hour, as it moves along. */
  readonly #slots = new Float64Array(SLOTS);
  #slot = 0;
  #median = 0;
  #second = 0;

  constructor(stored?: StoredTokenHabit) {
    if (stored === undefined || !isStored(stored)) return;
    this.#hour = stored.hour;
    this.#sum = stored.sum;
    this.#watched = stored.watched;
    for (let at = 0; at + 1 < stored.hours.length && this.#hours.length < HOURS_KEPT; at += 2)
      this.#hours.push(Number.parseInt(stored.hours.slice(at, at + 2), 36) || 0);
    this.#settle();
  }

  /** Counts `tokens`, and returns how many there are of the last hour. What is above `limit` is not learnt: it is no habit yet. */
  add(tokens: number, now: number, limit: number): number {
    this.#advance(now, limit);
    this.#sum += tokens;
    this.#slots[this.#slot % SLOTS]! += tokens;
    return this.#slots.reduce((sum, one) => sum + one, 0);
  }

  /** Above it an hour is out of the usual; `undefined` while that is not known. */
  limit(factor: number, learnMs: number): number | undefined {
    const active = this.#hours.reduce((count, one) => count + (one > 0 ? 1 : 0), 0);
    if (this.#watched * HOUR_MS < learnMs || active < ACTIVE_HOURS_MIN) return undefined;
    return Math.max(this.#median * factor, this.#second * PEAK_FACTOR);
  }

  get median(): number {
    return this.#median;
  }

  get stored(): StoredTokenHabit {
    const hours = this.#hours.map((one) => one.toString(36).padStart(2, '0')).join('');
    return { hour: this.#hour, watched: this.#watched, sum: this.#sum, hours };
  }

  #advance(now: number, limit: number): void {
    const slot = Math.floor(now / SLOT_MS);
    const passed = slot - this.#slot;
    if (passed >= SLOTS || passed < 0) this.#slots.fill(0);
    else for (let next = 1; next <= passed; next++) this.#slots[(this.#slot + next) % SLOTS] = 0;
    this.#slot = slot;
    const hour = Math.floor(now / HOUR_MS);
    const hours = this.#hour === 0 ? 0 : hour - this.#hour;
    this.#hour = hour;
    if (hours <= 0) return; // the first, or a clock that was set back
    this.#hours.unshift(
      written(Math.min(this.#sum, limit)),
      ...new Array<number>(Math.min(hours - 1, HOURS_KEPT)).fill(0),
    );
    this.#hours.length = Math.min(this.#hours.length, HOURS_KEPT);
    this.#watched = Math.min(this.#watched + hours, HOURS_KEPT * 10);
    this.#sum = 0;
    this.#settle();
  }

  #settle(): void {
    const active = this.#hours.filter((one) => one > 0).sort((a, b) => a - b);
    this.#median = read(active[Math.floor(active.length / 2)] ?? 0);
    this.#second = read(active[active.length - 2] ?? 0);
  }
}

function written(tokens: number): number {
  return Math.min(Math.round(Math.log2(tokens + 1) * STEPS), 36 * 36 - 1);
}

function read(step: number): number {
  return step === 0 ? 0 : 2 ** (step / STEPS) - 1;
}

function isStored(stored: StoredTokenHabit): boolean {
  const { hour, watched, sum, hours } = stored;
  return [hour, watched, sum].every((one) => Number.isFinite(one) && one >= 0) && typeof hours === 'string';
}
