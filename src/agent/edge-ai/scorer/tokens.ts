import type { Level } from '../../../contract/record.ts';
import { parseLevel } from '../../sources/level.ts';

/** Of a line, in UTF-16 units: what decides stands near the beginning, and a verdict must not cost more for a dump. */
export const TEXT_LENGTH_MAX = 1_000;
/** A header's level word stands among the first so many words. */
const HEADER_TOKENS_MAX = 20;
const TOKENS_MAX = 260;
const WORD_LENGTH_MAX = 40;

/**
 * - `prose`: a word that a person wrote
 * - `name`: a piece of an identifier, a path, a class, a host
 * - `key`: the left side of `key=value`
 * - `number`: any quantity; its word is the number where it is short, else `#`
 * - `level`: the level word of a header
 */
export type TokenKind = 'prose' | 'name' | 'key' | 'number' | 'level';

/** A text in words, lower case. The arrays are parallel, and used again for the next text. */
export interface Tokens {
  count: number;
  readonly words: string[];
  readonly kinds: TokenKind[];
  /** Whether a sentence, a clause or a bracket ends between the word and the one before. */
  readonly isAfterBreak: boolean[];
  /** Whether a colon or an equals sign stands right behind the word. */
  readonly isLabel: boolean[];
  /** That the text's own header gives, where it has one. */
  level: Level | undefined;
}

export function emptyTokens(): Tokens {
  return { count: 0, words: [], kinds: [], isAfterBreak: [], isLabel: [], level: undefined };
}

const SPACE = 1;
const LETTER = 2;
const UPPER = 4;
const DIGIT = 8;
/** What joins the parts of a name rather than words. */
const JOINT = 16;
const BREAK = 32;

const CLASS_OF = new Uint8Array(128);
for (let code = 0; code <= 32; code++) CLASS_OF[code] = SPACE;
for (let code = 48; code <= 57; code++) CLASS_OF[code] = DIGIT;
for (let code = 65; code <= 90; code++) CLASS_OF[code] = LETTER | UPPER;
for (let code = 97; code <= 122; code++) CLASS_OF[code] = LETTER;
for (const sign of '_/\\@$#&') CLASS_OF[sign.charCodeAt(0)] = JOINT;
for (const sign of '.,;:!?()[]{}|<>"') CLASS_OF[sign.charCodeAt(0)] = BREAK;

function classOf(code: number): number {
  if (code < 128) return CLASS_OF[code]!;
  if (code === 0xa0 || code === 0x2028 || code === 0x2029) return SPACE;
  // Vowel signs of Hebrew and the marks that turn the direction count as letters here and are taken out of the word.
  return code < 0xc0 || (code >= 0x2010 && code <= 0x206f && !isMark(code)) ? BREAK : LETTER;
}

function isMark(code: number): boolean {
  return (code >= 0x0591 && code <= 0x05c7 && code !== 0x05be) || (code >= 0x200b && code <= 0x200f);
}

/** Splits a text into `tokens`, once from left to right. */
export function tokenize(text: string, tokens: Tokens): void {
  tokens.count = 0;
  tokens.level = undefined;
  const end = Math.min(text.length, TEXT_LENGTH_MAX);
  let isAfterBreak = true;
  for (let at = 0; at < end && tokens.count < TOKENS_MAX; ) {
    if (classOf(text.charCodeAt(at)) === SPACE) {
      at++;
      continue;
    }
    let stop = at + 1;
    while (stop < end && classOf(text.charCodeAt(stop)) !== SPACE) stop++;
    isAfterBreak = addChunk(text, at, stop, isAfterBreak, tokens);
    at = stop;
  }
}

/** Adds the words between two spaces; whether the next one begins anew. */
function addChunk(text: string, start: number, stop: number, wasAfterBreak: boolean, tokens: Tokens): boolean {
  const isName = looksLikeName(text, start, stop);
  let isAfterBreak = wasAfterBreak;
  for (let at = start; at < stop; ) {
    const kind = classOf(text.charCodeAt(at));
    if (kind & (LETTER | DIGIT)) {
      const wordEnd = endOfWord(text, at, stop);
      addWord(text, at, wordEnd, stop, isName, isAfterBreak, tokens);
      isAfterBreak = false;
      at = wordEnd;
      continue;
    }
    if (kind === BREAK || (kind === 0 && stop - start === 1)) isAfterBreak = true;
    at++;
  }
  return isAfterBreak;
}

