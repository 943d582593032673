import type { Clock } from '../../platform/clock.ts';
import type { DiskRoom } from './disk-room.ts';
import { asBuffer, type BufferStore, isBusy, isNoSpace } from './store.ts';

/** A row of the table `beats`: the beats of a server at one time. */
export interface KeptRow {
  /** Names the row. */
  readonly n: number;
  /** Epoch ms. */
  readonly at: number;
  /** How many beats it holds. */
  readonly beats: number;
  readonly bytes: number;
}

export interface KeptBeatsOptions {
  readonly store: BufferStore;
  readonly room: DiskRoom;
  readonly limitBytes: number;
  readonly clock: Clock;
  /** Called when rows have left the file. */
  readonly onFreed?: () => void;
}

/** Of the limit, so much is for beats: a week of 20 AI agents, five minutes at a time. */
const BYTES_MAX = 2_000_000;
const BYTES_PART_MAX = 0.02;
/** What a row takes beside its body. */
const ROW_BYTES = 32;
/** The latest time that was ever kept: where the clock was set back, times are not used again. */
const THROUGH_META = 'beats_through';

/** What the orchestrator has missed, as the file has it. What the rows hold is for others to say. */
export class KeptBeats {
  readonly #options: KeptBeatsOptions;
  #rows: KeptRow[];
  #nextN: number;
  #bytesMax: number;

  constructor(options: KeptBeatsOptions) {
    this.#options = options;
    this.#bytesMax = bytesMaxOf(options.limitBytes);
    this.#rows = options.store
      .statement('SELECT n, at, beats, length(body) AS bytes FROM beats ORDER BY n')
      .all() as unknown as KeptRow[];
    this.#nextN = (this.#rows.at(-1)?.n ?? 0) + 1;
  }

  setLimit(limitBytes: number): void {
    this.#bytesMax = bytesMaxOf(limitBytes);
  }

  /** In the order in which they were kept. The wall clock may be set back; this order stays. */
  get rows(): readonly KeptRow[] {
    return this.#rows;
  }

  /** What is to be made smaller before more is kept. */
  get excessBytes(): number {
    return this.#rows.reduce((sum, { bytes }) => sum + bytes + ROW_BYTES, 0) - this.#bytesMax;
  }

  /** The latest time that was ever kept, epoch ms. */
  get through(): number {
    return Number(this.#options.store.meta(THROUGH_META) ?? 0);
  }

  body(n: number): Buffer | undefined {
    const body = this.#options.store.statement('SELECT body FROM beats WHERE n = ?').get(n)?.['body'];
    return body === undefined ? undefined : asBuffer(body);
  }

  /** Keeps a row, where the last of others stood that it takes the place of, in one transaction. False, and nothing is changed: there is no room now. */
  keep(
    row: { readonly at: number; readonly beats: number; readonly body: Buffer },
    insteadOf: readonly number[] = [],
  ): boolean {
    const n = insteadOf.at(-1) ?? this.#nextN;
    const { store } = this.#options;
    const isKept = this.#write(row.body.length, () => {
      this.#delete(insteadOf);
      store.statement('INSERT INTO beats (n, at, beats, body) VALUES (?, ?, ?, ?)').run(n, row.at, row.beats, row.body);
      if (row.at > this.through) store.setMeta(THROUGH_META, String(row.at));
    });
    if (!isKept) return false;
    this.#nextN = Math.max(this.#nextN, n + 1);
    const { at, beats, body } = row;
    this.#rows = [...this.#rows.filter((one) => !insteadOf.includes(one.n)), { n, at, beats, bytes: body.length }];
    this.#rows.sort((a, b) => a.n - b.n);
    return true;
  }

  /** Where there is no room for that now, they stay, and are told again. */
  remove(ns: readonly number[]): boolean {
    if (!this.#write(0, () => this.#delete(ns))) return false;
    this.#rows = this.#rows.filter(({ n }) => !ns.includes(n));
    this.#options.onFreed?.();
    return true;
  }

  #delete(ns: readonly number[]): void {
    for (const n of ns) this.#options.store.statement('DELETE FROM beats WHERE n = ?').run(n);
  }

  #write(bytes: number, work: () => void): boolean {
    const { store, room } = this.#options;
    if (!room.fitsSmallWrite(bytes)) return false;
    try {
      room.makingRoom(() => store.transaction(work));
      return true;
    } catch (error) {
      if (isNoSpace(error) || isBusy(error)) return false;
      throw error;
    }
  }
}

function bytesMaxOf(limitBytes: number): number {
  return Math.min(BYTES_MAX, limitBytes * BYTES_PART_MAX);
}
