import { writeSync } from 'node:fs';

const STDERR = 2;
/** A terminal or pipe whose reader is slow: how long one line may wait for it, in all. */
const TRIES_MAX = 50;
const TRY_AGAIN_MS = 10;

/**
 * Writes a line to standard error before it returns: also while the process ends, and from a worker thread, whose own
 * `process.stderr` would have to pass through a main thread that may be ending. `false` when nobody reads there.
 */
export function writeToStderr(line: string): boolean {
  let bytes = Buffer.from(`${line}\n`);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    try {
      bytes = bytes.subarray(writeSync(STDERR, bytes));
      if (bytes.length === 0) return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_AGAIN_MS);
    }
  }
  return false;
}
