import {
  applyEvents,
  EMPTY_FLEET,
  type FleetEvent,
  type FleetModel,
  loadFleet,
  readEvent,
} from '../model/fleet-model.ts';
import { clockOffsetMs, type OrchestratorClock } from '../model/orchestrator-clock.ts';
import { type Api, ApiError } from './api.ts';
import type { BrowserClock } from './browser-clock.ts';
import { EventParser } from './event-parser.ts';
import { Store } from './store.ts';

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'signed-out';

/** Whoever wants to hear of each beat and each reconnection besides the model: the charts. */
export interface LiveListener {
  onEvents?(events: readonly FleetEvent[]): void;
  /** The fleet was fetched whole: what happened since the last event is unknown. */
  onReload?(): void;
}

/** The orchestrator sends a line every 15 s; two missed and a half mean that the connection is dead though nobody said so. */
const SILENCE_MS_MAX = 40_000;
const RECONNECT_MS_MIN = 1_000;
/** An orchestrator restart takes seconds; nobody should look at an old page for much longer than that. */
const RECONNECT_MS_MAX = 15_000;
/** Events are applied together at most this much later: a thousand agents that beat at once cost a few repaints, and no eye sees the delay. */
const GATHER_MS = 60;

/**
 * Keeps the model equal to the orchestrator's fleet: opens the event stream, then fetches the fleet, then applies what
 * the stream tells; when it breaks, waits (longer each time, with jitter) and begins again. A 401 means
 * `signed-out`; it goes on looking, since a sign-in link opened in another tab signs this one in too. What was shown stays on show meanwhile, since old news with a note is better than none.
 */
export class LiveFleet implements OrchestratorClock {
  readonly model = new Store<FleetModel>(EMPTY_FLEET);
  readonly connection = new Store<Connection>('connecting');
  /** Why there is no connection, where the orchestrator itself says so: it lives, and its Postgres is away. */
  readonly databaseAway = new Store<boolean>(false);
  readonly #api: Api;
  readonly #clock: BrowserClock;
  readonly #random: () => number;
  readonly #listeners = new Set<LiveListener>();
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #ended = new AbortController();
  #offsetMs = 0;
  #gathered: FleetEvent[] = [];
  #applying = false;

  constructor(api: Api, clock: BrowserClock, random: () => number = Math.random) {
    this.#api = api;
    this.#clock = clock;
    this.#random = random;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  /** Until the returned function is called. */
  listen(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connects and stays connected until `close()`. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#connectOnce(() => {
          failures = 0;
        });
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) this.signedOut();
        this.databaseAway.set(error instanceof ApiError && error.code === 'NSV_DATABASE_UNREACHABLE');
      }
      if (this.connection.value !== 'signed-out') {
        this.connection.set(this.model.value.loaded ? 'reconnecting' : 'connecting');
      }
      failures += 1;
      this.#wake = new AbortController();
      const ceiling = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(10, failures - 1));
      await this.#clock.wait(
        ceiling / 2 + (ceiling / 2) * this.#random(),
        AbortSignal.any([this.#wake.signal, this.#stop.signal]),
      );
    }
  }

  /** Ends a wait for the next attempt: the network is back, or the reader looks at the page again. */
  nudge(): void {
    this.#wake.abort();
  }

  /** Nobody is signed in any more: forgets everything shown and ends the connection. */
  signedOut(): void {
    this.#gathered = [];
    this.model.set(EMPTY_FLEET);
    this.connection.set('signed-out');
    this.#ended.abort();
  }

  close(): void {
    this.#stop.abort();
  }

  /** One connection from opening to breaking; always rejects or resolves when it has ended. */
  async #connectOnce(onLive: () => void): Promise<void> {
    const ended = new AbortController();
    this.#ended = ended;
    const signal = AbortSignal.any([ended.signal, this.#stop.signal]);
    try {
      const stream = await this.#withinSilence(this.#api.events(signal), ended);
      // Events that arrive while the fleet is fetched wait for it.
      let held: FleetEvent[] | undefined = [];
      const reading = this.#read(stream, ended, (events) => {
        if (held === undefined) this.#gather(events);
        else held.push(...events);
      });
      reading.catch(() => undefined); // awaited below; it may fail while the fleet is still being fetched
      await Promise.race([this.#reload(signal), reading.then(() => Promise.reject(new Error('event stream ended')))]);
      this.#gather(held);
      held = undefined;
      this.databaseAway.set(false);
      this.connection.set('live');
      onLive();
      await reading;
    } finally {
      ended.abort();
    }
  }

  async #reload(signal: AbortSignal): Promise<void> {
    const sentAt = this.#clock.now();
    const [answer, alerts] = await Promise.all([this.#api.fleet(signal), this.#api.alerts({}, signal)]);
    this.#offsetMs = clockOffsetMs(answer.now, sentAt, this.#clock.now());
    this.#gathered = [];
    this.model.set(loadFleet(this.model.value, answer, alerts));
    for (const listener of this.#listeners) listener.onReload?.();
  }

  async #read(
    stream: ReadableStream<Uint8Array>,
    ended: AbortController,
    take: (events: FleetEvent[]) => void,
  ): Promise<void> {
    const reader = stream.getReader();
    const parser = new EventParser();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#withinSilence(reader.read(), ended);
      if (done) return;
      const events = parser
        .push(decoder.decode(value, { stream: true }))
        .flatMap(({ name, data }) => readEvent(name, data) ?? []);
      if (events.length > 0) take(events);
    }
  }

  /** Rejects when `work` takes longer than the stream may be silent. */
  async #withinSilence<T>(work: Promise<T>, ended: AbortController): Promise<T> {
    const answered = new AbortController();
    const silence = this.#clock.wait(SILENCE_MS_MAX, answered.signal).then(() => {
      if (answered.signal.aborted) return undefined as never; // `work` was first, and is what the race resolved with
      ended.abort();
      throw new Error('event stream: silent for too long');
    });
    try {
      return await Promise.race([work, silence]);
    } finally {
      answered.abort();
    }
  }

  #gather(events: readonly FleetEvent[]): void {
    this.#gathered.push(...events);
    if (this.#applying || this.#gathered.length === 0) return;
    this.#applying = true;
    void this.#clock.wait(GATHER_MS).then(() => {
      this.#applying = false;
      const gathered = this.#gathered;
      this.#gathered = [];
      if (gathered.length === 0) return;
      this.model.set(applyEvents(this.model.value, gathered));
      for (const listener of this.#listeners) listener.onEvents?.(gathered);
    });
  }
}
