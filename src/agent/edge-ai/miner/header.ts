import { CHAR, charClass } from './char-classes.ts';
import { digitsEnd, readTimestamp, type Timestamp } from './timestamp.ts';

/** Fields before the last timestamp, and after it, that are looked at. */
const FIELDS_BEFORE_MAX = 6;
const FIELDS_AFTER_MAX = 8;
/** Longer fields and bracketed groups are no part of a header. */
const FIELD_LENGTH_MAX = 160;
const GROUP_LENGTH_MAX = 240;

const LEVELS = new Set(
  (
    'TRACE DEBUG INFO NOTICE WARN WARNING ERROR ERR CRIT CRITICAL FATAL SEVERE FAILURE ALERT EMERG EMERGENCY PANIC ' +
    'FINE FINER FINEST CONFIG VERBOSE INFORMATION AUDIT stdout stderr'
  ).split(' '),
);
/** How logcat writes them. */
const LETTER_LEVELS = 'VDIWEFSA';

const OPEN = 91;
const CLOSE = 93;
const COLON = 58;
const DASH = 45;
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
    let at = this.#priority(text);
    const afterTime = this.#lastTimestamp(text, at);
    if (afterTime < 0) return 0;
    at = text.charCodeAt(afterTime) === PIPE ? pipedStart(text, afterTime) : this.#afterTimestamp(text, afterTime);
    return at < text.length ? at : 0;
  }

  /** `<34>1 ` of syslog. */
  #priority(text: string): number {
    if (text.charCodeAt(0) !== LESS) return 0;
    const end = digitsEnd(text, 1, 3);
    if (end === 1 || text.charCodeAt(end) !== GREATER) return 0;
    const version = digitsEnd(text, end + 1, 1);
    return text.charCodeAt(version) === 32 ? version + 1 : end + 1;
  }

  /** The end of the last timestamp of the header; leaves in `#time` whether it is one of syslog. */
  #lastTimestamp(text: string, from: number): number {
    let at = skipSpaces(text, from);
    let last = -1;
    let isSyslog = false;
    const beginsWithNumber = digitsEnd(text, at, 12) > at;
    for (let field = 0; field < FIELDS_BEFORE_MAX; field++) {
      const isOpen = text.charCodeAt(at) === OPEN;
      if (readTimestamp(text, isOpen ? at + 1 : at, this.#time)) {
        isSyslog = this.#time.isSyslog;
        at = this.#time.end;
        if (isOpen) {
          const close = text.indexOf(']', at);
          if (close < 0 || close - at > 12) break;
          at = close + 1;
        }
        const code = text.charCodeAt(at);
        if (code === 44 || code === COLON) at++;
        last = at;
        if (text.charCodeAt(at) === PIPE) break;
        at = skipSpaces(text, at);
        continue;
      }
      const end = fieldEnd(text, at);
      if (end <= at || end - at > FIELD_LENGTH_MAX) break;
      if (isLevel(text, at, end)) break;
      if (isProse(text, at, end) && !(beginsWithNumber && last < 0)) break;
      at = skipSpaces(text, end);
    }
    this.#time.isSyslog = isSyslog;
    return last;
  }

  #afterTimestamp(text: string, from: number): number {
    let at = skipSpaces(text, from);
    if (this.#time.isSyslog) {
      const host = fieldEnd(text, at);
      const isHost =
        host > at && text.charCodeAt(host - 1) !== COLON && text.charCodeAt(at) !== OPEN && !isLevel(text, at, host);
      if (isHost) at = skipSpaces(text, host);
      at = skipSeparators(text, at);
      const component = componentEnd(text, at, fieldEnd(text, at), true);
      return component < 0 ? versionedEnd(text, at) : skipSpaces(text, component);
    }
    const afterLevel = levelAfterNames(text, at);
    let isSure = false;
    let hasLevel = afterLevel > at;
    let hasName = false;
    at = afterLevel;
    for (let field = 0; field < FIELDS_AFTER_MAX; field++) {
      at = skipSeparators(text, at);
      if (text.charCodeAt(at) === OPEN) {
        const close = groupEnd(text, at);
        if (close < 0) break;
        at = text.charCodeAt(close) === COLON ? close + 1 : close;
        continue;
      }
      const end = fieldEnd(text, at);
      if (end <= at || end - at > FIELD_LENGTH_MAX) break;
      if (!hasLevel && isLevel(text, at, end)) {
        hasLevel = true;
        // Only logcat writes levels as letters; its tag follows, whatever it looks like.
        isSure = end - at === 1;
        at = end;
        continue;
      }
      if (isNumber(text, at, end)) {
        at = end;
        continue;
      }
      if (hasName) break;
      const component = componentEnd(text, at, end, isSure);
      if (component >= 0) return skipSpaces(text, component);
      const name = nameEnd(text, at, end, hasLevel);
      if (name < 0) break;
      hasName = true;
      at = name;
    }
    return at;
  }
}

