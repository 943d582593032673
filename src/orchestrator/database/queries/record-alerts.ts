import type { AlertReport } from '../../../contract/alert.ts';
import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';
import { ALERT_COLUMNS, type AlertRow, toAlertView } from './read-alerts.ts';

/** An alert as it is stored: `count` times told since the request before, `at` no later than the orchestrator's now. */
export interface StoredReport extends AlertReport {
  readonly count: number;
}

/** Stores alerts of one server. One that is open or acknowledged under the same `dedup_key` counts up instead. */
export async function recordAlerts(
  database: Queryable,
  server: string,
  reports: readonly StoredReport[],
): Promise<AlertView[]> {
  const { rows } = await database.query<AlertRow>(
    `INSERT INTO alerts AS known (server, dedup_key, agent_id, severity, kind, title, detail, count, first_at, last_at)
     SELECT $1, told.dedup_key, told.agent_id, told.severity, told.kind, told.title, told.detail, told.count, told.at, told.at
     FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::int[], $9::timestamptz[])
       AS told (dedup_key, agent_id, severity, kind, title, detail, count, at)
     ORDER BY told.dedup_key
     ON CONFLICT (server, dedup_key) WHERE state <> 'resolved' DO UPDATE SET
       count = known.count + excluded.count, last_at = greatest(known.last_at, excluded.last_at),
       severity = excluded.severity, title = excluded.title, detail = excluded.detail
     RETURNING ${ALERT_COLUMNS}`,
    [
      server,
      reports.map((report) => report.dedup_key),
      reports.map((report) => report.agent_id),
      reports.map((report) => report.severity),
      reports.map((report) => report.kind),
      reports.map((report) => report.title),
      reports.map((report) => JSON.stringify(report.detail)),
      reports.map((report) => report.count),
      reports.map((report) => report.at),
    ],
  );
  return rows.map(toAlertView);
}
