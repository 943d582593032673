import type { Queryable } from '../database.ts';
import { standingOf } from './archive-sums.ts';

/** Which archived objects are past their retention. */
export interface ExpiryHorizon {
  /** Their window began before this. */
  readonly windowBefore: Date;
  /** And the catalog has had them since before this: what came late is there to be read for a while. */
  readonly archivedBefore: Date;
}

export interface ExpiredObject {
  readonly server: string;
  readonly key: string;
  readonly window_at: Date;
  readonly bytes: number;
  readonly records: number;
}

const CONDITION = `state = 'archived' AND window_at < $1 AND archived_at < $2`;

/** Some of them, the oldest first. */
export async function readExpired(
  database: Queryable,
  { windowBefore, archivedBefore }: ExpiryHorizon,
  limit: number,
): Promise<ExpiredObject[]> {
  const { rows } = await database.query<ExpiredObject>(
    `SELECT server, key, window_at, bytes, records FROM archive_objects
     WHERE ${CONDITION} ORDER BY window_at, server, n LIMIT $3`,
    [windowBefore, archivedBefore, limit],
  );
  return rows;
}

export interface ExpirySum {
  readonly objects: number;
  readonly records: number;
  readonly bytes: number;
  readonly servers: number;
  readonly oldest: Date | null;
  readonly newest: Date | null;
}

/** How many they are. */
export async function sumExpired(
  database: Queryable,
  { windowBefore, archivedBefore }: ExpiryHorizon,
): Promise<ExpirySum> {
  const { rows } = await database.query<ExpirySum>(
    `SELECT count(*) AS objects, COALESCE(sum(records), 0)::bigint AS records, COALESCE(sum(bytes), 0)::bigint AS bytes,
       count(DISTINCT server) AS servers, min(window_at) AS oldest, max(window_at) AS newest
     FROM archive_objects WHERE ${CONDITION}`,
    [windowBefore, archivedBefore],
  );
  return rows[0]!;
}

/** Forgets objects that are gone from the archive; that they came is not forgotten. */
export async function forgetExpired(database: Queryable, objects: readonly ExpiredObject[], at: Date): Promise<void> {
  await database.query(
    `WITH gone AS (
       DELETE FROM archive_objects WHERE state = 'archived'
         AND (server, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
       RETURNING bytes, missing_at
     ), stood AS (SELECT bytes FROM gone WHERE missing_at IS NULL), ${standingOf('stood', '$3', '-')}
     SELECT`,
    [objects.map(({ server }) => server), objects.map(({ key }) => key), at],
  );
}
