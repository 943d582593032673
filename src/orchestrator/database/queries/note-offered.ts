import type { Queryable } from '../database.ts';

/** Notes which revision a server was given, and when: what it does from then on may be its doing. */
export async function noteOffered(database: Queryable, server: string, revision: string, now: Date): Promise<void> {
  await database.query('UPDATE servers SET config_offered = $2, config_offered_at = $3 WHERE server = $1', [
    server,
    revision,
    now,
  ]);
}
