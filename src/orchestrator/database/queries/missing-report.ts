import type { Queryable } from '../database.ts';

/** A newer version of a report that stands is tried so often before people are told that it can't be made. */
const NEWER_FAILURES = 3;

/** How the report of a day stands: made since the day was over or not, and on which shelves it isn't. */
export interface DayStanding {
  readonly ready: boolean;
  readonly error: string | null;
  /** Shelves that are to have something of it and don't, each with what went wrong there last. */
  readonly missing: readonly MissingOnShelf[];
}

export interface MissingOnShelf {
  readonly shelf: string;
  readonly error: string | null;
  /** It failed there, or has waited for too long; else it is on its way. */
  readonly is_late: boolean;
}

/**
 * `undefined`: nobody has ever begun to make it. `shelves`: those of the configuration. What has been wanted since `wantedSince` alone is on its
 * way: a version that tells what came late, a shelf that was added, a file that somebody sends again.
 */
export async function readDayStanding(
  database: Queryable,
  day: string,
  shelves: readonly string[],
  wantedSince: Date,
): Promise<DayStanding | undefined> {
  const { rows } = await database.query<DayStanding>(
    // While a newer version is made, the one before it stands.
    `SELECT coalesce(sent > 0 AND looked_at >= ends_at AND (sent = version OR failures < ${NEWER_FAILURES}), false) AS ready, error,
       coalesce((SELECT json_agg(json_build_object('shelf', shelf, 'error', error, 'is_late', is_late) ORDER BY shelf) FROM (
         SELECT shelf, max(error) AS error,
           bool_or(state = 'failed' OR wanted_at <= $3 OR version IS NULL AND error IS NOT NULL) AS is_late FROM report_deliveries one
         WHERE one.kind = reports.kind AND one.period = reports.period AND version IS DISTINCT FROM wanted AND state <> 'delivered'
           AND shelf = ANY($2) AND (error_code IS NULL OR error_code NOT IN ('NSV_SHELF_UNKNOWN', 'NSV_SHELF_KEEPS_MORE'))
         GROUP BY shelf) AS shelves), '[]') AS missing
     FROM reports WHERE kind = 'daily' AND period = $1`,
    [day, shelves, wantedSince],
  );
  return rows[0];
}

/** The detail of the open alert of this name of the orchestrator's own; `undefined`: none is open. */
export async function readOpenDetail(
  database: Queryable,
  server: string,
  dedupKey: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { rows } = await database.query<{ detail: Readonly<Record<string, unknown>> }>(
    `SELECT detail FROM alerts WHERE server = $1 AND origin = 'orchestrator' AND dedup_key = $2 AND state <> 'resolved'`,
    [server, dedupKey],
  );
  return rows[0]?.detail;
}
