import {
  componentEnd,
  FIELD_LENGTH_MAX,
  fieldEnd,
  groupEnd,
  isLevel,
  isLevelInBrackets,
  isNumber,
  isProse,
  isSeparator,
  loggerEnd,
  skipSeparators,
  skipSpaces,
  sourcePlaceEnd,
  versionedEnd,
} from './header-fields.ts';
import { digitsEnd, readTimestamp, type Timestamp } from './timestamp.ts';

/** Fields before the last timestamp, and after it, that are looked at. */
const FIELDS_BEFORE_MAX = 6;
const FIELDS_AFTER_MAX = 8;
/** Of a line whose fields `|` parts; more belong to the message. */
const PIPED_FIELDS_MAX = 4;
const PIPED_FIELD_LENGTH_MAX = 40;
/** Names that may stand between a timestamp and a level, or before a lone `::`. */
const NAMES_MAX = 4;

const OPEN = 91;
const ROUND_OPEN = 40;
const CLOSE = 93;
const COLON = 58;
const COMMA = 44;
const PIPE = 124;
const LESS = 60;
const GREATER = 62;

/**
 * Where the message begins in a raw line; 0 when the line has no header. A header is known by a timestamp among its first fields, before
 * which nothing stands that reads like prose; after it come the host, process, thread, level and component, by their shape. No format is
 * configured: a source that sends bare messages and one that sends whole lines are read alike.
 */
export class HeaderReader {
  readonly #time: Timestamp = { end: 0, isSyslog: false };

  messageStart(text: string): number {
    const afterTime = this.#lastTimestamp(text, priorityEnd(text));
    if (afterTime < 0) return 0;
    const next = skipSpaces(text, afterTime);
    let at: number;
    if (text.charCodeAt(next) === PIPE) at = pipedStart(text, next);
    else at = this.#time.isSyslog ? afterSyslogTime(text, next) : afterTimestamp(text, next);
    return at < text.length ? at : 0;
  }

  /** The end of the last timestamp of the header; leaves in `#time` whether it is one of syslog. */
  #lastTimestamp(text: string, from: number): number {
    let at = skipSpaces(text, from);
    let last = -1;
    let isSyslog = false;
    const beginsWithNumber = digitsEnd(text, at, 12) > at;
    for (let field = 0; field < FIELDS_BEFORE_MAX; field++) {
      const isOpen = text.charCodeAt(at) === OPEN;
      if (readTimestamp(text, isOpen ? skipSpaces(text, at + 1) : at, this.#time)) {
        isSyslog = this.#time.isSyslog && !isOpen;
        at = this.#time.end;
        if (isOpen) {
          const close = text.indexOf(']', at);
          if (close < 0 || close - at > 12) break;
          at = close + 1;
        }
        const code = text.charCodeAt(at);
        if (code === COMMA || code === COLON) at++;
        last = at;
        at = skipSpaces(text, at);
        if (text.charCodeAt(at) === PIPE) break;
        continue;
      }
      const end = fieldEnd(text, at);
      if (end <= at || end - at > FIELD_LENGTH_MAX || isLevel(text, at, end)) break;
      if (isProse(text, at, end) && !(beginsWithNumber && last < 0)) break;
      at = skipSpaces(text, end);
    }
    this.#time.isSyslog = isSyslog;
    return last;
  }
}

/** Past `<34>1 ` of syslog. */
function priorityEnd(text: string): number {
  if (text.charCodeAt(0) !== LESS) return 0;
  const end = digitsEnd(text, 1, 3);
  if (end === 1 || text.charCodeAt(end) !== GREATER) return 0;
  const version = digitsEnd(text, end + 1, 1);
  return text.charCodeAt(version) === 32 ? version + 1 : end + 1;
}

/** `host program[123]: message`. */
function afterSyslogTime(text: string, from: number): number {
  let at = from;
  const host = fieldEnd(text, at);
  const isHost =
    host > at && text.charCodeAt(host - 1) !== COLON && text.charCodeAt(at) !== OPEN && !isLevel(text, at, host);
  if (isHost) at = skipSpaces(text, host);
  at = skipSeparators(text, at);
  const component = componentEnd(text, at, fieldEnd(text, at), true);
  if (component >= 0) return skipSpaces(text, component);
  const parent = parentEnd(text, at);
  return parent < 0 ? versionedEnd(text, at) : parent;
}

/** Past `launchd[1] (child[99]):`, a process that speaks of another; -1 when it is none. */
function parentEnd(text: string, from: number): number {
  const end = fieldEnd(text, from);
  const open = skipSpaces(text, end);
  if (text.charCodeAt(end - 1) !== CLOSE || text.charCodeAt(open) !== ROUND_OPEN) return -1;
  const close = groupEnd(text, open);
  return close >= 0 && text.charCodeAt(close) === COLON ? skipSpaces(text, close + 1) : -1;
}

