import type { FleetAgent } from '../../contract/fleet.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { Database } from '../database/database.ts';
import { type MarkedServers, markServersSeen, type SeenServer } from '../database/queries/mark-servers-seen.ts';
import { type ReceivedHeartbeat, recordHeartbeats } from '../database/queries/record-heartbeats.ts';

/** What became of the beats of one statement. */
export interface WrittenHeartbeats {
  readonly received: readonly ReceivedHeartbeat[];
  readonly agents: readonly FleetAgent[];
  /** Servers that tell something else of their configuration. */
  readonly changedServers: readonly string[];
  /** Whether somebody is to be judged now: what was told may be another state than what is stored. */
  readonly due: boolean;
}

interface Waiting {
  readonly received: readonly ReceivedHeartbeat[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Rows of one statement; measured: past a few hundred a row costs the same. */
const ROWS_MAX = 500;
/** Statements at a time: one is being committed while the next is being filled. */
const STATEMENTS_MAX = 2;
/**
 * Turns of the event loop in which requests are gathered for a statement: what has arrived together is read in them. Measured with 64
 * connections: 11 beats a commit without, 25 with two, 33 with three. Far below a millisecond when nothing else is to be done.
 */
const GATHER_TURNS = 3;
/** A server that tells its beats one by one is noted as heard once in this time: well below any judgement of silence. */
const MARK_AGAIN_MS = 5_000;
/** Servers remembered for that; past it the memory starts anew. */
const MARKED_MAX = 50_000;
/** Beats that may wait; past it the answer is 503 and the agents, which beat each minute anyway, come again. */
const WAITING_MAX = 20_000;

/**
 * Group commit: requests that arrive while a statement runs share the next one, and its fsync. Each is answered when its
 * beats are committed. Latency under no load is that of one statement.
 */
export class HeartbeatWriter {
  readonly #database: Database;
  readonly #onWritten: (written: WrittenHeartbeats) => void;
  #waiting: Waiting[] = [];
  #waitingRows = 0;
  #running = 0;
  #gathering = false;
  /** When this process last noted that a server was heard, and what it said of its configuration then. */
  readonly #marked = new Map<string, { readonly at: number; readonly config: string }>();

  constructor(database: Database, onWritten: (written: WrittenHeartbeats) => void) {
    this.#database = database;
    this.#onWritten = onWritten;
  }

  /** Resolves when these beats are committed. Rejects with `NSV_DATABASE_UNREACHABLE`, also when too many wait. */
  write(received: readonly ReceivedHeartbeat[]): Promise<void> {
    if (received.length === 0) return Promise.resolve();
    if (this.#waitingRows + received.length > WAITING_MAX) {
      throw new NervesysError('NSV_DATABASE_UNREACHABLE', 'more heartbeats wait than Postgres takes', {
        retryable: true,
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ received, resolve, reject });
      this.#waitingRows += received.length;
      this.#gather();
    });
  }

  /** The first of many requests that have arrived together would go by itself else, and the others wait for it. */
  #gather(): void {
    if (this.#gathering || this.#running >= STATEMENTS_MAX) return;
    this.#gathering = true;
    let turns = GATHER_TURNS;
    const turn = () => {
      if (--turns > 0 && this.#waitingRows < ROWS_MAX) {
        setImmediate(turn);
        return;
      }
      this.#gathering = false;
      this.#pump();
    };
    setImmediate(turn);
  }

  #pump(): void {
    while (this.#running < STATEMENTS_MAX && this.#waiting.length > 0) {
      let rows = 0;
      let taken = 0;
      while (
        taken < this.#waiting.length &&
        (taken === 0 || rows + this.#waiting[taken]!.received.length <= ROWS_MAX)
      ) {
        rows += this.#waiting[taken]!.received.length;
        taken++;
      }
      const group = this.#waiting.splice(0, taken);
      this.#waitingRows -= rows;
      this.#running++;
      void this.#commit(group).finally(() => {
        this.#running--;
        if (this.#waiting.length > 0) this.#gather();
      });
    }
  }

  /** Never rejects: each request of the group learns its own outcome. */
  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#record(group.flatMap((one) => one.received));
      for (const one of group) one.resolve();
    } catch (error) {
      if (group.length === 1 || errorCode(error) === 'NSV_DATABASE_UNREACHABLE') {
        for (const one of group) one.reject(error);
        return;
      }
      // Something in the group is refused by Postgres: it must not take its neighbours with it.
      for (const one of group) await this.#commit([one]);
    }
  }

  /**
   * Two statements beside each other, each committed by itself: should only the first succeed, the request is refused, told
   * again, and changes nothing but the second.
   */
  async #record(received: readonly ReceivedHeartbeat[]): Promise<void> {
    const [recorded, marked] = await Promise.all([
      recordHeartbeats(this.#database, received),
      this.#markServers(received),
    ]);
    this.#onWritten({
      received,
      agents: recorded.agents,
      changedServers: marked.reconfigured,
      due: recorded.due || marked.due,
    });
  }

  async #markServers(received: readonly ReceivedHeartbeat[]): Promise<MarkedServers> {
    const last = received.reduce((a, b) => (b.receivedAt > a.receivedAt ? b : a));
    const at = last.receivedAt.getTime();
    const due = new Map<string, SeenServer>();
    for (const { beat } of received) {
      const { server, agent_version: agentVersion, config, clock_skew_ms: clockSkewMs } = beat;
      if (beat.covers_seconds !== undefined && due.has(server)) continue; // of a time that is past
      const marked = this.#marked.get(server);
      // A wall clock that was set back must not stop the marks.
      if (marked === undefined || Math.abs(at - marked.at) >= MARK_AGAIN_MS || marked.config !== JSON.stringify(config))
        due.set(server, { server, agentVersion, config, clockSkewMs });
    }
    if (due.size === 0) return { reconfigured: [], due: false };
    const marks = await markServersSeen(this.#database, [...due.values()], last.receivedAt);
    if (this.#marked.size > MARKED_MAX) this.#marked.clear();
    for (const { server, config } of due.values()) this.#marked.set(server, { at, config: JSON.stringify(config) });
    return marks;
  }
}
