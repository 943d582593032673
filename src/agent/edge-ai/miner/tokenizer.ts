import { CHAR, charClass } from './char-classes.ts';
import { isDateWord, isUnitWord } from './known-words.ts';

/** Tokens beyond are left out: what a statement says stands at its beginning. */
export const TOKENS_MAX = 96;
/** UTF-16 units that are looked at, for the same reason. */
export const SCANNED_LENGTH_MAX = 4_096;
/** Words that are longer are data. */
const WORD_LENGTH_MAX = 64;
/** Longer quoted text is prose. */
const QUOTED_LENGTH_MAX = 128;
/** So many of the same sign are a line, not a part of a word. */
const LEADER_MIN = 3;
/** Tokens of the longest list item that is known again. */
const PERIOD_MAX = 6;
/** Letters that are all hexadecimal digits, and so many, are no word. */
const HEX_LETTERS_MIN = 8;

export const KIND = { word: 0, variable: 1, delimiter: 2, dateWord: 3 } as const;

const COLON = 58;
const COMMA = 44;
const EQUALS = 61;
const SEMICOLON = 59;
const PIPE = 124;
const SLASH = 47;
const BACKSLASH = 92;
const ROUND_OPEN = 40;
const DOT = 46;
const QUOTE = 34;
const LESS = 60;
const CLOSING: ReadonlyMap<number, number> = new Map([
  [41, 40],
  [93, 91],
  [125, 123],
]);

/**
 * Cuts a text into tokens and finds its variables by their shape alone: numbers, ids, addresses, paths, dates, sizes, lists of them.
 * One pass with a stack, linear in the text; holds the tokens of the last text in arrays of its own, so that a text that was seen before
 * costs no allocation. What the tokens mean to one another (`key=`, `(…)`, `a, b`) is settled as they are pushed.
 */
export class Tokenizer {
  count = 0;
  readonly kinds: Uint8Array = new Uint8Array(TOKENS_MAX);
  /** 1 where white space stands before the token. */
  readonly spaced: Uint8Array = new Uint8Array(TOKENS_MAX);
  readonly #starts = new Int32Array(TOKENS_MAX);
  readonly #ends = new Int32Array(TOKENS_MAX);
  readonly #hashes = new Int32Array(TOKENS_MAX);
  /** Of the masked text; together 64 bits. */
  keyHigh = 0;
  keyLow = 0;
  #text = '';

  /** Reads `text` from `from`; the tokens are there until the next call. */
  scan(text: string, from: number): void {
    this.#text = text;
    this.count = 0;
    const end = Math.min(text.length, from + SCANNED_LENGTH_MAX);
    let at = from;
    let spaced = 0;
    while (at < end && this.count < TOKENS_MAX) {
      const code = text.charCodeAt(at);
      const type = charClass(code);
      if (type === CHAR.space) {
        spaced = 1;
        at++;
      } else if (type === CHAR.delimiter) {
        const quoted = code === QUOTE && this.#isDelimiter(this.count - 1, EQUALS) ? quotedEnd(text, at, end) : 0;
        if (quoted > 0) {
          this.#pushVariable(at, quoted, spaced);
          at = quoted;
        } else if (code === LESS && startsBound(text, at + 1, end)) {
          at++;
          continue;
        } else {
          this.#pushDelimiter(code, at, spaced);
          at++;
        }
        spaced = 0;
      } else if (
        type === CHAR.slash &&
        charClass(text.charCodeAt(at + 1)) < CHAR.joiner &&
        at + 1 < end &&
        charClass(text.charCodeAt(at + 1)) !== CHAR.space
      ) {
        at = this.#address(at + 1, end, spaced);
        spaced = 0;
      } else {
        at = this.#word(at, end, spaced);
        spaced = 0;
      }
    }
    this.#finish();
  }

  /** The tokens as text, each with the space before it, if any. */
  tokens(): string[] {
    const tokens: string[] = [];
    for (let index = 0; index < this.count; index++) {
      const text =
        this.kinds[index] === KIND.variable ? '<*>' : this.#text.slice(this.#starts[index], this.#ends[index]);
      tokens.push(this.spaced[index] === 1 && index > 0 ? ` ${text}` : text);
    }
    return tokens;
  }

