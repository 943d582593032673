import type { Level } from '../../../contract/record.ts';
import { parseLevel } from '../record-encoder.ts';

/*
 * The level that a plain line names in its head. Words like "error" are ordinary prose too, so the less the place says "level",
 * the stricter the word: capitals count anywhere in the head after a timestamp, brackets anywhere near, lower case only where nothing
 * but a level stands.
 */

/** So far into the line, and so many words, a level may stand: BGL has it as its seventh word after the first timestamp. */
const HEAD_LENGTH = 160;
const WORDS_MAX = 8;
const LEVEL_LENGTH_MAX = 13;

/** Words that mean a level when they stand in capitals. `ALERT`, `SUCCESS` and the like are more often what a message is about. */
const CAPITAL_WORDS: ReadonlyMap<string, Level> = new Map(
  Object.entries({
    TRACE: 'DEBUG',
    TRC: 'DEBUG',
    VERBOSE: 'DEBUG',
    VRB: 'DEBUG',
    DEBUG: 'DEBUG',
    DBG: 'DEBUG',
    FINE: 'DEBUG',
    FINER: 'DEBUG',
    FINEST: 'DEBUG',
    INFO: 'INFO',
    INF: 'INFO',
    INFORMATION: 'INFO',
    NOTICE: 'INFO',
    WARN: 'WARN',
    WRN: 'WARN',
    WARNING: 'WARN',
    ERROR: 'ERROR',
    ERR: 'ERROR',
    SEVERE: 'ERROR',
    CRITICAL: 'CRITICAL',
    CRIT: 'CRITICAL',
    FATAL: 'CRITICAL',
    FTL: 'CRITICAL',
    PANIC: 'CRITICAL',
    EMERG: 'CRITICAL',
  } as const),
);

/** Capitalised or in lower case, as the first word of what a line says. */
const FIRST_WORDS: ReadonlySet<string> = new Set(
  'trace verbose debug info information notice warn warning error severe critical fatal'.split(' '),
);
/** .NET's short names, which only its colon tells from words. */
const COLON_WORDS: ReadonlyMap<string, Level> = new Map([
  ['fail', 'ERROR'],
  ['dbug', 'DEBUG'],
  ['trce', 'DEBUG'],
]);
const KEY_WORDS: ReadonlySet<string> = new Set(['level', 'lvl', 'severity', 'loglevel', 'levelname']);

const LETTER_LEVELS: ReadonlyMap<string, Level> = new Map([
  ['V', 'DEBUG'],
  ['D', 'DEBUG'],
  ['I', 'INFO'],
  ['W', 'WARN'],
  ['E', 'ERROR'],
  ['F', 'CRITICAL'],
]);

/** The level of the syslog severities 0 to 7 (RFC 5424 §6.2.1). */
export const SEVERITY_LEVELS: readonly Level[] = [
  'CRITICAL',
  'CRITICAL',
  'CRITICAL',
  'ERROR',
  'WARN',
  'INFO',
  'INFO',
  'DEBUG',
];

/** The level that klog and logcat give by a letter. */
export function levelOfLetter(letter: string | undefined): Level | undefined {
  return letter === undefined ? undefined : LETTER_LEVELS.get(letter);
}

/** logcat's letter, after the ids of process and thread: `  1702  2395 D Tag: …`. */
export function logcatLevel(text: string, start: number): Level | undefined {
  let at = start;
  for (let word = 0; word < 3; word++) {
    while (text[at] === ' ' && at < start + HEAD_LENGTH) at++;
    const letter = text[at + 1] === ' ' || text[at + 1] === '/' ? levelOfLetter(text[at]) : undefined;
    if (letter !== undefined) return letter;
    while (isDigit(text.charCodeAt(at)) && at < start + HEAD_LENGTH) at++;
    if (text[at] !== ' ') return undefined;
  }
  return undefined;
}

/** The level that an access log's status means: what the server itself failed at is an error. */
export function accessLevel(text: string, start: number): Level {
  const quote = text.indexOf('" ', text.indexOf('"', start) + 1);
  return quote !== -1 && text[quote + 2] === '5' && /^\d\d\s/.test(text.slice(quote + 3, quote + 6)) ? 'ERROR' : 'INFO';
}

