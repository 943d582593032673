import { CHAR, charClass } from './char-classes.ts';

/** Longer fields and bracketed groups are no part of a header. */
export const FIELD_LENGTH_MAX = 160;
const GROUP_LENGTH_MAX = 240;
/** Wider gaps are no gap of a header. */
const SPACES_MAX = 200;

const LEVELS = new Set(
  (
    'TRACE DEBUG INFO NOTICE WARN WARNING ERROR ERR CRIT CRITICAL FATAL SEVERE FAILURE ALERT EMERG EMERGENCY PANIC ' +
    'FINE FINER FINEST CONFIG VERBOSE INFORMATION AUDIT LOG stdout stderr'
  ).split(' '),
);
const LEVEL_LENGTH_MAX = 11;
/** How logcat writes them. */
const LETTER_LEVELS = 'VDIWEFSA';

const LETTER = CHAR.lower | CHAR.upper;
const TAB = 9;
const SPACE = 32;
const ROUND_OPEN = 40;
const ROUND_CLOSE = 41;
const DASH = 45;
const DOT = 46;
const COLON = 58;
const LESS = 60;
const GREATER = 62;
const OPEN = 91;
const CLOSE = 93;
const PIPE = 124;

/** A level in capitals, a letter of logcat, or one in any case before a column's gap; a colon or `[123]` may follow it. */
export function isLevel(text: string, from: number, end: number): boolean {
  let last = text.charCodeAt(end - 1) === COLON ? end - 1 : end;
  if (text.charCodeAt(last - 1) === CLOSE) {
    const open = text.indexOf('[', from);
    if (open > from && open < last) last = open;
  }
  const length = last - from;
  if (length === 1) return LETTER_LEVELS.includes(text.charAt(from)) && charClass(text.charCodeAt(end)) === CHAR.space;
  if (length < 3 || length > LEVEL_LENGTH_MAX) return false;
  const first = text.charCodeAt(from);
  const code = text.charCodeAt(end);
  const isColumn = code === TAB || code === PIPE || (code === SPACE && text.charCodeAt(end + 1) <= SPACE);
  // Capitals, or the s of stdout and stderr: the cheap question first.
  if (!(first >= 65 && first <= 90) && first !== 115 && !isColumn) return false;
  const word = text.slice(from, last);
  return LEVELS.has(word) || (isColumn && LEVELS.has(word.toUpperCase()));
}

/** `[error]`, `(info)`, in any case. */
export function isLevelInBrackets(text: string, at: number): boolean {
  const open = text.charCodeAt(at);
  if (open !== OPEN && open !== ROUND_OPEN) return false;
  const close = text.indexOf(open === OPEN ? ']' : ')', at);
  return close > at && close - at <= LEVEL_LENGTH_MAX + 1 && LEVELS.has(text.slice(at + 1, close).toUpperCase());
}

/** A process, a thread, `123#0:`. */
export function isNumber(text: string, from: number, end: number): boolean {
  let digits = 0;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) digits++;
    else if (at === from ? code !== DASH : code !== 35 && code !== COLON && code !== 44) return false;
  }
  return digits > 0;
}

/** Letters alone, not all of them large: a word of a sentence. */
export function isProse(text: string, from: number, end: number): boolean {
  let hasLower = false;
  for (let at = from; at < end; at++) {
    const type = charClass(text.charCodeAt(at));
    if (type === CHAR.lower) hasLower = true;
    else if (type !== CHAR.upper && !(at === end - 1 && type === CHAR.delimiter)) return false;
  }
  return hasLower;
}

/**
 * A component's end, with its colon: `dfs.DataNode$X:`, `sshd(pam)[123]:`, `WindowManager:`; -1 when it is none. A plain word with a colon
 * may as well begin the message: it counts only where `isSure`.
 */
export function componentEnd(text: string, from: number, end: number, isSure: boolean): number {
  const last = text.charCodeAt(end - 1);
  if (last !== COLON && last !== CLOSE && !isSure) return -1;
  let at = from;
  let [marks, before] = [0, 0];
  for (; at < from + FIELD_LENGTH_MAX; at++) {
    const code = text.charCodeAt(at);
    const type = charClass(code);
    if (code === COLON) {
      const next = text.charCodeAt(at + 1);
      if (Number.isNaN(next) || charClass(next) === CHAR.space) break;
      // `name:12:` goes on.
    } else if (code === CLOSE && text.charCodeAt(at + 1) === SPACE && text.lastIndexOf('[', at) < from) {
      // `file.cc:12]`.
      return at + 1;
    } else if (type === CHAR.space || Number.isNaN(code)) {
      const next = skipSpaces(text, at);
      if (!isSure || text.charCodeAt(next) !== COLON) return -1;
      at = next;
      break;
    } else if (type === CHAR.delimiter && !isBracket(code)) return -1;
    if (at === from && (type & LETTER) === 0 && !(isSure && type === CHAR.slash)) return -1;
    const isHump = type === CHAR.upper && before === CHAR.lower;
    if (isHump || (type & LETTER) === 0) marks++;
    before = type;
  }
  if (text.charCodeAt(at) !== COLON || at === from) return -1;
  return isSure || marks > 0 ? at + 1 : -1;
}

