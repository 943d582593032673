import { CHAR, charClass } from './char-classes.ts';
import { isDateWord, isMessageKey, isMethod, isNothing, isUnit, KNOWN_WORD_LENGTH_MAX } from './known-words.ts';
import { hashText } from './text-hash.ts';
import { KIND, TokenRow } from './token-row.ts';

/** Digits of a group of an IPv6 or Ethernet address. */
export const HEX_GROUP_MAX = 4;

const LETTER = CHAR.lower | CHAR.upper;
const SIGN = CHAR.joiner | CHAR.slash | CHAR.backslash;

const QUOTE = 34;
const ROUND_OPEN = 40;
const COMMA = 44;
const DASH = 45;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const SQUARE_OPEN = 91;
const SQUARE_CLOSE = 93;
const PIPE = 124;

/**
 * Tokens as they are pushed, and what they mean to one another (`key=`, `(…)`, `a, b`): a variable takes in the unit after it, the month before
 * it, and another variable that only `:`, `,` or `-` part from it. Each push looks at a few tokens on top, so the whole is linear.
 */
export class TokenStack extends TokenRow {
  /** Pushes a word, unless it is part of the variable before it: a unit, a month. `flags`: the classes of its characters. */
  pushWord(start: number, end: number, hash: number, spaced: number, flags: number): void {
    if (end - start <= KNOWN_WORD_LENGTH_MAX && isNothing(hash) && this.isKeyed()) {
      this.pushVariable(start, end, spaced);
      return;
    }
    if (spaced === 1) this.closeEmptyValue();
    let kind: number = KIND.word;
    if ((flags & LETTER) !== 0 && end - start <= KNOWN_WORD_LENGTH_MAX) {
      const afterNumber = this.#endsWithDigit(this.count - 1);
      if (afterNumber && (isUnit(hash) || isDateWord(hash))) return;
      if (afterNumber && spaced === 1 && this.#isCount(this.count - 1) && isPlural(this.text, start, end)) {
        // `1 packet`, `2 packets`.
        this.push(KIND.word, start, end - 1, hashText(this.text, start, end - 1), spaced);
        return;
      }
      if ((flags & CHAR.upper) !== 0 && isDateWord(hash)) kind = KIND.dateWord;
    }
    this.push(kind, start, end, hash, spaced);
  }

  /** Pushes a variable, joined with what stands before it where both are one value: `12:03`, `1, 2`, `Jul 13`. */
  pushVariable(start: number, end: number, spaced: number): void {
    if (spaced === 1) this.closeEmptyValue();
    let joined = spaced;
    for (let top = this.count - 1; top >= 0; top = this.count - 1) {
      const kind = this.kinds[top];
      if (kind === KIND.variable || kind === KIND.dateWord) {
        joined = this.spaced[top] as number;
        this.count = top;
      } else if (top > 0 && this.kinds[top - 1] === KIND.variable && this.#joins(top, joined)) {
        joined = this.spaced[top - 1] as number;
        this.count = top - 1;
      } else {
        const space = joined === 0 ? this.#joinAddress(top) : -1;
        if (space < 0) break;
        joined = space;
      }
    }
    this.push(KIND.variable, start, end, 0, joined);
  }

