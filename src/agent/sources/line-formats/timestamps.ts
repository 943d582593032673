import type { TimeZone } from './time-zone.ts';

/*
 * Timestamps as programs write them at the head of a line. Each form is recognised by its first characters and read by position,
 * without regular expressions: a line costs a bounded number of steps, whatever is in it.
 */

/** How a time was written, where that tells more than the time. */
export type TimestampForm = 'full' | 'access' | 'logcat' | 'klog' | 'clock';

export interface FoundTimestamp {
  readonly form: TimestampForm;
  /** Epoch ms; absent for a time of day without a date, which says only where the head is. */
  readonly at: number | undefined;
  /** Index after it. */
  readonly end: number;
}

/** What a time is completed with that lacks its zone or its year. */
export interface TimeContext {
  readonly zone: TimeZone;
  /** Epoch ms: a time without a year is the last such one, at most a day ahead of this. */
  readonly now: number;
}

const DAY_MS = 86_400_000;
/** Unix times are taken from 2000 to 2100: other numbers of ten digits are numbers. */
const EPOCH_SECONDS_MIN = 946_684_800;
const EPOCH_SECONDS_MAX = 4_102_444_800;
/** A 29th of February may be so many years back. */
const YEARS_BACK_MAX = 8;

const MONTHS: ReadonlyMap<string, number> = new Map(
  'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ').map((name, index) => [name, index + 1]),
);
const WEEKDAYS: ReadonlySet<string> = new Set('Mon Tue Wed Thu Fri Sat Sun'.split(' '));

/** The timestamp that begins at `start`, if one does; `first`: nothing but brackets stands before it. */
export function timestampAt(
  text: string,
  start: number,
  first: boolean,
  context: TimeContext,
): FoundTimestamp | undefined {
  const code = text.charCodeAt(start);
  if (isDigit(code)) return numericTimestamp(text, start, first, context);
  if (code < 65 || code > 90) return undefined;
  return namedTimestamp(text, start, context) ?? (first ? klogTimestamp(text, start, context) : undefined);
}

function numericTimestamp(
  text: string,
  start: number,
  first: boolean,
  context: TimeContext,
): FoundTimestamp | undefined {
  let length = 1;
  while (length < 14 && isDigit(text.charCodeAt(start + length))) length++;
  const next = text[start + length];
  switch (length) {
    case 1:
    case 2:
      if (next === ' ' || next === '/' || next === '-' || next === '.') return shortDate(text, start, length, context);
      return next === ':' && first ? clockOnly(text, start) : undefined;
    case 4:
      return next === '-' || next === '/' || next === '.' ? isoDate(text, start, next, context) : undefined;
    case 6:
      return first && next === ' ' ? sixDigitDate(text, start, context) : undefined;
    case 8:
      return compactDate(text, start, context);
    case 10:
      return first ? unixTime(text, start, length, 1_000) : undefined;
    case 13:
      return first ? unixTime(text, start, length, 1) : undefined;
    default:
      return undefined;
  }
}

/** `2025-01-15T08:00:00.123Z`, `2025-01-15 08:00:00,123`, `2025/01/15 08:00:00`, `2025/01/15 - 08:00:00`, `2005-06-03-15.42.50.675872`. */
function isoDate(text: string, start: number, separator: string, context: TimeContext): FoundTimestamp | undefined {
  if (text[start + 7] !== separator) return undefined;
  const date = { year: digits(text, start, 4), month: digits(text, start + 5, 2), day: digits(text, start + 8, 2) };
  let at = start + 10;
  if (text.startsWith(' - ', at)) at += 3;
  else if (text[at] === '-' && text[at + 3] === '.') return finish(date, readClock(text, at + 1, '.'), text, context);
  else if ('T _-'.includes(text[at] ?? '!')) at++;
  else return undefined;
  while (text[at] === ' ' && at < start + 14) at++;
  return finish(date, readClock(text, at, ':'), text, context);
}

