import type { Queryable } from '../database.ts';

/** Lets a key open the API as `name`. Repeating it changes nothing; a key that was revoked stays so. */
export async function registerApiKey(database: Queryable, sha256: string, name: string, now: Date): Promise<void> {
  await database.query(
    `INSERT INTO api_keys (key_sha256, name, role, created_at) VALUES ($1, $2, 'admin', $3) ON CONFLICT DO NOTHING`,
    [sha256, name, now],
  );
}
