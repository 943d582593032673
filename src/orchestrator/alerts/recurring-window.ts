import type { Weekday } from '../../config/index.ts';
import { instantOfWall, zoneOffsetMs } from '../../platform/zone-offset.ts';

/** A stretch of each day, or of some. Minutes after midnight; `to` at or before `from` is of the next day. */
export interface RecurringWindow {
  readonly fromMinutes: number;
  readonly toMinutes: number;
  /** The days on which it begins. */
  readonly days: readonly Weekday[];
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Windows of neighbouring days may join; a week of them is as long as any. */
const JOINED_MAX = 8;

/**
 * When the window that holds at `now` ends, in epoch ms; `undefined`: none holds. Times are of the wall clock in `timeZone`: on a day
 * of 23 or 25 hours the window is that much shorter or longer. Windows that follow without a gap count as one.
 */
export function windowEnd(window: RecurringWindow, timeZone: string, now: number): number | undefined {
  let end: number | undefined;
  for (let joined = 0; joined < JOINED_MAX; joined++) {
    const next = endOfOne(window, timeZone, end ?? now);
    if (next === undefined || next <= (end ?? now)) break;
    end = next;
  }
  return end;
}

function endOfOne(window: RecurringWindow, timeZone: string, at: number): number | undefined {
  const wall = wallTime(at, timeZone);
  const overnight = window.toMinutes <= window.fromMinutes;
  // It began today, or yesterday and goes on into today.
  for (const daysAgo of overnight ? [0, 1] : [0]) {
    const day = wall.day - daysAgo;
    if (!window.days.includes(weekdayOf(day))) continue;
    const minutes = wall.minutes + daysAgo * DAY_MINUTES;
    const to = window.toMinutes + (overnight ? DAY_MINUTES : 0);
    if (minutes < window.fromMinutes || minutes >= to) continue;
    return instantOfWall((day * DAY_MINUTES + to) * MINUTE_MS, timeZone);
  }
  return undefined;
}

/** The wall clock: days since 1970-01-01 and minutes after midnight. */
function wallTime(at: number, timeZone: string): { readonly day: number; readonly minutes: number } {
  const shifted = at + zoneOffsetMs(at, timeZone);
  const day = Math.floor(shifted / (DAY_MINUTES * MINUTE_MS));
  return { day, minutes: Math.floor(shifted / MINUTE_MS) - day * DAY_MINUTES };
}

const WEEKDAY_NAMES: readonly Weekday[] = [
  'thursday', // 1970-01-01
  'friday',
  'saturday',
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
];

function weekdayOf(day: number): Weekday {
  return WEEKDAY_NAMES[((day % 7) + 7) % 7]!;
}
