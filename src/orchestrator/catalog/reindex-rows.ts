import type { ArchiveObject } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import { standingOf } from '../database/queries/archive-sums.ts';

/** Rows asked for by name at once, at the end; each costs a HEAD. */
const UNSEEN_AT_ONCE = 16;

/**
 * Notes that these objects stand in the archive. Resolves with the keys that the catalog has as archived with as many bytes (and the
 * same MD5, where both are known), and how many of them were called missing before.
 */
export async function noteListed(
  database: Database,
  objects: readonly ArchiveObject[],
  at: Date,
): Promise<{ readonly known: ReadonlySet<string>; readonly returned: number }> {
  if (objects.length === 0) return { known: new Set(), returned: 0 };
  const { rows } = await database.query<{ key: string; was_missing: boolean }>(
    // An ETag that is no MD5 of the content (a store that encrypts) would differ always: then the manifest is compared, which is only slower.
    `WITH seen AS (
     UPDATE archive_objects AS kept SET seen_at = $4, missing_at = NULL
     FROM (
       SELECT known.server, known.key, known.missing_at IS NOT NULL AS was_missing
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS listed(key, bytes, md5)
       JOIN archive_objects AS known ON known.server = split_part(listed.key, '/', 2) AND known.key = listed.key
       WHERE known.state = 'archived' AND known.bytes = listed.bytes
         AND (known.md5 IS NULL OR listed.md5 IS NULL OR known.md5 = listed.md5)
     ) AS found
     WHERE kept.server = found.server AND kept.key = found.key
     RETURNING kept.key, kept.bytes, found.was_missing
     ), returned AS (SELECT bytes FROM seen WHERE was_missing), ${standingOf('returned', '$4', '+')}
     SELECT key, was_missing FROM seen`,
    [objects.map(({ key }) => key), objects.map(({ bytes }) => bytes), objects.map(({ md5 }) => md5 ?? null), at],
  );
  return { known: new Set(rows.map(({ key }) => key)), returned: rows.filter((row) => row.was_missing).length };
}

export interface UnseenObject {
  readonly server: string;
  readonly key: string;
  readonly window_at: Date;
  readonly n: number;
  readonly records: number;
}

/** What was archived before `startedAt` and not listed since, a few at a time, in the order of servers and windows. */
export async function* unseenObjects(
  database: Database,
  scope: { readonly server: string | undefined; readonly windowAfter: Date | undefined },
  startedAt: Date,
): AsyncGenerator<readonly UnseenObject[]> {
  let after: readonly [server: string, window: Date | string, n: number] = ['', '-infinity', -1];
  for (;;) {
    const { rows } = await database.query<UnseenObject>(
      `SELECT server, key, window_at, n, records FROM archive_objects
       WHERE state = 'archived' AND archived_at < $1 AND (seen_at IS NULL OR seen_at < $1)
         AND ($2::text IS NULL OR server = $2) AND ($3::timestamptz IS NULL OR window_at > $3)
         AND (server, window_at, n) > ($4, $5::timestamptz, $6::integer)
       ORDER BY server, window_at, n LIMIT $7`,
      [startedAt, scope.server ?? null, scope.windowAfter ?? null, ...after, UNSEEN_AT_ONCE],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = [last.server, last.window_at, last.n];
  }
}

/** The rows stay, marked: they say what is missing. The instant of the first finding is kept. */
export async function markMissing(database: Database, objects: readonly UnseenObject[], at: Date): Promise<void> {
  if (objects.length === 0) return;
  await database.query(
    `WITH marked AS (
       UPDATE archive_objects SET missing_at = $3
       WHERE (server, key) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND state = 'archived' AND missing_at IS NULL
       RETURNING bytes
     ), ${standingOf('marked', '$3', '-')}
     SELECT`,
    [objects.map(({ server }) => server), objects.map(({ key }) => key), at],
  );
}
