import type { Sequence } from './ids.ts';

/** Sequences of one epoch, both ends included. */
export type SequenceRange = readonly [from: Sequence, to: Sequence];

/** The same sequences in order, in as few ranges as possible. */
export function mergeRanges(ranges: Iterable<SequenceRange>): SequenceRange[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else if (from <= to) merged.push([from, to]);
  }
  return merged;
}

/** What is in `ranges` and not in `taken`; both as `mergeRanges` gives them. */
export function subtractRanges(ranges: readonly SequenceRange[], taken: readonly SequenceRange[]): SequenceRange[] {
  const left: SequenceRange[] = [];
  let at = 0;
  for (const [from, to] of ranges) {
    let start = from;
    while (at < taken.length && taken[at]![1] < start) at++;
    for (let i = at; i < taken.length && taken[i]![0] <= to; i++) {
      if (taken[i]![0] > start) left.push([start, taken[i]![0] - 1]);
      start = Math.max(start, taken[i]![1] + 1);
    }
    if (start <= to) left.push([start, to]);
  }
  return left;
}

/** What is in both; both as `mergeRanges` gives them. */
export function intersectRanges(a: readonly SequenceRange[], b: readonly SequenceRange[]): SequenceRange[] {
  return subtractRanges(a, subtractRanges(a, b));
}

/** How many sequences these are, when none is in two of them. */
export function countSequences(ranges: readonly SequenceRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

const RANGES_SHOWN_MAX = 5;

/** `4–9, 12 and 3 more ranges`. */
export function formatRanges(ranges: readonly SequenceRange[]): string {
  const shown = ranges.slice(0, RANGES_SHOWN_MAX).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  const more = ranges.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more range${more === 1 ? '' : 's'}` : '');
}
