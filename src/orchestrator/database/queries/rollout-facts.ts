import type { AgentState } from '../../../contract/heartbeat.ts';
import type { RolloutFacts, RolloutServer, ServerMeasure } from '../../gitops/judge-rollout.ts';
import { isReached } from '../../gitops/rollout-plan.ts';
import type { Queryable } from '../database.ts';
import type { Rollout } from './rollouts.ts';

/** Errors and losses are measured on so many servers of each kind: more tell nothing more, and cost a scan of their beats. */
const MEASURED_MAX = 300;
/** What went on before a rollout, for comparison. */
const BEFORE_MS = 3_600_000;

/** What a rollout is judged by. */
export async function readRolloutFacts(database: Queryable, rollout: Rollout, now: number): Promise<RolloutFacts> {
  const servers = await readRolloutServers(database, rollout);
  const { revision, startedAt } = rollout;
  const names = (which: (one: RolloutServer) => boolean) =>
    servers
      .filter(which)
      .slice(0, MEASURED_MAX)
      .map(({ server }) => server);
  const running = names((one) => one.reached && one.running === revision);
  const others = names((one) => !one.reached);
  const [after, before, rest] = await Promise.all([
    measureServers(database, running, startedAt, now + 1, revision),
    measureServers(database, running, startedAt - BEFORE_MS, startedAt),
    measureServers(database, others, startedAt, now + 1),
  ]);
  return { servers, after, before, others: rest };
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
    `WITH beats AS (
       SELECT server, epoch, received_at, detail -> 'level_counts' AS levels, (detail ->> 'lost_records')::bigint AS lost
       FROM agent_status
       WHERE server = ANY($1) AND received_at >= $2 AND received_at < $3
         AND timestamp >= $2::timestamptz - interval '1 day' AND timestamp < $3::timestamptz + interval '1 day'
         AND NOT detail ? 'covers_seconds' -- it tells of a time before
         AND ($4::text IS NULL OR detail -> 'config' ->> 'running' = $4)
     ), buffers AS (
       -- What a buffer has lost is counted from its beginning, and told with each beat of its server.
       SELECT server, max(lost) - min(lost) AS lost, min(received_at) AS first, max(received_at) AS last,
         sum((levels ->> 'DEBUG')::bigint + (levels ->> 'INFO')::bigint + (levels ->> 'WARN')::bigint
           + (levels ->> 'ERROR')::bigint + (levels ->> 'CRITICAL')::bigint) AS records,
         sum((levels ->> 'ERROR')::bigint + (levels ->> 'CRITICAL')::bigint) AS errors
       FROM beats GROUP BY server, epoch
     )
     SELECT server, sum(records)::float8 AS records, sum(errors)::float8 AS errors, sum(lost)::float8 AS lost,
       sum(extract(epoch FROM last - first))::float8 / 60 AS minutes
     FROM buffers GROUP BY server ORDER BY server`,
    [servers, new Date(from), new Date(until), running ?? null],
  );
  return rows;
}