/** What stands after any other timestamp, in any order, up to what begins the message. */
function afterTimestamp(text: string, from: number): number {
  let at = levelAfterNames(text, from);
  let hasLevel = at > from;
  let isSure = hasLevel && isLetterBefore(text, at);
  let hasName = false;
  for (let field = 0; field < FIELDS_AFTER_MAX; field++) {
    const next = skipSeparators(text, at);
    // After a level, a sign that stands alone ends the header, but for a bracketed field.
    const isEnded = hasLevel && next > skipSpaces(text, at) && text.charCodeAt(next) !== OPEN;
    at = next;
    if (isEnded) break;
    const code = text.charCodeAt(at);
    if (code === OPEN || code === LESS || (code === ROUND_OPEN && isLevelInBrackets(text, at))) {
      const close = groupEnd(text, at);
      if (close < 0) break;
      hasLevel = hasLevel || isLevelInBrackets(text, at);
      at = text.charCodeAt(close) === COLON ? close + 1 : close;
      continue;
    }
    const end = fieldEnd(text, at);
    if (end <= at || end - at > FIELD_LENGTH_MAX) break;
    if (!hasLevel && isLevel(text, at, end)) {
      hasLevel = true;
      isSure = end - at === 1;
      at = end;
    } else if (isNumber(text, at, end)) at = end;
    else if (hasName) break;
    else {
      const component = componentEnd(text, at, end, isSure);
      if (component >= 0) return skipSpaces(text, component);
      // What follows a process is the message, be it a number.
      const process = componentOfHostEnd(text, end);
      if (process >= 0) return skipSpaces(text, process);
      const name = nameEnd(text, at, end, hasLevel);
      if (name < 0) return separatedEnd(text, at);
      hasName = true;
      at = name;
    }
  }
  return at;
}

/** Whether a letter alone stands before: only logcat writes levels so; its tag follows, whatever it looks like. */
function isLetterBefore(text: string, from: number): boolean {
  let at = from - 1;
  while (at > 0 && text.charCodeAt(at) <= 32) at--;
  return text.charCodeAt(at - 1) <= 32;
}

/** A name without a colon; -1 when it is none. */
function nameEnd(text: string, at: number, end: number, hasLevel: boolean): number {
  const logger = loggerEnd(text, at, end, hasLevel);
  if (logger >= 0) return logger;
  const place = sourcePlaceEnd(text, at, end);
  if (place >= 0) return place;
  // `user@database LOG:`.
  const next = skipSpaces(text, end);
  return !hasLevel && !isProse(text, at, end) && isLevel(text, next, fieldEnd(text, next)) ? next : -1;
}

/** `host program[123]:` after a timestamp that isn't syslog's own. */
function componentOfHostEnd(text: string, end: number): number {
  const next = skipSpaces(text, end);
  const nextEnd = fieldEnd(text, next);
  if (nextEnd - next < 4 || text.charCodeAt(nextEnd - 1) !== COLON || text.charCodeAt(nextEnd - 2) !== CLOSE) return -1;
  return componentEnd(text, next, nextEnd, false);
}

/** Past a lone `::` or `|` that a few fields stand before, where the message begins; else where it began anyway. */
function separatedEnd(text: string, from: number): number {
  let at = from;
  for (let field = 0; field < NAMES_MAX; field++) {
    const end = fieldEnd(text, at);
    if (end <= at || end - at > FIELD_LENGTH_MAX) return from;
    at = skipSpaces(text, end);
    if (isSeparator(text, at, '::') || isSeparator(text, at, '|')) return skipSeparators(text, at);
  }
  return from;
}

/** `time|name|number|message`, with spaces or without: the fields of one word, or of few where spaces part the signs. */
function pipedStart(text: string, from: number): number {
  let at = from + 1;
  for (let field = 0; field < PIPED_FIELDS_MAX; field++) {
    const end = text.indexOf('|', at);
    if (end < 0 || end - at > PIPED_FIELD_LENGTH_MAX || text.slice(at, end).trim().includes(' ')) break;
    at = end + 1;
  }
  return skipSpaces(text, at);
}

/** Past a level that only names stand before: `node-1 KERNEL INFO …`, or any before one in brackets: `disk cache (info) …`. */
function levelAfterNames(text: string, from: number): number {
  let at = from;
  let hasProse = false;
  for (let field = 0; field < NAMES_MAX; field++) {
    if (field > 0 && isLevelInBrackets(text, at)) return skipSpaces(text, groupEnd(text, at));
    const end = fieldEnd(text, at);
    if (end <= at || end - at > FIELD_LENGTH_MAX) return from;
    if (field > 0 && !hasProse && isLevel(text, at, end)) return skipSpaces(text, end);
    if (text.charCodeAt(at) === OPEN || text.charCodeAt(end - 1) === COLON) return from;
    hasProse = hasProse || isProse(text, at, end);
    at = skipSpaces(text, end);
  }
  return from;
}
