import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Database } from '../database/database.ts';
import { tendPartitions } from '../database/partitions.ts';
import { DUE_MAX, judgeDueAgents, judgeDueServers } from '../database/queries/judge-due.ts';
import { readServers } from '../database/queries/read-fleet.ts';
import { sweepExpired } from '../database/queries/sweep-expired.ts';
import type { EventHub } from './event-hub.ts';
import { type FleetPolicy, judgeState } from './judge-state.ts';

export interface StateWatchOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: EventHub;
  readonly policy: () => FleetPolicy;
  readonly listeningSince: () => number;
}

/** A change of state is told this much after its time at most. */
const ROUND_MS = 2_000;
/** A state that only a beat can change is looked at again this rarely. */
const SETTLED_AGAIN_MS = 3_600_000;
const HOUSEKEEPING_MS = 3_600_000;

/** Notices silence: judges again whoever's time has come, tells the changes, and keeps house (partitions, expired codes). */
export class StateWatch implements AsyncDisposable {
  readonly #options: StateWatchOptions;
  readonly #pace: Pace;
  #houseKeptAt: number;

  constructor(options: StateWatchOptions) {
    this.#options = options;
    this.#houseKeptAt = options.clock.now();
    this.#pace = new Pace(options.clock, async () => {
      try {
        return (await this.judgeOnce()) >= DUE_MAX ? 0 : ROUND_MS;
      } catch (error) {
        // Postgres away: nothing can be judged now, and nothing is forgotten by waiting.
        options.logger.warn('fleet not judged', errorFields(error));
        return ROUND_MS;
      }
    });
  }

  start(): void {
    this.#pace.start(ROUND_MS);
  }

  /** One round; answers how many were due. */
  async judgeOnce(): Promise<number> {
    const { database, clock, hub, listeningSince } = this.#options;
    const policy = this.#options.policy();
    const now = clock.now();
    const agents = await judgeDueAgents(database, new Date(now), (row) => {
      const judged = {
        status: row.status,
        receivedAt: row.received_at.getTime(),
        oldestUnarchivedSeconds: row.oldest_unarchived_seconds,
        revoked: row.revoked,
        state: row.state,
      };
      const judgement = judgeState(judged, policy, now, listeningSince());
      return { ...judgement, nextJudgedAt: nextLook(judged.receivedAt, policy, now, listeningSince()) };
    });
    const servers = await judgeDueServers(database, new Date(now), (row) => {
      const receivedAt = (row.last_seen_at ?? row.enrolled_at).getTime();
      const judged = {
        status: 'healthy',
        receivedAt,
        oldestUnarchivedSeconds: 0,
        revoked: row.revoked,
        state: row.state,
      } as const;
      const { state } = judgeState(judged, policy, now, listeningSince());
      return { state, nextJudgedAt: nextLook(receivedAt, policy, now, listeningSince()) };
    });
    for (const data of agents.changed) hub.publish({ type: 'fleet', data });
    if (servers.changed.length > 0) {
      for (const data of await readServers(database, servers.changed)) hub.publish({ type: 'server', data });
    }
    if (now - this.#houseKeptAt >= HOUSEKEEPING_MS) {
      this.#houseKeptAt = now;
      await tendPartitions(database, now);
      await sweepExpired(database, new Date(now));
    }
    return Math.max(agents.due, servers.due);
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The next instant at which silence alone can change the judgement. */
export function nextLook(receivedAt: number, policy: FleetPolicy, now: number, listeningSince: number): Date {
  const silentSince = Math.max(receivedAt, listeningSince);
  for (const after of [policy.lateAfterMs, policy.downAfterMs]) {
    if (silentSince + after > now) return new Date(silentSince + after);
  }
  return new Date(now + SETTLED_AGAIN_MS);
}
