import type { TemplateId } from '../../../contract/triage.ts';
import type { Template } from '../types.ts';

/** A time that moves along is divided into so many. */
export const SLOTS = 10;
/** What is older than some days counts little: a day's slots at the usual width. */
const WEIGHT_MAX = 1_440;
/** A habit is known after so many slots (an hour at the usual width)… */
const KNOWN_AFTER_SLOTS = 60;
/** … and lines. */
const KNOWN_AFTER_LINES = 3;
/** It must also be so many times the most that came within such a time before: what comes in bursts is known for them. */
const PEAK_FACTOR = 3;
/** The most is forgotten by this much each slot: half of it in about five days. */
const PEAK_KEPT = 0.9999;
/** What is learnt is so many slots old: had it been the beginning of something far above the habit, it would be known by then. */
const LEARNT_AFTER = 2 * SLOTS;
/** After so many slots what is far above the habit is the habit. */
const HIGH_SLOTS_MAX = 1_440;
/** Intervals are averaged over the last ones. */
const INTERVALS_AVERAGED = 50;
/** Lines that come closer together are one arrival. */
const ARRIVAL_MS = 1_000;
/** An interval that strays by less than this share is steady. */
const STEADY_SHARE = 0.35;
/** The longest gap there was is forgotten by this much each arrival. */
const GAP_KEPT = 0.999;
/** A burst or a silence of which people were told is no habit, unless one like it was told before: then it may be one. */
const TOLD_BEFORE_FACTOR = 2;
/** It must be away for so many times the longest gap there was. */
const GAP_FACTOR = 1.5;

export interface StoredTemplateHabit {
  readonly id: TemplateId;
  readonly text: string;
  /** `[level, weight, lines, peak]` */
  readonly rate: readonly number[];
  /** `[times, mean, deviation, gap, ago]`, in ms of the AI agent's active time. */
  readonly rhythm: readonly number[];
}

/** How often an AI agent writes lines of one template, and at what intervals. Times are of its active time, but for slots. */
export class TemplateHabit {
  template: Template | undefined;
  readonly #storedId: TemplateId | undefined;
  readonly #storedText: string = '';
  /** At or above it the last `SLOTS` are out of the usual. Settled each slot, so that a line costs a comparison. */
  limit = Number.POSITIVE_INFINITY;
  /** People were told that it is silent. */
  isTold = false;
  /** Of this slot; of those before it. */
  current = 0;
  before = 0;
  readonly #slots: number[] = new Array<number>(SLOTS - 1).fill(0);
  /** What waits to be learnt, oldest first: the lines of a slot, and the sum up to it, by turns. */
  readonly #waiting: number[] = [];
  #level = 0;
  #weight = 0;
  #lines = 0;
  #peak = 0;
  #highSlots = 0;
  #highest = 0;
  #toldHighest = 0;
  #calmSlots = SLOTS;

  #times = 0;
  #mean = 0;
  #deviation = 0;
  #gap = 0;
  #toldGap = 0;
  #lastAt: number;