/** Past `syslogd 1.4.1:`, a component that tells its version. */
export function versionedEnd(text: string, from: number): number {
  const end = fieldEnd(text, from);
  const version = skipSpaces(text, end);
  const colon = fieldEnd(text, version) - 1;
  if (colon <= version || text.charCodeAt(colon) !== COLON || !isProse(text, from, end)) return from;
  for (let at = version; at < colon; at++) {
    if (charClass(text.charCodeAt(at)) !== CHAR.digit && text.charCodeAt(at) !== DOT) return from;
  }
  return skipSpaces(text, colon + 1);
}

/** A logger's name without a colon: `a.b.c` after a level, padded to a column, or before ` - `; -1 when it is none. */
export function loggerEnd(text: string, from: number, end: number, hasLevel: boolean): number {
  if ((charClass(text.charCodeAt(from)) & ~(LETTER | CHAR.digit)) !== 0) return -1;
  let dots = 0;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (charClass(code) === CHAR.delimiter) return -1;
    if (code === DOT && at < end - 1) dots++;
  }
  const gap = skipSpaces(text, end);
  if (isSeparator(text, gap, '-')) return gap + 1;
  if (hasLevel && (gap - end > 1 || text.charCodeAt(end) === TAB)) return gap;
  if (hasLevel && (dots >= 2 || (dots > 0 && text.charCodeAt(gap) === OPEN))) return gap;
  // `name *64 - `: one more field, that is no word.
  const next = fieldEnd(text, gap);
  const isMark = next > gap && (charClass(text.charCodeAt(gap)) & (CHAR.lower | CHAR.delimiter)) === 0;
  if (!isMark || isProse(text, gap, next)) return -1;
  const dash = skipSpaces(text, next);
  return isSeparator(text, dash, '-') ? dash + 1 : -1;
}

/** `file.c:123`, where in the program a line was written; -1 when it is none. */
export function sourcePlaceEnd(text: string, from: number, end: number): number {
  let at = end;
  while (at > from && charClass(text.charCodeAt(at - 1)) === CHAR.digit) at--;
  if (at === end || text.charCodeAt(at - 1) !== COLON || (charClass(text.charCodeAt(from)) & LETTER) === 0) return -1;
  let dots = 0;
  for (let index = from; index < at - 1; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) dots++;
    else if ((charClass(code) & (CHAR.delimiter | CHAR.digit)) !== 0) return -1;
  }
  return dots === 1 ? end : -1;
}

/** Past `[…]`, `(…)`, `<…>` in one line of text, one within another allowed; -1 when it doesn't end soon. */
export function groupEnd(text: string, from: number): number {
  const open = text.charCodeAt(from);
  const close = open === OPEN ? CLOSE : open === LESS ? GREATER : ROUND_CLOSE;
  let depth = 0;
  for (let at = from; at < from + GROUP_LENGTH_MAX && at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === open) depth++;
    else if (code === close && --depth === 0) return at + 1;
  }
  return -1;
}

export function fieldEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && at <= from + FIELD_LENGTH_MAX && charClass(text.charCodeAt(at)) !== CHAR.space) at++;
  return at;
}

export function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && at < from + SPACES_MAX && charClass(text.charCodeAt(at)) === CHAR.space) at++;
  return at;
}

/** Whether `sign` stands alone there, with something after it. */
export function isSeparator(text: string, at: number, sign: string): boolean {
  return text.startsWith(sign, at) && charClass(text.charCodeAt(at + sign.length)) === CHAR.space;
}

/** Spaces, and the signs that stand alone between fields: `-`, `--`, `|`, `::`. */
export function skipSeparators(text: string, from: number): number {
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

function isBracket(code: number): boolean {
  return code === ROUND_OPEN || code === ROUND_CLOSE || code === OPEN || code === CLOSE;
}
