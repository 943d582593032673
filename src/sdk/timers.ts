/**
 * Time for the SDK, which lives in other people's programs: its timers never keep a process alive, unless somebody waits for
 * the records to arrive. The only file of the SDK that reads the clock.
 */

/** Wall clock, epoch milliseconds. */
export function wallClockMs(): number {
  return Date.now();
}

/** Milliseconds from an arbitrary origin that never goes back. */
export function monotonicMs(): number {
  return performance.now();
}

/** Calls `work` after `delayMs`, if the process is still there; the returned function cancels it. */
export function later(delayMs: number, work: () => void): () => void {
  const timer = setTimeout(work, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

const HEARTBEAT_MS = 60_000;

/** Keeps the process alive until the returned function is called. */
export function keepProcessAlive(): () => void {
  const timer = setInterval(() => undefined, HEARTBEAT_MS);
  return () => clearInterval(timer);
}
