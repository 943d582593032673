import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';
import { appendAlertEvents } from './alert-events.ts';
import { ALERT_COLUMNS, type AlertRow, toAlertView } from './read-alerts.ts';
import type { AlertOrigin } from './record-alerts.ts';

/** Which alerts are over: all of a kind, those with these names, or those with these ids. */
export type OverAlerts =
  | { readonly server: string; readonly origin: AlertOrigin; readonly kind: string }
  | { readonly server: string; readonly origin: AlertOrigin; readonly dedupKeys: readonly string[] }
  | { readonly ids: readonly string[] };

/**
 * The trouble is over: by itself, or because somebody (`by`) says so. Answers the alerts that weren't resolved until now. To be called within a
 * transaction.
 */
export async function resolveAlerts(
  transaction: Queryable,
  which: OverAlerts,
  now: Date,
  { by, note }: { readonly by: string | null; readonly note: string | null } = { by: null, note: null },
): Promise<AlertView[]> {
  const [condition, params] = conditionOf(which);
  const { rows } = await transaction.query<AlertRow>(
    `UPDATE alerts SET state = 'resolved', resolved_at = $1, resolved_by = $2
     WHERE state <> 'resolved' AND ${condition} RETURNING ${ALERT_COLUMNS}`,
    [now, by, ...params],
  );
  await appendAlertEvents(
    transaction,
    rows.map(({ id, severity }) => ({
      alertId: id,
      at: now,
      event: 'resolved',
      severity,
      by,
      note,
    })),
  );
  return rows.map(toAlertView);
}

function conditionOf(which: OverAlerts): readonly [string, readonly unknown[]] {
  if ('ids' in which) return ['id = ANY($3::bigint[])', [which.ids]];
  const { server, origin } = which;
  return 'kind' in which
    ? ['server = $3 AND origin = $4 AND kind = $5', [server, origin, which.kind]]
    : ['server = $3 AND origin = $4 AND dedup_key = ANY($5)', [server, origin, which.dedupKeys]];
}
