import type { Clock } from '../../platform/clock.ts';
import type { BufferStore } from './store.ts';

/** An `Idempotency-Key` is remembered this long. */
export const IDEMPOTENCY_MS = 600_000;
/** Of the limit at most this part, in the file and about as much in memory: 170,000 keys by default; more push the oldest out. */
const HELD_PART_MAX = 0.2;
/** When that is passed, so much of it stays: making room for each key by itself would cost more. */
const HELD_PART_KEPT = 0.9;
/** What a key costs in memory beyond its text. */
const KEY_BYTES = 80;
/** Rows that leave the file at once: at the worst a few hundred kilobytes of pages are written for it. */
const DELETED_ROWS_MAX = 1_000;

/** Answers of one commit, each with the keys of the requests that it was given to. */
export type KeyedAnswers = (readonly [answer: string, keys: readonly string[]])[];

interface Remembered {
  readonly answer: string;
  /** Its commit's row in the file. */
  readonly row: number;
  /** On the monotonic clock: the host's may be set meanwhile. */
  readonly at: number;
  keys: number;
}

/**
 * What requests with an `Idempotency-Key` were answered in the last ten minutes. They are looked up in memory and kept in the file,
 * a row a commit, in order of time: an index by key would rewrite a page for each key, and half of itself whenever old ones
 * are deleted.
 */
export class RememberedAnswers {
  readonly #store: BufferStore;
  readonly #clock: Clock;
  readonly #bytesMax: number;
  /** By key, oldest first. */
  readonly #answers = new Map<string, Remembered>();
  #bytes = 0;
  /** Rows up to this one may leave the file. */
  #forgottenRow = 0;
  #deletedRow = 0;

  /** Takes up what the file holds. */
  constructor(store: BufferStore, limitBytes: number, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#bytesMax = limitBytes * HELD_PART_MAX;
    const now = clock.now();
    for (const { id, at, body } of store.answers()) {
      const ageMs = Math.max(0, now - at); // a clock that was set back makes it as good as new
      this.remember(id, JSON.parse(body) as KeyedAnswers, clock.monotonic() - ageMs);
    }
  }

  get(key: string): string | undefined {
    const remembered = this.#answers.get(key);
    return remembered === undefined || this.#isOld(remembered) ? undefined : remembered.answer;
  }

  /** Remembers what was committed as `row` of the file. */
  remember(row: number, answers: KeyedAnswers, at: number = this.#clock.monotonic()): void {
    for (const [answer, keys] of answers) {
      const remembered: Remembered = { answer, row, at, keys: 0 };
      for (const key of keys) {
        const before = this.#answers.get(key);
        if (before !== undefined) this.#forget(key, before); // it is the newest now, at the end of the map
        this.#answers.set(key, remembered);
        this.#bytes += key.length + KEY_BYTES;
        remembered.keys++;
      }
      this.#bytes += answer.length;
    }
    if (this.#bytes > this.#bytesMax) this.#forgetWhile(() => this.#bytes > this.#bytesMax * HELD_PART_KEPT);
  }

  /** Forgets what is old. Returns whether `deleteForgotten` has something to do. */
  forgetOld(): boolean {
    this.#forgetWhile((remembered) => this.#isOld(remembered));
    return this.#forgottenRow > this.#deletedRow;
  }

  /** Deletes from the file what is forgotten, a bounded part of it at once. */
  deleteForgotten(): void {
    this.#deletedRow = this.#store.deleteAnswers(this.#forgottenRow, DELETED_ROWS_MAX);
  }

  #forgetWhile(forgettable: (remembered: Remembered) => boolean): void {
    for (const [key, remembered] of this.#answers) {
      if (!forgettable(remembered)) {
        this.#forgottenRow = Math.max(this.#forgottenRow, remembered.row - 1);
        return;
      }
      this.#forget(key, remembered);
      this.#forgottenRow = Math.max(this.#forgottenRow, this.#answers.size === 0 ? remembered.row : 0);
    }
  }

  #forget(key: string, remembered: Remembered): void {
    this.#answers.delete(key);
    this.#bytes -= key.length + KEY_BYTES;
    if (--remembered.keys === 0) this.#bytes -= remembered.answer.length;
  }

  #isOld({ at }: Remembered): boolean {
    return this.#clock.monotonic() - at > IDEMPOTENCY_MS;
  }
}
