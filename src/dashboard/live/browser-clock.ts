/**
 * The browser's clock and timers, the page's counterpart of the platform's clock (which the page may not import).
 * Handed in, so that tests can run the live parts in Node.
 */
export interface BrowserClock {
  /** Epoch ms, by the reader's clock. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts: whoever waits looks at the signal next. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

export const browserClock: BrowserClock = {
  now: () => Date.now(),
  wait(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
