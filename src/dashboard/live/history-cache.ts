import type { HistoryPoint } from '../../contract/fleet.ts';
import { agentKey, type FleetEvent } from '../model/fleet-model.ts';
import { extendHistory, pointOf } from '../model/history.ts';
import type { LiveListener } from './live-fleet.ts';

export interface AgentName {
  readonly agent_id: string;
  readonly server: string;
}

export type FetchHistory = (agent: AgentName) => Promise<readonly HistoryPoint[]>;

/** Few enough that scrolling through a thousand rows doesn't crowd out the events; browsers allow six connections a host. */
const FETCHES_AT_ONCE_MAX = 3;

interface Entry {
  readonly agent: AgentName;
  points: readonly HistoryPoint[] | undefined;
  /** Fetched since the last reconnection, and extended by every beat since. */
  fresh: boolean;
  fetching: boolean;
  readonly watchers: Set<() => void>;
}

/**
 * The last hour of those AI agents whose charts are on the screen. Fetched when a chart first comes into view, a few at a
 * time, the latest request first (the reader has scrolled on), then extended by each beat. A request whose chart has left
 * the screen before its turn is dropped.
 */
export class HistoryCache implements LiveListener {
  readonly #fetch: FetchHistory;
  readonly #entries = new Map<string, Entry>();
  #wanted: Entry[] = [];
  #fetches = 0;

  constructor(fetch: FetchHistory) {
    this.#fetch = fetch;
  }

  /** Oldest first; `undefined` while not known yet. The same array as long as nothing was added. */
  points(agent: AgentName): readonly HistoryPoint[] | undefined {
    return this.#entries.get(agentKey(agent))?.points;
  }

  /** Asks for an agent's history; `onChange` is called whenever there is more of it, until the returned function is called. */
  watch(agent: AgentName, onChange: () => void): () => void {
    const entry = this.#entry(agent);
    entry.watchers.add(onChange);
    this.#want(entry);
    return () => {
      entry.watchers.delete(onChange);
    };
  }

  onEvents(events: readonly FleetEvent[]): void {
    for (const event of events) {
      if (event.type !== 'fleet') continue;
      const entry = this.#entries.get(agentKey(event.agent));
      if (entry?.points === undefined) continue;
      this.#show(entry, extendHistory(entry.points, pointOf(event.agent)));
    }
  }

  /** Beats may have been missed: what is on the screen is fetched anew, the rest is forgotten. */
  onReload(): void {
    for (const [key, entry] of this.#entries) {
      entry.fresh = false;
      if (entry.watchers.size > 0) this.#want(entry);
      else this.#entries.delete(key);
    }
  }

  /** After signing out. */
  clear(): void {
    this.#entries.clear();
    this.#wanted = [];
  }

  #entry(agent: AgentName): Entry {
    const key = agentKey(agent);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const { agent_id, server } = agent;
      entry = { agent: { agent_id, server }, points: undefined, fresh: false, fetching: false, watchers: new Set() };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #want(entry: Entry): void {
    if (entry.fresh || entry.fetching || this.#wanted.includes(entry)) return;
    this.#wanted.push(entry);
    this.#fetchNext();
  }

  #fetchNext(): void {
    while (this.#fetches < FETCHES_AT_ONCE_MAX) {
      const entry = this.#wanted.pop();
      if (entry === undefined) return;
      if (entry.watchers.size > 0) void this.#fetchOne(entry);
    }
  }

  async #fetchOne(entry: Entry): Promise<void> {
    this.#fetches += 1;
    entry.fetching = true;
    entry.fresh = true; // a reconnection meanwhile sets it back, and the entry is fetched once more
    try {
      this.#show(entry, await this.#fetch(entry.agent));
      if (!entry.fresh) this.#wanted.push(entry);
    } catch {
      entry.fresh = false; // the chart stays as it was; a reconnection, or the next look at the row, asks again
    } finally {
      this.#fetches -= 1;
      entry.fetching = false;
      this.#fetchNext();
    }
  }

  #show(entry: Entry, points: readonly HistoryPoint[]): void {
    if (points === entry.points) return;
    entry.points = points;
    for (const watcher of [...entry.watchers]) watcher();
  }
}
