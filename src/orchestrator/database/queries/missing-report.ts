import type { Queryable } from '../database.ts';

/** How the report of a day stands: made since the day was over or not, and on which shelves it isn't. */
export interface DayStanding {
  readonly ready: boolean;
  readonly error: string | null;
  /** Shelves that are to have something of it and don't, each with what went wrong there last. */
  readonly missing: readonly { readonly shelf: string; readonly error: string | null }[];
}

/** `undefined`: nobody has ever begun to make it. */
export async function readDayStanding(database: Queryable, day: string): Promise<DayStanding | undefined> {
  const { rows } = await database.query<DayStanding>(
    `SELECT coalesce(version > 0 AND sent = version AND looked_at >= ends_at, false) AS ready, error,
       coalesce((SELECT json_agg(json_build_object('shelf', shelf, 'error', error) ORDER BY shelf) FROM (
         SELECT shelf, max(error) AS error FROM report_deliveries one
         WHERE one.kind = reports.kind AND one.period = reports.period AND version IS DISTINCT FROM wanted AND state <> 'delivered'
           AND error_code IS DISTINCT FROM 'NSV_SHELF_UNKNOWN'
         GROUP BY shelf) AS shelves), '[]') AS missing
     FROM reports WHERE kind = 'daily' AND period = $1`,
    [day],
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
