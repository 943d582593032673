import { ApiError, reasonOf } from './api.ts';
import type { BrowserClock } from './browser-clock.ts';
import { Store } from './store.ts';

export type PolledNews<T> =
  | { readonly type: 'loading' }
  | { readonly type: 'unknown' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'loaded'; readonly value: T };

/** While something is under way, and else. */
const BUSY_MS = 2_000;
const IDLE_MS = 30_000;

/** What no event tells of, fetched again and again while somebody looks at it: often while something is under way there. */
export class Polled<T> {
  readonly news = new Store<PolledNews<T>>({ type: 'loading' });
  readonly #load: (signal?: AbortSignal) => Promise<T>;
  readonly #isBusy: (value: T) => boolean;
  readonly #clock: BrowserClock;
  #wake = new AbortController();
  /** It was looked at just now, outside of the round. */
  #isFresh = false;
  /** Counts what was asked for: an answer that is older than what is shown is left out. */
  #asked = 0;
  #shown = 0;

  constructor(options: {
    readonly load: (signal?: AbortSignal) => Promise<T>;
    readonly isBusy: (value: T) => boolean;
    readonly clock: BrowserClock;
  }) {
    this.#load = options.load;
    this.#isBusy = options.isBusy;
    this.#clock = options.clock;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = new AbortController();
      if (!this.#isFresh) await this.look(signal);
      this.#isFresh = false;
      const { value: news } = this.news;
      const isBusy = news.type === 'loaded' && this.#isBusy(news.value);
      await this.#clock.wait(isBusy ? BUSY_MS : IDLE_MS, AbortSignal.any([this.#wake.signal, signal]));
    }
  }

  /** Does something, and shows at once what became of it. Rejects as `doing` does. */
  async after(doing: Promise<unknown>): Promise<void> {
    try {
      await doing;
    } finally {
      await this.look();
      this.#isFresh = true;
      this.#wake.abort(); // it may be under way from now on, and is looked at more often
    }
  }

  /** Fetches it once. */
  async look(signal?: AbortSignal): Promise<void> {
    const asked = ++this.#asked;
    try {
      const value = await this.#load(signal);
      if (!signal?.aborted && asked > this.#shown) this.news.set({ type: 'loaded', value });
      this.#shown = Math.max(this.#shown, asked);
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && error.status === 404) this.news.set({ type: 'unknown' });
      // What was shown stays on show; the page says by itself that its orchestrator is away.
      else if (this.news.value.type !== 'loaded') this.news.set({ type: 'failed', reason: reasonOf(error) });
    }
  }
}
