import type { AlertView, FleetAgent, FleetServer } from '../../contract/fleet.ts';
import type { FleetConfig } from '../../contract/rollout.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { randomHex } from '../../platform/random.ts';
import type { Database } from '../database/database.ts';
import { readAlerts } from '../database/queries/read-alerts.ts';
import { readAgents, readServers } from '../database/queries/read-fleet.ts';

/** What the page is told live (`GET /api/v1/events`). */
export type FleetEvent =
  | { readonly type: 'fleet'; readonly data: FleetAgent }
  | { readonly type: 'server'; readonly data: FleetServer }
  | { readonly type: 'alert'; readonly data: AlertView }
  | { readonly type: 'config'; readonly data: FleetConfig };

export type Subscriber = (event: FleetEvent) => void;

/** Where routes say what happened. Delivered here at once, and to the streams of other replicas shortly after. */
export interface EventHub {
  publish(event: Exclude<FleetEvent, { type: 'config' }>): void;
  subscribe(subscriber: Subscriber): Disposable;
  readonly subscribers: number;
  /** To the streams of this replica alone: each finds it out by itself. */
  show(event: FleetEvent): void;
  /** What configuration is desired has changed: every replica is told, this one at once. */
  configChanged(): void;
  onConfigChange(listener: () => void): Disposable;
  /** What people said of templates has changed: as `configChanged`. */
  correctionsChanged(): void;
  onCorrectionsChange(listener: () => void): Disposable;
  /** What other replicas told for a while was missed: whoever shows it must look anew. */
  onGap(listener: () => void): Disposable;
}

/** Alerts have changed; to be told once what changed them is committed. */
export function publishAlerts(hub: Pick<EventHub, 'publish'>, alerts: readonly AlertView[]): void {
  for (const data of alerts) hub.publish({ type: 'alert', data });
}

const CHANNEL = 'nervesys_events';
/** Changes are told to other replicas in one NOTIFY per this time, not one per beat: each NOTIFY locks all commits briefly. */
const TELL_AFTER_MS = 150;
/** Postgres' bound on a payload is 8,000 bytes. */
const PAYLOAD_BYTES_MAX = 7_500;
/** A replica that is told of more changes at once than this reads the first so many; the next beats bring the rest. */
const CHANGES_MAX = 5_000;

/** What a NOTIFY carries: names only. The reader fetches the present state, so nothing old is ever shown. */
interface Told {
  readonly from: string;
  readonly changes: readonly Change[];
}
type Change =
  | readonly ['f', server: string, agentId: string]
  | readonly ['s', server: string]
  | readonly ['a', id: string]
  | readonly ['c']
  | readonly ['t'];

/** One process's hub. `start()` connects it with the hubs of other replicas through Postgres. */
export class PostgresEventHub implements EventHub, AsyncDisposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #self = randomHex();
  readonly #subscribers = new Set<Subscriber>();
  readonly #configListeners = new Set<() => void>();
  readonly #correctionsListeners = new Set<() => void>();
  readonly #gapListeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #pending = new Map<string, Change>();
  #telling: Promise<void> | undefined;

  constructor(options: { readonly database: Database; readonly clock: Clock; readonly logger: Logger }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  async start(): Promise<void> {
    await this.#database.listen(CHANNEL, {
      onMessage: (payload) => {
        this.#hear(payload).catch((error: unknown) => {
          // The page fetches the whole fleet when it reconnects; a missed event is repaired by the next beat.
          this.#logger.warn('events of another replica not shown', errorFields(error));
        });
      },
      onGap: () => {
        this.#tellConfigListeners();
        this.#tellCorrectionsListeners();
        for (const listener of this.#gapListeners) listener();
      },
    });
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  publish(event: Exclude<FleetEvent, { type: 'config' }>): void {
    this.show(event);
    this.#note(nameOf(event));
  }

  configChanged(): void {
    this.#tellConfigListeners();
    this.#note(['c']);
  }

  onConfigChange(listener: () => void): Disposable {
    this.#configListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#configListeners.delete(listener) };
  }

  correctionsChanged(): void {
    this.#tellCorrectionsListeners();
    this.#note(['t']);
  }

  onCorrectionsChange(listener: () => void): Disposable {
    this.#correctionsListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#correctionsListeners.delete(listener) };
  }

  onGap(listener: () => void): Disposable {
    this.#gapListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#gapListeners.delete(listener) };
  }

  #tellConfigListeners(): void {
    for (const listener of this.#configListeners) listener();
  }

  #tellCorrectionsListeners(): void {
    for (const listener of this.#correctionsListeners) listener();
  }

  #note(change: Change): void {
    if (this.#closing.signal.aborted || this.#pending.size >= CHANGES_MAX) return;
    this.#pending.set(change.join('\n'), change);
    this.#telling ??= this.#tell().finally(() => {
      this.#telling = undefined;
    });
  }

  subscribe(subscriber: Subscriber): Disposable {
    this.#subscribers.add(subscriber);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(subscriber) };
  }

  async close(): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await this.#telling;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  show(event: FleetEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event);
  }

  async #tell(): Promise<void> {
    await this.#clock.sleep(TELL_AFTER_MS, this.#closing.signal).catch(() => undefined); // closing: tell at once
    const changes = [...this.#pending.values()];
    this.#pending = new Map();
    try {
      for (const part of split(changes)) {
        await this.#database.notify(CHANNEL, JSON.stringify({ from: this.#self, changes: part } satisfies Told));
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#logger.warn('events not told to other replicas', errorFields(error));
    }
  }

  async #hear(payload: string): Promise<void> {
    const told = JSON.parse(payload) as Told;
    if (told.from === this.#self) return;
    if (told.changes.some((change) => change[0] === 'c')) this.#tellConfigListeners();
    if (told.changes.some((change) => change[0] === 't')) this.#tellCorrectionsListeners();
    if (this.#subscribers.size === 0) return;
    const agents = told.changes.filter((change) => change[0] === 'f');
    const servers = told.changes.filter((change) => change[0] === 's').map((change) => change[1]);
    const alerts = told.changes.filter((change) => change[0] === 'a').map((change) => change[1]);
    if (agents.length > 0) {
      const names = agents.map(([, server, agentId]) => ({ server, agentId }));
      for (const data of await readAgents(this.#database, { names })) this.show({ type: 'fleet', data });
    }
    if (servers.length > 0) {
      for (const data of await readServers(this.#database, servers)) this.show({ type: 'server', data });
    }
    if (alerts.length > 0) {
      for (const data of await readAlerts(this.#database, { ids: alerts })) this.show({ type: 'alert', data });
    }
  }
}

function nameOf(event: Exclude<FleetEvent, { type: 'config' }>): Change {
  switch (event.type) {
    case 'fleet':
      return ['f', event.data.server, event.data.agent_id];
    case 'server':
      return ['s', event.data.server];
    case 'alert':
      return ['a', event.data.id];
    default:
      return event satisfies never;
  }
}

/** Parts whose JSON stays below the payload's bound. */
function* split(changes: readonly Change[]): Generator<Change[]> {
  let part: Change[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = Buffer.byteLength(JSON.stringify(change)) + 1;
    if (bytes + size > PAYLOAD_BYTES_MAX && part.length > 0) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(change);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
