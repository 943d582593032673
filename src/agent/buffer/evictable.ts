import type { Sequence } from '../../contract/ids.ts';
import { emptyLevelCounts, LEVELS, type Level, type LevelCounts } from '../../contract/record.ts';
import { countSequences, type SequenceRange } from '../../contract/sequence-ranges.ts';

/** Which records of a batch may be given up when the buffer is full: those of sources declared `on_full: evict`. */
export interface Evictable {
  /** Of the batch's records, those in here; what is in here and not in the batch was given up before. */
  readonly ranges: readonly SequenceRange[];
  /** How many there are of each level. */
  readonly levels: LevelCounts;
}

/**
 * A batch notes at most this many runs of such records. More come about only where sources of both kinds take turns thousands of times
 * in ten minutes; the rest of them is kept then as if its sources could wait, which loses nothing.
 */
const RANGES_MAX = 4_000;

/** Gathers a batch's evictable records as its blocks come in. */
export class EvictableRecords {
  readonly #ranges: [Sequence, Sequence][] = [];
  readonly #levels = emptyLevelCounts();
  #interrupted = true;

  /** Records from `first` to `last`, of which some may have been given up. */
  add(first: Sequence, last: Sequence, records: readonly { readonly level: Level }[]): void {
    const range = this.#ranges.at(-1);
    if (!this.#interrupted && range !== undefined) range[1] = last;
    else if (this.#ranges.length < RANGES_MAX) this.#ranges.push([first, last]);
    else return;
    this.#interrupted = false;
    for (const { level } of records) this.#levels[level]++;
  }

  /** Records came that may not be given up. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /** As of now; `undefined` when there are none. */
  get summary(): Evictable | undefined {
    return this.#ranges.length === 0
      ? undefined
      : { ranges: this.#ranges.map(([from, to]) => [from, to]), levels: { ...this.#levels } };
  }
}

/** As it stands in the file. */
export function formatEvictable(evictable: Evictable | undefined): string | null {
  return evictable === undefined || countSequences(evictable.ranges) === 0 ? null : JSON.stringify(evictable);
}

export function parseEvictable(text: string | null): Evictable | undefined {
  return text === null ? undefined : (JSON.parse(text) as Evictable);
}

/** Whether it can be what `formatEvictable` wrote. */
export function isEvictableNote(text: unknown): boolean {
  if (text === null) return true;
  try {
    const { ranges, levels } = parseEvictable(text as string) as Partial<Evictable>;
    return Array.isArray(ranges) && LEVELS.every((level) => Number.isSafeInteger(levels?.[level]));
  } catch {
    return false;
  }
}
