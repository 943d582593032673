import { ASCII_CLASSES, CHAR, charClass } from './char-classes.ts';
import { HASH_PRIME, HASH_SEED, hashText } from './text-hash.ts';
import { KIND, TOKENS_MAX } from './token-row.ts';
import { HEX_GROUP_MAX, TokenStack } from './token-stack.ts';
import { VariableShapes } from './variable-shapes.ts';

/** UTF-16 units that are looked at; as with tokens, what a statement says stands at its beginning. */
export const SCANNED_LENGTH_MAX = 4_096;
/** So many of the same sign are a line, not a part of a word. */
const LEADER_MIN = 3;

const LETTER = CHAR.lower | CHAR.upper;
const SIGN = CHAR.joiner | CHAR.slash | CHAR.backslash;

const QUOTE = 34;
const APOSTROPHE = 39;
const ROUND_OPEN = 40;
const PLUS = 43;
const COMMA = 44;
const DASH = 45;
const DOT = 46;
const SLASH = 47;
const COLON = 58;
const SEMICOLON = 59;
const LESS = 60;
const EQUALS = 61;
const SQUARE_OPEN = 91;
const BACKSLASH = 92;
const UNDERSCORE = 95;

/**
 * Cuts a text into tokens and finds its variables by their shape alone: numbers, ids, addresses, paths, dates, sizes, lists of them. One pass,
 * linear in the text. Shapes are told here and in `variable-shapes.ts`, what joins tokens in `token-stack.ts`.
 */
export class Tokenizer extends TokenStack {
  /** Reads `text` from `from`; what it found is there until the next call. */
  scan(text: string, from: number): void {
    this.text = text;
    this.count = 0;
    const end = Math.min(text.length, from + SCANNED_LENGTH_MAX);
    let at = from;
    let spaced = 0;
    while (at < end && this.count < TOKENS_MAX) {
      const code = text.charCodeAt(at);
      const type = code < 128 ? (ASCII_CLASSES[code] as number) : charClass(code);
      if (type === CHAR.space) {
        spaced = 1;
        at++;
        continue;
      }
      if (type === CHAR.delimiter) at = this.#delimiter(code, at, end, spaced);
      else if (type === CHAR.slash && isPathStart(text, at + 1, end)) at = this.#address(at, at + 1, end, spaced);
      else at = this.#word(at, end, spaced);
      spaced = 0;
    }
    this.closeEmptyValue();
    this.collapseLists();
    this.makeKey();
  }

