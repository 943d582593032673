import type { Complaint, Position } from './complaints.ts';

/** A value of a settings file with its place, so that a complaint can point at it. Aliases are already resolved. */
export type Located =
  | { readonly type: 'scalar'; readonly at: Position; readonly value: string | number | boolean | null }
  | { readonly type: 'list'; readonly at: Position; readonly items: readonly Located[] }
  | { readonly type: 'map'; readonly at: Position; readonly entries: readonly LocatedEntry[] };

export interface LocatedEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: Located;
}

/** Collects the complaints about one file. */
export class FileComplaints {
  readonly file: string;
  readonly #found: Complaint[];

  constructor(file: string, found: Complaint[]) {
    this.file = file;
    this.#found = found;
  }

  /** `path` is empty where the file as a whole is meant. */
  add(at: Position | undefined, path: string, problem: string, remedy: string): void {
    this.#found.push({ file: this.file, ...at, ...(path === '' ? {} : { path }), problem, remedy });
  }

  /** Those that were collected apart. */
  take(complaints: readonly Complaint[]): void {
    this.#found.push(...complaints);
  }
}

/** The place of the value at `path`, or of the innermost part of the way to it that is written in the file. */
export function positionOf(root: Located | undefined, path: readonly string[]): Position | undefined {
  let current = root;
  for (const key of path) {
    if (current?.type !== 'map') break;
    const entry: LocatedEntry | undefined = current.entries.find((candidate) => candidate.key === key);
    if (entry === undefined) break;
    current = entry.value;
  }
  return current?.at;
}

/** The place of the key that `path` ends with, where it is what's wrong: its value may begin a line below. */
export function keyPositionOf(root: Located | undefined, path: readonly string[]): Position | undefined {
  let current = root;
  for (const [index, key] of path.entries()) {
    const entry: LocatedEntry | undefined =
      current?.type === 'map' ? current.entries.find((candidate) => candidate.key === key) : undefined;
    if (entry === undefined) break;
    if (index === path.length - 1) return entry.keyAt;
    current = entry.value;
  }
  return positionOf(root, path);
}

/** How a value is shown in a complaint: as written, short, and never a secret that a URL carries. */
export function showValue(located: Located): string {
  if (located.type === 'list') return `a list of ${located.items.length}`;
  if (located.type === 'map') return 'a group of keys';
  if (located.value === null) return 'empty';
  if (typeof located.value !== 'string') return String(located.value);
  const hidden = located.value.replace(/(:\/\/)[^/@\s]*@/, '$1…@');
  return JSON.stringify(hidden.length > SHOWN_LENGTH_MAX ? `${hidden.slice(0, SHOWN_LENGTH_MAX)}…` : hidden);
}

const SHOWN_LENGTH_MAX = 60;
