import type { FactsPeriod, FactsSlot } from '../../contract/report-facts.ts';
import type { ReportKind } from '../../contract/reports.ts';
import { DAY_MS, firstInstant, startOfLocalDay, zoneOffsetMs } from '../../platform/zone-offset.ts';

/**
 * The periods that reports are of: local days, ISO weeks and calendar months of a zone. Each begins where the one before ends, whatever
 * the zone does to its clock: days have 23 or 25 hours where summer time begins or ends, 23.5 or 24.5 in some zones, and a day that a zone
 * left out doesn't exist. A critical report is of a day.
 */

const HOUR_MS = 3_600_000;
const WEEK_DAYS = 7;
const FIRST_YEAR = 1970;
const LAST_YEAR = 2199;

/** The period of this name: `2025-12-10`, `2025-W50`, `2025-12`. Undefined: the name isn't of that form, or there is none such. */
export function factsPeriod(kind: ReportKind, name: string, timeZone: string): FactsPeriod | undefined {
  const year = Number(name.slice(0, 4));
  if (!FORMS[kind].test(name) || year < FIRST_YEAR || year > LAST_YEAR) return undefined;
  const day = firstDayOf(kind, name);
  if (day === undefined) return undefined;
  const period = periodAround(kind, day, timeZone);
  // A day that the zone left out, so that another one begins in its place.
  return period.name === name && period.seconds > 0 ? period : undefined;
}

/** The one in which `now` (epoch ms) lies. */
export function currentPeriod(kind: ReportKind, now: number, timeZone: string): FactsPeriod {
  return periodAround(kind, localDay(now, timeZone), timeZone);
}

/** The last one that is over at `now`. */
export function lastPeriod(kind: ReportKind, now: number, timeZone: string): FactsPeriod {
  return previousPeriod(kind, currentPeriod(kind, now, timeZone));
}

/** The one of the same kind that ends where this one begins. */
export function previousPeriod(kind: ReportKind, period: FactsPeriod): FactsPeriod {
  return currentPeriod(kind, Date.parse(period.starts_at) - 1, period.time_zone);
}

/** The same weekday a week before a day. Undefined: the zone left it out. */
export function weekBefore(day: FactsPeriod): FactsPeriod | undefined {
  const period = periodAround('daily', dayNumber(day.first_day) - WEEK_DAYS, day.time_zone);
  return period.seconds > 0 ? period : undefined;
}

/** The `count` periods before this one, oldest first. */
export function periodsBefore(kind: ReportKind, period: FactsPeriod, count: number): readonly FactsPeriod[] {
  const periods: FactsPeriod[] = [];
  for (let before = period; periods.length < count; periods.push(before)) before = previousPeriod(kind, before);
  return periods.reverse();
}

/** The local days of a period, those that exist. */
export function daysOf(period: FactsPeriod): readonly FactsPeriod[] {
  const days: FactsPeriod[] = [];
  for (let day = dayNumber(period.first_day); day <= dayNumber(period.last_day); day++) {
    const one = periodAround('daily', day, period.time_zone);
    if (one.seconds > 0) days.push(one);
  }
  return days;
}

/** The hours of a day, or the days of a week or month. */
export function slotsOf(kind: ReportKind, period: FactsPeriod): readonly FactsSlot[] {
  if (kind === 'daily' || kind === 'critical') return hoursOf(period);
  return daysOf(period).map(({ name, starts_at, ends_at }) => ({ starts_at, ends_at, label: name }));
}

/**
 * By the wall clock: an hour in which the clock is changed ends there, so that none has two labels. Summer time that moves the clock by
 * half an hour thus makes one of half an hour.
 */