  /** Whether a token is a variable that ends with a digit: only then a unit may follow it. */
  #endsWithDigit(index: number): boolean {
    if (index < 0 || this.kinds[index] !== KIND.variable) return false;
    const end = this.ends[index] as number;
    return end > 0 && charClass(this.text.charCodeAt(end - 1)) === CHAR.digit;
  }

  /** Whether a token has digits alone. */
  #isCount(index: number): boolean {
    const end = this.ends[index] as number;
    for (let at = this.starts[index] as number; at < end; at++) {
      if (charClass(this.text.charCodeAt(at)) !== CHAR.digit) return false;
    }
    return true;
  }

  /** Whether `<*>:` stands before, as in an address whose next group has letters only. */
  continuesAddress(): boolean {
    const top = this.count - 1;
    return top > 0 && this.isDelimiter(top, COLON) && this.spaced[top] === 0 && this.kinds[top - 1] === KIND.variable;
  }

  /** Takes back what of an address stands before its next group: `[::`, `be:`, `[<*>]:`; answers the space before it, or -1. */
  #joinAddress(top: number): number {
    if (!this.isDelimiter(top, COLON) || this.spaced[top] === 1 || top === 0) return -1;
    const before = top - 1;
    if (this.isDelimiter(before, COLON) && (this.spaced[before] === 1 || this.isDelimiter(before - 1, SQUARE_OPEN))) {
      this.count = before;
      return this.spaced[before] as number;
    }
    const open = before - 2;
    const isBracketed =
      this.isDelimiter(before, SQUARE_CLOSE) &&
      this.kinds[before - 1] === KIND.variable &&
      this.isDelimiter(open, SQUARE_OPEN) &&
      (this.spaced[open] === 1 || open === 0 || this.kinds[open - 1] === KIND.delimiter);
    if (isBracketed) {
      this.count = open;
      return this.spaced[open] as number;
    }
    const isGroup =
      this.kinds[before] === KIND.word &&
      (this.isDelimiter(before - 1, SQUARE_OPEN) || this.isDelimiter(before - 1, COLON)) &&
      isHexGroup(this.text, this.starts[before] as number, this.ends[before] as number);
    if (!isGroup) return -1;
    this.count = before;
    return this.spaced[before] as number;
  }

  /** Whether the token `top` between two variables only holds them together. */
  #joins(top: number, spacedAfter: number): boolean {
    const start = this.starts[top] as number;
    if (this.ends[top] !== start + 1) return false;
    const code = this.text.charCodeAt(start);
    if (code === COMMA || (charClass(code) & SIGN) !== 0) return true;
    if (spacedAfter === 1 || this.spaced[top] === 1) return false;
    return code === COLON || code === SEMICOLON || code === PIPE || code === EQUALS;
  }

  /** `(…)` after a variable that holds nothing but another, or nothing, is part of it; an empty pair elsewhere holds a variable. */
  closes(open: number): boolean {
    const top = this.count - 1;
    const isEmpty = this.isDelimiter(top, open);
    const at = isEmpty ? top : top - 1;
    if (!isEmpty && !(this.kinds[top] === KIND.variable && this.isDelimiter(at, open))) return false;
    const isRound = open === ROUND_OPEN;
    const isApart = this.spaced[at] === 1;
    if (isRound && isApart && at > 0 && this.kinds[at - 1] === KIND.variable) {
      this.count = at;
      return true;
    }
    // `call()` stays as it is.
    if (isEmpty && (isApart || !isRound)) this.push(KIND.variable, 0, 0, 0, 0);
    return false;
  }

  /** `"<*>"` is the variable itself. */
  closesQuoted(quote: number): boolean {
    const open = this.count - 2;
    if (open < 1 || this.kinds[open + 1] !== KIND.variable || this.spaced[open + 1] === 1) return false;
    if (!this.isDelimiter(open, quote)) return false;
    const [start, end, spaced] = [
      this.starts[open] as number,
      this.ends[open + 1] as number,
      this.spaced[open] as number,
    ];
    this.count = open;
    this.pushVariable(start, end, spaced);
    return true;
  }

  /** `address - user`, with which an access log begins, is one value: who asked. */
  closeClient(): void {
    if (this.kinds[0] !== KIND.variable || this.kinds[2] === KIND.delimiter) return;
    const dash = this.starts[1] as number;
    if (this.ends[1] === dash + 1 && this.text.charCodeAt(dash) === DASH && this.spaced[1] === 1) this.count = 1;
  }

  /** Whether a value is to follow: `key=`, `key: `, `(`. */
  isKeyed(): boolean {
    const top = this.count - 1;
    if (top < 0) return false;
    if (this.isDelimiter(top, EQUALS)) return true;
    if (this.isDelimiter(top, ROUND_OPEN)) return this.spaced[top] === 1 || this.kinds[top - 1] === KIND.delimiter;
    return this.isDelimiter(top, COLON) && top > 0 && this.kinds[top - 1] === KIND.word;
  }

  /** `key= next`: the value is empty this time. */
  closeEmptyValue(): void {
    const top = this.count - 1;
    if (top > 0 && this.isDelimiter(top, EQUALS) && this.spaced[top] === 0 && this.kinds[top - 1] === KIND.word) {
      this.push(KIND.variable, 0, 0, 0, 0);
    }
  }

  /** `GET`, `POST`. */
  isMethodWord(index: number): boolean {
    return index >= 0 && this.kinds[index] === KIND.word && isMethod(this.hashes[index] as number);
  }

  /** `msg`, or `"msg"`. */
  isMessageKey(index: number): boolean {
    const at = this.isDelimiter(index, QUOTE) ? index - 1 : index;
    return at >= 0 && this.kinds[at] === KIND.word && isMessageKey(this.hashes[at] as number);
  }
}

function isPlural(text: string, from: number, end: number): boolean {
  if (end - from < 4 || text.charCodeAt(end - 1) !== 115) return false;
  const before = text.charCodeAt(end - 2);
  if ((charClass(before) & LETTER) === 0) return false;
  // s, u, i.
  return before !== 115 && before !== 117 && before !== 105;
}

function isHexGroup(text: string, from: number, end: number): boolean {
  if (end - from > HEX_GROUP_MAX) return false;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at) | 32;
    if (code < 97 || code > 102) return false;
  }
  return true;
}