  /** Reads one word and pushes what it is; answers where the text goes on, as those below do. */
  #word(from: number, end: number, spaced: number): number {
    const text = this.text;
    const first = text.charCodeAt(from);
    let at = from;
    let [flags, hash] = [0, HASH_SEED];
    // The same up to the last character that is no sign: signs at a word's end are no part of it.
    let [coreEnd, coreHash, coreDots, coreSlashes] = [from, hash, 0, 0];
    let [dots, slashes, notHex] = [0, 0, 0];
    let code = 0;
    for (; at < end; at++) {
      code = text.charCodeAt(at);
      const type = code < 128 ? (ASCII_CLASSES[code] as number) : charClass(code);
      if ((type & (CHAR.space | CHAR.delimiter)) !== 0) break;
      hash = Math.imul(hash ^ code, HASH_PRIME);
      flags |= type;
      // `x+` and `y-` are names of directions, so a sign after one letter is part of the word.
      const isDirection = (code === PLUS || code === DASH) && at === from + 1 && (flags & ~CHAR.joiner & ~LETTER) === 0;
      if ((type & SIGN) === 0 || isDirection) {
        coreEnd = at + 1;
        coreHash = hash;
        coreDots = dots;
        coreSlashes = slashes;
        if ((type & LETTER) !== 0 ? (code | 32) > 102 : isDirection) notHex = 1;
      } else if (code === DOT || type === CHAR.slash || text.charCodeAt(at + 1) === code) {
        if (text.charCodeAt(at + 1) === code && text.charCodeAt(at + 2) === code) {
          if (at === from) return this.#leader(from, end, spaced);
          // The sign that begins the line is no part of the word; nothing that stands in `core…` knows of it.
          break;
        }
        if (code === DOT) dots++;
        else if (type === CHAR.slash) slashes++;
      }
    }
    if (at < end && code === COLON) {
      const next = text.charCodeAt(at + 1);
      if (next === SLASH && text.charCodeAt(at + 2) === SLASH) return this.#address(from, at + 3, end, spaced);
      if (next === BACKSLASH && at === from + 1) return this.#address(from, at + 2, end, spaced);
    }
    if (coreEnd === from) {
      const isSign = at === from + 1;
      // `GET / HTTP`, `key=-`.
      const isValue =
        isSign &&
        ((first === SLASH && this.isMethodWord(this.count - 1)) ||
          ((first === DASH || first === UNDERSCORE) && this.isKeyed()));
      if (isValue) this.pushVariable(from, at, spaced);
      else this.push(KIND.word, from, at, hashText(text, from, at), spaced);
      return at;
    }
    const isPlace =
      coreDots > 0 &&
      coreEnd === at &&
      code === COLON &&
      (coreDots > 1 || (flags & CHAR.upper) === 0) &&
      charClass(text.charCodeAt(at + 1)) === CHAR.digit;
    // A name before `=` is a key, however much it looks like a host or a package.
    const isKey = at < end && code === EQUALS && coreEnd === at && (flags & CHAR.digit) === 0;
    if (
      isPlace ||
      (!isKey && VariableShapes.isVariable(flags, coreEnd - from, coreSlashes, coreDots, first, notHex === 0))
    ) {
      // A name with a digit in it that is called is the function, not a value.
      const isCall = code === ROUND_OPEN && coreEnd === at && at < end && (charClass(first) & LETTER) !== 0;
      if (isCall && (flags & (CHAR.slash | CHAR.backslash)) === 0)
        this.push(KIND.word, from, coreEnd, coreHash, spaced);
      else this.pushVariable(from, coreEnd, spaced);
    } else if (notHex === 0 && coreEnd - from <= HEX_GROUP_MAX && spaced === 0 && this.continuesAddress()) {
      this.pushVariable(from, coreEnd, spaced);
    } else this.pushWord(from, coreEnd, coreHash, spaced, flags);
    if (coreEnd < at) this.push(KIND.word, coreEnd, at, hashText(text, coreEnd, at), 0);
    return at;
  }

  /** A line of signs, as in `enabled......0`: as long as it may be, it is the same token. */
  #leader(from: number, end: number, spaced: number): number {
    const sign = this.text.charCodeAt(from);
    let at = from;
    while (at < end && this.text.charCodeAt(at) === sign) at++;
    this.push(KIND.word, from, from + LEADER_MIN, hashText(this.text, from, from + LEADER_MIN), spaced);
    return at;
  }

  /** A URL or a path: to the next space or closing sign. */
  #address(start: number, from: number, end: number, spaced: number): number {
    const at = VariableShapes.addressEnd(this.text, from, end);
    this.pushVariable(start, at, spaced);
    return at;
  }

  #delimiter(code: number, at: number, end: number, spaced: number): number {
    if (spaced === 1 && this.count === 3 && (code === QUOTE || code === SQUARE_OPEN)) this.closeClient();
    if (code === QUOTE || code === APOSTROPHE) {
      const quoted = this.#quotedValueEnd(at, end, spaced);
      if (quoted > 0) {
        this.pushVariable(at, quoted, spaced);
        return quoted;
      }
    }
    if ((code === QUOTE || code === APOSTROPHE) && spaced === 0 && this.closesQuoted(code)) return at + 1;
    if (code === LESS && VariableShapes.startsBound(this.text, at + 1, end)) return this.#word(at + 1, end, spaced);
    const open = code === 41 ? ROUND_OPEN : code === 93 ? 91 : code === 125 ? 123 : 0;
    if (open !== 0 && this.closes(open)) return at + 1;
    if (open !== 0 || code === COMMA || code === SEMICOLON) this.closeEmptyValue();
    // `<*>::` of an address.
    if (code === COLON && spaced === 0 && this.continuesAddress()) return at + 1;
    this.push(KIND.delimiter, at, at + 1, Math.imul(code + 1, 0x9e3779b1), spaced);
    return at + 1;
  }

  /** Where a value in quotes ends; 0 when there is none. A message that begins with a quote is quoted as a whole. */
  #quotedValueEnd(at: number, end: number, spaced: number): number {
    const top = this.count - 1;
    if (top < 0 || (spaced === 0 && this.kinds[top] !== KIND.delimiter)) return 0;
    // `key="…"`, `key: "…"`.
    const isKeyed =
      this.isDelimiter(top, EQUALS) || (this.isDelimiter(top, COLON) && this.kinds[top - 1] === KIND.word);
    if (isKeyed && this.isMessageKey(top - 1)) return 0;
    const quoted = VariableShapes.quotedEnd(this.text, at, end);
    if (quoted === 0) return 0;
    const isValue =
      (isKeyed && this.text.charCodeAt(at) === QUOTE) || VariableShapes.isQuotedValue(this.text, at + 1, quoted - 1);
    return isValue ? quoted : 0;
  }
}

/** `/x`, not `/ ` or `//`. */
function isPathStart(text: string, at: number, end: number): boolean {
  return at < end && (charClass(text.charCodeAt(at)) & (LETTER | CHAR.digit)) !== 0;
}
