import type { AgentState, Heartbeat } from '../../../contract/heartbeat.ts';
import type { Queryable } from '../database.ts';

/** A server that was heard, and what it says of itself. */
export interface SeenServer {
  readonly server: string;
  readonly agentVersion: string;
  readonly config: Heartbeat['config'];
}

/**
 * Notes that servers were heard at `at`, to be judged at `nextJudgedAt` or before. Answers those about which something changed by it:
 * they were late or down, or run another configuration than before, or refuse one.
 */
export async function markServersSeen(
  database: Queryable,
  seen: readonly SeenServer[],
  at: Date,
  nextJudgedAt: Date,
): Promise<string[]> {
  const ordered = [...seen].sort((a, b) => (a.server < b.server ? -1 : 1));
  const { rows } = await database.query<{
    server: string;
    before: AgentState;
    after: AgentState;
    reconfigured: boolean;
  }>(
    `WITH told AS (
       SELECT * FROM unnest($1::text[], $2::text[], $5::text[], $6::text[], $7::text[], $8::boolean[])
         AS told (server, agent_version, running, desired, error, pulls)),
     known AS (SELECT servers.server, state, config_running, config_error FROM servers JOIN told USING (server) ORDER BY servers.server FOR UPDATE OF servers)
     UPDATE servers SET last_seen_at = greatest(servers.last_seen_at, $3), agent_version = told.agent_version,
       state = CASE WHEN servers.state IN ('late', 'down') THEN 'up' ELSE servers.state END,
       next_judged_at = least(servers.next_judged_at, $4),
       config_running = told.running, config_desired = told.desired, config_error = told.error,
       -- Who pulls from Git was offered something earlier at most: no rollout is to wait for it.
       config_offered = CASE WHEN told.pulls THEN NULL ELSE servers.config_offered END
     FROM told JOIN known USING (server) WHERE servers.server = told.server
     RETURNING servers.server, known.state AS before, servers.state AS after,
       (known.config_running, known.config_error) IS DISTINCT FROM (servers.config_running, servers.config_error) AS reconfigured`,
    [
      ordered.map((one) => one.server),
      ordered.map((one) => one.agentVersion),
      at,
      nextJudgedAt,
      ordered.map((one) => one.config.running),
      ordered.map((one) => one.config.desired),
      ordered.map((one) => one.config.error),
      ordered.map((one) => one.config.source === 'git'),
    ],
    { name: 'mark-servers-seen' },
  );
  return rows.filter((row) => row.before !== row.after || row.reconfigured).map((row) => row.server);
}
