import type { Heartbeat } from '../../../contract/heartbeat.ts';
import type { Queryable } from '../database.ts';

/** A server that was heard, and what it says of itself. */
export interface SeenServer {
  readonly server: string;
  readonly agentVersion: string;
  readonly config: Heartbeat['config'];
  /** How far its clock is ahead of ours, as it has measured it. */
  readonly clockSkewMs: number;
}

export interface MarkedServers {
  /** Those that run another configuration than before, or refuse one. */
  readonly reconfigured: readonly string[];
  /** Whether some are to be judged now. */
  readonly due: boolean;
}

/** Notes that servers were heard at `at`. What that means for their state is the watch's to say. */
export async function markServersSeen(
  database: Queryable,
  seen: readonly SeenServer[],
  at: Date,
): Promise<MarkedServers> {
  const ordered = [...seen].sort((a, b) => (a.server < b.server ? -1 : 1));
  const { rows } = await database.query<{ server: string; due: boolean; reconfigured: boolean }>(
    `WITH told AS (
       SELECT * FROM unnest($1::text[], $2::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::float8[])
         AS told (server, agent_version, running, desired, error, pulls, clock_skew_ms)),
     known AS (SELECT servers.server, config_running, config_error FROM servers JOIN told USING (server) ORDER BY servers.server FOR UPDATE OF servers)
     UPDATE servers SET last_seen_at = greatest(servers.last_seen_at, $3), agent_version = told.agent_version,
       next_judged_at = CASE WHEN servers.state = 'up' THEN servers.next_judged_at ELSE least(servers.next_judged_at, $3) END,
       config_running = told.running, config_desired = told.desired, config_error = told.error, clock_skew_ms = told.clock_skew_ms,
       -- Who pulls from Git was offered something earlier at most: no rollout is to wait for it.
       config_offered = CASE WHEN told.pulls THEN NULL ELSE servers.config_offered END
     FROM told JOIN known USING (server) WHERE servers.server = told.server
     RETURNING servers.server, servers.next_judged_at <= $3 AS due,
       (known.config_running, known.config_error) IS DISTINCT FROM (servers.config_running, servers.config_error) AS reconfigured`,
    [
      ordered.map((one) => one.server),
      ordered.map((one) => one.agentVersion),
      at,
      ordered.map((one) => one.config.running),
      ordered.map((one) => one.config.desired),
      ordered.map((one) => one.config.error),
      ordered.map((one) => one.config.source === 'git'),
      ordered.map((one) => one.clockSkewMs),
    ],
    { name: 'mark-servers-seen' },
  );
  return {
    reconfigured: rows.filter((row) => row.reconfigured).map((row) => row.server),
    due: rows.some((row) => row.due),
  };
}
