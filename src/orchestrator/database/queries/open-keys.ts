import type { Queryable } from '../database.ts';

/** Which of these keys of agents still open. */
export async function findOpenKeys(database: Queryable, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await database.query<{ key: string }>(
    'SELECT key_sha256 AS key FROM agent_keys WHERE key_sha256 = ANY($1) AND revoked_at IS NULL',
    [keys],
  );
  return new Set(rows.map((row) => row.key));
}
