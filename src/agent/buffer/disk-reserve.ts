import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isNoSpace } from './store.ts';

/** Enough for the transactions that make room: sealing a small batch, noting its key, removing it, giving pages back. */
export const RESERVE_BYTES = 256 * 1024;

/**
 * Room held against a disk that others fill up. Deleting from a database takes room first (its WAL), so on a disk that is
 * really full nothing could be removed any more, and the buffer would be stuck: then the reserve is given up, which is just
 * enough to remove what the archive has, and taken again once there is room.
 */
export class DiskReserve {
  readonly #path: string;
  #held = false;

  constructor(path: string) {
    this.#path = path;
    this.#held = statSync(path, { throwIfNoEntry: false })?.size === RESERVE_BYTES;
    this.take();
  }

  get held(): boolean {
    return this.#held;
  }

  get bytes(): number {
    return this.#held ? RESERVE_BYTES : 0;
  }

  /** Room left for us on the file system, bytes; `undefined` where the system doesn't say. */
  freeBytes(): number | undefined {
    try {
      const { bavail, bsize } = statfsSync(dirname(this.#path));
      return bavail * bsize;
    } catch {
      return undefined; // asked after each commit, which must not fail by it any more
    }
  }

  /** Takes the reserve where it isn't held and there is room for it. */
  take(): boolean {
    if (this.#held) return true;
    if ((this.freeBytes() ?? 0) < RESERVE_BYTES) return false;
    try {
      const file = openSync(this.#path, 'w', 0o600);
      try {
        // Written out: a hole would reserve nothing.
        for (let written = 0; written < RESERVE_BYTES; ) written += writeSync(file, ZEROS, 0, RESERVE_BYTES - written);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      this.#held = true;
    } catch {
      this.release(); // no room after all: tried again later
    }
    return this.#held;
  }

  /** Gives the room to whoever needs it now. */
  release(): void {
    rmSync(this.#path, { force: true });
    this.#held = false;
  }
}

/**
 * Opens something of the buffer at `path`. Opening takes room too, for the index of the WAL: on a full disk it is tried once more with the
 * reserve given up, or a full disk would keep the agent from starting, and from draining.
 */
export function openingWithReserve<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    rmSync(reservePath(path), { force: true });
    return open();
  }
}

/** Where the reserve of the buffer at `path` stands. */
export function reservePath(path: string): string {
  return `${path}.reserve`;
}

const ZEROS = Buffer.alloc(RESERVE_BYTES);
