import type { SecretKind } from '../../contract/redaction.ts';

/** A part of a text to be replaced; `end` is exclusive. */
export interface SecretSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: SecretKind;
}

const ALNUM = 1;
const TOKEN = 2;
const SPACE = 4;
const QUOTE = 8;
const DIGIT = 16;
const CLASSES = new Uint8Array(128);
for (let unit = 0; unit < 128; unit++) {
  const character = String.fromCharCode(unit);
  CLASSES[unit] =
    (/[A-Za-z0-9]/.test(character) ? ALNUM : 0) |
    (/[A-Za-z0-9_-]/.test(character) ? TOKEN : 0) |
    (/[\s\0]/.test(character) ? SPACE : 0) |
    (/["'`]/.test(character) ? QUOTE : 0) |
    (/[0-9]/.test(character) ? DIGIT : 0);
}

function is(text: string, at: number, what: number): boolean {
  const unit = text.charCodeAt(at); // NaN outside
  return unit < 128 && (CLASSES[unit]! & what) !== 0;
}

export function isAlnum(text: string, at: number): boolean {
  return is(text, at, ALNUM);
}
/** `A-Z a-z 0-9 _ -` */
export function isTokenUnit(text: string, at: number): boolean {
  return is(text, at, TOKEN);
}
export function isSpace(text: string, at: number): boolean {
  return is(text, at, SPACE);
}
export function isQuote(text: string, at: number): boolean {
  return is(text, at, QUOTE);
}
export function isDigit(text: string, at: number): boolean {
  return is(text, at, DIGIT);
}

/** Whether a word can begin at `at`: the `n` of an escaped line break (`\n`), or the end of a terminal's colour, is not part of it. */
export function isWordStart(text: string, at: number): boolean {
  if (!isAlnum(text, at - 1)) return true;
  if (text[at - 2] === '\\') return 'nrtbf'.includes(text[at - 1]!);
  if (text[at - 1] === 'm' && (isDigit(text, at - 2) || text[at - 2] === '['))
    return text.slice(Math.max(0, at - 12), at).includes('[');
  return text[at - 3] === '%' && /^[0-9A-Fa-f]{2}$/.test(text.slice(at - 2, at));
}

/**
 * Ends of the longest runs of token characters. The last run is remembered, so that a text which is one long run with many beginnings
 * in it (`sk-sk-sk-…`) is read once and not once for each.
 */
export class TokenRuns {
  #start = 0;
  #end = 0;
  /** End of a run that was found to be followed by nothing of interest. */
  barren = -1;
  /** End of the last header of cookies. */
  headerEnd = -1;

  /** Of values without quotes, whose end only what stands there decides. */
  readonly values = new RememberedEnd();
  #signAt = -1;

  end(text: string, at: number): number {
    if (at >= this.#start && at < this.#end) return this.#end;
    let end = at;
    while (isTokenUnit(text, end)) end++;
    this.#start = at;
    this.#end = end;
    return end;
  }

  /** The next `@` at `at` or behind it. */
  nextSign(text: string, at: number): number {
    if (this.#signAt < at) {
      const found = text.indexOf('@', at);
      this.#signAt = found === -1 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#signAt;
  }
}

/** The end that a scan found, for all places between its beginning and it. */
export class RememberedEnd {
  #start = 0;
  #end = -1;

  from(at: number, scan: (at: number) => number): number {
    if (at < this.#start || at > this.#end) {
      this.#start = at;
      this.#end = scan(at);
    }
    return this.#end;
  }
}

export interface Shape {
  readonly digits: number;
  readonly upper: number;
  readonly lower: number;
  readonly other: number;
  /** Of letters and digits without anything between. */
  readonly longestPart: number;
}

const SHAPE_LENGTH_MAX = 128;

/** What a text is made of, by its first characters: enough to tell a random string from words. */
export function shapeOf(text: string, start: number, end: number): Shape {
  let digits = 0;
  let upper = 0;
  let lower = 0;
  let other = 0;
  let part = 0;
  let longestPart = 0;
  for (let at = start; at < Math.min(end, start + SHAPE_LENGTH_MAX); at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 48 && unit <= 57) digits++;
    else if (unit >= 65 && unit <= 90) upper++;
    else if (unit >= 97 && unit <= 122) lower++;
    else {
      other++;
      part = -1;
    }
    part++;
    if (part > longestPart) longestPart = part;
  }
  return { digits, upper, lower, other, longestPart };
}

/** Random rather than a word: digits among letters, or both cases in a long one. */
export function looksRandom(text: string, start: number, end: number, lengthMin: number): boolean {
  if (end - start < lengthMin) return false;
  const { digits, upper, lower, longestPart } = shapeOf(text, start, end);
  if (longestPart < Math.min(8, lengthMin)) return false;
  return (digits > 0 && upper + lower > 0) || (upper > 1 && lower > 1 && end - start >= 12);
}

/** Letters whose case changes as in no word and no `camelCaseName`: often, or between runs of capitals. */
export function looksScrambled(value: string): boolean {
  if (value.length < 10 || !/^[A-Za-z0-9+/=_-]+$/.test(value)) return false;
  const letters = value.slice(0, SHAPE_LENGTH_MAX).replace(/[^A-Za-z]/g, '');
  const runs = letters.match(/[A-Z]+|[a-z]+/g) ?? [];
  const changes = runs.length - 1;
  const capitals = runs.filter((run) => run.length > 1 && run < 'a').length;
  return letters.length >= 8 && changes >= 4 && changes >= letters.length * (capitals > 1 ? 0.25 : 0.36);
}
