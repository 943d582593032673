/**
 * Timestamps as they begin log lines, read by hand: each function answers where what it reads ends, or -1. Nothing here looks further
 * than a few dozen characters ahead.
 */
const MONTHS = new Set(['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']);
const WEEKDAYS = new Set(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']);

const SPACE = 32;
const COLON = 58;
const DOT = 46;
const COMMA = 44;
const DASH = 45;
const SLASH = 47;
const PLUS = 43;

/** Whether the timestamp is that of syslog, which has a month's name and no year: a host follows it. */
export interface Timestamp {
  end: number;
  isSyslog: boolean;
}

/** Reads a timestamp at `at` into `into`: a date and a time, one of them, or seconds or milliseconds since 1970. */
export function readTimestamp(text: string, at: number, into: Timestamp): boolean {
  into.isSyslog = false;
  const code = text.charCodeAt(at);
  if (isDigit(code)) {
    into.end = readNumericDate(text, at);
    if (into.end < 0) into.end = readClock(text, at);
    if (into.end < 0) into.end = readEpoch(text, at);
    if (into.end < 0) into.end = readUptime(text, at);
    if (into.end < 0 && isCapital(text.charCodeAt(at + 2) || 0, text.charCodeAt(at + 3) || 0))
      into.end = readNamedDate(text, at, into);
  } else into.end = code >= 65 && code <= 87 ? readNamedDate(text, at, into) : -1;
  return into.end >= 0;
}

/** `Sun Dec 04 04:47:44 2005`, `Jun 14 15:16:01`, `10/Oct/2000:13:55:36 -0700`. */
function readNamedDate(text: string, from: number, into: Timestamp): number {
  let at = from;
  if (WEEKDAYS.has(text.slice(at, at + 3))) {
    at += 3;
    if (text.charCodeAt(at) === COMMA) at++;
    at = skipSpaces(text, at);
  }
  let dayFirst = false;
  if (!MONTHS.has(text.slice(at, at + 3))) {
    const day = digitsEnd(text, at, 2);
    if (day === at || !isJoin(text.charCodeAt(day)) || !MONTHS.has(text.slice(day + 1, day + 4))) return -1;
    dayFirst = true;
    at = day + 1;
  }
  at += 3;
  if (dayFirst) {
    const year = isJoin(text.charCodeAt(at)) ? digitsEnd(text, at + 1, 4) : at;
    if (year !== at + 5) return -1;
    const clock = readClock(text, year + 1);
    return clock < 0 ? year : zoneEnd(text, clock);
  }
  at = skipSpaces(text, at);
  const day = digitsEnd(text, at, 2);
  if (day === at) return -1;
  const yearAt = skipSpaces(text, day);
  const yearEnd = digitsEnd(text, yearAt, 4);
  const hasYear = yearEnd === yearAt + 4 && text.charCodeAt(yearEnd) !== COLON;
  const clock = readClock(text, hasYear ? skipSpaces(text, yearEnd) : yearAt);
  if (clock < 0) return -1;
  const after = skipSpaces(text, clock);
  const lateYear = digitsEnd(text, after, 4);
  if (lateYear === after + 4 && !hasYear && isEnd(text.charCodeAt(lateYear))) return lateYear;
  into.isSyslog = !hasYear;
  return zoneEnd(text, clock);
}

/** `2015-10-18 18:01:47,978`, `17/06/09 20:10:40`, `03-17 16:13:38.811`, `20171223-22:15:29:606`, `081109 203615`. */
function readNumericDate(text: string, from: number): number {
  const first = digitsEnd(text, from, 8);
  const length = first - from;
  if (length === 0) return -1;
  const join = text.charCodeAt(first);
  if (length === 8 || length === 6) {
    const time = skipJoin(text, first);
    if (time === first) return -1;
    const clock = readClock(text, time);
    if (clock >= 0) return clock;
    const compact = digitsEnd(text, time, 7);
    return compact === time + 6 && isEnd(text.charCodeAt(compact)) ? compact : -1;
  }
  if (length > 4 || length === 3 || (join !== DASH && join !== SLASH && join !== DOT)) return -1;
  const second = digitsEnd(text, first + 1, 2);
  if (second === first + 1) return -1;
  let end = second;
  if (text.charCodeAt(second) === join) {
    end = digitsEnd(text, second + 1, 4);
    if (end === second + 1) return -1;
  }
  const isWhole = end !== second && (length === 4 || end - second - 1 >= 2);
  const time = skipJoin(text, end);
  const clock = time === end ? -1 : readClock(text, time, isWhole);
  if (clock >= 0) return zoneEnd(text, clock);
  return isWhole && isEnd(text.charCodeAt(end)) && text.charCodeAt(end) !== COLON ? end : -1;
}

/** `13:53`, `16:13:38.811`, with a zone; `15.42.50.675872` only where a date of its kind stands before it, as it may be an address. */
function readClock(text: string, from: number, dotted = false): number {
  const hour = digitsEnd(text, from, 2);
  if (hour === from) return -1;
  const join = text.charCodeAt(hour);
  if (join !== COLON && !(dotted && join === DOT)) return -1;
  const minute = digitsEnd(text, hour + 1, 2);
  if (minute !== hour + 3 && !(dotted && minute === hour + 2)) return -1;
  let end = minute;
  if (text.charCodeAt(minute) === join) {
    const second = digitsEnd(text, minute + 1, 2);
    if (second !== minute + 3 && !(dotted && second === minute + 2)) return -1;
    end = second;
    const code = text.charCodeAt(end);
    if (code === DOT || code === COMMA || code === COLON) {
      const fraction = digitsEnd(text, end + 1, 9);
      if (fraction > end + 1) end = fraction;
    }
  } else if (join === DOT) return -1;
  if (text.charCodeAt(end) === 90) end++;
  else end = offsetEnd(text, end);
  return isEnd(text.charCodeAt(end)) || end >= text.length ? end : -1;
}

/** Seconds since the start of a machine, as its kernel writes them: `0.516491`. */
function readUptime(text: string, from: number): number {
  const dot = digitsEnd(text, from, 7);
  if (dot === from || text.charCodeAt(dot) !== DOT) return -1;
  const end = digitsEnd(text, dot + 1, 7);
  return end === dot + 7 && text.charCodeAt(end) === 93 ? end : -1;
}

/** Seconds or milliseconds since 1970, between 2001 and 2033. */
function readEpoch(text: string, from: number): number {
  if (text.charCodeAt(from) !== 49) return -1;
  const end = digitsEnd(text, from, 14);
  if (end - from !== 10 && end - from !== 13) return -1;
  const fraction = text.charCodeAt(end) === DOT ? digitsEnd(text, end + 1, 9) : end;
  return isEnd(text.charCodeAt(fraction)) || fraction >= text.length ? fraction : -1;
}

function zoneEnd(text: string, from: number): number {
  if (text.charCodeAt(from) !== SPACE) return from;
  const offset = offsetEnd(text, from + 1);
  if (offset > from + 1) return offset;
  // `UTC`, `IDT:`: three capitals before a sign that ends a time.
  for (let at = from + 1; at < from + 4; at++) if (!isCapital(text.charCodeAt(at), 0)) return from;
  const zone = text.slice(from + 1, from + 4);
  const isZone = zone === 'UTC' || zone === 'GMT' || text.charCodeAt(from + 4) === COLON;
  return isZone && isEnd(text.charCodeAt(from + 4)) ? from + 4 : from;
}

/** `+0200`, `-07:00`. */
function offsetEnd(text: string, from: number): number {
  const sign = text.charCodeAt(from);
  if (sign !== PLUS && sign !== DASH) return from;
  const hour = digitsEnd(text, from + 1, 2);
  if (hour !== from + 3) return from;
  const minuteAt = text.charCodeAt(hour) === COLON ? hour + 1 : hour;
  const minute = digitsEnd(text, minuteAt, 2);
  return minute === minuteAt + 2 ? minute : from;
}

/** Where the digits at `from` end, at most `max` of them. */
export function digitsEnd(text: string, from: number, max: number): number {
  let at = from;
  while (at < from + max) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) break;
    at++;
  }
  return at;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Whether one of the two is a capital letter: the month after a day of one or two digits. */
function isCapital(one: number, other: number): boolean {
  return (one >= 65 && one <= 90) || (other >= 65 && other <= 90);
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < from + 4 && text.charCodeAt(at) === SPACE) at++;
  return at;
}

/** What stands between a date and a time: a space, `T`, `-`, `_`, `:`. */
function skipJoin(text: string, from: number): number {
  const code = text.charCodeAt(from);
  if (code === SPACE) return skipSpaces(text, from);
  return code === 84 || code === DASH || code === 95 || code === COLON ? from + 1 : from;
}

function isJoin(code: number): boolean {
  return code === SPACE || code === DASH || code === SLASH;
}

/** Whether a timestamp may end before this character: `NaN` past the text. */
function isEnd(code: number): boolean {
  return (
    Number.isNaN(code) ||
    code <= SPACE ||
    code === COMMA ||
    code === 93 ||
    code === 124 ||
    code === 59 ||
    code === 41 ||
    code === COLON ||
    code === DASH
  );
}
