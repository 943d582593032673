import type { AlertSettings, ChannelSettings } from '../../config/index.ts';
import { type AlertSeverity, severityRank } from '../../contract/alert.ts';
import type { AlertView } from '../../contract/fleet.ts';
import type { Queryable } from '../database/database.ts';
import {
  claimReminders,
  closeGroups,
  countTroubled,
  EVENTS_MAX,
  type GroupNotification,
  insertNotifications,
  joinGroups,
  joinNotification,
  markPlanned,
  type NewNotification,
  readAcknowledgedGroups,
  readGroupNotifications,
  readOpenGroups,
  readOverGroups,
  readQuietAlerts,
  readToldAlerts,
  readUnplannedEvents,
  setAsideAcknowledged,
  setClosing,
  type UnplannedEvent,
} from '../database/queries/plan-notifications.ts';
import { resolveAlerts } from '../database/queries/resolve-alerts.ts';
import { ALONE_MAX, closingAt, dueAt, groupKeyOf, type ToldBefore, troubleOf, wants } from './plan.ts';

/** In the timeline of an alert whose end nobody told. */
const NOT_TOLD_AGAIN = 'not told again for a long time';

/** By whom and how people are told now. */
export interface TellingPolicy {
  readonly alerts: AlertSettings;
  readonly channels: readonly ChannelSettings[];
}

export interface PlannedRound {
  /** There are more events: go on at once. */
  readonly more: boolean;
  /** Alerts that this round has resolved. */
  readonly resolved: readonly AlertView[];
}

/**
 * One round of planning, in a transaction of its own while no other replica plans: what happened to alerts becomes notifications, groups
 * of which everything is over are closed, and what goes on unseen is told again. Everything that it decides by is in the database, so a
 * replica that is killed in the middle of it leaves nothing half done.
 */
export async function planNotifications(
  transaction: Queryable,
  policy: TellingPolicy,
  now: number,
): Promise<PlannedRound> {
  const at = new Date(now);
  const quiet = await readQuietAlerts(transaction, new Date(now - policy.alerts.resolveAfterMs));
  const resolved =
    quiet.length === 0 ? [] : await resolveAlerts(transaction, { ids: quiet }, at, { by: null, note: NOT_TOLD_AGAIN });
  const events = await readUnplannedEvents(transaction);
  if (events.length > 0) {
    await planOpened(transaction, policy, events.filter(isOpening), now);
    await planAcknowledged(transaction, policy, events, now);
    await planOver(transaction, policy, events, now);
    await markPlanned(
      transaction,
      events.map((event) => event.event_id),
    );
  }
  const closed = await closeGroups(transaction, at);
  await planResolved(transaction, policy, closed, now);
  await planReminders(transaction, policy, now);
  return {
    more: events.length === EVENTS_MAX,
    resolved,
  };
}

function isOpening({ event, state }: UnplannedEvent): boolean {
  // One that is over by now was a hiccup: nobody hears of it, and its timeline shows it.
  return (event === 'opened' || event === 'reopened' || event === 'worsened') && state !== 'resolved';
}

