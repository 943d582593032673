import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';
import { ALERT_COLUMNS, type AlertRow, toAlertView } from './read-alerts.ts';

/** Marks an open alert as seen by `by`; one that is acknowledged already stays as it is. `undefined`: no such open alert. */
export async function acknowledgeAlert(
  database: Queryable,
  id: string,
  by: string,
  at: Date,
): Promise<AlertView | undefined> {
  const { rows } = await database.query<AlertRow>(
    `UPDATE alerts SET
       acknowledged_by = CASE WHEN state = 'open' THEN $2 ELSE acknowledged_by END,
       acknowledged_at = CASE WHEN state = 'open' THEN $3 ELSE acknowledged_at END,
       state = 'acknowledged'
     WHERE id = $1::bigint AND state <> 'resolved' RETURNING ${ALERT_COLUMNS}`,
    [id, by, at],
  );
  return rows[0] === undefined ? undefined : toAlertView(rows[0]);
}