/** Two digits first: Spark's, access logs', logcat's, Tomcat's, Redis' and German dates. What is ambiguous (01/02/2025) isn't read. */
function shortDate(text: string, start: number, length: number, context: TimeContext): FoundTimestamp | undefined {
  const one = digits(text, start, length);
  const separator = text[start + length]!;
  const at = start + length + 1;
  const month = MONTHS.get(text.slice(at, at + 3));
  if (month !== undefined) {
    if (text[at + 3] !== separator) return undefined;
    const date = { year: digits(text, at + 4, 4), month, day: one };
    if (separator === '/') return finish(date, readClock(text, at + 9, ':'), text, context, 'access');
    return text[at + 8] === ' ' ? finish(date, readClock(text, at + 9, ':'), text, context) : undefined;
  }
  if (length !== 2 || separator === ' ') return undefined;
  const two = digits(text, at, 2);
  const after = text[at + 2];
  if (after === ' ' && separator === '-')
    return finish({ year: undefined, month: one, day: two }, readClock(text, at + 3, ':'), text, context, 'logcat');
  if (after !== separator) return undefined;
  const year = digits(text, at + 3, 4);
  if (year !== -1 && separator !== '/')
    return finish({ year, month: two, day: one }, readClock(text, at + 8, ':'), text, context);
  if (separator !== '/' || text[at + 5] !== ' ') return undefined;
  const date = { year: 2000 + one, month: two, day: digits(text, at + 3, 2) };
  return finish(date, readClock(text, at + 6, ':'), text, context);
}

/** `081109 203615`, as HDFS and old MySQL write it. */
function sixDigitDate(text: string, start: number, context: TimeContext): FoundTimestamp | undefined {
  const date = {
    year: 2000 + digits(text, start, 2),
    month: digits(text, start + 2, 2),
    day: digits(text, start + 4, 2),
  };
  let at = start + 7;
  if (text[at] === ' ') at++;
  if (text[at + 1] === ':' || text[at + 2] === ':') return finish(date, readClock(text, at, ':'), text, context);
  return finish(date, compactClock(text, at), text, context);
}

/** `20250115T080000Z`, `20171223-22:15:29:606`, `20250115 08:00:00`. */
function compactDate(text: string, start: number, context: TimeContext): FoundTimestamp | undefined {
  if (!'T -'.includes(text[start + 8] ?? '!')) return undefined;
  const date = { year: digits(text, start, 4), month: digits(text, start + 4, 2), day: digits(text, start + 6, 2) };
  const colon = text[start + 11] === ':' || text[start + 10] === ':';
  const clock = colon ? readClock(text, start + 9, ':') : compactClock(text, start + 9);
  return finish(date, clock, text, context);
}

/** `1131566461`, `1066036250.603`, `1736928000123`. */
function unixTime(text: string, start: number, length: number, scale: number): FoundTimestamp | undefined {
  const value = digits(text, start, length) * scale;
  if (value < EPOCH_SECONDS_MIN * 1_000 || value > EPOCH_SECONDS_MAX * 1_000) return undefined;
  const fraction = readFraction(text, start + length);
  const after = text[fraction.end];
  if (after !== undefined && !' \t]|,:)'.includes(after)) return undefined;
  return { form: 'full', at: value + fraction.ms, end: fraction.end };
}

/** `08:00:00.123` says where the head ends; the day is not known, so the time of arrival is nearer to the truth. */
function clockOnly(text: string, start: number): FoundTimestamp | undefined {
  const clock = readClock(text, start, ':');
  if (clock === undefined) return undefined;
  const after = text[clock.end];
  return after === undefined || ' \t]|'.includes(after) ? { form: 'clock', at: undefined, end: clock.end } : undefined;
}

/** `Jan 15 08:00:00`, `Jan 15 2025 08:00:00`, `Jan 15, 2025 8:00:00 AM`, `Sun Dec 04 04:47:44.123 2005`. */
function namedTimestamp(text: string, start: number, context: TimeContext): FoundTimestamp | undefined {
  const name = text.slice(start, start + 3);
  if (WEEKDAYS.has(name)) {
    const at = start + (text[start + 3] === ',' ? 5 : 4);
    if (text[at - 1] !== ' ') return undefined;
    return isDigit(text.charCodeAt(at)) ? numericTimestamp(text, at, false, context) : namedMonth(text, at, context);
  }
  return namedMonth(text, start, context);
}

