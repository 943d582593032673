import type { AgentState } from '../../../contract/heartbeat.ts';
import type { Queryable } from '../database.ts';

/** Notes that servers were heard at `at`, to be judged at `nextJudgedAt` or before. Answers those whose state changed by it (they were late or down). */
export async function markServersSeen(
  database: Queryable,
  seen: readonly { readonly server: string; readonly agentVersion: string }[],
  at: Date,
  nextJudgedAt: Date,
): Promise<string[]> {
  const ordered = [...seen].sort((a, b) => (a.server < b.server ? -1 : 1));
  const { rows } = await database.query<{ server: string; before: AgentState; after: AgentState }>(
    `WITH told AS (SELECT * FROM unnest($1::text[], $2::text[]) AS told (server, agent_version)),
     known AS (SELECT servers.server, state FROM servers JOIN told USING (server) ORDER BY servers.server FOR UPDATE OF servers)
     UPDATE servers SET last_seen_at = greatest(servers.last_seen_at, $3), agent_version = told.agent_version,
       state = CASE WHEN servers.state IN ('late', 'down') THEN 'up' ELSE servers.state END,
       next_judged_at = least(servers.next_judged_at, $4)
     FROM told JOIN known USING (server) WHERE servers.server = told.server
     RETURNING servers.server, known.state AS before, servers.state AS after`,
    [ordered.map((one) => one.server), ordered.map((one) => one.agentVersion), at, nextJudgedAt],
    { name: 'mark-servers-seen' },
  );
  return rows.filter((row) => row.before !== row.after).map((row) => row.server);
}
