import { TEMPLATE_LENGTH_MAX, WILDCARD } from '../../../contract/triage.ts';

/** Stands between the tokens of a skeleton; no token holds it, as it is white space. */
const SEPARATOR = '\u0001';
/** A token that was a word in some lines: what the miner learnt, where `<*>` is what the tokenizer saw. A space may stand before it. */
export const LEARNT = '\u0002';
/** Several pieces that were learnt to be one value. */
export const SEGMENT = '\u0003';
/** The code of `LEARNT`; see `codesOf`. */
export const LEARNT_CODE = 1;
/** The code of `<*>`. */
export const VARIABLE_CODE = 2;
/** The code of `SEGMENT`. */
const SEGMENT_CODE = 3;
/** Codes of other tokens are from here on. */
const HASH_MIN = 16;

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
    .replaceAll(SEGMENT, WILDCARD)
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

export function isSegment(code: number): boolean {
  return code === SEGMENT_CODE || code === -SEGMENT_CODE;
}

/** Whether lines differ there, seen by the tokenizer or learnt. */
export function isOpen(code: number): boolean {
  return code >= -VARIABLE_CODE && code <= VARIABLE_CODE;
}

/** `"` and `'` at the beginning of a piece. */
const OPENING_QUOTES: ReadonlySet<number> = new Set(['"', "'", ' "', " '"].map((quote) => -codeOf(quote)));

/** Whether a piece of three tokens begins with a quote, and so is a word in quotes. */
export function opensQuote(code: number): boolean {
  return OPENING_QUOTES.has(code);
}

/** The token, made a learnt variable. */
export function learnt(token: string): string {
  return token.startsWith(' ') ? ` ${LEARNT}` : LEARNT;
}

function codeOf(token: string): number {
  if (token.endsWith(LEARNT)) return LEARNT_CODE;
  if (token.endsWith(SEGMENT)) return SEGMENT_CODE;
  if (token.endsWith(WILDCARD)) return VARIABLE_CODE;
  let hash = 0x811c9dc5;
  for (let index = 0; index < token.length; index++) hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193);
  return ((hash ^ (hash >>> 15)) & 0x3fffffff) | HASH_MIN;
}

/** Signs that end a piece and say nothing of it. */
function isClosingSign(token: string): boolean {
  for (let index = 0; index < token.length; index++) if (!',;:.!?'.includes(token.charAt(index))) return false;
  return true;
}