  /** Reads one word and pushes what it is; answers where the text goes on. */
  #word(from: number, end: number, spaced: number): number {
    const text = this.#text;
    let at = from;
    let [flags, hash, slashes, dots] = [0, 0x811c9dc5, 0, 0];
    let hexOnly = true;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      const type = charClass(code);
      if ((type & (CHAR.space | CHAR.delimiter)) !== 0) {
        if (code !== COLON) break;
        const next = text.charCodeAt(at + 1);
        if (next === SLASH && text.charCodeAt(at + 2) === SLASH && at > from) return this.#address(at + 3, end, spaced);
        if (next === BACKSLASH && at === from + 1) return this.#address(at + 2, end, spaced);
        break;
      }
      if (type === CHAR.joiner && startsLeader(text, at, code)) {
        if (at > from) break;
        return this.#leader(from, end, spaced);
      }
      flags |= type;
      if (type === CHAR.slash) slashes++;
      else if (code === DOT) dots++;
      if (hexOnly && (type & (CHAR.lower | CHAR.upper)) !== 0 && (code | 32) > 102) hexOnly = false;
      hash = Math.imul(hash ^ code, 0x01000193);
    }
    // Trailing and leading signs are no part of a word.
    let last = at;
    while (last > from + 1 && isSign(text.charCodeAt(last - 1))) last--;
    if (last < at) {
      hash = this.#hash(from, last);
      dots = 0;
      for (let index = from; index < last; index++) if (text.charCodeAt(index) === DOT) dots++;
    }
    const isPlace =
      (dots > 1 || (dots === 1 && (flags & CHAR.upper) === 0)) &&
      last === at &&
      text.charCodeAt(at) === COLON &&
      charClass(text.charCodeAt(at + 1)) === CHAR.digit;
    if (isPlace || isVariable(flags, last - from, slashes, dots, text.charCodeAt(from), hexOnly)) {
      const isCall = text.charCodeAt(at) === ROUND_OPEN && last === at && isFunctionName(flags, text.charCodeAt(from));
      if (isCall) this.#push(KIND.word, from, last, hash, spaced);
      else this.#pushVariable(from, last, spaced);
    } else {
      this.#pushWord(from, last, hash, spaced, flags);
    }
    if (last < at) this.#push(KIND.word, last, at, this.#hash(last, at), 0);
    return at;
  }

  /** A line of signs, as in `enabled......0`: as long as it may be, it is the same token. */
  #leader(from: number, end: number, spaced: number): number {
    const sign = this.#text.charCodeAt(from);
    let at = from;
    while (at < end && this.#text.charCodeAt(at) === sign) at++;
    this.#push(KIND.word, from, from + LEADER_MIN, this.#hash(from, from + LEADER_MIN), spaced);
    return at;
  }

  /** A URL or a path of Windows: to the next space or closing sign. */
  #address(from: number, end: number, spaced: number): number {
    let at = from;
    while (at < end && !endsAddress(this.#text.charCodeAt(at))) at++;
    while (at > from && endsSentence(this.#text.charCodeAt(at - 1))) at--;
    this.#pushVariable(from, at, spaced);
    return at;
  }

  #hash(from: number, to: number): number {
    let hash = 0x811c9dc5;
    for (let index = from; index < to; index++) hash = Math.imul(hash ^ this.#text.charCodeAt(index), 0x01000193);
    return hash;
  }

  #push(kind: number, start: number, end: number, hash: number, spaced: number): void {
    const index = this.count;
    if (index >= TOKENS_MAX) return;
    this.kinds[index] = kind;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#hashes[index] = hash;
    this.spaced[index] = spaced;
    this.count++;
  }

  #pushWord(start: number, end: number, hash: number, spaced: number, flags: number): void {
    const afterVariable = this.count > 0 && this.kinds[this.count - 1] === KIND.variable;
    if (spaced === 1) this.#closeEmptyValue();
    if ((flags & ~(CHAR.lower | CHAR.upper)) === 0 && end - start <= 9) {
      if (afterVariable && isUnitWord(this.#text, start, end)) return;
      if (isDateWord(this.#text, start, end)) {
        if (afterVariable) return;
        this.#push(KIND.dateWord, start, end, hash, spaced);
        return;
      }
    }
    this.#push(KIND.word, start, end, hash, spaced);
  }

  /** Pushes a variable, joined with what stands before it where both are one value: `12:03`, `1, 2`, `Jul 13`. */
  #pushVariable(start: number, end: number, spaced: number): void {
    if (spaced === 1) this.#closeEmptyValue();
    let joined = spaced;
    for (;;) {
      const top = this.count - 1;
      if (top < 0) break;
      const kind = this.kinds[top];
      if (kind === KIND.variable || kind === KIND.dateWord) {
        joined = this.spaced[top] as number;
        this.count--;
        continue;
      }
      if (top > 0 && this.kinds[top - 1] === KIND.variable && this.#joins(top, joined)) {
        joined = this.spaced[top - 1] as number;
        this.count -= 2;
        continue;
      }
      break;
    }
    this.#push(KIND.variable, start, end, 0, joined);
  }

  /** Whether the token `top` between two variables only holds them together. */
  #joins(top: number, spacedAfter: number): boolean {
    const code = this.#text.charCodeAt(this.#starts[top] as number);
    if (this.#ends[top] !== (this.#starts[top] as number) + 1) return false;
    if (code === COMMA) return true;
    if (isSign(code)) return true;
    return (
      spacedAfter === 0 &&
      this.spaced[top] === 0 &&
      (code === COLON || code === SEMICOLON || code === PIPE || code === EQUALS)
    );
  }

  #pushDelimiter(code: number, at: number, spaced: number): void {
    const open = CLOSING.get(code);
    if (open !== undefined && this.#closes(open)) return;
    if (open !== undefined || code === COMMA || code === SEMICOLON) this.#closeEmptyValue();
    this.#push(KIND.delimiter, at, at + 1, Math.imul(code + 1, 0x9e3779b1), spaced);
  }

  /** `(…)` after a variable that holds nothing but another, or nothing, is part of it; an empty pair elsewhere holds a variable. */
  #closes(open: number): boolean {
    const top = this.count - 1;
    const isEmpty = this.#isDelimiter(top, open);
    const at = isEmpty ? top : top - 1;
    if (!isEmpty && !(this.kinds[top] === KIND.variable && this.#isDelimiter(at, open))) return false;
    if (open === ROUND_OPEN) {
      if (this.spaced[at] === 1 && at > 0 && this.kinds[at - 1] === KIND.variable) {
        this.count = at;
        return true;
      }
      if (isEmpty && this.spaced[at] === 1) this.#push(KIND.variable, 0, 0, 0, 0);
    } else if (isEmpty) {
      this.#push(KIND.variable, 0, 0, 0, 0);
    }
    return false;
  }

  /** `key= next`: the value is empty this time. */
  #closeEmptyValue(): void {
    const top = this.count - 1;
    if (top > 0 && this.#isDelimiter(top, EQUALS) && this.spaced[top] === 0 && this.kinds[top - 1] === KIND.word) {
      this.#push(KIND.variable, 0, 0, 0, 0);
    }
  }

  #isDelimiter(index: number, code: number): boolean {
    return (
      index >= 0 &&
      this.kinds[index] === KIND.delimiter &&
      this.#text.charCodeAt(this.#starts[index] as number) === code
    );
  }

  /** `a <*>, a <*>, a <*>` is a list of any length: one is kept. */
  #collapseRepeats(): void {
    for (let period = 2; period <= PERIOD_MAX; period++) {
      let run = 0;
      let hasVariable = false;
      let kept = 0;
      for (let index = 0; index < this.count; index++) {
        this.#move(index, kept);
        const isRepeated = kept >= period && this.#equals(kept, kept - period);
        if (!isRepeated) [run, hasVariable] = [0, false];
        else {
          run++;
          hasVariable = hasVariable || this.kinds[kept] === KIND.variable;
        }
        kept++;
        if (run === period) {
          if (hasVariable) kept -= period;
          [run, hasVariable] = [0, false];
        }
      }
      this.count = kept;
    }
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.kinds[to] = this.kinds[from] as number;
    this.spaced[to] = this.spaced[from] as number;
    this.#starts[to] = this.#starts[from] as number;
    this.#ends[to] = this.#ends[from] as number;
    this.#hashes[to] = this.#hashes[from] as number;
  }

  #equals(one: number, other: number): boolean {
    return (
      this.kinds[one] === this.kinds[other] &&
      this.spaced[one] === this.spaced[other] &&
      (this.kinds[one] === KIND.variable || this.#hashes[one] === this.#hashes[other])
    );
  }

  #finish(): void {
    this.#closeEmptyValue();
    this.#collapseRepeats();
    let [high, low] = [0x243f6a88, 0x13198a2e];
    for (let index = 0; index < this.count; index++) {
      const isVariable = this.kinds[index] === KIND.variable;
      const hash = (isVariable ? 0x5bd1e995 : (this.#hashes[index] as number)) + (this.spaced[index] as number);
      high = Math.imul(high ^ hash, 0x85ebca6b);
      high ^= high >>> 15;
      low = Math.imul(low + hash, 0xc2b2ae35);
      low ^= low >>> 13;
    }
    this.keyHigh = high;
    this.keyLow = low;
  }
}

function isVariable(
  flags: number,
  length: number,
  slashes: number,
  dots: number,
  first: number,
  hexOnly: boolean,
): boolean {
  if ((flags & CHAR.digit) !== 0 || length > WORD_LENGTH_MAX) return true;
  if ((flags & (CHAR.lower | CHAR.upper)) === 0) return false;
  if (slashes > 1 || (slashes === 1 && length > 1 && (first === SLASH || dots > 0))) return true;
  if (dots >= 2 && (flags & CHAR.upper) === 0) return true;
  return hexOnly && length >= HEX_LETTERS_MIN && (flags & ~(CHAR.lower | CHAR.upper)) === 0;
}

/** A name with a digit in it that is called: the function, not a value. */
function isFunctionName(flags: number, first: number): boolean {
  return (flags & (CHAR.slash | CHAR.backslash)) === 0 && (charClass(first) & (CHAR.lower | CHAR.upper)) !== 0;
}

/** Where a quoted value ends, past its closing quote; 0 when it doesn't. */
function quotedEnd(text: string, from: number, end: number): number {
  const to = Math.min(end, from + QUOTED_LENGTH_MAX);
  for (let at = from + 1; at < to; at++) if (text.charCodeAt(at) === QUOTE) return at + 1;
  return 0;
}

/** A number that a `<` stands before, as in `<1 sec`, not in `<1>`. */
function startsBound(text: string, from: number, end: number): boolean {
  let at = from;
  while (at < end && at < from + 20 && (charClass(text.charCodeAt(at)) === CHAR.digit || text.charCodeAt(at) === DOT))
    at++;
  return at > from && at < end && charClass(text.charCodeAt(at)) === CHAR.space;
}

function endsSentence(code: number): boolean {
  return code === COLON || code === SEMICOLON || code === DOT || code === 33 || code === 63;
}

function startsLeader(text: string, at: number, sign: number): boolean {
  return text.charCodeAt(at + 1) === sign && text.charCodeAt(at + 2) === sign;
}

function isSign(code: number): boolean {
  const type = charClass(code);
  return (type & (CHAR.joiner | CHAR.slash | CHAR.backslash)) !== 0;
}

function endsAddress(code: number): boolean {
  return (
    charClass(code) === CHAR.space ||
    code === 34 ||
    code === 39 ||
    code === COMMA ||
    code === 41 ||
    code === 93 ||
    code === 62
  );
}
