import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';
import { appendAlertEvents } from './alert-events.ts';
import { ALERT_COLUMNS, type AlertRow, readAlerts, toAlertView } from './read-alerts.ts';

/**
 * Marks an open alert as seen by `by`; one that is acknowledged already stays as it is. `undefined`: there is no such alert that isn't over.
 * To be called within a transaction.
 */
export async function acknowledgeAlert(
  transaction: Queryable,
  id: string,
  { by, note }: { readonly by: string; readonly note: string | null },
  at: Date,
): Promise<AlertView | undefined> {
  const { rows } = await transaction.query<AlertRow>(
    `UPDATE alerts SET acknowledged_by = $2, acknowledged_at = $3, state = 'acknowledged'
     WHERE id = $1::bigint AND state = 'open' RETURNING ${ALERT_COLUMNS}`,
    [id, by, at],
  );
  const row = rows[0];
  if (row === undefined) {
    const [known] = await readAlerts(transaction, { ids: [id] });
    return known?.state === 'acknowledged' ? known : undefined;
  }
  await appendAlertEvents(transaction, [
    { alertId: row.id, at, event: 'acknowledged', severity: row.severity, by, note },
  ]);
  return toAlertView(row);
}