/** `time|name|number|message`. */
function pipedStart(text: string, from: number): number {
  let at = from + 1;
  for (let field = 0; field < FIELDS_AFTER_MAX; field++) {
    const end = text.indexOf('|', at);
    if (end < 0 || end - at > 40 || text.slice(at, end).trim().includes(' ')) break;
    at = end + 1;
  }
  return skipSpaces(text, at);
}

/** Past a level that only names in capitals or with digits stand before: `node-1 KERNEL INFO …`. */
function levelAfterNames(text: string, from: number): number {
  let at = from;
  for (let field = 0; field < 4; field++) {
    const end = fieldEnd(text, at);
    if (end <= at || end - at > FIELD_LENGTH_MAX) return from;
    if (field > 0 && isLevel(text, at, end)) return skipSpaces(text, end);
    if (text.charCodeAt(at) === OPEN || isProse(text, at, end) || text.charCodeAt(end - 1) === COLON) return from;
    at = skipSpaces(text, end);
  }
  return from;
}

/**
 * A component's end, with its colon: `dfs.DataNode$X:`, `sshd(pam)[123]:`, `WindowManager:`; -1 when it is none. A plain word with a colon
 * may as well begin the message: it counts only where `isSure`.
 */
function componentEnd(text: string, from: number, end: number, isSure: boolean): number {
  const last = text.charCodeAt(end - 1);
  if (last !== COLON && last !== CLOSE && !isSure) return -1;
  let at = from;
  let [signs, humps, digits] = [0, 0, 0];
  let before = 0;
  for (; at < from + FIELD_LENGTH_MAX; at++) {
    const code = text.charCodeAt(at);
    const type = charClass(code);
    if (code === COLON) {
      const next = text.charCodeAt(at + 1);
      if (Number.isNaN(next) || charClass(next) === CHAR.space) break;
      // `file.cc:12]`, `name:12:`: goes on.
    } else if (code === CLOSE && text.charCodeAt(at + 1) === 32 && text.lastIndexOf('[', at) < from) {
      return at + 1;
    } else if (type === CHAR.space || Number.isNaN(code)) {
      if (isSure && text.charCodeAt(skipSpaces(text, at)) === COLON) {
        at = skipSpaces(text, at);
        break;
      }
      return -1;
    } else if (type === CHAR.delimiter && code !== 40 && code !== 41 && code !== OPEN && code !== CLOSE) return -1;
    if (at === from && (type & (CHAR.lower | CHAR.upper)) === 0 && !(isSure && type === CHAR.slash)) return -1;
    if (type === CHAR.upper && before === CHAR.lower) humps++;
    if (type === CHAR.joiner || type === CHAR.slash || type === CHAR.delimiter) signs++;
    if (type === CHAR.digit) digits++;
    before = type;
  }
  if (text.charCodeAt(at) !== COLON || at === from) return -1;
  return isSure || signs > 0 || humps > 0 || digits > 0 ? at + 1 : -1;
}

/** Past `syslogd 1.4.1:`, a component that tells its version. */
function versionedEnd(text: string, from: number): number {
  const end = fieldEnd(text, from);
  const version = skipSpaces(text, end);
  const colon = fieldEnd(text, version) - 1;
  if (colon <= version || text.charCodeAt(colon) !== COLON || !isProse(text, from, end)) return from;
  for (let at = version; at < colon; at++) {
    if (charClass(text.charCodeAt(at)) !== CHAR.digit && text.charCodeAt(at) !== 46) return from;
  }
  return skipSpaces(text, colon + 1);
}

