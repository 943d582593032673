import type { Level } from '../../../contract/record.ts';
import { parseLevel } from '../../sources/level.ts';
import { BREAK, classOf, DIGIT, isApostrophe, isLowerLetter, isMark, LETTER, SPACE, UPPER } from './characters.ts';
import { looksLikeName } from './names.ts';

/** Of a line, in UTF-16 units: what decides stands near the beginning, and a verdict must not cost more for a dump. */
export const TEXT_LENGTH_MAX = 1_000;
const TOKENS_MAX = 260;
/** Longer words are cut. */
const WORD_LENGTH_MAX = 40;
/** Short numbers stay as they are, since a signal or a share of 100 tells something. */
const NUMBER_LENGTH_MAX = 3;
/** A header's level word stands among the first so many words. */
const HEADER_TOKENS_MAX = 20;
/** And where the level is known, and the header gone, among so many. */
const LABEL_TOKENS_MAX = 2;
const LEVEL_WORD_LENGTH_MAX = 13;

/**
 * - `prose`: a word that a person wrote
 * - `name`: a piece of an identifier, a path, a class, a host
 * - `key`: the left side of `key=value`
 * - `number`: any quantity; its word is the number where it is short, else `#`
 * - `level`: the level word of a header
 */
export type TokenKind = 'prose' | 'name' | 'key' | 'number' | 'level';

/** A text in words, lower case. The arrays are parallel, and used again for the next text: only the first `count` of each count. */
export class Tokens {
  count = 0;
  readonly words: string[] = [];
  readonly kinds: TokenKind[] = [];
  /** Whether a sentence, a clause or a bracket ends between the word and the one before. */
  readonly isAfterBreak: boolean[] = [];
  /** Whether a colon or an equals sign stands right behind the word. */
  readonly isLabel: boolean[] = [];
  /** Whether an arrow stands between the word and the one before: `UP -> DOWN`. */
  readonly isAfterArrow: boolean[] = [];
  /** Whether the word stands between double quotes. */
  readonly isQuoted: boolean[] = [];
  /** Of numbers: the value, `NaN` where it has none (an address, a date, a name's digits). */
  readonly values: number[] = [];
  /** Of numbers: the letters right behind the digits, `ms` in `40ms`; '' without. */
  readonly units: string[] = [];
  /** How many numbers have a value. */
  figures = 0;
  /** That the text's own header gives, where it has one. */
  level: Level | undefined;
  #text = '';
  #isLevelled = false;
  #isAfterBreak = true;
  #isAfterArrow = false;
  #isQuoted = false;