  /** `activeAt`: the AI agent's active time now. */
  constructor(template: Template | undefined, activeAt: number, stored?: StoredTemplateHabit) {
    this.template = template;
    this.#lastAt = activeAt;
    if (stored === undefined) return;
    this.#storedId = stored.id;
    this.#storedText = stored.text;
    [this.#level = 0, this.#weight = 0, this.#lines = 0, this.#peak = 0] = stored.rate.map(nonNegative);
    const [times = 0, mean = 0, deviation = 0, gap = 0, ago = 0] = stored.rhythm.map(nonNegative);
    [this.#times, this.#mean, this.#deviation, this.#gap, this.#lastAt] = [times, mean, deviation, gap, activeAt - ago];
  }

  get id(): TemplateId {
    return this.template?.id ?? this.#storedId!;
  }

  get text(): string {
    return this.template?.text ?? this.#storedText;
  }

  /** The more, the more it is worth remembering. */
  get worth(): number {
    return this.#level + this.before + this.current;
  }

  /** One more line; how often it came is not known from it alone. */
  arrive(activeAt: number): void {
    this.current++;
    const since = activeAt - this.#lastAt;
    if (since < ARRIVAL_MS && this.#times > 0) return;
    const wasTold = this.isTold;
    this.#lastAt = activeAt;
    this.isTold = false;
    this.#times++;
    if (this.#times === 1) return; // the first has nothing before it
    if (wasTold && since > this.#toldGap * TOLD_BEFORE_FACTOR) {
      this.#toldGap = since;
      return;
    }
    const share = 1 / Math.min(this.#times - 1, INTERVALS_AVERAGED);
    if (this.#times > 2) this.#deviation += (Math.abs(since - this.#mean) - this.#deviation) * share;
    this.#mean += (since - this.#mean) * share;
    this.#gap = Math.max(this.#gap * GAP_KEPT, since);
  }

  /** The slot is over, and `slots - 1` empty ones after it. */
  endSlot(slots: number, factor: number, linesMin: number): void {
    const sum = this.before + this.current;
    const isHigh = sum >= this.limit && this.#highSlots < HIGH_SLOTS_MAX;
    if (isHigh) {
      this.#highSlots++;
      this.#highest = Math.max(this.#highest, sum);
      this.#waiting.length = 0; // it was the beginning of this
    } else {
      if (this.#highest > 0) this.#endHigh();
      // While what was high is still among the last slots, it is not the habit either.
      if (this.#calmSlots >= SLOTS) this.#waiting.push(this.current, sum);
    }
    this.#calmSlots = isHigh ? 0 : this.#calmSlots + Math.min(slots, SLOTS);
    for (let passed = 0; passed < Math.min(slots, SLOTS); passed++) {
      if (passed > 0 && this.#calmSlots >= SLOTS) this.#waiting.push(0, 0);
      this.#slots.push(passed === 0 ? this.current : 0);
      this.before += (passed === 0 ? this.current : 0) - this.#slots.shift()!;
    }
    this.current = 0;
    while (this.#waiting.length > 2 * LEARNT_AFTER) this.#learn(this.#waiting.shift()!, this.#waiting.shift()!);
    this.#settle(factor, linesMin);
  }

  /** Rates of other slots can't be compared with those to come. */
  forgetRates(): void {
    [this.#level, this.#weight, this.#lines, this.#peak, this.#highSlots, this.#highest] = [0, 0, 0, 0, 0, 0];
    this.#slots.fill(0);
    this.#waiting.length = 0;
    [this.before, this.current] = [0, 0];
    this.limit = Number.POSITIVE_INFINITY;
  }

  /** Within the time of all slots, on average. */
  get usual(): number {
    return this.#weight === 0 ? 0 : (this.#level / this.#weight) * SLOTS;
  }

  /** How long it has been away, where that is out of its habit; `undefined`: it isn't, or there is none. */
  silentFor(activeAt: number, times: number, factor: number, silentMs: number): number | undefined {
    if (this.isTold || this.#times < times || this.#deviation > this.#mean * STEADY_SHARE) return undefined;
    const since = activeAt - this.#lastAt;
    return since >= Math.max(this.#mean * factor, silentMs, this.#gap * GAP_FACTOR) ? since : undefined;
  }

  /** Of its arrivals, ms. */
  get interval(): number {
    return this.#mean;
  }

  get arrivals(): number {
    return this.#times;
  }

  stored(activeAt: number, textLengthMax: number): StoredTemplateHabit {
    const rate = [this.#level, this.#weight, this.#lines, this.#peak].map(rounded);
    const ago = activeAt - this.#lastAt;
    const rhythm = [this.#times, this.#mean, this.#deviation, this.#gap, ago].map(Math.round);
    return { id: this.id, text: this.text.slice(0, textLengthMax).toWellFormed(), rate, rhythm };
  }

  #learn(lines: number, sum: number): void {
    const kept = this.#weight >= WEIGHT_MAX ? 1 - 1 / WEIGHT_MAX : 1;
    this.#level = this.#level * kept + lines;
    this.#weight = Math.min(this.#weight * kept + 1, WEIGHT_MAX);
    this.#lines += lines;
    this.#peak = Math.max(this.#peak * PEAK_KEPT, sum);
  }

  /** It was high and is no more. */
  #endHigh(): void {
    const isKnown = this.#highest <= this.#toldHighest * TOLD_BEFORE_FACTOR;
    if (!isKnown) this.#toldHighest = this.#highest;
    this.#peak = Math.max(this.#peak, isKnown ? this.#highest : this.#highest / PEAK_FACTOR);
    [this.#highest, this.#highSlots] = [0, 0];
  }

  #settle(factor: number, linesMin: number): void {
    const isKnown = this.#weight >= KNOWN_AFTER_SLOTS && this.#lines >= KNOWN_AFTER_LINES;
    this.limit = isKnown ? Math.max(linesMin, this.usual * factor, this.#peak * PEAK_FACTOR) : Number.POSITIVE_INFINITY;
  }
}

function nonNegative(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
