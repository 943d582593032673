import type { TemplateId } from '../../../contract/triage.ts';
import type { DetectorSettings } from '../../../contract/triage-settings.ts';
import type { Template } from '../types.ts';
import type { Finding } from './detector.ts';
import { goneSilent } from './gone-silent.ts';
import { rateChange } from './rate-change.ts';
import { SLOTS, type StoredTemplateHabit, TemplateHabit } from './template-habit.ts';

/*
 * The habits of one AI agent's templates. Intervals and silences are measured in its active time: a gap between two of its lines counts as
 * `GAP_MAX_MS` at most. So nights, restarts, suspended machines and clocks that jump are nobody's silence, and a template is missed only
 * while its AI agent goes on writing others. Rates are measured by the clock.
 */

const GAP_MAX_MS = 300_000;
/** A template is taken up with its so-many-th line: most of those that come once never come again. */
const LINES_BEFORE_TAKEN_UP = 5;
/** Storms of many templates at once are one trouble; so many are told of each within such a time. */
const TOLD_RATES_MAX = 5;

/** How many habits there may be in all, shared by the AI agents. */
export interface Room {
  left: number;
}

export interface StoredTemplateWatch {
  readonly slotMs: number;
  readonly habits: readonly StoredTemplateHabit[];
}

export class TemplateWatch {
  readonly #room: Room;
  readonly #habits = new Map<Template, TemplateHabit>();
  /** Of an earlier run, until their templates come again. */
  readonly #stored = new Map<TemplateId, TemplateHabit>();
  #activeAt = 0;
  #lastAt = 0;
  #slotMs = 0;
  #slotEndsAt = 0;
  #toldRates = 0;

  constructor(room: Room, stored?: StoredTemplateWatch) {
    this.#room = room;
    if (stored === undefined) return;
    this.#slotMs = stored.slotMs;
    for (const each of stored.habits) {
      if (room.left <= 0) break;
      room.left--;
      this.#stored.set(each.id, new TemplateHabit(undefined, 0, each));
    }
  }

  /** One line. A finding says that the template comes far more often than usual, each time while it does. */
  look(template: Template, { rateChange: settings }: DetectorSettings, now: number): Finding | undefined {
    if (now !== this.#lastAt) this.#advance(settings, now);
    const habit = this.#habits.get(template) ?? this.#takeUp(template);
    if (habit === undefined) return undefined;
    habit.arrive(this.#activeAt);
    if (habit.before + habit.current < habit.limit || !settings.enabled) return undefined;
    if (!this.#mayTellRate(habit)) return undefined;
    return rateChange(habit, settings);
  }

  /** What has fallen silent since it was asked last. `find`: what has become of a template; absent: nobody knows. */
  due(
    { goneSilent: settings, rateChange: rates }: DetectorSettings,
    now: number,
    find: ((id: TemplateId) => Template | undefined) | undefined,
  ): Finding | undefined {
    if (this.#slotMs > 0 && now >= this.#slotEndsAt) this.#endSlots(rates, now);
    if (!settings.enabled) return undefined;
    const silent: { readonly habit: TemplateHabit; readonly sinceMs: number }[] = [];
    for (const habit of this.#all()) {
      const sinceMs = habit.silentFor(this.#activeAt, settings.times, settings.factor, settings.silentMs);
      if (sinceMs === undefined) continue;
      habit.isTold = true;
      if (this.#isLine(habit, find)) silent.push({ habit, sinceMs });
      else this.forget(habit);
    }
    return silent.length === 0 ? undefined : goneSilent(silent, settings);
  }

  get isEmpty(): boolean {
    return this.#habits.size === 0 && this.#stored.size === 0;
  }

  /** All of them, for whoever makes room or keeps them. */
  habits(): Iterable<TemplateHabit> {
    return this.#all();
  }

  forget(habit: TemplateHabit): void {
    const isKnown = habit.template === undefined ? this.#stored.delete(habit.id) : this.#habits.delete(habit.template);
    if (isKnown) this.#room.left++;
  }

  /** Gives its room to others. */
  close(): void {
    this.#room.left += this.#habits.size + this.#stored.size;
    this.#habits.clear();
    this.#stored.clear();
  }

  stored(habits: readonly TemplateHabit[], textLengthMax: number): StoredTemplateWatch {
    return { slotMs: this.#slotMs, habits: habits.map((habit) => habit.stored(this.#activeAt, textLengthMax)) };
  }

  *#all(): Iterable<TemplateHabit> {
    yield* this.#habits.values();
    yield* this.#stored.values();
  }

  #advance(settings: DetectorSettings['rateChange'], now: number): void {
    const gap = now - this.#lastAt;
    if (this.#lastAt > 0 && gap > 0) this.#activeAt += Math.min(gap, GAP_MAX_MS);
    this.#lastAt = now;
    if (now >= this.#slotEndsAt || now < this.#slotEndsAt - this.#slotMs) this.#endSlots(settings, now);
  }

  #endSlots({ factor, linesMin, withinMs }: DetectorSettings['rateChange'], now: number): void {
    const slotMs = withinMs / SLOTS;
    if (slotMs !== this.#slotMs) {
      if (this.#slotMs > 0) for (const habit of this.#all()) habit.forgetRates();
      this.#slotMs = slotMs;
    } else {
      // A clock that was set back ends the slot as well.
      const slots = Math.max(1, Math.floor((now - this.#slotEndsAt) / slotMs) + 1);
      if (this.#slotEndsAt > 0) for (const habit of this.#all()) habit.endSlot(slots, factor, linesMin);
    }
    this.#slotEndsAt = now + slotMs;
    this.#toldRates = Math.max(this.#toldRates - TOLD_RATES_MAX / SLOTS, 0);
  }

  #mayTellRate(habit: TemplateHabit): boolean {
    if (habit.before >= habit.limit) return true; // it goes on from an earlier slot
    if (habit.before + habit.current === Math.ceil(habit.limit)) this.#toldRates++;
    return this.#toldRates <= TOLD_RATES_MAX;
  }

  #takeUp(template: Template): TemplateHabit | undefined {
    const stored = this.#stored.size === 0 ? undefined : this.#storedOf(template);
    if (stored === undefined && (template.lines < LINES_BEFORE_TAKEN_UP || this.#room.left <= 0)) return undefined;
    const habit = stored ?? new TemplateHabit(template, this.#activeAt);
    if (stored === undefined) this.#room.left--;
    else {
      this.#stored.delete(stored.id);
      stored.template = template;
    }
    this.#habits.set(template, habit);
    return habit;
  }

  #storedOf(template: Template): TemplateHabit | undefined {
    for (const id of [template.id, ...template.aliases]) {
      const known = this.#stored.get(id);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** Whether lines of it could still come: not where it was forgotten, or became part of a more general one. */
  #isLine(habit: TemplateHabit, find: ((id: TemplateId) => Template | undefined) | undefined): boolean {
    if (find === undefined) return true;
    const found = find(habit.id);
    if (found === undefined) return false;
    return habit.template === undefined ? !this.#habits.has(found) : found === habit.template;
  }
}
