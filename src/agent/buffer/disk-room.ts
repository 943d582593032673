import type { Clock } from '../../platform/clock.ts';
import { type DiskReserve, RESERVE_BYTES } from './disk-reserve.ts';
import { type BufferStore, isNoSpace } from './store.ts';

/** What a transaction adds to the WAL: its bytes, the pages that hold them partly, and the b-tree pages on the way. */
const WRITTEN_PER_BYTE = 1.05;
const WRITTEN_MIN_BYTES = 200_000;
/** What a sealed batch may take beyond the pages of its blocks: its manifest, and pages that are partly filled. */
const SEALING_EXTRA_BYTES = 200_000;
/** The wal-index grows in steps of this. */
const SHM_STEP_BYTES = 32_768;
/** Kept for the small writes that make room (a key noted, a batch removed) while the WAL can't be folded. */
const SMALL_WRITES_BYTES_MIN = 400_000;
const SMALL_WRITES_PART = 0.02;
/** A reader that was in a checkpoint's way isn't gone a moment later, and each attempt walks the whole wal-index. */
const FOLD_AGAIN_MS = 100;
/** With less than this free on its disk the buffer is careful. */
const DISK_LOW_BYTES = 32_000_000;
const FREE_LOOK_MS = 1_000;
/** What a buffer without records takes: its tables, and the keys and positions that come with records. */
const EMPTY_BYTES = 131_072;

/**
 * What the buffer may write without passing its limit, at any instant. A transaction is written twice: into the WAL, then by a
 * checkpoint into the file, and only then the WAL is cut. So at the peak there stand the file with all its pages and the whole
 * WAL, and that sum is what is kept within the limit. The WAL is folded back early where that helps; it can't be while an
 * outside reader holds a snapshot, and then writing stops at the limit instead.
 */
export class DiskRoom {
  readonly #store: BufferStore;
  readonly #reserve: DiskReserve;
  #limitBytes: number;
  #fileBytesMax: number;
  readonly #clock: Clock;
  #smallWritesBytes: number;
  /** So much may still be written, by what was found last, before it must be looked again: a look costs as much as a small commit. */
  #sureBytes = 0;
  #foldFailedAt = Number.NEGATIVE_INFINITY;
  #free = Number.POSITIVE_INFINITY;
  #freeLookedAt = Number.NEGATIVE_INFINITY;

  /** Of `limitBytes` for everything together, the file itself gets `fileBytesMax`. */
  constructor(store: BufferStore, reserve: DiskReserve, limitBytes: number, fileBytesMax: number, clock: Clock) {
    this.#store = store;
    this.#reserve = reserve;
    this.#clock = clock;
    this.#limitBytes = limitBytes;
    this.#fileBytesMax = fileBytesMax;
    this.#smallWritesBytes = smallWritesBytes(limitBytes);
  }

  /** Other limits from now on. Where more stands on the disk already, nothing is taken until it has drained. */
  setLimits(limitBytes: number, fileBytesMax: number): void {
    this.#limitBytes = limitBytes;
    this.#fileBytesMax = fileBytesMax;
    this.#smallWritesBytes = smallWritesBytes(limitBytes);
    this.#sureBytes = 0;
  }

