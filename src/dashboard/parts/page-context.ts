import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Api } from '../live/api.ts';
import type { HistoryCache } from '../live/history-cache.ts';
import type { LiveAlert } from '../live/live-alert.ts';
import type { LiveAlerts } from '../live/live-alerts.ts';
import type { LiveFleet } from '../live/live-fleet.ts';
import type { LiveRollout } from '../live/live-rollout.ts';
import type { Polled } from '../live/polled.ts';
import type { Store } from '../live/store.ts';
import type { Words } from '../messages/words.ts';

/** What the parts of the page share; made once in main.tsx. */
export interface Page {
  readonly api: Api;
  readonly live: LiveFleet;
  readonly history: HistoryCache;
  readonly rollout: LiveRollout;
  readonly alerts: LiveAlerts;
  /** One alert, for as long as it is looked at. */
  watchAlert(id: string): LiveAlert;
  /** Something that no event tells of, for as long as it is looked at; see `Polled`. */
  poll<T>(load: (signal?: AbortSignal) => Promise<T>, isBusy: (value: T) => boolean): Polled<T>;
  /** Calls `listener` each second, for ages; stops when the returned function is called. */
  everySecond(listener: () => void): () => void;
}

export const PageContext = createContext<Page | undefined>(undefined);
export const WordsContext = createContext<Words | undefined>(undefined);

export function usePage(): Page {
  return present(useContext(PageContext));
}

export function useWords(): Words {
  return present(useContext(WordsContext));
}

/** The store's value, painted anew whenever it is replaced. */
export function useStore<T>(store: Store<T>): T {
  const [, paint] = useState({});
  useEffect(() => {
    paint({}); // the value may have been replaced between the first paint and this effect
    return store.subscribe(() => paint({}));
  }, [store]);
  return store.value;
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a part of the page stands outside of its context');
  return value;
}
