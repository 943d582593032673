import type { Queryable } from '../../database/database.ts';

/** When the first server was enrolled, or the first thing told; `undefined`: there is nothing yet. Before it nothing is 0, but unknown. */
export async function knownSince(database: Queryable): Promise<Date | undefined> {
  // A server that was forgotten leaves its objects and alerts.
  const { rows } = await database.query<{ at: Date | null }>(
    `SELECT least((SELECT min(enrolled_at) FROM servers), (SELECT min(at) FROM alert_events), (SELECT min(window_at) FROM archive_objects)) AS at`,
  );
  return rows[0]?.at ?? undefined;
}
