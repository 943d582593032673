/** Where a value stands in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Complaint extends Partial<Position> {
  /** Relative to the configuration's folder, `agents/grok.yaml`. */
  readonly file: string;
  /** `upload.batch_size`; absent where the file as a whole is meant. */
  readonly path?: string;
  /** What was found: `is 120`. Never a value that may be a secret. */
  readonly problem: string;
  /** What to do: `use a number from 1 to 100`. */
  readonly remedy: string;
}

/** Past this many complaints the rest is counted only: the first ones tell what is wrong. */
export const COMPLAINTS_MAX = 100;

/** `storage.yaml:4:10: upload.window is "7m"; use …`, as editors and terminals make it a link. */
export function formatComplaint({ file, line, column, path, problem, remedy }: Complaint): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}: ${path === undefined ? '' : `${path} `}${problem}; ${remedy}`;
}

/** By file, then as they stand in the file. */
export function sortComplaints(complaints: readonly Complaint[]): readonly Complaint[] {
  return [...complaints].sort(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

/** The known word that `word` is most likely a slip of; `undefined` when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other; at least `enough` stays `enough`. */
function editDistance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return Math.min(last[b.length]!, enough);
}