/** The level named in the head of a line, looked for from `start` on; `dated`: a timestamp ends there. */
export function findLevel(text: string, start: number, dated: boolean): Level | undefined {
  const end = Math.min(text.length, start + HEAD_LENGTH);
  let words = 0;
  let at = start;
  while (at < end && words < WORDS_MAX) {
    if (!isLetter(text.charCodeAt(at))) {
      if (text[at] === '\n') return undefined;
      if (text[at] === '|' && !dated) words = 0; // what stands before a bar is a name: `web-1  | ERROR: …`
      at++;
      continue;
    }
    let wordEnd = at + 1;
    while (wordEnd < end && isWordPart(text.charCodeAt(wordEnd))) wordEnd++;
    const level =
      wordEnd - at <= LEVEL_LENGTH_MAX && (at === 0 || !isWordPart(text.charCodeAt(at - 1)))
        ? levelOfWord(text, at, wordEnd, words === 0, dated)
        : undefined;
    if (level !== undefined) return level;
    words++;
    at = wordEnd;
    // A word goes on to the next space: `a.b.C`, `sshd(pam_unix)[19939]:`. Brackets and bars begin a new one.
    while (at < end && !SEPARATORS.includes(text[at]!)) at++;
  }
  return undefined;
}

const SEPARATORS = ' \t\n[](){}<>|=:,/';

function levelOfWord(text: string, start: number, end: number, first: boolean, dated: boolean): Level | undefined {
  const word = text.slice(start, end);
  const next = text[end];
  const capital = CAPITAL_WORDS.get(word);
  if (capital !== undefined && (dated || first) && endsLevel(text, end)) return capital;
  const lower = word.toLowerCase();
  if (isBracketed(text, start, end)) {
    const level = capital ?? parseLevel(lower);
    if (level !== undefined) return level;
  }
  if ((next === '=' || next === ':') && KEY_WORDS.has(lower)) return keyedLevel(text, end + 1);
  const beforeColon = text[start - 1] === undefined || ' \t]'.includes(text[start - 1]!);
  if (next === ':' && beforeColon && (first || isAfterTag(text, start)))
    return COLON_WORDS.get(lower) ?? (FIRST_WORDS.has(lower) || lower === 'crit' ? parseLevel(lower) : undefined);
  if (!first || !dated || !FIRST_WORDS.has(lower)) return undefined;
  // `2016-09-28 04:30:30, Info   CBS` says a level; `2016-09-28 04:30:30 error rate is 0` doesn't.
  const column = next === '\t' || (next === ' ' && (text[end + 1] === ' ' || text.startsWith('- ', end + 1)));
  return column || (isUpper(word.charCodeAt(0)) && next === ' ') ? parseLevel(lower) : undefined;
}

/** Capitals are a level where the word ends there: not in `ERROR_CODE`, `ERROR=5`, `ERROR-17`. */
function endsLevel(text: string, end: number): boolean {
  const next = text[end];
  if (next === undefined) return true;
  if (next === '-') return text[end + 1] === ' ';
  return ' \t\n:]|/>),'.includes(next);
}

/** `[error]`, `[core:error]`, `<warn>`, `| info |`. */
function isBracketed(text: string, start: number, end: number): boolean {
  const next = text[end];
  const before = text[start - 1];
  if (before === '[' && (next === ']' || next === ' ' || next === ':'))
    return next === ']' || !isLetter(text.charCodeAt(end + 1));
  if (before === '<') return next === '>';
  if (before === '(') return next === ')';
  if (before === ':' && next === ']') return true;
  return (
    before === ' ' &&
    text[start - 2] === '|' &&
    (next === '|' || (next === ' ' && text.slice(end, end + 8).trimStart()[0] === '|'))
  );
}

/** `level=error`, `severity: WARN`. */
function keyedLevel(text: string, start: number): Level | undefined {
  let at = start;
  while (at < start + 2 && (text[at] === ' ' || text[at] === '"')) at++;
  let end = at;
  while (end < at + LEVEL_LENGTH_MAX && isLetter(text.charCodeAt(end))) end++;
  return parseLevel(text.slice(at, end));
}

/** After syslog's tag: `sshd[123]: error: …`. */
function isAfterTag(text: string, start: number): boolean {
  return (
    text[start - 1] === ' ' &&
    text[start - 2] === ':' &&
    (text[start - 3] === ']' || isLetter(text.charCodeAt(start - 3)))
  );
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

function isWordPart(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === 95;
}
