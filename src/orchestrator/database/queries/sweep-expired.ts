import type { Queryable } from '../database.ts';

/** Removes codes and sessions past their time: they open nothing any more. */
export async function sweepExpired(database: Queryable, now: Date): Promise<void> {
  await database.query('DELETE FROM sign_in_codes WHERE expires_at < $1', [now]);
  await database.query('DELETE FROM sessions WHERE expires_at < $1', [now]);
}
