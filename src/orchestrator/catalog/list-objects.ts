import type { ArchiveObjectView } from '../../contract/fleet.ts';
import type { Queryable } from '../database/database.ts';

/** The catalog's newest objects first, of one server or of all; those that are still expected too (`archived_at` is null). */
export async function listObjects(
  database: Queryable,
  which: { readonly server?: string | undefined; readonly limit: number },
): Promise<ArchiveObjectView[]> {
  const { rows } = await database.query<{
    key: string;
    server: string;
    window_at: Date;
    records: number;
    bytes: number;
    text_bytes: number;
    archived_at: Date | null;
    missing_at: Date | null;
  }>(
    `SELECT key, server, window_at, records, bytes, text_bytes, archived_at, missing_at FROM archive_objects
     WHERE ($1::text IS NULL OR server = $1) ORDER BY window_at DESC, server DESC, n DESC LIMIT $2`,
    [which.server ?? null, which.limit],
  );
  return rows.map(({ window_at, archived_at, missing_at, ...row }) => ({
    ...row,
    window: window_at.toISOString(),
    archived_at: archived_at?.toISOString() ?? null,
    missing_at: missing_at?.toISOString() ?? null,
  }));
}