/** Letters up to a turn from lower to upper case, or digits with their dots, colons and hexadecimal letters. */
function endOfWord(text: string, start: number, stop: number): number {
  let at = start + 1;
  if (classOf(text.charCodeAt(start)) & DIGIT) {
    while (at < stop && (classOf(text.charCodeAt(at)) & (DIGIT | LETTER) || isInsideNumber(text, at, stop))) at++;
    return at;
  }
  let wasLower = !(classOf(text.charCodeAt(start)) & UPPER);
  while (at < stop) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    if (isApostrophe(code) && at + 1 < stop && classOf(text.charCodeAt(at + 1)) & LETTER) {
      at++;
      continue;
    }
    if (!(kind & LETTER)) break;
    const isUpper = (kind & UPPER) !== 0;
    if (isUpper && wasLower) break;
    // In `IOException` and `TLSHandshake` the last capital begins the next word.
    if (isUpper && at + 1 < stop && at > start && isLowerLetter(text.charCodeAt(at + 1)) && hasLowerRun(text, at, stop))
      break;
    wasLower = !isUpper;
    at++;
  }
  return at;
}

function isInsideNumber(text: string, at: number, stop: number): boolean {
  const code = text.charCodeAt(at);
  // 46 `.`, 58 `:`, 44 `,`, 45 `-`
  if (code !== 46 && code !== 58 && code !== 44 && code !== 45) return false;
  return at + 1 < stop && (classOf(text.charCodeAt(at + 1)) & DIGIT) !== 0;
}

/** `can't` is one word. */
function isApostrophe(code: number): boolean {
  return code === 39 || code === 0x2019;
}

function isLowerLetter(code: number): boolean {
  return code >= 97 && code <= 122;
}

/** Whether two lower letters follow: `DIMMs` is one word, `IOError` two. */
function hasLowerRun(text: string, at: number, stop: number): boolean {
  return at + 2 < stop && isLowerLetter(text.charCodeAt(at + 2));
}

function addWord(
  text: string,
  start: number,
  wordEnd: number,
  stop: number,
  isName: boolean,
  isAfterBreak: boolean,
  tokens: Tokens,
): void {
  if (tokens.count >= TOKENS_MAX) return;
  const index = tokens.count++;
  const next = wordEnd < stop ? text.charCodeAt(wordEnd) : 32;
  const raw = text.slice(start, Math.min(wordEnd, start + WORD_LENGTH_MAX));
  const isNumber = (classOf(text.charCodeAt(start)) & DIGIT) !== 0;
  const isFirstOfLine = index < HEADER_TOKENS_MAX;
  const level =
    isFirstOfLine && !isNumber && tokens.level === undefined
      ? headerLevel(text, raw, start, next, index, tokens)
      : undefined;
  if (level !== undefined) tokens.level = level;
  tokens.words[index] = isNumber ? numberWord(raw, isName) : wordOf(raw);
  tokens.isAfterBreak[index] = isAfterBreak;
  // 58 `:`, 61 `=`
  tokens.isLabel[index] = next === 58 || next === 61;
  tokens.kinds[index] =
    level !== undefined ? 'level' : isNumber ? 'number' : next === 61 ? 'key' : isName ? 'name' : 'prose';
}

/** A short number as it is, since a signal or a share of 100 tells something; the zero in `eth0` is no quantity. */
function numberWord(raw: string, isName: boolean): string {
  if (isName) return '#';
  if (isZero(raw)) return '0';
  return raw.length <= KEPT_DIGITS && !raw.includes('.') ? raw : '#';
}

const KEPT_DIGITS = 3;

function isZero(number: string): boolean {
  for (let at = 0; at < number.length; at++) {
    const code = number.charCodeAt(at);
    if (code === 37) continue; // `%`
    if (code !== 48 && code !== 46) return false;
  }
  return true;
}