/** A name without a colon: of a logger (`a.b.c`) after a level, padded to a column, or before ` - `; -1 when it is none. */
function nameEnd(text: string, from: number, end: number, hasLevel: boolean): number {
  const gap = skipSpaces(text, end);
  if (
    hasDelimiter(text, from, end) ||
    (charClass(text.charCodeAt(from)) & ~(CHAR.lower | CHAR.upper | CHAR.digit)) !== 0
  )
    return -1;
  if (isDash(text, gap)) return gap + 1;
  if (hasLevel && (gap - end > 1 || text.charCodeAt(end) === 9)) return gap;
  const dots = countDots(text, from, end);
  if (hasLevel && (dots >= 2 || (dots > 0 && text.charCodeAt(gap) === OPEN))) return gap;
  // `name *64 - `: one more field, that is no word.
  const next = fieldEnd(text, gap);
  if (
    next > gap &&
    (charClass(text.charCodeAt(gap)) & (CHAR.lower | CHAR.delimiter)) === 0 &&
    !isProse(text, gap, next)
  ) {
    const dash = skipSpaces(text, next);
    if (isDash(text, dash)) return dash + 1;
  }
  return -1;
}

function isDash(text: string, at: number): boolean {
  return text.charCodeAt(at) === DASH && charClass(text.charCodeAt(at + 1)) === CHAR.space && at + 1 < text.length;
}

function hasDelimiter(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (charClass(text.charCodeAt(at)) === CHAR.delimiter) return true;
  return false;
}

function countDots(text: string, from: number, end: number): number {
  let dots = 0;
  for (let at = from; at < end - 1; at++) if (text.charCodeAt(at) === 46) dots++;
  return dots;
}

/** A level in capitals, a letter of logcat, or one with its first letter large before a column's gap. */
function isLevel(text: string, from: number, end: number): boolean {
  const last = text.charCodeAt(end - 1) === COLON ? end - 1 : end;
  const length = last - from;
  if (length === 1) return LETTER_LEVELS.includes(text.charAt(from)) && charClass(text.charCodeAt(end)) === CHAR.space;
  if (length < 3 || length > 11) return false;
  const first = text.charCodeAt(from);
  const code = text.charCodeAt(end);
  const isColumn = code === 9 || code === PIPE || (code === 32 && text.charCodeAt(end + 1) <= 32);
  // Capitals, or the s of stdout and stderr: the cheap question first.
  if (!(first >= 65 && first <= 90) && first !== 115 && !isColumn) return false;
  const word = text.slice(from, last);
  return LEVELS.has(word) || (isColumn && LEVELS.has(word.toUpperCase()));
}

/** A process, a thread, `123#0:`. */
function isNumber(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (
      !(
        (code >= 48 && code <= 57) ||
        (at === from && code === DASH && end - from > 1) ||
        (at > from && (code === 35 || code === COLON || code === 44))
      )
    )
      return false;
  }
  return true;
}

/** Letters alone, not all of them large: a word of a sentence. */
function isProse(text: string, from: number, end: number): boolean {
  let hasLower = false;
  for (let at = from; at < end; at++) {
    const type = charClass(text.charCodeAt(at));
    if (type === CHAR.lower) hasLower = true;
    else if (type !== CHAR.upper && !(at === end - 1 && type === CHAR.delimiter)) return false;
  }
  return hasLower;
}

/** `[…]`, one within another allowed. */
function groupEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < from + GROUP_LENGTH_MAX && at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN) depth++;
    else if (code === CLOSE && --depth === 0) return at + 1;
  }
  return -1;
}

function fieldEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && at <= from + FIELD_LENGTH_MAX && charClass(text.charCodeAt(at)) !== CHAR.space) at++;
  return at;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && charClass(text.charCodeAt(at)) === CHAR.space) at++;
  return at;
}

/** Spaces, and the signs that stand alone between fields. */
function skipSeparators(text: string, from: number): number {
  let at = skipSpaces(text, from);
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code !== DASH && code !== PIPE && code !== COLON) return at;
    let end = at + 1;
    while (end < at + 3 && text.charCodeAt(end) === code) end++;
    if (charClass(text.charCodeAt(end)) !== CHAR.space) return at;
    at = skipSpaces(text, end);
  }
  return at;
}
