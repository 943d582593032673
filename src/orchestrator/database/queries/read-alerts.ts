import type { AlertSeverity } from '../../../contract/alert.ts';
import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';

export interface AlertRow {
  readonly id: number;
  readonly severity: AlertSeverity;
  readonly kind: string;
  readonly title: string;
  readonly server: string;
  readonly agent_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly state: AlertView['state'];
}

export const ALERT_COLUMNS =
  'id, severity, kind, title, server, agent_id, detail, count, first_at, last_at, state' as const;

/** Alerts, newest first: by state and server, or those with these ids. */
export async function readAlerts(
  database: Queryable,
  which: { state?: string | undefined; server?: string | undefined; ids?: readonly string[]; limit?: number } = {},
): Promise<AlertView[]> {
  const { rows } = await database.query<AlertRow>(
    `SELECT ${ALERT_COLUMNS} FROM alerts
     WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR server = $2) AND ($3::bigint[] IS NULL OR id = ANY($3))
     ORDER BY last_at DESC, id DESC LIMIT $4`,
    [which.state ?? null, which.server ?? null, which.ids ?? null, which.limit ?? 200],
  );
  return rows.map(toAlertView);
}

export function toAlertView(row: AlertRow): AlertView {
  return {
    id: String(row.id),
    severity: row.severity,
    kind: row.kind,
    title: row.title,
    server: row.server,
    agent_id: row.agent_id,
    detail: row.detail,
    count: row.count,
    first_at: row.first_at.toISOString(),
    last_at: row.last_at.toISOString(),
    state: row.state,
  };
}
