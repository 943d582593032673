import { TEMPLATE_LENGTH_MAX, WILDCARD } from '../../../contract/triage.ts';
import { isBoolean, isState, kindOfOutcome, looksLikeName } from './outcome-words.ts';

/** Stands between the tokens of a skeleton; no token holds it, as it is white space. */
const SEPARATOR = '\u0001';
/** A token that was a word in some lines: what the miner learnt, where `<*>` is what the tokenizer saw. A space may stand before it. */
export const LEARNT = '\u0002';
/** Any number of tokens, none among them: what the miner learnt of a place that holds texts of different lengths. */
export const SPAN = '\u0003';
/** The code of `LEARNT`; see `codesOf`. */
export const LEARNT_CODE = 1;
/** The code of `<*>`. */
export const VARIABLE_CODE = 2;
/** The code of `SPAN`. */
export const SPAN_CODE = 3;
/** Codes of other tokens are from here on; below it stands what the token is. */
const HASH_MIN = 16;
/** A shorter token says nothing of a statement. */
const WORD_LENGTH_MIN = 2;
/** Flags in the code of a token that is no variable. */
const FLAG = { word: 1, bad: 2, good: 4, state: 8, name: 32, boolean: 64 } as const;

/** The tokens in one flat string, so that no line is held in memory by a piece of it. */
export function joinTokens(tokens: readonly string[]): string {
  // Joining makes a new string, but for a single token, which would be a view into its line.
  if (tokens.length !== 1) return tokens.join(SEPARATOR);
  return Buffer.from(tokens[0] as string, 'utf16le').toString('utf16le');
}

export function splitTokens(skeleton: string): string[] {
  return skeleton === '' ? [] : skeleton.split(SEPARATOR);
}

/** As people read it. */
export function textOf(skeleton: string): string {
  return skeleton
    .replaceAll(SEPARATOR, '')
    .replaceAll(LEARNT, WILDCARD)
    .replaceAll(SPAN, WILDCARD)
    .slice(0, TEMPLATE_LENGTH_MAX);
}

/**
 * A small integer for each token, equal where the tokens are. Negative where a piece begins: pieces are what stands between spaces, closing
 * signs (`,` `:` `.`) apart. A variable is one piece at most, however many tokens it is written in.
 */
export function codesOf(tokens: readonly string[]): number[] {
  const codes = tokens.map(codeOf);
  let isClosing = true;
  for (let index = tokens.length - 1; index >= 0; index--) {
    const token = tokens[index] as string;
    const isSpaced = index === 0 || token.startsWith(' ');
    isClosing = isClosing && !isSpaced && isClosingSign(token);
    const startsPiece = isSpaced || isClosing;
    if (startsPiece) codes[index] = -(codes[index] as number);
    // What stands before the next space may be closing signs again.
    if (isSpaced) isClosing = true;
  }
  return codes;
}

export function countPieces(codes: readonly number[]): number {
  let pieces = 0;
  for (const code of codes) if (code < 0) pieces++;
  return pieces;
}

export function isLearnt(code: number): boolean {
  return code === LEARNT_CODE || code === -LEARNT_CODE;
}

export function isSpan(code: number): boolean {
  return code === SPAN_CODE || code === -SPAN_CODE;
}

/** Whether lines differ there, seen by the tokenizer or learnt. */
export function isOpen(code: number): boolean {
  return code >= -SPAN_CODE && code <= SPAN_CODE;
}

/** A word of the statement, by which it is told: neither a sign nor a variable. */
export function isWordCode(code: number): boolean {
  return !isOpen(code) && (Math.abs(code) & FLAG.word) !== 0;
}

/** A word that tells of failure. */
export function isBadCode(code: number): boolean {
  return !isOpen(code) && (Math.abs(code) & FLAG.bad) !== 0;
}

/** A word that tells of success. */
export function isGoodCode(code: number): boolean {
  return !isOpen(code) && (Math.abs(code) & FLAG.good) !== 0;
}

/** A word that tells what happened or how something is. */
export function isStateCode(code: number): boolean {
  return !isOpen(code) && (Math.abs(code) & FLAG.state) !== 0;
}

/** `"` and `'` at the beginning of a piece. */
const OPENING_QUOTES: ReadonlySet<number> = new Set(['"', "'", ' "', " '"].map((quote) => -codeOf(quote)));

/** Whether a piece of three tokens begins with a quote, and so is a word in quotes. */
export function opensQuote(code: number): boolean {
  return OPENING_QUOTES.has(code);
}

/** A word with a sign in it or a large letter after a small one. */
export function isNameCode(code: number): boolean {
  return !isOpen(code) && (Math.abs(code) & FLAG.name) !== 0;
}

export function isBooleanCode(code: number): boolean {
  return !isOpen(code) && (Math.abs(code) & FLAG.boolean) !== 0;
}

/** The token, made a learnt variable. */
export function learnt(token: string): string {
  return token.startsWith(' ') ? ` ${LEARNT}` : LEARNT;
}

/** What stands for any number of tokens from `token` on. */
export function span(token: string): string {
  return token.startsWith(' ') ? ` ${SPAN}` : SPAN;
}

function codeOf(token: string): number {
  if (token.endsWith(LEARNT)) return LEARNT_CODE;
  if (token.endsWith(SPAN)) return SPAN_CODE;
  if (token.endsWith(WILDCARD)) return VARIABLE_CODE;
  let hash = 0x811c9dc5;
  for (let index = 0; index < token.length; index++) hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193);
  return ((hash ^ (hash >>> 15)) & 0x3fffff80) | HASH_MIN | flagsOf(token.trimStart());
}

function flagsOf(text: string): number {
  if (text.length < WORD_LENGTH_MIN || !/^[\p{L}\p{N}]/u.test(text)) return 0;
  const kind = kindOfOutcome(text);
  return (
    FLAG.word |
    (kind === 'bad' ? FLAG.bad : kind === 'good' ? FLAG.good : 0) |
    (isState(text) ? FLAG.state : 0) |
    (looksLikeName(text) ? FLAG.name : 0) |
    (isBoolean(text) ? FLAG.boolean : 0)
  );
}

/** Signs that end a piece and say nothing of it. */
function isClosingSign(token: string): boolean {
  for (let index = 0; index < token.length; index++) if (!',;:.!?'.includes(token.charAt(index))) return false;
  return true;
}
