/** Time as a part that is handed in, so that tests can move it. Nobody else reads the system clock or sets timers. */
export interface Clock {
  /** Wall clock, epoch milliseconds. May jump when the host's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary origin that never goes back; for durations and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. A sleeping timer never holds the process open when `unref` is set. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay that setTimeout takes (a signed 32-bit count of ms); a longer one would fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

/** The host's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic() {
    const [seconds, nanoseconds] = process.hrtime(); // `performance` would load modules that nothing else here needs
    return seconds * 1000 + nanoseconds / 1e6;
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(Math.max(0, ms), TIMER_MS_MAX),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};

/**
 * Runs `work` with a deadline: its signal aborts after `timeoutMs`, or when the caller's signal does.
 * Rejects with whatever `work` rejects with; `work` must heed its signal.
 */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const stopTimer = new AbortController();
  const onAbort = () => deadline.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  clock.sleep(timeoutMs, stopTimer.signal).then(
    () => deadline.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')),
    () => undefined, // the timer was stopped: the work ended in time
  );
  try {
    return await work(deadline.signal);
  } finally {
    stopTimer.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}