function hoursOf({ starts_at, ends_at, time_zone }: FactsPeriod): readonly FactsSlot[] {
  const slots: FactsSlot[] = [];
  const end = Date.parse(ends_at);
  for (let at = Date.parse(starts_at), next: number; at < end; at = next) {
    const offset = zoneOffsetMs(at, time_zone);
    const wall = at + offset;
    next = Math.min(end, at + HOUR_MS - modulo(wall, HOUR_MS));
    if (zoneOffsetMs(next, time_zone) !== offset) {
      next = firstInstant(at, next, (instant) => zoneOffsetMs(instant, time_zone) !== offset);
    }
    const label = `${new Date(wall).toISOString().slice(11, 13)}:00`;
    slots.push({ starts_at: iso(at), ends_at: iso(next), label });
  }
  return slots;
}

const FORMS: Readonly<Record<ReportKind, RegExp>> = {
  daily: /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
  critical: /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
  weekly: /^[0-9]{4}-W[0-9]{2}$/,
  monthly: /^[0-9]{4}-[0-9]{2}$/,
};

/** Days since 1970-01-01 of the first day of what is so named; undefined: the calendar has no such day or month. */
function firstDayOf(kind: ReportKind, name: string): number | undefined {
  if (kind === 'weekly')
    return weekStart(dayNumber(`${name.slice(0, 4)}-01-04`)) + (Number(name.slice(6)) - 1) * WEEK_DAYS;
  const day = dayNumber(kind === 'monthly' ? `${name}-01` : name);
  return Number.isNaN(day) || !dayName(day).startsWith(name) ? undefined : day;
}

/** The period that holds this calendar day. Of a day that the zone left out it has no seconds. */
function periodAround(kind: ReportKind, day: number, timeZone: string): FactsPeriod {
  const { name, first, next } = spanOf(kind, day);
  const startsAt = startOfLocalDay(first, timeZone);
  const endsAt = startOfLocalDay(next, timeZone);
  return {
    name,
    first_day: dayName(localDay(startsAt, timeZone)),
    last_day: dayName(localDay(endsAt - 1, timeZone)),
    time_zone: timeZone,
    starts_at: iso(startsAt),
    ends_at: iso(endsAt),
    seconds: (endsAt - startsAt) / 1_000,
  };
}

/** Its name, its first day, and the first day of the next one. */
function spanOf(
  kind: ReportKind,
  day: number,
): { readonly name: string; readonly first: number; readonly next: number } {
  switch (kind) {
    case 'daily':
    case 'critical':
      return { name: dayName(day), first: day, next: day + 1 };
    case 'weekly': {
      const first = weekStart(day);
      // The year and number of an ISO week are those of its Thursday.
      const thursday = first + 3;
      const year = dayName(thursday).slice(0, 4);
      const number = Math.floor((thursday - dayNumber(`${year}-01-01`)) / WEEK_DAYS) + 1;
      return { name: `${year}-W${String(number).padStart(2, '0')}`, first, next: first + WEEK_DAYS };
    }
    case 'monthly': {
      const name = dayName(day).slice(0, 7);
      const first = dayNumber(`${name}-01`);
      return { name, first, next: dayNumber(`${dayName(first + 31).slice(0, 7)}-01`) };
    }
    default:
      return kind satisfies never;
  }
}

/**
 * The local day in which an instant lies. By when days begin, not by the date on the clock alone: where a clock is set back over midnight,
 * the hour that comes again is of the day that has begun.
 */
function localDay(at: number, timeZone: string): number {
  const shown = Math.floor((at + zoneOffsetMs(at, timeZone)) / DAY_MS);
  return at >= startOfLocalDay(shown + 1, timeZone) ? shown + 1 : shown;
}

/** Its Monday. 1970-01-01 was a Thursday. */
function weekStart(day: number): number {
  return day - modulo(day + 3, WEEK_DAYS);
}

/** Days since 1970-01-01. NaN: no date. */
function dayNumber(name: string): number {
  return Date.parse(`${name}T00:00:00Z`) / DAY_MS;
}

function dayName(day: number): string {
  return iso(day * DAY_MS).slice(0, 10);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
