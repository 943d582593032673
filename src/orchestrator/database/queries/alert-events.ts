import type { AlertSeverity } from '../../../contract/alert.ts';
import type { Queryable } from '../database.ts';

/** What can happen to an alert. */
export type AlertEvent = 'opened' | 'reopened' | 'worsened' | 'eased' | 'acknowledged' | 'resolved';

export interface NewAlertEvent {
  readonly alertId: number;
  readonly at: Date;
  readonly event: AlertEvent;
  /** As it is from then on. */
  readonly severity: AlertSeverity;
  /** Null: nobody, it happened by itself. */
  readonly by: string | null;
  readonly note: string | null;
}

/** Notes what happened, in the transaction in which it happens: so whatever is stored is also told (plan-notifications). */
export async function appendAlertEvents(transaction: Queryable, events: readonly NewAlertEvent[]): Promise<void> {
  if (events.length === 0) return;
  await transaction.query(
    `INSERT INTO alert_events (alert_id, at, event, severity, by_whom, note)
     SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[])`,
    [
      events.map(({ alertId }) => alertId),
      events.map(({ at }) => at),
      events.map(({ event }) => event),
      events.map(({ severity }) => severity),
      events.map(({ by }) => by),
      events.map(({ note }) => note),
    ],
  );
}
