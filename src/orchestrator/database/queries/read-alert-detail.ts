import type { AlertDeliveryView, AlertDetail, AlertEventView } from '../../../contract/fleet.ts';
import type { CorrectionView } from '../../../contract/fleet-templates.ts';
import { silencedUntil } from '../../alerts/silence.ts';
import { templateIdIn } from '../../triage/template-of-alert.ts';
import type { Queryable } from '../database.ts';
import { readCorrectionOf } from './corrections.ts';
import { readAlerts } from './read-alerts.ts';
import { findTemplate } from './read-templates.ts';
import { readSilences } from './silences.ts';

/** The end of a long story is what matters. */
const EVENTS_MAX = 200;
const DELIVERIES_MAX = 200;

interface DeliveryRow extends Omit<AlertDeliveryView, 'due_at' | 'ended_at'> {
  readonly due_at: Date;
  readonly ended_at: Date | null;
}

/** An alert with what happened to it and whom it was told to. `undefined`: there is none of this id. */
export async function readAlertDetail(database: Queryable, id: string, now: Date): Promise<AlertDetail | undefined> {
  const [alert] = await readAlerts(database, { ids: [id] });
  if (alert === undefined) return undefined;
  const template = templateIdIn(alert.detail);
  const [events, deliveries, silences, correction] = await Promise.all([
    database.query<Omit<AlertEventView, 'at'> & { readonly at: Date }>(
      `SELECT at, event, severity, by_whom AS by, note FROM alert_events WHERE alert_id = $1::bigint
       ORDER BY id DESC LIMIT ${EVENTS_MAX}`,
      [id],
    ),
    database.query<DeliveryRow>(
      `SELECT channel, event, state, held, due_at, attempts, ended_at, error
       FROM notification_alerts JOIN notifications ON notifications.id = notification_id
       WHERE alert_id = $1::bigint ORDER BY notifications.id DESC LIMIT ${DELIVERIES_MAX}`,
      [id],
    ),
    readSilences(database, { endingAfter: now }),
    template === undefined ? undefined : readCorrectionOfAlert(database, template),
  ]);
  const until = silencedUntil(silences, alert, now.getTime());
  return {
    ...alert,
    events: events.rows.reverse().map((event) => ({ ...event, at: event.at.toISOString() })),
    deliveries: deliveries.rows.reverse().map((delivery) => ({
      ...delivery,
      due_at: delivery.due_at.toISOString(),
      ended_at: delivery.ended_at?.toISOString() ?? null,
    })),
    silenced_until: until === undefined ? null : new Date(until).toISOString(),
    ...(template === undefined ? {} : { correction: correction ?? null }),
  };
}

/** The template may have become more general since the alert was told. */
async function readCorrectionOfAlert(database: Queryable, template: string): Promise<CorrectionView | undefined> {
  const now = await findTemplate(database, template);
  return (await readCorrectionOf(database, now?.template ?? template)) ?? readCorrectionOf(database, template);
}
