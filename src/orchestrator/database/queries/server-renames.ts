import type { Queryable } from '../database.ts';

/** Agents' clocks may be ahead of ours; a window that began later than this after the rename was not sealed under the former name. */
const CLOCK_SLACK_MS = 86_400_000;

/** Hashes of the keys that open as this server now: one, as a rule. */
export async function standingKeys(database: Queryable, server: string): Promise<readonly string[]> {
  const { rows } = await database.query<{ key_sha256: string }>(
    'SELECT key_sha256 FROM agent_keys WHERE server = $1 AND revoked_at IS NULL',
    [server],
  );
  return rows.map((row) => row.key_sha256);
}

/** `server` goes on for `former`, and for whom that one went on before. */
export async function recordRename(database: Queryable, server: string, former: string, at: Date): Promise<void> {
  await database.query(
    `INSERT INTO server_renames (server, former, renamed_at)
     SELECT $1::varchar, $2::varchar, $3::timestamptz
     UNION ALL SELECT $1::varchar, former, renamed_at FROM server_renames WHERE server = $2::varchar AND former NOT IN ($1::varchar, $2::varchar)
     ON CONFLICT (server, former) DO UPDATE SET renamed_at = GREATEST(server_renames.renamed_at, excluded.renamed_at)`,
    [server, former, at],
  );
}

/** Whether what was sealed under `former`, in a window that began then, may be archived by `server`. */
export async function wentBy(database: Queryable, server: string, former: string, windowAt: number): Promise<boolean> {
  const { count } = await database.query(
    'SELECT 1 FROM server_renames WHERE server = $1 AND former = $2 AND renamed_at > $3',
    [server, former, new Date(windowAt - CLOCK_SLACK_MS)],
  );
  return count > 0;
}
