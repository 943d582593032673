import { ASCII_CLASSES, CHAR, charClass } from './char-classes.ts';
import { isDateWord, isMessageKey, isMethod, isUnit, KNOWN_WORD_LENGTH_MAX } from './known-words.ts';
import { HASH_PRIME, HASH_SEED, hashText } from './text-hash.ts';
import { VariableShapes } from './variable-shapes.ts';

/** Tokens beyond are left out: what a statement says stands at its beginning. */
export const TOKENS_MAX = 96;
/** UTF-16 units that are looked at, for the same reason. */
export const SCANNED_LENGTH_MAX = 4_096;
/** So many of the same sign are a line, not a part of a word. */
const LEADER_MIN = 3;
/** Tokens of the longest list item that is known again. */
const PERIOD_MAX = 6;

const KIND = { word: 0, variable: 1, delimiter: 2, dateWord: 3 } as const;

/** Digits of a group of an IPv6 or Ethernet address. */
const HEX_GROUP_MAX = 4;

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
const SQUARE_CLOSE = 93;
const PIPE = 124;

/**
 * Cuts a text into tokens and finds its variables by their shape alone: numbers, ids, addresses, paths, dates, sizes, lists of them.
 *
 * One pass with a stack, linear in the text. The tokens of the last text stand in arrays of its own, so that a text that was seen before
 * costs no allocation. What tokens mean to one another (`key=`, `(…)`, `a, b`) is settled as they are pushed: a variable takes in the
 * unit after it, the month before it, and another variable that only `:`, `,` or `-` part from it.
 */
export class Tokenizer {
  /** Of the masked text; together 64 bits. */
  keyHigh = 0;
  keyLow = 0;
  #text = '';
  #count = 0;
  readonly #kinds = new Uint8Array(TOKENS_MAX);
  /** 1 where white space stands before the token. */
  readonly #spaced = new Uint8Array(TOKENS_MAX);
  readonly #starts = new Int32Array(TOKENS_MAX);
  readonly #ends = new Int32Array(TOKENS_MAX);
  readonly #hashes = new Int32Array(TOKENS_MAX);