function namedMonth(text: string, start: number, context: TimeContext): FoundTimestamp | undefined {
  const month = MONTHS.get(text.slice(start, start + 3));
  if (month === undefined || text[start + 3] !== ' ') return undefined;
  let at = start + 4;
  if (text[at] === ' ') at++;
  const dayLength = isDigit(text.charCodeAt(at + 1)) ? 2 : 1;
  const day = digits(text, at, dayLength);
  at += dayLength;
  if (text[at] === ',') at++;
  if (text[at] !== ' ') return undefined;
  at++;
  let year: number | undefined;
  if (text[at + 4] === ' ' && digits(text, at, 4) !== -1) {
    year = digits(text, at, 4);
    at += 5;
  }
  const clock = readClock(text, at, ':');
  if (clock === undefined) return undefined;
  if (year === undefined) {
    const yearAt = yearAfter(text, clock.end);
    if (yearAt !== undefined) {
      const found = finish({ year: digits(text, yearAt, 4), month, day }, clock, text, context);
      return found && { ...found, end: yearAt + 4 };
    }
  }
  return finish({ year, month, day }, clock, text, context);
}

/** Where ` 2005` or ` CET 2005` stands, as asctime(3) and date(1) put the year. */
function yearAfter(text: string, end: number): number | undefined {
  if (text[end] !== ' ') return undefined;
  let at = end + 1;
  let letters = 0;
  while (letters < 5 && isUpper(text.charCodeAt(at + letters))) letters++;
  if (letters >= 3 && text[at + letters] === ' ') at += letters + 1;
  const year = digits(text, at, 4);
  return year >= 1970 && year < 2200 && !isDigit(text.charCodeAt(at + 4)) ? at : undefined;
}

/** klog and glog: `E0115 08:00:00.000123`, `I20250115 08:00:00.000123`; the letter is the level. */
function klogTimestamp(text: string, start: number, context: TimeContext): FoundTimestamp | undefined {
  if (!'IWEFD'.includes(text[start]!)) return undefined;
  let length = 0;
  while (length < 9 && isDigit(text.charCodeAt(start + 1 + length))) length++;
  if ((length !== 4 && length !== 8) || text[start + 1 + length] !== ' ') return undefined;
  const at = start + 1 + (length - 4);
  const year = length === 8 ? digits(text, start + 1, 4) : undefined;
  const date = { year, month: digits(text, at, 2), day: digits(text, at + 2, 2) };
  return finish(date, readClock(text, at + 5, ':'), text, context, 'klog');
}

interface CivilDate {
  readonly year: number | undefined;
  readonly month: number;
  readonly day: number;
}

interface ClockTime {
  /** Since midnight. */
  readonly ms: number;
  readonly end: number;
}

/** `8:00:00`, `08:00:00.123456`, `08:00:00,123`, `22:15:29:606`, `8:00:00 PM`. Seconds must be there. */
function readClock(text: string, start: number, separator: string): ClockTime | undefined {
  const hourLength = isDigit(text.charCodeAt(start + 1)) ? 2 : 1;
  let hour = digits(text, start, hourLength);
  const at = start + hourLength;
  if (text[at] !== separator || text[at + 3] !== separator) return undefined;
  const minute = digits(text, at + 1, 2);
  const second = digits(text, at + 4, 2);
  const fraction = readFraction(text, at + 6);
  let { end } = fraction;
  const half = text[end] === ' ' && text[end + 2] === 'M' ? text[end + 1] : undefined;
  if ((half === 'A' || half === 'P') && hour >= 1 && hour <= 12) {
    hour = (hour % 12) + (half === 'P' ? 12 : 0);
    end += 3;
  }
  return clockOf(hour, minute, second, fraction.ms, end);
}