  /** The most that records stored together may take: in an empty buffer so many fit. More never will, however long one waits. */
  get recordsBytesMax(): number {
    const inFile = this.#fileBytesMax - EMPTY_BYTES - SEALING_EXTRA_BYTES;
    const fixed = EMPTY_BYTES + this.#smallWritesBytes + 2 * WRITTEN_MIN_BYTES + 2 * SHM_STEP_BYTES + RESERVE_BYTES;
    return Math.floor(Math.min(inFile, (this.#limitBytes - fixed) / (2 * WRITTEN_PER_BYTE)));
  }

  /** What stands on the disk: db, -wal, -shm and the reserve. */
  get bytes(): number {
    const { file, wal, shm } = this.#store.diskBytes();
    return file + wal + shm + this.#reserve.bytes;
  }

  /** Whether records of so many bytes may be stored. */
  fitsRecords(bytes: number): boolean {
    this.#sureBytes -= 2 * written(bytes);
    if (this.#sureBytes >= 0) return true;
    const fileLeft = () => this.#fileBytesMax - this.#store.usedBytes() - SEALING_EXTRA_BYTES;
    if (bytes > fileLeft() || !this.#fits(written(bytes) + this.#smallWritesBytes, written(bytes))) return false;
    const left = this.#limitBytes - this.#peakBytes(0, 0) - this.#smallWritesBytes;
    this.#sureBytes = Math.min(left, fileLeft()) - 2 * written(bytes);
    return true;
  }

  /**
   * So many bytes of records would fit if pages for them were free in the file, since they are written to the WAL all the same. 0 while an
   * outside reader keeps that from being folded: to free pages takes more of it, and once the reader is gone there may be room enough.
   */
  get bytesBesideFile(): number {
    if (!this.fold()) return 0;
    const left = this.#limitBytes - this.#peakBytes(0, 0) - this.#smallWritesBytes - WRITTEN_MIN_BYTES;
    return Math.max(0, Math.floor(left / WRITTEN_PER_BYTE));
  }

  /** Whether a batch of so many bytes may take the place of its blocks; it needs no more pages than they had. */
  fitsBatch(bytes: number): boolean {
    this.#sureBytes -= 2 * written(bytes);
    return this.#fits(written(bytes) + this.#smallWritesBytes, 0) || this.#walIsEmpty;
  }

  /** Whether a few pages may be written: a key noted, a batch removed, a value of so many bytes. */
  fitsSmallWrite(bytes = 0): boolean {
    this.#sureBytes -= 2 * written(bytes);
    return this.#fits(written(bytes), bytes) || this.#walIsEmpty;
  }

  /** How many pages may be moved within the file at once, up to `pagesMax`; 0 while the WAL can't be folded. */
  pagesToMove(pagesMax: number): number {
    this.#sureBytes = 0;
    if (!this.fold()) return 0;
    const room = this.#limitBytes - this.#peakBytes(0, 0) - WRITTEN_MIN_BYTES;
    // Each page that moves writes another one, which points to it.
    return Math.max(1, Math.min(pagesMax, Math.floor(room / 2 / this.#store.pageBytes)));
  }

  /** Folds the WAL into the file and cuts it. False where it stays: an outside reader needs it, or the disk has no room. */
  fold(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#foldFailedAt < FOLD_AGAIN_MS) return this.#walIsEmpty;
    try {
      if (this.#store.truncateWal()) return true;
    } catch {
      // Nothing is lost by a WAL that stays; what is really wrong with the file fails the next write too, which says so.
    }
    this.#foldFailedAt = now;
    return false;
  }

  /** Runs a transaction that doesn't make the file grow; on a disk without room, once more with the reserve given up. */
  makingRoom<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      this.#reserve.release();
      this.#foldFailedAt = Number.NEGATIVE_INFINITY;
      this.fold();
      const result = work();
      this.fold();
      this.#reserve.take();
      return result;
    }
  }

  /** Takes the reserve back where it was given up and there is room for it again. */
  takeReserve(): void {
    this.#reserve.take();
  }

  /** The disk fills up: the WAL is folded back after each commit, since that takes room which may be gone by then. */
  get isLow(): boolean {
    return this.freeBytes() < DISK_LOW_BYTES;
  }

  /** Whether records of so many bytes can still be written on a disk that others fill up, with `keptBytes` left free. */
  isLeftFor(bytes: number, keptBytes: number): boolean {
    const freeBytes = this.freeBytes();
    return freeBytes >= DISK_LOW_BYTES || freeBytes >= keptBytes + bytes * 2 * WRITTEN_PER_BYTE;
  }

  /** Free bytes of the disk, looked up once a second, and each time while there are few. */
  freeBytes(): number {
    const now = this.#clock.monotonic();
    if (this.#free < DISK_LOW_BYTES || now - this.#freeLookedAt > FREE_LOOK_MS) {
      this.#freeLookedAt = now;
      this.#free = this.#reserve.freeBytes() ?? this.#free;
      if (this.#free >= DISK_LOW_BYTES) this.#reserve.take();
    }
    return this.#free;
  }

  #fits(writtenBytes: number, grownBytes: number): boolean {
    if (this.#peakBytes(writtenBytes, grownBytes) <= this.#limitBytes) return true;
    return this.fold() && this.#peakBytes(writtenBytes, grownBytes) <= this.#limitBytes;
  }

  /** The most that stands on the disk until the next checkpoint has ended, once so much more was written and filled. */
  #peakBytes(writtenBytes: number, grownBytes: number): number {
    const { file, wal, shm } = this.#store.diskBytes();
    const { pageBytes } = this.#store;
    const grown = Math.max(0, grownBytes - this.#store.freePages() * pageBytes);
    const whole = Math.max(file, this.#store.pages() * pageBytes + grown);
    return whole + wal + writtenBytes + shm + SHM_STEP_BYTES + RESERVE_BYTES;
  }

  /** Then a write passes the limit only where the file alone already had: with a limit that was lowered. It must drain all the same. */
  get #walIsEmpty(): boolean {
    return this.#store.diskBytes().wal === 0;
  }
}

function smallWritesBytes(limitBytes: number): number {
  return Math.max(SMALL_WRITES_BYTES_MIN, limitBytes * SMALL_WRITES_PART);
}

function written(bytes: number): number {
  return bytes * WRITTEN_PER_BYTE + WRITTEN_MIN_BYTES;
}