  /** Reads `text` from `from`; what it found is there until the next call. */
  scan(text: string, from: number): void {
    this.#text = text;
    this.#count = 0;
    const end = Math.min(text.length, from + SCANNED_LENGTH_MAX);
    let at = from;
    let spaced = 0;
    while (at < end && this.#count < TOKENS_MAX) {
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
    this.#closeEmptyValue();
    this.#collapseLists();
    this.#makeKey();
  }

  /** The tokens as text, each with the space before it, if any. */
  tokens(): string[] {
    const tokens: string[] = [];
    for (let index = 0; index < this.#count; index++) {
      const isVariable = this.#kinds[index] === KIND.variable;
      const text = isVariable ? '<*>' : this.#text.slice(this.#starts[index], this.#ends[index]);
      tokens.push(this.#spaced[index] === 1 && index > 0 ? ` ${text}` : text);
    }
    return tokens;
  }

  /** Reads one word and pushes what it is; answers where the text goes on. */
  #word(from: number, end: number, spaced: number): number {
    const text = this.#text;
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
      // `GET / HTTP`.
      const isRoot = at === from + 1 && text.charCodeAt(from) === SLASH && this.#isMethodWord(this.#count - 1);
      if (isRoot) this.#pushVariable(from, at, spaced);
      else this.#push(KIND.word, from, at, hashText(text, from, at), spaced);
      return at;
    }
    const first = text.charCodeAt(from);
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
        this.#push(KIND.word, from, coreEnd, coreHash, spaced);
      else this.#pushVariable(from, coreEnd, spaced);
    } else if (notHex === 0 && coreEnd - from <= HEX_GROUP_MAX && spaced === 0 && this.#continuesAddress()) {
      this.#pushVariable(from, coreEnd, spaced);
    } else this.#pushWord(from, coreEnd, coreHash, spaced, flags);
    if (coreEnd < at) this.#push(KIND.word, coreEnd, at, hashText(text, coreEnd, at), 0);
    return at;
  }

  /** A line of signs, as in `enabled......0`: as long as it may be, it is the same token. */
  #leader(from: number, end: number, spaced: number): number {
    const sign = this.#text.charCodeAt(from);
    let at = from;
    while (at < end && this.#text.charCodeAt(at) === sign) at++;
    this.#push(KIND.word, from, from + LEADER_MIN, hashText(this.#text, from, from + LEADER_MIN), spaced);
    return at;
  }

  /** A URL or a path: to the next space or closing sign. */
  #address(start: number, from: number, end: number, spaced: number): number {
    const at = VariableShapes.addressEnd(this.#text, from, end);
    this.#pushVariable(start, at, spaced);
    return at;
  }

  #delimiter(code: number, at: number, end: number, spaced: number): number {
    if (code === QUOTE || code === APOSTROPHE) {
      const quoted = this.#quotedValueEnd(at, end, spaced);
      if (quoted > 0) {
        this.#pushVariable(at, quoted, spaced);
        return quoted;
      }
    }
    if ((code === QUOTE || code === APOSTROPHE) && spaced === 0 && this.#closesQuoted(code)) return at + 1;
    if (code === LESS && VariableShapes.startsBound(this.#text, at + 1, end)) return this.#word(at + 1, end, spaced);
    const open = code === 41 ? ROUND_OPEN : code === 93 ? 91 : code === 125 ? 123 : 0;
    if (open !== 0 && this.#closes(open)) return at + 1;
    if (open !== 0 || code === COMMA || code === SEMICOLON) this.#closeEmptyValue();
    // `<*>::` of an address.
    if (code === COLON && spaced === 0 && this.#continuesAddress()) return at + 1;
    this.#push(KIND.delimiter, at, at + 1, Math.imul(code + 1, 0x9e3779b1), spaced);
    return at + 1;
  }

  /** Where a value in quotes ends; 0 when there is none. A message that begins with a quote is quoted as a whole. */
  #quotedValueEnd(at: number, end: number, spaced: number): number {
    const top = this.#count - 1;
    if (top < 0 || (spaced === 0 && this.#kinds[top] !== KIND.delimiter)) return 0;
    // `key="…"`, `key: "…"`.
    const isKeyed =
      this.#isDelimiter(top, EQUALS) || (this.#isDelimiter(top, COLON) && this.#kinds[top - 1] === KIND.word);
    if (isKeyed && this.#isMessageKey(top - 1)) return 0;
    const quoted = VariableShapes.quotedEnd(this.#text, at, end);
    if (quoted === 0) return 0;
    const isValue =
      (isKeyed && this.#text.charCodeAt(at) === QUOTE) || VariableShapes.isQuotedValue(this.#text, at + 1, quoted - 1);
    return isValue ? quoted : 0;
  }

  /** `"<*>"` is the variable itself. */
  #closesQuoted(quote: number): boolean {
    const open = this.#count - 2;
    if (open < 1 || this.#kinds[open + 1] !== KIND.variable || this.#spaced[open + 1] === 1) return false;
    if (!this.#isDelimiter(open, quote)) return false;
    const [start, end, spaced] = [
      this.#starts[open] as number,
      this.#ends[open + 1] as number,
      this.#spaced[open] as number,
    ];
    this.#count = open;
    this.#pushVariable(start, end, spaced);
    return true;
  }

  #isMethodWord(index: number): boolean {
    return index >= 0 && this.#kinds[index] === KIND.word && isMethod(this.#hashes[index] as number);
  }

  /** `msg`, or `"msg"`. */
  #isMessageKey(index: number): boolean {
    const at = this.#isDelimiter(index, QUOTE) ? index - 1 : index;
    return at >= 0 && this.#kinds[at] === KIND.word && isMessageKey(this.#hashes[at] as number);
  }

  #push(kind: number, start: number, end: number, hash: number, spaced: number): void {
    const index = this.#count;
    if (index >= TOKENS_MAX) return;
    this.#kinds[index] = kind;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#hashes[index] = hash;
    this.#spaced[index] = spaced;
    this.#count = index + 1;
  }

  #pushWord(start: number, end: number, hash: number, spaced: number, flags: number): void {
    if (spaced === 1) this.#closeEmptyValue();
    let kind: number = KIND.word;
    if ((flags & LETTER) !== 0 && end - start <= KNOWN_WORD_LENGTH_MAX) {
      const afterNumber = this.#endsWithDigit(this.#count - 1);
      if (afterNumber && (isUnit(hash) || isDateWord(hash))) return;
      if (afterNumber && spaced === 1 && this.#isCount(this.#count - 1) && isPlural(this.#text, start, end)) {
        // `1 packet`, `2 packets`.
        this.#push(KIND.word, start, end - 1, hashText(this.#text, start, end - 1), spaced);
        return;
      }
      if ((flags & CHAR.upper) !== 0 && isDateWord(hash)) kind = KIND.dateWord;
    }
    this.#push(kind, start, end, hash, spaced);
  }

  /** Whether a token is a variable that ends with a digit: only then a unit may follow it. */
  #endsWithDigit(index: number): boolean {
    if (index < 0 || this.#kinds[index] !== KIND.variable) return false;
    const end = this.#ends[index] as number;
    return end > 0 && charClass(this.#text.charCodeAt(end - 1)) === CHAR.digit;
  }

  /** Whether a token has digits alone. */
  #isCount(index: number): boolean {
    const end = this.#ends[index] as number;
    for (let at = this.#starts[index] as number; at < end; at++) {
      if (charClass(this.#text.charCodeAt(at)) !== CHAR.digit) return false;
    }
    return true;
  }

  /** Pushes a variable, joined with what stands before it where both are one value: `12:03`, `1, 2`, `Jul 13`. */
  #pushVariable(start: number, end: number, spaced: number): void {
    if (spaced === 1) this.#closeEmptyValue();
    let joined = spaced;
    for (let top = this.#count - 1; top >= 0; top = this.#count - 1) {
      const kind = this.#kinds[top];
      if (kind === KIND.variable || kind === KIND.dateWord) {
        joined = this.#spaced[top] as number;
        this.#count = top;
      } else if (top > 0 && this.#kinds[top - 1] === KIND.variable && this.#joins(top, joined)) {
        joined = this.#spaced[top - 1] as number;
        this.#count = top - 1;
      } else {
        const space = joined === 0 ? this.#joinAddress(top) : -1;
        if (space < 0) break;
        joined = space;
      }
    }
    this.#push(KIND.variable, start, end, 0, joined);
  }

  /** Whether `<*>:` stands before, as in an address whose next group has letters only. */
  #continuesAddress(): boolean {
    const top = this.#count - 1;
    return (
      top > 0 && this.#isDelimiter(top, COLON) && this.#spaced[top] === 0 && this.#kinds[top - 1] === KIND.variable
    );
  }

  /** Takes back what of an address stands before its next group: `[::`, `be:`, `[<*>]:`; answers the space before it, or -1. */
  #joinAddress(top: number): number {
    if (!this.#isDelimiter(top, COLON) || this.#spaced[top] === 1 || top === 0) return -1;
    const before = top - 1;
    if (
      this.#isDelimiter(before, COLON) &&
      (this.#spaced[before] === 1 || this.#isDelimiter(before - 1, SQUARE_OPEN))
    ) {
      this.#count = before;
      return this.#spaced[before] as number;
    }
    const open = before - 2;
    const isBracketed =
      this.#isDelimiter(before, SQUARE_CLOSE) &&
      this.#kinds[before - 1] === KIND.variable &&
      this.#isDelimiter(open, SQUARE_OPEN) &&
      (this.#spaced[open] === 1 || open === 0 || this.#kinds[open - 1] === KIND.delimiter);
    if (isBracketed) {
      this.#count = open;
      return this.#spaced[open] as number;
    }
    const isGroup =
      this.#kinds[before] === KIND.word &&
      (this.#isDelimiter(before - 1, SQUARE_OPEN) || this.#isDelimiter(before - 1, COLON)) &&
      isHexGroup(this.#text, this.#starts[before] as number, this.#ends[before] as number);
    if (!isGroup) return -1;
    this.#count = before;
    return this.#spaced[before] as number;
  }

  /** Whether the token `top` between two variables only holds them together. */
  #joins(top: number, spacedAfter: number): boolean {
    const start = this.#starts[top] as number;
    if (this.#ends[top] !== start + 1) return false;
    const code = this.#text.charCodeAt(start);
    if (code === COMMA || (charClass(code) & SIGN) !== 0) return true;
    if (spacedAfter === 1 || this.#spaced[top] === 1) return false;
    return code === COLON || code === SEMICOLON || code === PIPE || code === EQUALS;
  }

  /** `(…)` after a variable that holds nothing but another, or nothing, is part of it; an empty pair elsewhere holds a variable. */
  #closes(open: number): boolean {
    const top = this.#count - 1;
    const isEmpty = this.#isDelimiter(top, open);
    const at = isEmpty ? top : top - 1;
    if (!isEmpty && !(this.#kinds[top] === KIND.variable && this.#isDelimiter(at, open))) return false;
    const isRound = open === ROUND_OPEN;
    const isApart = this.#spaced[at] === 1;
    if (isRound && isApart && at > 0 && this.#kinds[at - 1] === KIND.variable) {
      this.#count = at;
      return true;
    }
    // `call()` stays as it is.
    if (isEmpty && (isApart || !isRound)) this.#push(KIND.variable, 0, 0, 0, 0);
    return false;
  }

  /** `key= next`: the value is empty this time. */
  #closeEmptyValue(): void {
    const top = this.#count - 1;
    if (top > 0 && this.#isDelimiter(top, EQUALS) && this.#spaced[top] === 0 && this.#kinds[top - 1] === KIND.word) {
      this.#push(KIND.variable, 0, 0, 0, 0);
    }
  }

  #isDelimiter(index: number, code: number): boolean {
    return (
      index >= 0 &&
      this.#kinds[index] === KIND.delimiter &&
      this.#text.charCodeAt(this.#starts[index] as number) === code
    );
  }

  /** `a <*>, a <*>, a <*>` is a list of any length: one is kept. */
  #collapseLists(): void {
    for (let period = 2; period <= PERIOD_MAX; period++) if (this.#hasPeriod(period)) this.#collapse(period);
  }

  /** Whether two variables stand so far apart, and the tokens before them are alike: the cheap question first. */
  #hasPeriod(period: number): boolean {
    for (let index = period; index < this.#count; index++) {
      if (this.#kinds[index] !== KIND.variable || this.#kinds[index - period] !== KIND.variable) continue;
      const isFirst = index === period;
      if (isFirst || this.#equals(index - 1, index - 1 - period)) return true;
    }
    return false;
  }

  #collapse(period: number): void {
    let [run, kept] = [0, 0];
    let hasVariable = false;
    for (let index = 0; index < this.#count; index++) {
      this.#move(index, kept);
      if (kept >= period && this.#equals(kept, kept - period)) {
        run++;
        hasVariable = hasVariable || this.#kinds[kept] === KIND.variable;
      } else [run, hasVariable] = [0, false];
      kept++;
      if (run === period) {
        if (hasVariable) kept -= period;
        [run, hasVariable] = [0, false];
      }
    }
    // The last item has no `,` after it.
    const separator = kept - period;
    if (run === period - 1 && hasVariable && this.#kinds[separator] === KIND.delimiter) kept = separator;
    this.#count = kept;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.#kinds[to] = this.#kinds[from] as number;
    this.#spaced[to] = this.#spaced[from] as number;
    this.#starts[to] = this.#starts[from] as number;
    this.#ends[to] = this.#ends[from] as number;
    this.#hashes[to] = this.#hashes[from] as number;
  }

  #equals(one: number, other: number): boolean {
    return (
      this.#kinds[one] === this.#kinds[other] &&
      this.#spaced[one] === this.#spaced[other] &&
      (this.#kinds[one] === KIND.variable || this.#hashes[one] === this.#hashes[other])
    );
  }

  #makeKey(): void {
    let [high, low] = [0x243f6a88, 0x13198a2e];
    for (let index = 0; index < this.#count; index++) {
      const isVariable = this.#kinds[index] === KIND.variable;
      const hash =
        (isVariable ? 0x5bd1e995 : (this.#hashes[index] as number)) +
        (index === 0 ? 0 : (this.#spaced[index] as number));
      high = Math.imul(high ^ hash, 0x85ebca6b);
      high ^= high >>> 15;
      low = Math.imul(low + hash, 0xc2b2ae35);
      low ^= low >>> 13;
    }
    this.keyHigh = high;
    this.keyLow = low;
  }
}

/** `/x`, not `/ ` or `//`. */
function isPathStart(text: string, at: number, end: number): boolean {
  return at < end && (charClass(text.charCodeAt(at)) & (LETTER | CHAR.digit)) !== 0;
}

function isPlural(text: string, from: number, end: number): boolean {
  if (end - from < 4 || text.charCodeAt(end - 1) !== 115) return false;
  const before = text.charCodeAt(end - 2);
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
