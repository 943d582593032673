import type { AlertDetail } from '../../contract/fleet.ts';
import type { TemplateMark } from '../../contract/triage.ts';
import { type AlertStep, type Api, ApiError, reasonOf, type SilenceWish } from './api.ts';
import type { BrowserClock } from './browser-clock.ts';
import type { LiveFleet } from './live-fleet.ts';
import { Store } from './store.ts';

/** What the page of one alert shows. */
export type AlertNews =
  | { readonly type: 'loading' }
  | { readonly type: 'unknown' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'loaded'; readonly alert: AlertDetail };

/** An alert that is told a hundred times a second is fetched this often at most. */
const PACE_MS = 1_000;
/** No event tells that a channel has told of it: seen after this. */
const LOOK_AGAIN_MS = 10_000;

/** One alert while somebody looks at it: fetched again whenever an event tells of it, and what its channels do now and then. */
export class LiveAlert {
  readonly news = new Store<AlertNews>({ type: 'loading' });
  readonly id: string;
  readonly #api: Api;
  readonly #live: Pick<LiveFleet, 'listen'>;
  readonly #clock: BrowserClock;
  #wake = new AbortController();
  /** Counts what was done: an answer that was asked for before is older than what is known. */
  #done = 0;

  constructor(id: string, api: Api, live: Pick<LiveFleet, 'listen'>, clock: BrowserClock) {
    this.id = id;
    this.#api = api;
    this.#live = live;
    this.#clock = clock;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const unlisten = this.#live.listen({
      onEvents: (events) => {
        if (events.some((event) => event.type === 'alert' && event.alert.id === this.id)) this.#wake.abort();
      },
      onReload: () => this.#wake.abort(), // events may have been missed
    });
    try {
      while (!signal.aborted) {
        this.#wake = new AbortController();
        await this.#loadOnce(signal);
        await this.#clock.wait(PACE_MS, signal);
        await this.#clock.wait(LOOK_AGAIN_MS, AbortSignal.any([this.#wake.signal, signal]));
      }
    } finally {
      unlisten();
    }
  }

  /** Says that it was seen, or is over, and shows at once what became of it. Rejects with what the orchestrator says against it. */
  async change(step: AlertStep, note: string | undefined): Promise<void> {
    await this.#thenLook(this.#api.changeAlert(this.id, step, note));
  }

  /** Says what its template is on all servers. Rejects with what the orchestrator says against it. */
  async mark(mark: TemplateMark, note: string | undefined): Promise<void> {
    await this.#thenLook(this.#api.markAlert(this.id, mark, note));
  }

  /** Takes that back. */
  async unmark(template: string): Promise<void> {
    await this.#thenLook(this.#api.unmarkTemplate(template));
  }

  /** Has nobody told of it for a time, nor of others that match. Rejects with what the orchestrator says against it. */
  async silence(wish: SilenceWish): Promise<void> {
    await this.#thenLook(this.#api.createSilence(wish));
  }

  /** Also after a refusal, which tells that somebody else was first. */
  async #thenLook(doing: Promise<unknown>): Promise<void> {
    try {
      await doing;
    } finally {
      this.#done += 1;
      await this.#loadOnce();
    }
  }

  async #loadOnce(signal?: AbortSignal): Promise<void> {
    const done = this.#done;
    try {
      const alert = await this.#api.alert(this.id, signal);
      if (!signal?.aborted && done === this.#done) this.news.set({ type: 'loaded', alert });
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && error.status === 404) this.news.set({ type: 'unknown' });
      // What was shown stays on show; the page says by itself that its orchestrator is away.
      else if (this.news.value.type !== 'loaded') this.news.set({ type: 'failed', reason: reasonOf(error) });
    }
  }
}
