import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Database } from '../database/database.ts';
import { DUE_MAX, judgeDueAgents, judgeDueServers, type Verdict } from '../database/queries/judge-due.ts';
import { readAgents, readServers } from '../database/queries/read-fleet.ts';
import { sweepExpired } from '../database/queries/sweep-expired.ts';
import type { Duties, DutyReport } from '../duties.ts';
import type { EventHub } from './event-hub.ts';
import type { FleetHearing } from './fleet-hearing.ts';
import { type FleetPolicy, type Judged, judgeState, nextLook } from './judge-state.ts';
import type { Transitions } from './transitions.ts';

export interface StateWatchOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: EventHub;
  readonly policy: () => FleetPolicy;
  /** Since when silence counts, and by what time. */
  readonly hearing: FleetHearing;
  readonly transitions: Transitions;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

/** A change of state is told this much after its time at most. */
const ROUND_MS = 2_000;
/** Each beat of one that is quiet for good asks for a round: no more than so many. */
const NUDGE_AGAIN_MS = 200;
const HOUSEKEEPING_MS = 3_600_000;

/** Alone says in which state who is: judges whoever's time has come, tells the changes, and keeps house (expired codes). */
export class StateWatch implements AsyncDisposable {
  readonly #options: StateWatchOptions;
  readonly #pace: Pace;
  readonly #judged: DutyReport | undefined;
  readonly #houseKept: DutyReport | undefined;
  #houseKeptAt: number;
  #judgedAt = Number.NEGATIVE_INFINITY;
  readonly #closing = new AbortController();
  #nudging: Promise<void> | undefined;
  #round: Promise<number> = Promise.resolve(0);
  #watchedAt: number | undefined;

  constructor(options: StateWatchOptions) {
    this.#options = options;
    this.#houseKeptAt = options.clock.now();
    this.#judged = options.duties?.take('state_watch');
    this.#houseKept = options.duties?.take('housekeeping');
    this.#pace = new Pace(options.clock, async () => {
      try {
        const due = await this.judgeOnce();
        this.#watchedAt = options.clock.monotonic();
        this.#judged?.();
        return due >= DUE_MAX ? 0 : ROUND_MS;
      } catch (error) {
        this.#judged?.(error);
        // Postgres away: nothing can be judged now, and nothing is forgotten by waiting.
        options.logger.warn('fleet not judged', errorFields(error));
        return ROUND_MS;
      }
    });
  }

  /** When a whole round last went well, on the monotonic clock: Postgres answered, and the fleet is watched. */
  get watchedAt(): number | undefined {
    return this.#watchedAt;
  }

  start(): void {
    this.#pace.start(ROUND_MS);
  }

  /** The next round begins at once, or a moment after the latest. */
  nudge(): void {
    const { clock } = this.#options;
    if (this.#nudging !== undefined || this.#closing.signal.aborted) return;
    const waitMs = this.#judgedAt + NUDGE_AGAIN_MS - clock.monotonic();
    if (waitMs <= 0) {
      this.#pace.nudge();
      return;
    }
    this.#nudging = clock
      .sleep(waitMs, this.#closing.signal)
      .catch(() => undefined) // closing
      .then(() => {
        this.#nudging = undefined;
        this.#pace.nudge();
      });
  }

  /** One round, after the one that runs; answers how many were due. */
  judgeOnce(): Promise<number> {
    this.#round = this.#round.then(
      () => this.#judge(),
      () => this.#judge(), // whoever asked for the one before was told why it failed
    );
    return this.#round;
  }

  async #judge(): Promise<number> {
    const { database, clock, hub, hearing, transitions } = this.#options;
    this.#judgedAt = clock.monotonic();
    const policy = this.#options.policy();
    const heard = await hearing.listen(database);
    let due = 0;
    if (heard !== undefined) {
      const { now, since } = heard;
      const judge = (known: Judged): Verdict => ({
        ...judgeState(known, policy, now, since),
        nextJudgedAt: nextLook(known, policy, now, since),
      });
      const agents = await judgeDueAgents(database, { now, judge, transitions });
      const servers = await judgeDueServers(database, { now, judge, transitions });
      if (agents.changed.length > 0) {
        const names = agents.changed.map(({ server, agentId }) => ({ server, agentId: agentId ?? '' }));
        for (const data of await readAgents(database, { names })) hub.publish({ type: 'fleet', data });
      }
      if (servers.changed.length > 0) {
        const names = servers.changed.map(({ server }) => server);
        for (const data of await readServers(database, names)) hub.publish({ type: 'server', data });
      }
      due = Math.max(agents.due, servers.due);
    }
    const now = clock.now();
    if (Math.abs(now - this.#houseKeptAt) >= HOUSEKEEPING_MS) {
      this.#houseKeptAt = now;
      await sweepExpired(database, new Date(now));
      this.#houseKept?.();
    }
    return due;
  }

  async close(): Promise<void> {
    this.#closing.abort(new DOMException('closing', 'AbortError'));
    await this.#nudging;
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