async function planOpened(
  transaction: Queryable,
  policy: TellingPolicy,
  events: readonly UnplannedEvent[],
  now: number,
): Promise<void> {
  const opened = [...new Map(events.map((event) => [event.alert_id, event])).values()];
  if (opened.length === 0) return;
  const keys = await groupKeys(transaction, opened, new Date(now - policy.alerts.groupIntervalMs));
  const joined = opened.map((event) => ({ event, alertId: event.alert_id, key: keys.get(event)! }));
  await setAsideAcknowledged(
    transaction,
    joined.map(({ key }) => key),
    joined.map(({ alertId }) => alertId),
  );
  const groupIds = await joinGroups(transaction, joined, new Date(now));
  const known = await readGroupNotifications(transaction, [...groupIds.values()]);
  const names = new Set(policy.channels.map(({ name }) => name));
  const made: NewNotification[] = [];
  for (const [key, members] of Map.groupBy(joined, (one) => one.key)) {
    const groupId = groupIds.get(key)!;
    for (const channel of policy.channels) {
      const before = known.filter((one) => one.group_id === groupId && one.channel === channel.name);
      const wanted = await withoutKnown(
        transaction,
        members.filter(({ event }) => wants(channel, event, names)),
        { groupId, channel: channel.name },
      );
      if (wanted.length === 0) continue;
      const severity = worst(wanted.map(({ event }) => event.severity));
      const news = {
        groupId,
        channel: channel.name,
        event: channel.escalateAfterMs === undefined ? ('opened' as const) : ('escalated' as const),
        severity,
        dueAt: dueAt(channel, severity, toldBefore(before), policy.alerts, now),
        alertIds: wanted.map(({ alertId }) => alertId),
      };
      const waiting = before.findLast((one) => isJoinable(one, news, policy.alerts.groupWaitMs));
      const joins = waiting !== undefined && (await joinNotification(transaction, waiting.id, joinedTo(waiting, news)));
      if (!joins) made.push(news);
    }
  }
  await insertNotifications(transaction, made, new Date(now));
}

/** An alert stays in its group as long as that is open; of a trouble that is met by many at once, new ones are told together. */
async function groupKeys(
  transaction: Queryable,
  opened: readonly UnplannedEvent[],
  since: Date,
): Promise<Map<UnplannedEvent, string>> {
  const open = await readOpenGroups(transaction, groupsOf(opened));
  const news = opened.filter(({ group_id: groupId }) => groupId === null || !open.has(groupId));
  const ofTroubles = Map.groupBy(news, (event) => (event.agent_id === null ? undefined : troubleOf(event)));
  const troubles = [...ofTroubles.keys()].filter((trouble) => trouble !== undefined);
  const known = troubles.length === 0 ? new Map() : await countTroubled(transaction, troubles, since);
  const crowds = troubles.filter((trouble) => {
    const agents = new Set(ofTroubles.get(trouble)!.map(({ agent_id: agentId }) => agentId)).size;
    return agents + (known.get(trouble) ?? 0) > ALONE_MAX;
  });
  return new Map(
    opened.map((event) => {
      const trouble = troubleOf(event);
      const isOfCrowd = trouble !== undefined && crowds.includes(trouble);
      return [event, open.get(event.group_id ?? -1) ?? groupKeyOf(event, isOfCrowd)];
    }),
  );
}

/** Whoever is called last is called for what has waited as long as it may, not with it for what has just begun. */
function isJoinable(one: GroupNotification, { event, dueAt }: NewNotification, togetherMs: number): boolean {
  if (one.event !== event || one.state !== 'waiting' || one.attempts > 0) return false;
  return event !== 'escalated' || one.due_at.getTime() >= dueAt - togetherMs;
}

/** Without what is back before its group was closed: whoever was told that it began was never told that it was over. */
async function withoutKnown<T extends { readonly event: UnplannedEvent }>(
  transaction: Queryable,
  members: readonly T[],
  { groupId, channel }: { readonly groupId: number; readonly channel: string },
): Promise<readonly T[]> {
  const isBack = ({ event }: T) => event.event === 'reopened' && event.group_id === groupId;
  if (!members.some(isBack)) return members;
  const told = new Set((await readToldAlerts(transaction, groupId, channel)).map(({ id }) => id));
  return members.filter((one) => !isBack(one) || !told.has(one.event.alert_id));
}

function joinedTo(waiting: GroupNotification, news: NewNotification) {
  return { ...news, severity: worst([waiting.severity, news.severity]) };
}

function toldBefore(before: readonly GroupNotification[]): ToldBefore {
  const told = before.filter(isKnown);
  const last = told.findLast(({ ended_at }) => ended_at !== null);
  return {
    lastAt: last?.ended_at?.getTime(),
    severity: told.length === 0 ? undefined : worst(told.map(({ severity }) => severity)),
  };
}

