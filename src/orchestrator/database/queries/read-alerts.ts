import { ALERT_SEVERITIES, type AlertSeverity, severityRank } from '../../../contract/alert.ts';
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
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: Date | null;
  readonly resolved_by: string | null;
  readonly resolved_at: Date | null;
  readonly reopened: number;
}

export const ALERT_COLUMNS =
  'id, severity, kind, title, server, agent_id, detail, count, first_at, last_at, state, acknowledged_by, acknowledged_at, resolved_by, resolved_at, reopened' as const;

export interface AlertFilter {
  /** `unresolved`: open or acknowledged. */
  readonly state?: AlertView['state'] | 'unresolved' | undefined;
  /** At least so bad. */
  readonly severity?: AlertSeverity | undefined;
  readonly server?: string | undefined;
  readonly agentId?: string | undefined;
  readonly kind?: string | undefined;
  readonly ids?: readonly string[];
  /** A part of the name of the server or the AI agent, or of the title. */
  readonly text?: string | undefined;
  /** Last told before this instant, for the page that follows. */
  readonly before?: string | undefined;
  /** Of those last told at that very instant, the ones that come after this one: a rack goes silent in one. */
  readonly beforeId?: string | undefined;
  readonly limit?: number;
}

/** Alerts, the one told last first. */
export async function readAlerts(database: Queryable, which: AlertFilter = {}): Promise<AlertView[]> {
  const states = which.state === 'unresolved' ? ['open', 'acknowledged'] : which.state && [which.state];
  const { rows } = await database.query<AlertRow>(
    `SELECT ${ALERT_COLUMNS} FROM alerts
     WHERE ($1::text[] IS NULL OR state = ANY($1)) AND ($2::text IS NULL OR server = $2) AND ($3::bigint[] IS NULL OR id = ANY($3))
       AND ($4::text[] IS NULL OR severity = ANY($4)) AND ($5::text IS NULL OR agent_id = $5) AND ($6::text IS NULL OR kind = $6)
       AND ($7::timestamptz IS NULL OR last_at < $7 OR (last_at = $7 AND id < $8::bigint))
       AND ($9::text IS NULL OR concat_ws(' ', server, agent_id, title) ILIKE $9)
     ORDER BY last_at DESC, id DESC LIMIT $10`,
    [
      states ?? null,
      which.server ?? null,
      which.ids ?? null,
      which.severity === undefined ? null : ALERT_SEVERITIES.slice(severityRank(which.severity)),
      which.agentId ?? null,
      which.kind ?? null,
      which.before ?? null,
      which.beforeId ?? null,
      which.text === undefined ? null : `%${which.text.replace(/[\\%_]/g, '\\$&')}%`,
      which.limit ?? 200,
    ],
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
    acknowledged_by: row.acknowledged_by,
    acknowledged_at: row.acknowledged_at?.toISOString() ?? null,
    resolved_by: row.resolved_by,
    resolved_at: row.resolved_at?.toISOString() ?? null,
    reopened: row.reopened,
  };
}
