import type { AlertSeverity } from '../../../contract/alert.ts';
import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';
import { holdable } from '../storable.ts';
import type { NotificationEvent } from './plan-notifications.ts';
import { ALERT_COLUMNS, type AlertRow, toAlertView } from './read-alerts.ts';

/** A notification that this replica is to tell now. */
export interface ClaimedNotification {
  readonly id: number;
  readonly group_id: number;
  readonly opened_at: Date; // of the group
  readonly channel: string;
  readonly event: NotificationEvent;
  readonly severity: AlertSeverity;
  readonly created_at: Date;
  /** This attempt counted. */
  readonly attempts: number;
}

/**
 * Claims what is due, one a channel, until `until`: another replica takes others meanwhile, and these ones once the claim has run out. A
 * channel is told one thing at a time, and of one group in the order in which it happened.
 */
export async function claimNotifications(
  database: Queryable,
  claim: { readonly by: string; readonly now: Date; readonly until: Date; readonly busy: readonly string[] },
): Promise<ClaimedNotification[]> {
  const { rows } = await database.query<ClaimedNotification>(
    `WITH due AS (
       SELECT DISTINCT ON (channel) id FROM notifications one
       WHERE state = 'waiting' AND due_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1) AND channel <> ALL($2)
         AND NOT EXISTS (SELECT FROM notifications other
           WHERE other.state = 'waiting' AND other.channel = one.channel AND other.claimed_until > $1)
         AND NOT EXISTS (SELECT FROM notifications earlier WHERE earlier.state = 'waiting' AND earlier.group_id = one.group_id
           AND earlier.channel = one.channel AND earlier.id < one.id AND earlier.attempts > 0)
       ORDER BY channel, due_at, id)
     UPDATE notifications SET claimed_by = $3, claimed_until = $4, attempts = attempts + 1, held = NULL
     FROM due, alert_groups
     WHERE notifications.id = due.id AND alert_groups.id = group_id AND state = 'waiting' AND (claimed_until IS NULL OR claimed_until <= $1)
     RETURNING notifications.id, group_id, opened_at, channel, event, severity, created_at, attempts`,
    [claim.now, claim.busy, claim.by, claim.until],
  );
  return rows;
}

/** So many are looked at one by one; a message shows far fewer, and says how many there are. */
const ALERTS_MAX = 500;

/** The alerts of a notification as they are now, the worst and newest first, with how many there are. */
export async function readNotifiedAlerts(
  database: Queryable,
  id: number,
): Promise<{ readonly alerts: AlertView[]; readonly total: number }> {
  const { rows } = await database.query<AlertRow & { readonly total: number }>(
    `SELECT ${ALERT_COLUMNS}, count(*) OVER () AS total FROM notification_alerts JOIN alerts ON alerts.id = alert_id
     WHERE notification_id = $1
     ORDER BY state = 'resolved', CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, last_at DESC, id DESC
     LIMIT ${ALERTS_MAX}`,
    [id],
  );
  return { alerts: rows.map(toAlertView), total: rows[0]?.total ?? 0 };
}

/** The states of its alerts, which stay as they are until the transaction has ended. */
export async function holdNotifiedStates(transaction: Queryable, id: number): Promise<AlertView['state'][]> {
  const { rows } = await transaction.query<{ state: AlertView['state'] }>(
    `SELECT state FROM notification_alerts JOIN alerts ON alerts.id = alert_id WHERE notification_id = $1
     ORDER BY alerts.id FOR SHARE OF alerts`,
    [id],
  );
  return rows.map(({ state }) => state);
}

/** How a claimed notification ended, or why it waits on. */
export type Outcome =
  | { readonly state: 'told'; readonly providerId: string | null }
  | { readonly state: 'moot' }
  | { readonly state: 'failed'; readonly error: string }
  | { readonly state: 'waiting'; readonly dueAt: Date; readonly error: string }
  /** It was not tried. */
  | { readonly state: 'waiting'; readonly dueAt: Date; readonly held: string | null };

/** Notes the outcome of a claim that is still ours. False: it had run out, and another replica has it. */
export async function endClaim(
  database: Queryable,
  claim: { readonly id: number; readonly by: string },
  outcome: Outcome,
  now: Date,
): Promise<boolean> {
  const ended = outcome.state !== 'waiting';
  const held = 'held' in outcome ? outcome.held : null;
  const { count } = await database.query(
    `UPDATE notifications SET state = $3, ended_at = $4, provider_id = $5, error = $6, due_at = coalesce($7, due_at), held = $8,
       attempts = attempts - $9, claimed_by = NULL, claimed_until = NULL
     WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'`,
    [
      claim.id,
      claim.by,
      outcome.state,
      ended ? now : null,
      outcome.state === 'told' ? textOf(outcome.providerId, 300) : null,
      'error' in outcome ? textOf(outcome.error, 1_000) : null,
      outcome.state === 'waiting' ? outcome.dueAt : null,
      held,
      'held' in outcome ? 1 : 0,
    ],
  );
  return count > 0;
}

/** What a provider said may be anything, and must not keep its outcome from being noted: it would be told again for ever. */
function textOf(said: string | null, lengthMax: number): string | null {
  return said === null ? null : holdable(said.slice(0, lengthMax));
}

/** Takes alerts out of a notification: they are told by another, later. */
export async function leaveNotification(database: Queryable, id: number, alertIds: readonly string[]): Promise<void> {
  await database.query('DELETE FROM notification_alerts WHERE notification_id = $1 AND alert_id = ANY($2::bigint[])', [
    id,
    alertIds,
  ]);
}

/**
 * When the next one becomes due after `now`, in epoch ms; `undefined`: none does. What is due already and still waits is being told, or waits
 * behind something that is: no time of its own says when that ends.
 */
export async function nextDueAt(database: Queryable, now: Date): Promise<number | undefined> {
  const { rows } = await database.query<{ due_at: Date | null }>(
    "SELECT min(due_at) AS due_at FROM notifications WHERE state = 'waiting' AND due_at > $1",
    [now],
  );
  return rows[0]?.due_at?.getTime();
}