/** Only where everything of a group is acknowledged, and only to those who were told of it: whoever pages people stops then. */
async function planAcknowledged(
  transaction: Queryable,
  policy: TellingPolicy,
  events: readonly UnplannedEvent[],
  now: number,
): Promise<void> {
  const groupIds = groupsOf(events.filter(({ event }) => event === 'acknowledged'));
  if (groupIds.length === 0) return;
  const acknowledged = await readAcknowledgedGroups(transaction, groupIds);
  await tellThoseWhoKnow(
    transaction,
    policy.channels.filter(carriesAcknowledgement),
    [...acknowledged],
    'acknowledged',
    now,
  );
}

/** A chat needs no message of it; a pager stops calling. */
function carriesAcknowledgement({ type }: ChannelSettings): boolean {
  return type === 'pagerduty' || type === 'webhook';
}

async function planOver(
  transaction: Queryable,
  policy: TellingPolicy,
  events: readonly UnplannedEvent[],
  now: number,
): Promise<void> {
  // Those in which something was that is over now, or is in another by now.
  const groupIds = groupsOf(events.filter((one) => one.event === 'resolved' || isOpening(one)));
  if (groupIds.length === 0) return;
  const over = await readOverGroups(transaction, groupIds);
  await setClosing(
    transaction,
    over.map(({ id, reopened }) => ({ id, closingAt: closingAt(reopened, policy.alerts.settleMs, now) })),
  );
}

async function planResolved(
  transaction: Queryable,
  policy: TellingPolicy,
  groupIds: readonly number[],
  now: number,
): Promise<void> {
  const channels = policy.channels.filter(({ resolved }) => resolved);
  await tellThoseWhoKnow(transaction, channels, groupIds, 'resolved', now);
}

async function planReminders(transaction: Queryable, policy: TellingPolicy, now: number): Promise<void> {
  const { remindAfterMs } = policy.alerts;
  if (remindAfterMs === undefined) return;
  const groupIds = await claimReminders(transaction, new Date(now - remindAfterMs), new Date(now));
  await tellThoseWhoKnow(transaction, policy.channels, groupIds, 'reminded', now);
}

/** To the channels that know of these groups: that were told of them, or are just being told. */
async function tellThoseWhoKnow(
  transaction: Queryable,
  channels: readonly ChannelSettings[],
  groupIds: readonly number[],
  event: 'acknowledged' | 'resolved' | 'reminded',
  now: number,
): Promise<void> {
  if (groupIds.length === 0 || channels.length === 0) return;
  const known = await readGroupNotifications(transaction, groupIds);
  const made: NewNotification[] = [];
  for (const groupId of groupIds) {
    for (const channel of channels) {
      const told = known.filter((one) => one.group_id === groupId && one.channel === channel.name && isKnown(one));
      if (told.length === 0) continue;
      // Whoever can't be reached isn't reminded of it several times at once.
      if (event === 'reminded' && told.some(({ state }) => state === 'waiting')) continue;
      const all = await readToldAlerts(transaction, groupId, channel.name);
      const still = all.filter(({ isIn }) => isIn);
      // Nothing of it is left to tell people; a pager's incident ends with its group all the same.
      if (still.length === 0 && !carriesAcknowledgement(channel)) continue;
      const alertIds = (still.length === 0 ? all : still).map(({ id }) => id);
      const severity = worst(told.map((one) => one.severity));
      made.push({ groupId, channel: channel.name, event, severity, dueAt: now, alertIds });
    }
  }
  await insertNotifications(transaction, made, new Date(now));
}

/** Whether a channel knows of it: it was told, or was tried and may have been taken. */
function isKnown({ state, attempts }: GroupNotification): boolean {
  return state === 'told' || (state === 'waiting' && attempts > 0);
}

function groupsOf(events: readonly UnplannedEvent[]): number[] {
  return [...new Set(events.flatMap(({ group_id: groupId }) => groupId ?? []))];
}

function worst(severities: readonly AlertSeverity[]): AlertSeverity {
  return severities.reduce((a, b) => (severityRank(b) > severityRank(a) ? b : a));
}