  /** Reads a text, once from left to right. `isLevelled`: its level is known, so what looks like a header's level is a word as well. */
  read(text: string, isLevelled: boolean): void {
    this.#text = text.length > TEXT_LENGTH_MAX ? text.slice(0, TEXT_LENGTH_MAX) : text;
    this.#isLevelled = isLevelled;
    this.#isAfterBreak = true;
    this.#isAfterArrow = false;
    this.#isQuoted = false;
    this.figures = 0;
    this.count = 0;
    this.level = undefined;
    const end = this.#text.length;
    for (let at = 0; at < end && this.count < TOKENS_MAX; ) {
      let stop = at;
      while (stop < end && !isEndOfChunk(this.#text.charCodeAt(stop))) stop++;
      if (stop > at) this.#readChunk(at, stop);
      if (this.#text.charCodeAt(stop) === 34) this.#isQuoted = !this.#isQuoted;
      at = stop + 1;
    }
  }

  /** The words between two spaces or quotes: `{"type":"failed"}` is no name. */
  #readChunk(start: number, stop: number): void {
    const isName = looksLikeName(this.#text, start, stop);
    for (let at = start; at < stop && this.count < TOKENS_MAX; ) {
      const code = this.#text.charCodeAt(at);
      const kind = classOf(code);
      if (kind & (LETTER | DIGIT)) {
        const end = endOfWord(this.#text, at, stop);
        this.#add(at, end, isName);
        at = end;
        continue;
      }
      // A dash or a star that stands alone parts clauses; an equals sign (61) doesn't.
      if (code === 40 && isPlural(this.#text, at) && this.count > 0 && at > start) {
        this.words[this.count - 1] += 's';
        at += 3;
        continue;
      }
      if (isArrowHead(this.#text, at)) this.#isAfterArrow = true;
      if (kind === BREAK || (kind === 0 && stop - start === 1 && code !== 61)) this.#isAfterBreak = true;
      at++;
    }
  }

  #add(start: number, end: number, isName: boolean): void {
    const index = this.count++;
    const next = signBehind(this.#text, end);
    const raw = this.#text.slice(start, Math.min(end, start + WORD_LENGTH_MAX));
    const isNumber = (classOf(raw.charCodeAt(0)) & DIGIT) !== 0;
    const level = isNumber ? undefined : this.#headerLevel(raw, start, next, index);
    if (level !== undefined) this.level = level;
    this.words[index] = isNumber ? numberWord(raw, isName) : wordOf(raw);
    this.isAfterBreak[index] = this.#isAfterBreak;
    this.#isAfterBreak = false;
    this.isQuoted[index] = this.#isQuoted;
    this.isAfterArrow[index] = this.#isAfterArrow;
    this.#isAfterArrow = false;
    if (isNumber) this.#addFigure(raw, start, index, isName);
    // 58 `:`, 61 `=`
    this.isLabel[index] = next === 58 || next === 61;
    if (level !== undefined && !this.#isLevelled && !isShouted(this.#text, end)) this.kinds[index] = 'level';
    else this.kinds[index] = isNumber ? 'number' : next === 61 ? 'key' : isName ? 'name' : 'prose';
  }

  /** Value and unit of a number; digits within a name have none, but for a quantity with its unit (`80C`). */
  #addFigure(raw: string, start: number, index: number, isName: boolean): void {
    let digits = 0;
    let dots = 0;
    for (; digits < raw.length; digits++) {
      const code = raw.charCodeAt(digits);
      if (code === 46) dots++;
      else if (!(classOf(code) & DIGIT)) break;
    }
    const unit = raw.slice(digits).toLowerCase();
    const isQuantity = dots <= 1 && digits <= FIGURE_LENGTH_MAX && unit.length <= UNIT_LENGTH_MAX && isLetters(unit);
    const isPartOfName = isName && !isAmongSpaces(this.#text, start);
    const isMinus = start > 0 && this.#text.charCodeAt(start - 1) === 45 && isAmongSpaces(this.#text, start - 1);
    const value = isQuantity && !isPartOfName ? Number(raw.slice(0, digits)) : Number.NaN;
    this.values[index] = isMinus ? -value : value;
    this.units[index] = isQuantity ? unit : '';
    if (!Number.isNaN(value)) this.figures++;
  }

  /** `ERROR` in capitals, `[error]`, `<warn>`, `level=error`, `error:` as the first word or behind a label; only the first of a text counts. */
  #headerLevel(raw: string, start: number, next: number, index: number): Level | undefined {
    if (this.level !== undefined || index >= (this.#isLevelled ? LABEL_TOKENS_MAX : HEADER_TOKENS_MAX))
      return undefined;
    if (raw.length < 3 || raw.length > LEVEL_WORD_LENGTH_MAX) return undefined;
    const level = parseLevel(raw);
    if (level === undefined) return undefined;
    const before = start > 0 ? this.#text.charCodeAt(start - 1) : 32;
    const isBracketed =
      (before === 91 && next === 93) || (before === 60 && next === 62) || (before === 40 && next === 41);
    const isValue =
      (before === 61 || (before === 34 && this.isLabel[index - 1])) &&
      index > 0 &&
      LEVEL_KEYS.has(this.words[index - 1]!);
    const isLabelOfLine = next === 58 && (index === 0 || (this.#isAfterBreak && LABEL_LEVELS.has(raw.toLowerCase())));
    if (isBracketed || isValue || isLabelOfLine) return level;
    const isCapital = raw === raw.toUpperCase() && LEVEL_EDGES.has(before) && LEVEL_EDGES.has(next);
    return isCapital && (index === 0 || this.#mayFollow(raw, index - 1)) ? level : undefined;
  }

  /** Behind another word only the common level words are levels (`SERVICE ALERT` is none), and none behind a “no”. */
  #mayFollow(raw: string, previous: number): boolean {
    const word = this.words[previous];
    return this.kinds[previous] === 'prose' ? COMMON_LEVELS.has(raw) && word !== 'no' : word !== '0';
  }
}

const LEVEL_KEYS: ReadonlySet<string> = new Set(['level', 'lvl', 'severity', 'loglevel', 'priority']);
/** Space, tab, `:`, `[`, `]`, `|`, `-`: what a level stands between in a header. */
const LEVEL_EDGES: ReadonlySet<number> = new Set([32, 9, 58, 91, 93, 124, 45]);
/** `sshd[1]: error: …`: behind another label these are levels, too. */
const LABEL_LEVELS: ReadonlySet<string> = new Set(
  'debug info notice warn warning err error crit critical severe fatal emerg panic'.split(' '),
);
const COMMON_LEVELS: ReadonlySet<string> = new Set(
  'TRACE DEBUG INFO WARN WARNING ERROR SEVERE CRITICAL FATAL'.split(' '),
);

const FIGURE_LENGTH_MAX = 15;
const UNIT_LENGTH_MAX = 4;

function isLetters(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!(classOf(text.charCodeAt(at)) & LETTER)) return false;
  return true;
}

/** Whether a space, a bracket or an equals sign stands before. */
function isAmongSpaces(text: string, at: number): boolean {
  if (at === 0) return true;
  const code = text.charCodeAt(at - 1);
  return classOf(code) === SPACE || code === 40 || code === 61;
}

/** A space, or a double quote. */
function isEndOfChunk(code: number): boolean {
  return code === 34 || classOf(code) === SPACE;
}

/** What stands behind a word; the colon behind a quoted key counts as an equals sign (61). */
function signBehind(text: string, end: number): number {
  if (end >= text.length) return 32;
  const code = text.charCodeAt(end);
  return code === 34 && text.charCodeAt(end + 1) === 58 ? 61 : code;
}

/** `(s)`: “3 error(s)” are errors. */
function isPlural(text: string, at: number): boolean {
  return text.charCodeAt(at + 1) === 115 && text.charCodeAt(at + 2) === 41;
}

/** The `>` of `->` and `=>`, and `→`. */
function isArrowHead(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === 0x2192) return true;
  if (code !== 62 || at === 0) return false;
  const before = text.charCodeAt(at - 1);
  return before === 45 || before === 61;
}

/** Letters up to a turn from lower to upper case, or a number with its dots, colons and hexadecimal letters. */
function endOfWord(text: string, start: number, stop: number): number {
  return classOf(text.charCodeAt(start)) & DIGIT ? endOfNumber(text, start, stop) : endOfLetters(text, start, stop);
}

function endOfNumber(text: string, start: number, stop: number): number {
  let at = start + 1;
  while (at < stop && (classOf(text.charCodeAt(at)) & (DIGIT | LETTER) || isInsideNumber(text, at, stop))) at++;
  return at;
}

function isInsideNumber(text: string, at: number, stop: number): boolean {
  const code = text.charCodeAt(at);
  // 44 `,`, 45 `-`, 46 `.`, 58 `:`
  if (code !== 44 && code !== 45 && code !== 46 && code !== 58) return false;
  return at + 1 < stop && (classOf(text.charCodeAt(at + 1)) & DIGIT) !== 0;
}

function endOfLetters(text: string, start: number, stop: number): number {
  let wasLower = !(classOf(text.charCodeAt(start)) & UPPER);
  let at = start + 1;
  for (; at < stop; at++) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    if (isApostrophe(code)) {
      if (at + 1 < stop && classOf(text.charCodeAt(at + 1)) & LETTER) continue;
      break;
    }
    if (!(kind & LETTER)) break;
    const isUpper = (kind & UPPER) !== 0;
    if (isUpper && (wasLower || beginsWord(text, at, stop))) break;
    wasLower = !isUpper;
  }
  return at;
}

/** In `IOException` the last capital begins the next word; `DIMMs` is one. */
function beginsWord(text: string, at: number, stop: number): boolean {
  return at + 2 < stop && isLowerLetter(text.charCodeAt(at + 1)) && isLowerLetter(text.charCodeAt(at + 2));
}

/** The zero in `eth0` is no quantity. */
function numberWord(raw: string, isName: boolean): string {
  if (isName) return '#';
  if (isZero(raw)) return '0';
  return raw.length <= NUMBER_LENGTH_MAX && !raw.includes('.') ? raw : '#';
}

/** `0`, `0.00`; not `0x0`. */
function isZero(raw: string): boolean {
  for (let at = 0; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code !== 48 && code !== 46) return false;
  }
  return true;
}

function wordOf(raw: string): string {
  const lower = raw.toLowerCase();
  for (let at = 0; at < lower.length; at++) if (isLeftOut(lower.charCodeAt(at))) return withoutMarks(lower);
  return lower;
}

function withoutMarks(word: string): string {
  let bare = '';
  for (let at = 0; at < word.length; at++) if (!isLeftOut(word.charCodeAt(at))) bare += word[at];
  return bare;
}

function isLeftOut(code: number): boolean {
  return isApostrophe(code) || isMark(code);
}

/** Whether the next word is in capitals as well: `ERROR IN CONTACTING` is a sentence, not a header. */
function isShouted(text: string, wordEnd: number): boolean {
  return classOf(text.charCodeAt(wordEnd)) === SPACE && isCapital(text, wordEnd + 1) && isCapital(text, wordEnd + 2);
}

function isCapital(text: string, at: number): boolean {
  return at < text.length && (classOf(text.charCodeAt(at)) & UPPER) !== 0;
}