function wordOf(raw: string): string {
  const lower = raw.toLowerCase();
  for (let at = 0; at < lower.length; at++) if (isLeftOut(lower.charCodeAt(at))) return withoutMarks(lower);
  return lower;
}

function isLeftOut(code: number): boolean {
  return isApostrophe(code) || isMark(code);
}

function withoutMarks(word: string): string {
  let bare = '';
  for (let at = 0; at < word.length; at++) if (!isLeftOut(word.charCodeAt(at))) bare += word[at];
  return bare;
}

/**
 * Whether what stands between two spaces is a name of something rather than words: `foo.bar`, `/var/log`, `fooBar`, `a_b`, `eth0`.
 * Brackets and signs at its ends don't count.
 */
function looksLikeName(text: string, start: number, stop: number): boolean {
  let from = start;
  let to = stop;
  while (from < to && classOf(text.charCodeAt(from)) === BREAK) from++;
  while (to > from && classOf(text.charCodeAt(to - 1)) === BREAK) to--;
  // `I/O`, `n/a`
  if (to - from <= 3) return false;
  let wasLower = false;
  let wasLetterOrDigit = false;
  let hasLetter = false;
  let slashes = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    // 61 `=`: what is left of it is a key, what is right of it is judged by itself.
    if (code === 61) {
      hasLetter = false;
      wasLower = false;
      wasLetterOrDigit = false;
      continue;
    }
    if (kind === JOINT) {
      // `power/control` is prose, `/var/log` and `a/b/c` are names; a sign at an end is an ornament (`#4`, `failure\`).
      const isSlash = code === 47;
      if (isSlash ? at === from || ++slashes > 1 : at > from && at + 1 < to) return true;
      wasLower = false;
      wasLetterOrDigit = false;
      continue;
    }
    if (kind & LETTER) {
      if (wasLower && kind & UPPER) return true;
      hasLetter = true;
      wasLower = !(kind & UPPER);
      wasLetterOrDigit = true;
      continue;
    }
    wasLower = false;
    if (kind & DIGIT) {
      if (hasLetter) return true;
      wasLetterOrDigit = true;
      continue;
    }
    // `java.io`, `host:80`, `std::move`, `Foo$Bar`; not `failed:` nor `(error)`.
    if ((code === 46 || code === 58) && wasLetterOrDigit && hasLetter && at + 1 < to) {
      const after = classOf(text.charCodeAt(at + 1));
      if (after & (LETTER | DIGIT) || text.charCodeAt(at + 1) === 58) return true;
    }
    wasLetterOrDigit = false;
  }
  return false;
}

/** `ERROR` in capitals, `[error]`, `<warn>`, `level=error`, or `error:` as the first word: a header's level, not a word of the message. */
function headerLevel(
  text: string,
  raw: string,
  start: number,
  next: number,
  index: number,
  tokens: Tokens,
): Level | undefined {
  if (raw.length < 3 || raw.length > LEVEL_WORD_LENGTH_MAX) return undefined;
  const level = parseLevel(raw);
  if (level === undefined) return undefined;
  const before = start > 0 ? text.charCodeAt(start - 1) : 32;
  const isBracketed =
    (before === 91 && next === 93) || (before === 60 && next === 62) || (before === 40 && next === 41);
  const isValue = before === 61 && index > 0 && LEVEL_KEYS.has(tokens.words[index - 1]!);
  const isLabelOfLine = index === 0 && next === 58;
  const isCapital = raw === raw.toUpperCase() && LEVEL_EDGES.has(before) && LEVEL_EDGES.has(next);
  return isBracketed || isValue || isLabelOfLine || isCapital ? level : undefined;
}

const LEVEL_WORD_LENGTH_MAX = 13;
const LEVEL_KEYS: ReadonlySet<string> = new Set(['level', 'lvl', 'severity', 'loglevel', 'priority']);
/** Space, tab, `:`, `[`, `]`, `|`, `-`: what a level stands between in a header. */
const LEVEL_EDGES: ReadonlySet<number> = new Set([32, 9, 58, 91, 93, 124, 45]);
