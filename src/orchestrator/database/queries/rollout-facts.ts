import type { AgentState } from '../../../contract/heartbeat.ts';
import type { RolloutFacts, RolloutServer, ServerMeasure } from '../../gitops/judge-rollout.ts';
import { isReached } from '../../gitops/rollout-plan.ts';
import type { Queryable } from '../database.ts';
import type { Rollout } from './rollouts.ts';

/** Errors and losses are measured on so many servers of each kind: more tell nothing more, and cost a scan of their beats. */
const MEASURED_MAX = 300;
/** So far back it is measured: lately, and before the rollout. A stage of a week is no week's scan each round, and hides no bad hour. */
const MEASURED_MS = 3_600_000;

/** What a rollout is judged by. */
export async function readRolloutFacts(
  database: Queryable,
  rollout: Rollout,
  lateAfterMs: number,
  now: number,
): Promise<RolloutFacts> {
  const [hearing, servers] = await Promise.all([readHearing(database), readRolloutServers(database, rollout)]);
  const { revision, startedAt } = rollout;
  const names = (which: (one: RolloutServer) => boolean) =>
    servers
      .filter(which)
      .slice(0, MEASURED_MAX)
      .map(({ server }) => server);
  const running = names((one) => one.reached && one.running === revision);
  const others = names((one) => !one.reached);
  const lately = Math.max(startedAt, now - MEASURED_MS);
  const [after, before, rest] = await Promise.all([
    measureServers(database, running, lately, now + 1, revision),
    measureServers(database, running, startedAt - MEASURED_MS, startedAt),
    measureServers(database, others, lately, now + 1),
  ]);
  return { servers, hearing, lateAfterMs, after, before, others: rest };
}

async function readHearing(database: Queryable): Promise<RolloutFacts['hearing']> {
  const { rows } = await database.query<{ since: Date; heard_at: Date }>('SELECT since, heard_at FROM fleet_hearing');
  const { since, heard_at: heardAt } = rows[0]!; // it has one row, for ever
  return { since: since.getTime(), heardAt: heardAt.getTime() };
}

async function readRolloutServers(database: Queryable, { reach, seed }: Rollout): Promise<RolloutServer[]> {
  const { rows } = await database.query<{
    server: string;
    state: AgentState;
    last_seen_at: Date | null;
    config_offered: string | null;
    config_offered_at: Date | null;
    config_running: string | null;
    config_desired: string | null;
    config_error: string | null;
  }>(
    `SELECT server, state, last_seen_at, config_offered, config_offered_at, config_running, config_desired, config_error
     FROM servers WHERE revoked_at IS NULL AND retired_at IS NULL ORDER BY server`,
  );
  return rows.map((row) => ({
    server: row.server,
    reached: isReached(reach, row.server, seed),
    state: row.state,
    lastSeenAt: row.last_seen_at?.getTime() ?? null,
    offered: row.config_offered,
    offeredAt: row.config_offered_at?.getTime() ?? null,
    running: row.config_running,
    desired: row.config_desired,
    error: row.config_error,
  }));
}

/**
 * What servers told in the beats that were received from `from` until before `until`; only those beats, where `running` is given, that
 * said they run that. A beat whose clock is a day off is left out: it would have to be looked for in every partition.
 */
async function measureServers(
  database: Queryable,
  servers: readonly string[],
  from: number,
  until: number,
  running?: string,
): Promise<ServerMeasure[]> {
  if (servers.length === 0) return [];
  const { rows } = await database.query<ServerMeasure>(
    `WITH told AS (
       SELECT server, epoch, received_at, detail -> 'level_counts' AS levels, detail -> 'config' ->> 'running' AS running,
         -- What a buffer has lost is counted from its beginning, and told with each beat of its server. The beat before the first one that counts
         -- is looked at too: what a revision makes a server give up goes at once.
         (detail ->> 'lost_records')::bigint
           - lag((detail ->> 'lost_records')::bigint) OVER (PARTITION BY server, epoch ORDER BY received_at, timestamp) AS lost
       FROM agent_status
       WHERE server = ANY($1) AND received_at >= $2::timestamptz - interval '10 minutes' AND received_at < $3
         AND timestamp >= $2::timestamptz - interval '1 day' AND timestamp < $3::timestamptz + interval '1 day'
         AND NOT detail ? 'covers_seconds' -- it tells of a time before
     ), buffers AS (
       SELECT server, sum(greatest(lost, 0)) AS lost, min(received_at) AS first, max(received_at) AS last,
         sum((levels ->> 'DEBUG')::bigint + (levels ->> 'INFO')::bigint + (levels ->> 'WARN')::bigint
           + (levels ->> 'ERROR')::bigint + (levels ->> 'CRITICAL')::bigint) AS records,
         sum((levels ->> 'ERROR')::bigint + (levels ->> 'CRITICAL')::bigint) AS errors
       FROM told WHERE received_at >= $2 AND ($4::text IS NULL OR running = $4) GROUP BY server, epoch
     )
     SELECT server, sum(records)::float8 AS records, sum(errors)::float8 AS errors, coalesce(sum(lost), 0)::float8 AS lost,
       sum(extract(epoch FROM last - first))::float8 / 60 AS minutes
     FROM buffers GROUP BY server ORDER BY server`,
    [servers, new Date(from), new Date(until), running ?? null],
  );
  return rows;
}
