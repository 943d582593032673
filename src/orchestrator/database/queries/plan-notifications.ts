import type { AlertSeverity } from '../../../contract/alert.ts';
import type { PlannedAlert } from '../../alerts/plan.ts';
import type { Queryable } from '../database.ts';
import type { AlertEvent } from './alert-events.ts';

/** Events of one round; what is more is planned in the next, which follows at once. */
export const EVENTS_MAX = 500;

export type NotificationEvent = 'opened' | 'escalated' | 'reminded' | 'acknowledged' | 'resolved';

/** An event of which nobody has thought yet, with its alert as it is now. */
export interface UnplannedEvent extends PlannedAlert {
  readonly event_id: number;
  readonly event: AlertEvent;
  readonly alert_id: number;
  readonly group_id: number | null;
  readonly state: 'open' | 'acknowledged' | 'resolved';
  readonly reopened: number;
}

/**
 * Oldest first. Only one replica plans at a time, so they aren't locked; their alerts are, but never waited for: what is being changed is
 * planned in the next round.
 */
export async function readUnplannedEvents(transaction: Queryable): Promise<UnplannedEvent[]> {
  const { rows } = await transaction.query<UnplannedEvent>(
    `SELECT event.id AS event_id, event.event, alert_id, alerts.group_id, alerts.server, alerts.origin, alerts.agent_id, alerts.kind,
       alerts.severity, alerts.detail, alerts.state, alerts.reopened
     FROM alert_events event JOIN alerts ON alerts.id = alert_id
     WHERE NOT planned ORDER BY event.id LIMIT ${EVENTS_MAX} FOR NO KEY UPDATE OF alerts SKIP LOCKED`,
  );
  return rows;
}

export async function markPlanned(transaction: Queryable, eventIds: readonly number[]): Promise<void> {
  await transaction.query('UPDATE alert_events SET planned = true WHERE id = ANY($1::bigint[])', [eventIds]);
}

/**
 * Groups of these keys of which all that goes on is acknowledged, but for these alerts, go on under a key of their own: what begins now is a
 * trouble of its own then. Somebody is at the other, a pager would call nobody for it, and its end may be weeks away. Where nothing but these
 * goes on, and whoever pages was told last that somebody is at it, they leave it too: one that got worse is called for again.
 */
export async function setAsideAcknowledged(
  transaction: Queryable,
  keys: readonly string[],
  alertIds: readonly number[],
): Promise<void> {
  await transaction.query(
    `UPDATE alert_groups SET key = left(key, 270) || $3 || id WHERE closed_at IS NULL AND key = ANY($1::text[])
       AND coalesce(
         (SELECT bool_and(state = 'acknowledged') FROM alerts
           WHERE group_id = alert_groups.id AND state <> 'resolved' AND id <> ALL($2::bigint[])),
         (SELECT event = 'acknowledged' FROM notifications
           WHERE group_id = alert_groups.id AND state IN ('told', 'waiting') ORDER BY id DESC LIMIT 1))`,
    [[...new Set(keys)], alertIds, ASIDE],
  );
}

/** Stands in no name of an AI agent or channel, and between the key of a group that was set aside and its id. */
const ASIDE = '\u001f';

/** The open group of each key, made where there is none; what was about to close goes on. Puts the alerts, which are locked, into them. */
export async function joinGroups(
  transaction: Queryable,
  alerts: readonly { readonly alertId: number; readonly key: string }[],
  now: Date,
): Promise<Map<string, number>> {
  const keys = [...new Set(alerts.map(({ key }) => key))].sort();
  const { rows } = await transaction.query<{ key: string; id: number }>(
    `INSERT INTO alert_groups (key, opened_at) SELECT key, $2 FROM unnest($1::text[]) AS told (key)
     ON CONFLICT (key) WHERE closed_at IS NULL DO UPDATE SET closing_at = NULL RETURNING key, id`,
    [keys, now],
  );
  const idOf = new Map(rows.map(({ key, id }) => [key, id]));
  await transaction.query(
    `UPDATE alerts SET group_id = told.group_id FROM unnest($1::bigint[], $2::bigint[]) AS told (id, group_id)
     WHERE alerts.id = told.id`,
    [alerts.map(({ alertId }) => alertId), alerts.map(({ key }) => idOf.get(key))],
  );
  return idOf;
}

