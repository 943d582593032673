import type { Queryable } from '../database.ts';

/** Of these servers, those that were late at that instant: not heard in the `lateAfterMs` before it. */
export async function readSilentServers(
  transaction: Queryable,
  asked: readonly { readonly server: string; readonly at: Date }[],
  lateAfterMs: number,
): Promise<ReadonlySet<string>> {
  if (asked.length === 0) return new Set();
  const { rows } = await transaction.query<{ server: string }>(
    `SELECT DISTINCT server FROM servers JOIN unnest($1::text[], $2::timestamptz[]) AS asked (server, heard_at) USING (server)
     WHERE last_seen_at IS NULL OR last_seen_at < heard_at`,
    [asked.map(({ server }) => server), asked.map(({ at }) => new Date(at.getTime() - lateAfterMs))],
  );
  return new Set(rows.map(({ server }) => server));
}

/** What AI agents said of their troubles in their latest beat, by `server\nagent_id`. */
export async function readLastWords(
  transaction: Queryable,
  asked: readonly { readonly server: string; readonly agentId: string }[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (asked.length === 0) return new Map();
  const { rows } = await transaction.query<{ server: string; agent_id: string; alerts: readonly string[] }>(
    `SELECT server, agent_id, alerts FROM unnest($1::text[], $2::text[]) AS asked (server, agent_id)
     CROSS JOIN LATERAL (SELECT alerts FROM agent_status
       WHERE agent_status.server = asked.server AND agent_status.agent_id = asked.agent_id ORDER BY timestamp DESC LIMIT 1) latest`,
    [asked.map(({ server }) => server), asked.map(({ agentId }) => agentId)],
  );
  return new Map(rows.map((row) => [`${row.server}\n${row.agent_id}`, row.alerts]));
}
