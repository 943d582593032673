import { CHAR, charClass } from './char-classes.ts';
import { isMethod } from './known-words.ts';
import { hashText } from './text-hash.ts';

/** Words that are longer are data. */
const WORD_LENGTH_MAX = 64;
/** Longer quoted text is prose. */
const QUOTED_LENGTH_MAX = 128;
/** Letters that are all hexadecimal digits, and so many, are no word. */
const HEX_LETTERS_MIN = 8;
/** Digits of a number that a `<` stands before. */
const BOUND_LENGTH_MAX = 20;

const LETTER = CHAR.lower | CHAR.upper;
const QUOTE = 34;
const DOT = 46;
const SLASH = 47;
const BACKSLASH = 92;

/** What looks like a value, whatever statement it stands in. */
export const VariableShapes = {
  /** A word, told by the union of its characters' classes: with a digit, a path, a host or package name, hexadecimal. */
  isVariable(flags: number, length: number, slashes: number, dots: number, first: number, isHex: boolean): boolean {
    if ((flags & CHAR.digit) !== 0 || length > WORD_LENGTH_MAX) return true;
    if ((flags & LETTER) === 0) return false;
    if (slashes > 1 || (slashes === 1 && length > 1 && (first === SLASH || dots > 0))) return true;
    if (dots >= 2 && (flags & CHAR.upper) === 0) return true;
    return isHex && length >= HEX_LETTERS_MIN && (flags & ~LETTER) === 0;
  },

  /** Where quoted text ends, past its closing quote; 0 when it doesn't, or when the quote is an apostrophe. */
  quotedEnd(text: string, from: number, end: number): number {
    const quote = text.charCodeAt(from);
    const to = Math.min(end, from + QUOTED_LENGTH_MAX);
    for (let at = from + 1; at < to; at++) {
      if (text.charCodeAt(at) !== quote || text.charCodeAt(at - 1) === BACKSLASH) continue;
      const isEnd = at + 1 >= text.length || (charClass(text.charCodeAt(at + 1)) & (LETTER | CHAR.digit)) === 0;
      if (isEnd) return at + 1;
    }
    return 0;
  },

  /** Whether what stands between quotes is a value: all but a request line, whose method may tell statements apart. */
  isQuotedValue(text: string, from: number, end: number): boolean {
    let at = from;
    while (at < end && (charClass(text.charCodeAt(at)) & CHAR.upper) !== 0) at++;
    return at === from || charClass(text.charCodeAt(at)) !== CHAR.space || !isMethod(hashText(text, from, at));
  },

  /** A number that a `<` stands before, as in `<1 sec`, not in `<1>`. */
  startsBound(text: string, from: number, end: number): boolean {
    const to = Math.min(end, from + BOUND_LENGTH_MAX);
    let at = from;
    while (at < to && (charClass(text.charCodeAt(at)) === CHAR.digit || text.charCodeAt(at) === DOT)) at++;
    return at > from && at < end && charClass(text.charCodeAt(at)) === CHAR.space;
  },

  /** Where a URL or path ends: before a space, a quote or a closing sign, and before the sign that ends a sentence. */
  addressEnd(text: string, from: number, end: number): number {
    let at = from;
    while (at < end && !endsAddress(text.charCodeAt(at))) at++;
    while (at > from && ':;.!?'.includes(text.charAt(at - 1))) at--;
    return at;
  },
};

function endsAddress(code: number): boolean {
  // " ' , ) ] >
  if (code === QUOTE || code === 39 || code === 44 || code === 41 || code === 93 || code === 62) return true;
  return charClass(code) === CHAR.space;
}
