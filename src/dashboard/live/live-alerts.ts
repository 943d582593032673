import type { AlertView, SilenceView } from '../../contract/fleet.ts';
import { type AlertPages, type AlertQuery, appendPage, applyAlerts, FIRST_QUERY } from '../model/alert-pages.ts';
import { type AlertPageQuery, type Api, reasonOf } from './api.ts';
import type { BrowserClock } from './browser-clock.ts';
import type { LiveFleet } from './live-fleet.ts';
import { Store } from './store.ts';

/** What the list of alerts shows. */
export type AlertsNews =
  | { readonly type: 'loading' }
  | { readonly type: 'failed'; readonly reason: string }
  | {
      readonly type: 'loaded';
      readonly pages: AlertPages;
      /** What they were chosen by; while the reader's query is another one, its alerts are on their way. */
      readonly query: AlertQuery;
      /** Those that hold or are to come. */
      readonly silences: readonly SilenceView[];
    };

/** A page fits a few screens; older ones are one click away. */
const PAGE_ALERTS = 50;
/** Searching waits until the reader has stopped typing for so long. */
const TYPING_MS = 300;
/** No event tells of silences: what others have made or ended is seen after this. */
const LOOK_AGAIN_MS = 30_000;

/**
 * The list of alerts while somebody looks at it: fetched by the reader's query, then kept up by the fleet's events. What was chosen and found
 * stays while the reader looks at one of them, so that the way back leads to the same place.
 */
export class LiveAlerts {
  readonly news = new Store<AlertsNews>({ type: 'loading' });
  readonly query = new Store<AlertQuery>(FIRST_QUERY);
  /** The alert that was looked at last: the way back leads to it. */
  visited: string | undefined;
  readonly #api: Api;
  readonly #live: Pick<LiveFleet, 'listen' | 'connection'>;
  readonly #clock: BrowserClock;
  #wake = new AbortController();
  /** Aborted when what is under way is for a query that isn't the reader's any more. */
  #asked = new AbortController();
  /** What is told while a page is on its way, which may have been read before. */
  readonly #meanwhile = new Set<AlertView[]>();

  constructor(api: Api, live: Pick<LiveFleet, 'listen' | 'connection'>, clock: BrowserClock) {
    this.#api = api;
    this.#live = live;
    this.#clock = clock;
    live.connection.subscribe(() => {
      if (live.connection.value === 'signed-out') this.#forget();
    });
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const unlisten = this.#live.listen({
      onEvents: (events) => this.#take(events.flatMap((event) => (event.type === 'alert' ? [event.alert] : []))),
      onReload: () => this.#wake.abort(), // events may have been missed
    });
    try {
      while (!signal.aborted) {
        this.#wake = new AbortController();
        await this.#loadOnce(signal);
        while (!signal.aborted && !this.#wake.signal.aborted) {
          await this.#clock.wait(LOOK_AGAIN_MS, AbortSignal.any([this.#wake.signal, signal]));
          if (this.news.value.type !== 'loaded') break; // it failed: all of it is asked for again
          if (!this.#wake.signal.aborted) await this.#loadSilences(signal);
        }
      }
    } finally {
      unlisten();
    }
  }

  /** The reader wants to see others. A text that is still being typed waits a little. */
  async choose(query: AlertQuery): Promise<void> {
    const isTyped = query.text !== this.query.value.text && query.text !== '';
    this.query.set(query);
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    if (isTyped) await this.#clock.wait(TYPING_MS, signal);
    if (!signal.aborted) this.#wake.abort();
  }

  /** Turns one page further back. Rejects with what the orchestrator says against it. */
  async older(): Promise<void> {
    const { value } = this.news;
    if (value.type !== 'loaded' || !value.pages.more) return;
    const { query } = value;
    const { page, told } = await this.#fetch({ ...query, after: value.pages.alerts.at(-1), limit: PAGE_ALERTS });
    const now = this.news.value;
    if (now.type !== 'loaded' || now.query !== query) return; // the reader wants others by now
    const pages = appendPage(now.pages, page, page.length === PAGE_ALERTS);
    this.news.set({ ...now, pages: applyAlerts(pages, told, query) });
  }

  /** Rejects with what the orchestrator says against it. */
  async endSilence(id: string): Promise<void> {
    await this.#api.endSilence(id);
    const { value } = this.news;
    if (value.type === 'loaded')
      this.news.set({ ...value, silences: value.silences.filter((silence) => silence.id !== id) });
    this.#wake.abort();
  }

  async #loadOnce(signal: AbortSignal): Promise<void> {
    const query = this.query.value;
    const { value } = this.news;
    // What was turned so far stays turned, where the orchestrator gives so many at once.
    const turned = value.type === 'loaded' && value.query === query ? value.pages.alerts.length : 0;
    const limit = Math.min(1_000, Math.max(PAGE_ALERTS, Math.ceil(turned / PAGE_ALERTS) * PAGE_ALERTS));
    try {
      const [{ page: alerts, told }, silences] = await Promise.all([
        this.#fetch({ ...query, limit }, signal),
        this.#api.silences(signal),
      ]);
      if (signal.aborted || query !== this.query.value) return;
      const pages = applyAlerts({ alerts, more: alerts.length === limit }, told, query);
      this.news.set({ type: 'loaded', pages, query, silences });
    } catch (error) {
      // What was shown for this query stays on show; the page says by itself that its orchestrator is away.
      if (signal.aborted || (value.type === 'loaded' && value.query === query) || query !== this.query.value) return;
      this.news.set({ type: 'failed', reason: reasonOf(error) });
    }
  }

  async #loadSilences(signal: AbortSignal): Promise<void> {
    try {
      const silences = await this.#api.silences(signal);
      const { value } = this.news;
      if (!signal.aborted && value.type === 'loaded') this.news.set({ ...value, silences });
    } catch {
      // as above
    }
  }

  /** A page, and what was told while it was on its way. It isn't waited for once the reader wants others. */
  async #fetch(query: AlertPageQuery, signal: AbortSignal = this.#asked.signal) {
    const told: AlertView[] = [];
    this.#meanwhile.add(told);
    try {
      return { page: await this.#api.alerts(query, AbortSignal.any([signal, this.#asked.signal])), told };
    } finally {
      this.#meanwhile.delete(told);
    }
  }

  #take(alerts: readonly AlertView[]): void {
    for (const told of this.#meanwhile) told.push(...alerts);
    const { value } = this.news;
    if (value.type !== 'loaded' || alerts.length === 0) return;
    this.news.set({ ...value, pages: applyAlerts(value.pages, alerts, value.query) });
  }

  /** Who looks next may be somebody else. */
  #forget(): void {
    this.news.set({ type: 'loading' });
    this.query.set(FIRST_QUERY);
    this.visited = undefined;
  }
}
