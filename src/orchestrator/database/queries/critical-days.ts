import type { Queryable } from '../database.ts';

/** When an alert became critical, and since when it is over; null: it isn't. */
export interface CriticalOnset {
  readonly at: Date;
  readonly resolved_at: Date | null;
}

/** The alerts that became critical since then, in the order of time. One that came back is told of each time. */
export async function readCriticalOnsets(database: Queryable, since: Date): Promise<CriticalOnset[]> {
  const { rows } = await database.query<CriticalOnset>(
    `SELECT alert_events.at, (SELECT min(ended.at) FROM alert_events ended
       WHERE ended.alert_id = alert_events.alert_id AND ended.id > alert_events.id AND ended.event = 'resolved') AS resolved_at
     FROM alert_events WHERE severity = 'critical' AND event IN ('opened', 'reopened', 'worsened') AND at >= $1 ORDER BY at`,
    [since],
  );
  return rows;
}
