import type { BatchMember } from '../../contract/batch.ts';
import { LEVELS } from '../../contract/record.ts';
import type { Queryable } from '../database/database.ts';
import { storableText } from './batch-rows.ts';
import type { LogQuery } from './log-filter.ts';

/** An archived object that may hold wanted records. */
export interface FoundObject {
  readonly key: string;
  readonly server: string;
  readonly window_at: Date;
  readonly n: number;
  readonly bytes: number;
  readonly text_bytes: number;
  readonly members: readonly BatchMember[];
}

const PAGE_OBJECTS = 200;

/**
 * The objects that may hold records of the query, in the order of their windows, page by page. They are chosen by the times of
 * their records, not by their windows: what arrived late stands in a later window.
 */
export async function* searchObjects(database: Queryable, query: LogQuery): AsyncGenerator<FoundObject> {
  const levels = query.level === undefined ? null : LEVELS.slice(LEVELS.indexOf(query.level));
  const at = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
  let after: readonly [window: Date | string, server: string, n: number] = ['-infinity', '', -1];
  for (;;) {
    const { rows } = await database.query<FoundObject>(
      `SELECT key, server, window_at, n, bytes, text_bytes, manifest->'members' AS members FROM archive_objects
       WHERE state = 'archived'
         AND ($1::text IS NULL OR server = $1)
         AND ($2::timestamptz IS NULL OR last_timestamp >= $2)
         AND ($3::timestamptz IS NULL OR first_timestamp < $3)
         AND ($4::text IS NULL OR manifest->'agents' ? $4 OR (manifest->>'agents_more')::bigint > 0)
         AND ($5::text[] IS NULL OR EXISTS (
           SELECT 1 FROM jsonb_each_text(manifest->'levels') AS counted(level, records)
           WHERE counted.level = ANY($5) AND counted.records::bigint > 0))
         AND (window_at, server, n) > ($6::timestamptz, $7::text, $8::integer)
       ORDER BY window_at, server, n LIMIT $9`,
      [
        query.server ?? null,
        at(query.since),
        at(query.until),
        query.agentId === undefined ? null : storableText(query.agentId),
        levels,
        ...after,
        PAGE_OBJECTS,
      ],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_OBJECTS) return;
    after = [last.window_at, last.server, last.n];
  }
}
