import { isLearnt, isOpen, isSpan, isWordCode } from './skeleton.ts';

/** Two gaps of more tokens than this together, multiplied, are one gap: what bounds the time of a comparison. */
const CELLS_MAX = 1_024;

const lengths = new Uint8Array((CELLS_MAX + 64) * 2);

/**
 * For each token of the first text the index of the second's that it is equal to, or -1: the common beginning, the common end, and the longest
 * common subsequence of what is between them.
 */
export function align(one: readonly number[], other: readonly number[]): Int16Array {
  const pairs = new Int16Array(one.length).fill(-1);
  let start = 0;
  const shorter = Math.min(one.length, other.length);
  while (start < shorter && isEqual(one[start] as number, other[start] as number)) {
    pairs[start] = start;
    start++;
  }
  let oneEnd = one.length;
  let otherEnd = other.length;
  while (oneEnd > start && otherEnd > start && isEqual(one[oneEnd - 1] as number, other[otherEnd - 1] as number)) {
    oneEnd--;
    otherEnd--;
    pairs[oneEnd] = otherEnd;
  }
  const rows = oneEnd - start;
  const columns = otherEnd - start;
  if (rows > 1 && columns > 1 && (rows + 1) * (columns + 1) <= CELLS_MAX)
    alignBetween(one, other, start, rows, columns, pairs);
  return pairs;
}

/** Pairs the longest common subsequence. Words count more than signs. */
function alignBetween(
  one: readonly number[],
  other: readonly number[],
  start: number,
  rows: number,
  columns: number,
  pairs: Int16Array,
): void {
  const width = columns + 1;
  lengths.fill(0, 0, (rows + 1) * width);
  for (let row = rows - 1; row >= 0; row--) {
    const code = one[start + row] as number;
    const weight = isWordCode(code) ? 2 : 1;
    for (let column = columns - 1; column >= 0; column--) {
      const at = row * width + column;
      const skip = Math.max(lengths[at + width] as number, lengths[at + 1] as number);
      const isSame = code === other[start + column] && !isSpan(code);
      lengths[at] = isSame ? Math.max(skip, (lengths[at + width + 1] as number) + weight) : skip;
    }
  }
  let [row, column] = [0, 0];
  while (row < rows && column < columns) {
    const at = row * width + column;
    const code = one[start + row] as number;
    const length = lengths[at] as number;
    const isSame = code === other[start + column] && !isSpan(code);
    if (isSame && length === (lengths[at + width + 1] as number) + (isWordCode(code) ? 2 : 1)) {
      pairs[start + row] = start + column;
      row++;
      column++;
    } else if ((lengths[at + width] as number) === length) row++;
    else column++;
  }
}

/** A learnt place holds any word, and no sign. */
function isEqual(one: number, other: number): boolean {
  if (one === other) return !isSpan(one);
  if (!isLearnt(one) && !isLearnt(other)) return false;
  if (one < 0 !== other < 0) return false;
  const held = isLearnt(one) ? other : one;
  return !isSpan(held) && (isOpen(held) || isWordCode(held));
}
