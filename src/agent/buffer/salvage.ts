import { renameSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Epoch } from '../../contract/ids.ts';
import type { SequenceRange } from '../../contract/sequence-ranges.ts';
import { damagedPath, discard, NO_PROGRESS, PROGRESS_META, unreadablePath } from './find-damage.ts';
import {
  type Found,
  NOTHING,
  openDamaged,
  type ReadDamagedOptions,
  readAll,
  type SalvagedBatch,
} from './read-damaged.ts';
import type { SealedBatch, TailPosition } from './types.ts';

/*
 * What is done about a buffer file that SQLite finds damaged (a torn page, a truncated file, a header that is none). It is set
 * aside under `<path>.damaged`, a new buffer of a new epoch begins at once, and the old one is emptied into the archive from where it
 * lies: copying it first could take twice the limit. Sealed batches go as they are, if their bytes have their SHA-256; blocks of
 * whole lines are sealed under their own epoch, the same bytes at each start. What was archived, and each key before its
 * first attempt, is noted in the new buffer. When nothing is left to send the file goes; ranges that could not be read
 * become a loss receipt.
 */

/** A file that holds something unreadable is kept for people up to this size; it counts against the limit. */
const KEPT_BYTES_MAX = 20_000_000;

/** What salvaging needs of the new buffer. */
export interface SalvageNotes {
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): void;
}

export interface SalvageOptions extends ReadDamagedOptions {
  readonly path: string;
  readonly notes: SalvageNotes;
}

interface Progress {
  /** Ids that the archive has. */
  readonly done: readonly number[];
  readonly keys: Readonly<Record<string, string>>;
}

/** The readable rest of a damaged buffer, handed to the uploader like a buffer's own batches; ids are negative, oldest first. */
export class DamagedBuffer implements Disposable {
  /** The damaged buffer's epoch; undefined when not even that could be read. */
  readonly epoch: Epoch | undefined;
  /** Sequences of that epoch that are known to have been there and can't be read. */
  readonly lost: readonly SequenceRange[];
  readonly positions: readonly TailPosition[];
  readonly #path: string;
  readonly #notes: SalvageNotes;
  readonly #source: DatabaseSync | undefined;
  #progress: Progress;
  #batches: SalvagedBatch[];

  private constructor(options: SalvageOptions, source: DatabaseSync | undefined, found: Found) {
    this.#path = damagedPath(options.path);
    this.#notes = options.notes;
    this.#source = source;
    this.#progress = JSON.parse(options.notes.meta(PROGRESS_META) ?? NO_PROGRESS) as Progress;
    this.epoch = found.epoch;
    this.lost = found.lost;
    this.positions = found.positions;
    const ids = found.batches.map((_, index) => index - found.batches.length);
    this.#batches = found.batches
      .map((batch, index) => ({ ...batch, id: ids[index]!, key: this.#progress.keys[String(ids[index])] ?? batch.key }))
      .filter(({ id }) => !this.#progress.done.includes(id));
  }

  /** Reads what there is to send. Costs a look at every batch, and sealing the blocks of the last window. */
  static async open(options: SalvageOptions): Promise<DamagedBuffer> {
    const source = openDamaged(damagedPath(options.path));
    const found = source === undefined ? NOTHING : await readAll(source, options);
    return new DamagedBuffer(options, source, found);
  }

  /** Tells this damaged file from another one. */
  get name(): string {
    const { ino, size } = statSync(this.#path);
    return `${ino}-${size}`;
  }

  get records(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.manifest.records, 0);
  }

  nextBatch(): SealedBatch | undefined {
    return this.#batches[0];
  }

  batchObject(id: number): Buffer {
    const batch = this.#batches.find((one) => one.id === id);
    if (batch === undefined) throw new RangeError(`batch ${id} is not among what was salvaged`);
    return batch.read();
  }

  /** Nothing is ever given up here. */
  announcing(): void {}

  noteKey(id: number, key: string): void {
    this.#note({ ...this.#progress, keys: { ...this.#progress.keys, [String(id)]: key } });
    this.#batches = this.#batches.map((batch) => (batch.id === id ? { ...batch, key } : batch));
  }

  removeArchived(id: number): void {
    this.#note({ ...this.#progress, done: [...this.#progress.done, id] });
    this.#batches = this.#batches.filter((batch) => batch.id !== id);
  }

  /** Whether something in the file is known to be unreadable, or the file as a whole is. */
  get incomplete(): boolean {
    return this.epoch === undefined || this.lost.length > 0;
  }

  /** Nothing is left to send: the file goes, and the notes with it; one that holds something unreadable stays for people if it is small. */
  discard(): void {
    this[Symbol.dispose]();
    if (this.incomplete && statSync(this.#path).size <= KEPT_BYTES_MAX)
      renameSync(this.#path, unreadablePath(this.#path));
    discard(this.#path);
    this.#notes.setMeta(PROGRESS_META, NO_PROGRESS);
  }

  [Symbol.dispose](): void {
    if (this.#source?.isOpen) this.#source.close();
  }

  #note(progress: Progress): void {
    this.#notes.setMeta(PROGRESS_META, JSON.stringify(progress));
    this.#progress = progress;
  }
}