/** The keys of those groups that are open; of those that were set aside, the keys that they had. */
export async function readOpenGroups(
  transaction: Queryable,
  groupIds: readonly number[],
): Promise<Map<number, string>> {
  if (groupIds.length === 0) return new Map();
  const { rows } = await transaction.query<{ id: number; key: string }>(
    'SELECT id, key FROM alert_groups WHERE id = ANY($1::bigint[]) AND closed_at IS NULL',
    [groupIds],
  );
  return new Map(rows.map(({ id, key }) => [id, key.split(ASIDE)[0]!]));
}

/** How many AI agents each trouble (what group keys begin with) has begun at since then, as far as that was planned. */
export async function countTroubled(
  transaction: Queryable,
  troubles: readonly string[],
  since: Date,
): Promise<Map<string, number>> {
  const { rows } = await transaction.query<{ trouble: string; agents: number }>(
    `SELECT trouble, count(DISTINCT agent_id)::int AS agents
     FROM unnest($1::text[]) AS told (trouble)
     JOIN alert_groups ON closed_at IS NULL AND starts_with(key, trouble || E'\\n')
     JOIN alerts ON group_id = alert_groups.id
     JOIN alert_events event ON alert_id = alerts.id AND event.planned AND event.event IN ('opened', 'reopened') AND event.at > $2
     GROUP BY trouble`,
    [troubles, since],
  );
  return new Map(rows.map(({ trouble, agents }) => [trouble, agents]));
}

export interface GroupNotification {
  readonly id: number;
  readonly group_id: number;
  readonly channel: string;
  readonly event: NotificationEvent;
  readonly severity: AlertSeverity;
  readonly state: 'waiting' | 'told' | 'moot' | 'failed';
  readonly attempts: number;
  readonly due_at: Date;
  readonly ended_at: Date | null;
}

/** Everything that channels were told of these groups, or are to be told; in the order in which it was planned. */
export async function readGroupNotifications(
  transaction: Queryable,
  groupIds: readonly number[],
): Promise<GroupNotification[]> {
  const { rows } = await transaction.query<GroupNotification>(
    `SELECT id, group_id, channel, event, severity, state, attempts, due_at, ended_at FROM notifications
     WHERE group_id = ANY($1::bigint[]) ORDER BY id`,
    [groupIds],
  );
  return rows;
}

export interface NewNotification {
  readonly groupId: number;
  readonly channel: string;
  readonly event: NotificationEvent;
  readonly severity: AlertSeverity;
  readonly dueAt: number;
  readonly alertIds: readonly number[];
  readonly held?: 'silenced';
}

export async function insertNotifications(
  transaction: Queryable,
  notifications: readonly NewNotification[],
  now: Date,
): Promise<void> {
  for (const one of notifications) {
    await transaction.query(
      `WITH made AS (
         INSERT INTO notifications (group_id, channel, event, severity, created_at, due_at, held)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id)
       INSERT INTO notification_alerts (notification_id, alert_id)
       SELECT made.id, alert_id FROM made, unnest($8::bigint[]) AS alert_id`,
      [
        one.groupId,
        one.channel,
        one.event,
        one.severity,
        now,
        new Date(one.dueAt),
        one.held ?? null,
        [...new Set(one.alertIds)],
      ],
    );
  }
}

/** One that waits, and that nobody has tried to tell yet, takes in more. */
export async function joinNotification(
  transaction: Queryable,
  id: number,
  more: Pick<NewNotification, 'severity' | 'dueAt' | 'alertIds'>,
): Promise<boolean> {
  const { count } = await transaction.query(
    `UPDATE notifications SET severity = $2, due_at = least(due_at, $3), held = NULL
     WHERE id = $1 AND state = 'waiting' AND attempts = 0 AND claimed_until IS NULL`,
    [id, more.severity, new Date(more.dueAt)],
  );
  if (count === 0) return false;
  await transaction.query(
    `INSERT INTO notification_alerts (notification_id, alert_id) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING`,
    [id, [...new Set(more.alertIds)]],
  );
  return true;
}

