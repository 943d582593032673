import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';
import { ALERT_COLUMNS, type AlertRow, toAlertView } from './read-alerts.ts';

/** The trouble of this kind is over. Answers the alerts that were open until now. */
export async function resolveAlerts(database: Queryable, server: string, kind: string): Promise<AlertView[]> {
  const { rows } = await database.query<AlertRow>(
    `UPDATE alerts SET state = 'resolved' WHERE server = $1 AND kind = $2 AND state <> 'resolved' RETURNING ${ALERT_COLUMNS}`,
    [server, kind],
  );
  return rows.map(toAlertView);
}
