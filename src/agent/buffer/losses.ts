import type { Sequence } from '../../contract/ids.ts';
import { emptyLevelCounts, LEVELS, type Level, type LevelCounts } from '../../contract/record.ts';
import { countSequences, mergeRanges, type SequenceRange } from '../../contract/sequence-ranges.ts';

/** Records that were given up, as a loss receipt tells of them (DESIGN 4.3, *Ledger*). */
export interface Loss {
  readonly ranges: readonly SequenceRange[];
  readonly lost: LevelCounts;
}

/** In the buffer's `meta`: what was given up, as `format` writes it. */
export const LOSSES_META = 'losses';
/** A receipt's ranges stay far below what a record's context may hold. */
const RANGES_PER_RECEIPT = 4_000;
/** So many runs are written as receipts at once: the note of them is written anew with each record that goes. */
const RANGES_WAITING_MAX = 2_000;
const NOTHING = { ranges: [], levels: [], total: 0, through: 0 };

interface Noted {
  readonly ranges: readonly SequenceRange[];
  /** Of `ranges`, the level that each has. */
  readonly levels: readonly number[];
  readonly total: number;
  readonly through: Sequence;
}

/**
 * What was given up and has no receipt yet. It is noted in the buffer's `meta` in the transaction in which the records go, so that
 * nothing is ever lost silently, and becomes receipts a little later: runs that grow together meanwhile make short ones.
 */
export class Losses {
  /** By level, each merged. */
  #ranges: ReadonlyMap<Level, readonly SequenceRange[]>;
  #total: number;
  #through: Sequence;

  private constructor(ranges: ReadonlyMap<Level, readonly SequenceRange[]>, total: number, through: Sequence) {
    this.#ranges = ranges;
    this.#total = total;
    this.#through = through;
  }

  /** From the value that `format` made; none: nothing was lost. */
  static parse(text: string | undefined): Losses {
    const { ranges, levels, total, through } = (text === undefined ? NOTHING : JSON.parse(text)) as Noted;
    const byLevel = Map.groupBy(ranges.keys(), (index) => LEVELS[levels[index]!]!);
    return new Losses(
      new Map([...byLevel].map(([level, indexes]) => [level, indexes.map((index) => ranges[index]!)])),
      total,
      through,
    );
  }

  format(): string {
    const flat = [...this.#ranges].flatMap(([level, ranges]) =>
      ranges.map((range) => ({ range, level: LEVELS.indexOf(level) })),
    );
    const noted: Noted = {
      ranges: flat.map(({ range }) => range),
      levels: flat.map(({ level }) => level),
      total: this.#total,
      through: this.#through,
    };
    return JSON.stringify(noted);
  }

  /** All that this buffer has ever given up. */
  get total(): number {
    return this.#total;
  }

  /** The greatest sequence given up; 0 when there is none. */
  get through(): Sequence {
    return this.#through;
  }

  get waiting(): boolean {
    return this.#ranges.size > 0;
  }

  /** Receipts should be written before more is given up. */
  get many(): boolean {
    let ranges = 0;
    for (const ofLevel of this.#ranges.values()) ranges += ofLevel.length;
    return ranges >= RANGES_WAITING_MAX;
  }

  /** These, and the sequences of one level besides. */
  with(level: Level, ranges: readonly SequenceRange[]): Losses {
    const merged = mergeRanges([...(this.#ranges.get(level) ?? []), ...ranges]);
    const through = Math.max(this.#through, merged.at(-1)?.[1] ?? 0);
    return new Losses(new Map([...this.#ranges, [level, merged]]), this.#total + countSequences(ranges), through);
  }

  /** The receipts that are to be written, and what remains once they are: the total. */
  settle(): { readonly receipts: readonly Loss[]; readonly rest: Losses } {
    const receipts: Loss[] = [];
    let [ranges, lost] = [[] as SequenceRange[], emptyLevelCounts()];
    const close = () => {
      if (ranges.length > 0) receipts.push({ ranges: mergeRanges(ranges), lost });
      [ranges, lost] = [[], emptyLevelCounts()];
    };
    // In the order of their sequences, so that neighbours of different levels make one range.
    const flat = [...this.#ranges]
      .flatMap(([level, ofLevel]) => ofLevel.map((range) => ({ range, level })))
      .sort((a, b) => a.range[0] - b.range[0]);
    let end = Number.NaN;
    let runs = 0;
    for (const { range, level } of flat) {
      if (range[0] !== end + 1 && ++runs > RANGES_PER_RECEIPT) {
        close();
        runs = 1;
      }
      ranges.push(range);
      lost[level] += range[1] - range[0] + 1;
      end = range[1];
    }
    close();
    return { receipts, rest: new Losses(new Map(), this.#total, this.#through) };
  }
}