/** Of these groups, those with nothing open any more, or nothing at all: how often something of them came back. */
export async function readOverGroups(
  transaction: Queryable,
  groupIds: readonly number[],
): Promise<{ readonly id: number; readonly reopened: number }[]> {
  const { rows } = await transaction.query<{ id: number; reopened: number }>(
    `SELECT asked.id, coalesce(max(reopened), 0) AS reopened FROM unnest($1::bigint[]) AS asked (id) LEFT JOIN alerts ON group_id = asked.id
     GROUP BY asked.id HAVING coalesce(bool_and(state = 'resolved'), true)`,
    [groupIds],
  );
  return rows;
}

/** Of these groups, those in which all that isn't over is acknowledged. */
export async function readAcknowledgedGroups(
  transaction: Queryable,
  groupIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const { rows } = await transaction.query<{ id: number }>(
    `SELECT group_id AS id FROM alerts WHERE group_id = ANY($1::bigint[]) AND state <> 'resolved'
     GROUP BY group_id HAVING bool_and(state = 'acknowledged')`,
    [groupIds],
  );
  return new Set(rows.map(({ id }) => id));
}

export async function setClosing(
  transaction: Queryable,
  groups: readonly { readonly id: number; readonly closingAt: number }[],
): Promise<void> {
  await transaction.query(
    `UPDATE alert_groups SET closing_at = told.closing_at FROM unnest($1::bigint[], $2::timestamptz[]) AS told (id, closing_at)
     WHERE alert_groups.id = told.id AND closed_at IS NULL`,
    [groups.map(({ id }) => id), groups.map((group) => new Date(group.closingAt))],
  );
}

/**
 * Closes the groups whose time has come; what nobody had tried to tell of them is moot. Answers their ids. Something of them that came
 * back since has taken their closing time away (`joinGroups`).
 */
export async function closeGroups(transaction: Queryable, now: Date): Promise<number[]> {
  const { rows } = await transaction.query<{ id: number }>(
    `UPDATE alert_groups SET closed_at = $1 WHERE closed_at IS NULL AND closing_at <= $1 RETURNING id`,
    [now],
  );
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0)
    await transaction.query(
      `UPDATE notifications SET state = 'moot', ended_at = $2
       WHERE group_id = ANY($1::bigint[]) AND state = 'waiting' AND attempts = 0 AND claimed_until IS NULL`,
      [ids, now],
    );
  return ids;
}

/** The alerts of a group that a channel knows of, and whether they are in it still: one that came back may be in another. */
export async function readToldAlerts(
  transaction: Queryable,
  groupId: number,
  channel: string,
): Promise<{ readonly id: number; readonly isIn: boolean }[]> {
  const { rows } = await transaction.query<{ id: number; is_in: boolean }>(
    `SELECT DISTINCT alert_id AS id, alerts.group_id IS NOT DISTINCT FROM $1 AS is_in
     FROM notification_alerts JOIN notifications ON notifications.id = notification_id JOIN alerts ON alerts.id = alert_id
     WHERE notifications.group_id = $1 AND channel = $2 AND notifications.state IN ('told', 'waiting')`,
    [groupId, channel],
  );
  return rows.map((row) => ({ id: row.id, isIn: row.is_in }));
}

/** Notes for groups with a critical alert that nobody has acknowledged, and of which nobody was told since, that it is told again. */
export async function claimReminders(transaction: Queryable, before: Date, now: Date): Promise<number[]> {
  const { rows } = await transaction.query<{ id: number }>(
    `UPDATE alert_groups SET reminded_at = $2
     WHERE closed_at IS NULL AND coalesce(reminded_at, opened_at) <= $1 AND EXISTS (
       SELECT FROM alerts WHERE group_id = alert_groups.id AND state = 'open' AND severity = 'critical')
     RETURNING id`,
    [before, now],
  );
  return rows.map(({ id }) => id);
}

/** Alerts whose end nobody tells, and that nobody has told again since `before`; locked without waiting. */
export async function readQuietAlerts(transaction: Queryable, before: Date): Promise<string[]> {
  const { rows } = await transaction.query<{ id: number }>(
    `SELECT id FROM alerts WHERE state <> 'resolved' AND heard_at < $1 AND (origin = 'agent' OR kind = ANY($2)) LIMIT 500
     FOR NO KEY UPDATE SKIP LOCKED`,
    [before, ENDLESS_KINDS],
  );
  return rows.map(({ id }) => String(id));
}

/** What the orchestrator itself tells of without ever telling that it is over. */
const ENDLESS_KINDS = ['enrolment.refused', 'agent.contract', 'agent.upgrade', 'server.cloned'];
