import { isLearnt, isOpen, opensQuote, VARIABLE_CODE } from './skeleton.ts';

/** Tokens that may become variables at once. */
const DIFFERENCES_MAX = 3;
/** A variable written in more tokens is no value. */
const PIECE_TOKENS_MAX = 8;

/** How a new line's tokens differ from a template's. */
export type Comparison =
  | { readonly type: 'same' }
  /** At these tokens. */
  | { readonly type: 'tokens'; readonly at: readonly number[] }
  /** In one piece, that is one variable in one of them and several tokens with a variable in the other. */
  | { readonly type: 'piece'; readonly at: number; readonly length: number; readonly newLength: number };

const SAME: Comparison = { type: 'same' };

/** `undefined`: in more than can be one statement. What was learnt differs from nothing. */
export function compare(template: readonly number[], line: readonly number[]): Comparison | undefined {
  return template.length === line.length ? compareTokens(template, line) : comparePieces(template, line);
}

function compareTokens(template: readonly number[], line: readonly number[]): Comparison | undefined {
  let at: number[] | undefined;
  for (let index = 0; index < template.length; index++) {
    const code = template[index] as number;
    if (code === line[index]) continue;
    if (code < 0 !== (line[index] as number) < 0) return undefined;
    if (isLearnt(code)) continue;
    if (at === undefined) at = [index];
    else if (at.length === DIFFERENCES_MAX) return undefined;
    else at.push(index);
  }
  return at === undefined ? SAME : { type: 'tokens', at };
}

function comparePieces(template: readonly number[], line: readonly number[]): Comparison | undefined {
  let found: Comparison | undefined;
  let one = 0;
  let other = 0;
  while (one < template.length && other < line.length) {
    const oneEnd = pieceEnd(template, one);
    const otherEnd = pieceEnd(line, other);
    const length = oneEnd - one;
    const newLength = otherEnd - other;
    const isAny = length === 1 && isLearnt(template[one] as number);
    if (!isAny && !samePiece(template, one, line, other, length, newLength)) {
      if (found !== undefined || !isSameValue(template, one, line, other, length, newLength)) return undefined;
      found = { type: 'piece', at: one, length, newLength };
    }
    one = oneEnd;
    other = otherEnd;
  }
  if (one < template.length || other < line.length) return undefined;
  return found ?? SAME;
}

function pieceEnd(codes: readonly number[], from: number): number {
  let end = from + 1;
  while (end < codes.length && (codes[end] as number) > 0) end++;
  return end;
}

function samePiece(
  template: readonly number[],
  from: number,
  line: readonly number[],
  lineFrom: number,
  length: number,
  lineLength: number,
): boolean {
  if (length !== lineLength) return false;
  for (let index = 0; index < length; index++) {
    const code = template[from + index] as number;
    if (code !== line[lineFrom + index] && !isLearnt(code)) return false;
  }
  return true;
}

/** `<*>` in one and `word(<*>)` in the other. */
function isSameValue(
  template: readonly number[],
  from: number,
  line: readonly number[],
  lineFrom: number,
  length: number,
  lineLength: number,
): boolean {
  if (Math.max(length, lineLength) > PIECE_TOKENS_MAX) return false;
  if (length === 1) return template[from] === -VARIABLE_CODE && isValue(line, lineFrom, lineLength);
  return lineLength === 1 && line[lineFrom] === -VARIABLE_CODE && isValue(template, from, length);
}

/** A variable is among the tokens, or they are a word in quotes. */
function isValue(codes: readonly number[], from: number, length: number): boolean {
  if (length === 3 && opensQuote(codes[from] as number)) return true;
  for (let index = from; index < from + length; index++) if (isOpen(codes[index] as number)) return true;
  return false;
}