/** `203615`. */
function compactClock(text: string, start: number): ClockTime | undefined {
  if (isDigit(text.charCodeAt(start + 6))) return undefined;
  const fraction = readFraction(text, start + 6);
  const [hour, minute, second] = [digits(text, start, 2), digits(text, start + 2, 2), digits(text, start + 4, 2)];
  return clockOf(hour, minute, second, fraction.ms, fraction.end);
}

function clockOf(hour: number, minute: number, second: number, ms: number, end: number): ClockTime | undefined {
  if (!(hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60)) return undefined;
  return { ms: ((hour * 60 + minute) * 60 + Math.min(second, 59)) * 1_000 + ms, end };
}

/** `.123456789` → 123 ms. */
function readFraction(text: string, start: number): { readonly ms: number; readonly end: number } {
  const mark = text[start];
  if (mark !== '.' && mark !== ',' && mark !== ':') return { ms: 0, end: start };
  let length = 0;
  while (length < 9 && isDigit(text.charCodeAt(start + 1 + length))) length++;
  if (length === 0 || (mark === ':' && length !== 3)) return { ms: 0, end: start };
  const ms = digits(text, start + 1, Math.min(length, 3)) * 10 ** Math.max(0, 3 - length);
  return { ms, end: start + 1 + length };
}

/** Puts date, time and zone together; `undefined` when there is no such day or time. */
function finish(
  date: CivilDate,
  clock: ClockTime | undefined,
  text: string,
  context: TimeContext,
  form: TimestampForm = 'full',
): FoundTimestamp | undefined {
  const { year, month, day } = date;
  if (clock === undefined || !(month >= 1 && month <= 12 && day >= 1 && day <= 31)) return undefined;
  const zone = readZone(text, clock.end);
  const instant = (ofYear: number): number | undefined => {
    const midnight = Date.UTC(ofYear, month - 1, day);
    if (new Date(midnight).getUTCDate() !== day) return undefined;
    const local = midnight + clock.ms;
    return zone.offsetMs === undefined ? context.zone.toInstant(local) : local - zone.offsetMs;
  };
  if (year !== undefined) {
    if (year < 1970 || year > 2199) return undefined;
    const at = instant(year);
    return at === undefined ? undefined : { form, at, end: zone.end };
  }
  const yearNow = new Date(context.now + DAY_MS).getUTCFullYear();
  for (let back = 0; back <= YEARS_BACK_MAX; back++) {
    const at = instant(yearNow - back);
    if (at !== undefined && at <= context.now + DAY_MS) return { form, at, end: zone.end };
  }
  return undefined;
}

/** `Z`, `+02:00`, `+02`, ` +0200`, ` UTC` after a time; other names of zones mean too many things. */
function readZone(text: string, end: number): { readonly offsetMs: number | undefined; readonly end: number } {
  const spaced = text[end] === ' ' ? 1 : 0;
  const at = end + spaced;
  const sign = text[at];
  if (sign === 'Z' && !isLetter(text.charCodeAt(at + 1))) return { offsetMs: 0, end: at + 1 };
  if ((text.startsWith('UTC', at) || text.startsWith('GMT', at)) && !isLetter(text.charCodeAt(at + 3)))
    return { offsetMs: 0, end: at + 3 };
  if (sign !== '+' && sign !== '-') return { offsetMs: undefined, end };
  const hours = digits(text, at + 1, 2);
  if (hours < 0 || hours > 15) return { offsetMs: undefined, end };
  const colon = text[at + 3] === ':' ? 1 : 0;
  const minutes = digits(text, at + 3 + colon, 2);
  const zoneEnd = minutes === -1 ? at + 3 : at + 5 + colon;
  const bare = minutes === -1 && (spaced === 1 || colon === 1); // ` -12 items` is no zone
  if (bare || minutes > 59 || isDigit(text.charCodeAt(zoneEnd))) return { offsetMs: undefined, end };
  const offsetMs = (hours * 60 + Math.max(0, minutes)) * 60_000;
  return { offsetMs: sign === '-' ? -offsetMs : offsetMs, end: zoneEnd };
}

/** The number in exactly these digits, -1 where they aren't all digits. */
function digits(text: string, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

function isLetter(code: number): boolean {
  return isUpper(code) || (code >= 97 && code <= 122);
}
