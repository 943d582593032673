import type { ChannelSettings } from '../../config/index.ts';
import { severityRank } from '../../contract/alert.ts';
import type { AlertView, SilenceView } from '../../contract/fleet.ts';
import { matchesServerPattern } from '../../contract/server-pattern.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, isRetryable, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { type Random, randomHex } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import type { Database, Queryable } from '../database/database.ts';
import {
  type ClaimedNotification,
  claimNotifications,
  endClaim,
  holdNotifiedStates,
  leaveNotification,
  nextDueAt,
  type Outcome,
  readNotifiedAlerts,
} from '../database/queries/notification-queue.ts';
import { insertNotifications, type NotificationEvent } from '../database/queries/plan-notifications.ts';
import { readSilences } from '../database/queries/silences.ts';
import { whileAlone } from '../database/while-alone.ts';
import type { Duties } from '../duties.ts';
import { type EventHub, publishAlerts } from '../fleet/event-hub.ts';
import { channelFailing, channelTrouble } from './channel-trouble.ts';
import type { Channel, Told } from './channels/channel.ts';
import { linesOf } from './lines-of.ts';
import { NOTIFIED_ALERTS_MAX, type Notification, type NotifiedAlert } from './notification.ts';
import { planNotifications, type TellingPolicy } from './notification-planner.ts';
import { windowEnd } from './recurring-window.ts';
import { silencedUntil } from './silence.ts';

export interface NotifierOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly hub: EventHub;
  /** As the configuration says now. */
  readonly policy: () => TellingPolicy;
  /** `undefined`: the configuration has none of this name. One that cannot be used rejects. */
  readonly channel: (name: string) => Channel | undefined;
  /** Where people find this orchestrator's page. */
  readonly publicUrl: () => string;
  /** Told how each round went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
  /** Told what came of each attempt. */
  readonly onDelivery?: ((channel: string, outcome: DeliveryOutcome) => void) | undefined;
}

/** `retried`: it failed and is tried again; `held`: nobody may be told now, so it was not tried. */
export const DELIVERY_OUTCOMES = ['told', 'moot', 'failed', 'retried', 'held'] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** One replica plans at a time; the other's turn is soon enough. */
const PLAN_LOCK = 0x6e73_7638; // "nsv8"
/** Another replica's events are noticed this late at most; our own at once (`nudge`). */
const ROUND_MS = 1_000;
/** A claim outlasts an attempt by far; a replica that was killed is followed by another after this. */
const CLAIM_MS = 60_000;
/** While it may pass by itself, and while somebody has to mend something. */
const BACKOFF = { baseMs: 2_000, maxMs: 300_000 };
const BACKOFF_REFUSED = { baseMs: 60_000, maxMs: 1_800_000 };
/** A longer wait than this isn't heeded: an alert is news. */
const RETRY_AFTER_MS_MAX = 3_600_000;
/** What could not be told in this time is given up; it stays visible, and is an alert itself long before. */
const GIVE_UP_AFTER_MS = 86_400_000;
/** As many as fit into that time where somebody has to mend something: what was held back for days, or while we were off, is tried as often. */
const GIVE_UP_ATTEMPTS = 40;
/** Replicas don't learn of another configuration in the same instant: one may plan for a channel that the other has yet to hear of. */
const CHANNEL_AWAITED_MS = 120_000;
const CHANNEL_AGAIN_MS = 5_000;

/** Between two attempts to note that something was told; and how many where Postgres answers, but won't. */
const NOTE_AGAIN_MS = 1_000;
const NOTE_ATTEMPTS = 5;

/**
 * Tells people: turns what happened to alerts into notifications, and brings those to their channels. Whatever is told was stored before,
 * is claimed by one replica, and is noted after the channel has taken it: told at least once, and twice only where a replica is killed
 * between the two.
 */
export class Notifier implements AsyncDisposable {
  readonly #options: NotifierOptions;
  readonly #self = randomHex();
  readonly #pace: Pace;
  /** Channels that are being told something by this replica, and when that ends. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #subscription: Disposable | undefined;
  #roundAt: number | undefined;

  constructor(options: NotifierOptions) {
    this.#options = options;
    const report = options.duties?.take('alert_notifier');
    this.#pace = new Pace(options.clock, async () => {
      try {
        const waitMs = await this.#round();
        report?.();
        return waitMs;
      } catch (error) {
        report?.(error);
        // Postgres away: everything is in there, so nothing is forgotten by waiting.
        options.logger.warn('alerts not told', errorFields(error));
        return ROUND_MS;
      }
    });
  }

  start(): void {
    this.#subscription ??= this.#options.hub.subscribe((event) => {
      if (event.type === 'alert') this.#pace.nudge();
    });
    this.#pace.start();
  }

  /** When the last round went through, by the monotonic clock; `undefined`: none did yet. */
  get roundAt(): number | undefined {
    return this.#roundAt;
  }

  /** Plans until nothing new has happened. Answers whether this replica could: another one may be at it. */
  async planOnce(): Promise<boolean> {
    const { database, clock, hub, policy } = this.#options;
    for (;;) {
      const round = await whileAlone(database, PLAN_LOCK, (transaction) =>
        planNotifications(transaction, policy(), clock.now()),
      );
      if (round === undefined) return false;
      publishAlerts(hub, round.resolved);
      if (!round.more) return true;
    }
  }

  /** Tells what is due on channels that nothing is told on at the moment; resolves when all of it has ended. Answers how many. */
  async tellOnce(): Promise<number> {
    let told = 0;
    for (;;) {
      const started = await this.#begin();
      if (started.length === 0) return told;
      told += started.length;
      await Promise.all(started);
    }
  }

  async close(): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    this.#stop.abort(new DOMException('closing', 'AbortError'));
    await this.#pace.close();
    await Promise.all(this.#busy.values());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #round(): Promise<number> {
    const { database, clock } = this.#options;
    await this.planOnce();
    const begunAt = clock.now();
    await this.#begin();
    this.#roundAt = clock.monotonic();
    const next = await nextDueAt(database, new Date(begunAt));
    return next === undefined ? ROUND_MS : Math.min(ROUND_MS, Math.max(0, next - clock.now()));
  }

  /** Claims what is due and starts telling it; a slow channel holds no other. */
  async #begin(): Promise<Promise<void>[]> {
    const { database, clock, logger } = this.#options;
    const now = clock.now();
    const claims = await claimNotifications(database, {
      by: this.#self,
      now: new Date(now),
      until: new Date(now + CLAIM_MS),
      busy: [...this.#busy.keys()],
    });
    return claims.map((claim) => {
      const telling = this.#tell(claim)
        .catch((error: unknown) => {
          // The claim runs out by itself, and then it is tried again.
          if (!this.#stop.signal.aborted)
            logger.warn('a notification could not be brought to its end', {
              channel: claim.channel,
              ...errorFields(error),
            });
        })
        .finally(() => {
          this.#busy.delete(claim.channel);
          this.#pace.nudge(); // there may be more for this channel
        });
      this.#busy.set(claim.channel, telling);
      return telling;
    });
  }

  async #tell(claim: ClaimedNotification): Promise<void> {
    const { database, clock, policy, channel: open } = this.#options;
    const settings = policy().channels.find(({ name }) => name === claim.channel);
    const channel = open(claim.channel);
    if (settings === undefined || channel === undefined) {
      const now = clock.now();
      const outcome: Outcome =
        now - claim.created_at.getTime() < CHANNEL_AWAITED_MS
          ? { state: 'waiting', dueAt: new Date(now + CHANNEL_AGAIN_MS), held: 'no_channel' }
          : { state: 'failed', error: 'the channel is not in the configuration any more' };
      await this.#end(claim, outcome);
      return;
    }
    const { alerts, total } = await readNotifiedAlerts(database, claim.id);
    const told = await this.#whatToTell(claim, settings, alerts);
    if (!('alerts' in told)) {
      await this.#end(claim, told);
      return;
    }
    const notification = this.#notificationOf(claim, told.alerts, total - (alerts.length - told.alerts.length));
    let taken: Told;
    try {
      taken = await channel.tell(notification, this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) {
        // Whether the provider took it is not known: it is told again rather than never.
        await this.#end(claim, {
          state: 'waiting',
          dueAt: new Date(clock.now()),
          error: 'the orchestrator was closing',
        });
        return;
      }
      await this.#failed(claim, error);
      return;
    }
    await this.#noteTold(claim, taken);
  }

  /** It is told, and must be noted however long Postgres is away: nothing else is told on the channel meanwhile, nor this again. */
  async #noteTold(claim: ClaimedNotification, { providerId }: Told): Promise<void> {
    const { clock, logger } = this.#options;
    for (let failures = 0; ; ) {
      try {
        await this.#end(claim, { state: 'told', providerId });
        return;
      } catch (error) {
        if (++failures === 1)
          logger.warn('that an alert was told could not be noted', { channel: claim.channel, ...errorFields(error) });
        if (!isRetryable(error) && failures >= NOTE_ATTEMPTS) throw error;
        await clock.sleep(NOTE_AGAIN_MS, this.#stop.signal);
      }
    }
  }

  /** Which alerts are to be told now; or that it is moot, or waits. */
  async #whatToTell(
    claim: ClaimedNotification,
    settings: ChannelSettings,
    alerts: readonly AlertView[],
  ): Promise<Outcome | { readonly alerts: readonly AlertView[] }> {
    const now = this.#options.clock.now();
    const { event } = claim;
    if (alerts.length === 0) return { state: 'moot' };
    const quietUntil = this.#quietUntil(settings, claim, now);
    // A reminder comes again by itself: those of a whole night would be told in a heap.
    const waits = (until: number, held: string): Outcome =>
      event === 'reminded' ? { state: 'moot' } : { state: 'waiting', dueAt: new Date(until), held };
    if (quietUntil !== undefined) return waits(quietUntil, 'quiet_hours');
    if (event === 'resolved' || event === 'acknowledged') return { alerts };
    const isFirst = claim.attempts === 1;
    const live = alerts.filter(({ state }) => concerns(event, state));
    // Over before anybody tried to tell it: nobody is woken by a hiccup. What was tried is told, since somebody may know of it.
    if (live.length === 0 && isFirst) return { state: 'moot' };
    if (live.length === 0) return { alerts };
    const silences = await readSilences(this.#options.database, { endingAfter: new Date(now) });
    const until = new Map(live.map((alert) => [alert, this.#silencedUntil(alert, silences, now)]));
    const silenced = live.filter((alert) => until.get(alert) !== undefined);
    const dueAt = Math.min(...silenced.map((alert) => until.get(alert)!));
    if (silenced.length === live.length) return waits(dueAt, 'silenced');
    if (silenced.length > 0 && event !== 'reminded') await this.#putOff(claim, silenced, dueAt);
    return { alerts: live.filter((alert) => !silenced.includes(alert)) };
  }

  #quietUntil(settings: ChannelSettings, claim: ClaimedNotification, now: number): number | undefined {
    const { quietHours, timeZone } = settings;
    if (quietHours === undefined) return undefined;
    const { except } = quietHours;
    if (except !== undefined && severityRank(claim.severity) >= severityRank(except)) return undefined;
    return windowEnd(quietHours, timeZone, now);
  }

  /** By a silence, or by a maintenance of the configuration; each end is looked at again. */
  #silencedUntil(alert: AlertView, silences: readonly SilenceView[], now: number): number | undefined {
    const { maintenance } = this.#options.policy().alerts;
    const windows = maintenance
      .filter(({ servers }) => servers.some((pattern) => matchesServerPattern(pattern, alert.server)))
      .map((window) => windowEnd(window, window.timeZone, now));
    const ends = [...windows, silencedUntil(silences, alert, now)].filter((end) => end !== undefined);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /** Some of a group are silenced: they are told by themselves when that ends. */
  async #putOff(claim: ClaimedNotification, silenced: readonly AlertView[], dueAt: number): Promise<void> {
    const { database, clock } = this.#options;
    await database.transaction(async (transaction) => {
      const ids = silenced.map(({ id }) => id);
      await leaveNotification(transaction, claim.id, ids);
      const { group_id: groupId, channel, event, severity } = claim;
      const later = { groupId, channel, event, severity, dueAt, alertIds: ids.map(Number), held: 'silenced' } as const;
      await insertNotifications(transaction, [later], new Date(clock.now()));
    });
  }

  #notificationOf(claim: ClaimedNotification, alerts: readonly AlertView[], total: number): Notification {
    return {
      id: `nervesys-${claim.id}-${claim.created_at.getTime().toString(36)}`,
      event: claim.event,
      groupKey: `nervesys-${claim.group_id}-${claim.opened_at.getTime().toString(36)}`,
      severity: claim.severity,
      alerts: alerts.slice(0, NOTIFIED_ALERTS_MAX).map(toNotified),
      total,
      at: claim.created_at.toISOString(),
      link: `${this.#options.publicUrl()}/#alerts/${alerts[0]!.id}`,
    };
  }

  async #failed(claim: ClaimedNotification, error: unknown): Promise<void> {
    const { clock, random, logger } = this.#options;
    const now = clock.now();
    const passing = isRetryable(error);
    const asked = error instanceof NervesysError ? Number(error.facts['retryAfterMs'] ?? 0) : 0;
    const waitMs = Math.max(
      Math.min(asked, RETRY_AFTER_MS_MAX),
      backoffMs(claim.attempts, passing ? BACKOFF : BACKOFF_REFUSED, random),
    );
    const hint = error instanceof NervesysError && error.hint !== undefined ? `; ${error.hint}` : '';
    const text = `${describeError(error)}${hint}`;
    logger.warn('a channel could not be told', {
      channel: claim.channel,
      attempts: claim.attempts,
      ...errorFields(error),
    });
    const outcome: Outcome =
      claim.attempts >= GIVE_UP_ATTEMPTS && now + waitMs - claim.created_at.getTime() > GIVE_UP_AFTER_MS
        ? { state: 'failed', error: text }
        : { state: 'waiting', dueAt: new Date(now + waitMs), error: text };
    await this.#end(claim, outcome, channelFailing(claim, text, passing));
  }

  /**
   * Something of it has come back since it was looked at. Whoever plans takes what waits for told, so a note that it is moot must not overtake:
   * alerts don't change until that is committed.
   */
  async #isBack(transaction: Queryable, { id, event }: ClaimedNotification): Promise<boolean> {
    if (event !== 'opened' && event !== 'escalated') return false;
    return (await holdNotifiedStates(transaction, id)).some((state) => concerns(event, state));
  }

  /** Notes how it ended, together with what that says of the channel. */
  async #end(claim: ClaimedNotification, outcome: Outcome, trouble?: ReturnType<typeof channelFailing>): Promise<void> {
    const { database, clock, hub, onDelivery } = this.#options;
    const at = new Date(clock.now());
    const views = await database.transaction(async (transaction) => {
      const ended = outcome.state === 'moot' && (await this.#isBack(transaction, claim)) ? againAt(at) : outcome;
      const isOurs = await endClaim(transaction, { id: claim.id, by: this.#self }, ended, at);
      if (isOurs) transaction.afterCommit(() => onDelivery?.(claim.channel, deliveryOutcome(ended)));
      return isOurs ? channelTrouble(transaction, claim.channel, ended.state === 'told', trouble, at) : [];
    });
    publishAlerts(hub, views);
  }
}

/** Whether an alert that a notification is about is of interest to whom it is for. */
function concerns(event: NotificationEvent, state: AlertView['state']): boolean {
  return event === 'opened' ? state !== 'resolved' : state === 'open';
}

/** Looked at again at once; nothing was tried. */
function againAt(at: Date): Outcome {
  return { state: 'waiting', dueAt: at, held: null };
}

function deliveryOutcome(outcome: Outcome): DeliveryOutcome {
  if (outcome.state !== 'waiting') return outcome.state;
  return 'error' in outcome ? 'retried' : 'held';
}

function toNotified(alert: AlertView): NotifiedAlert {
  const { acknowledged_at: _, resolved_at: __, resolved_by: ___, reopened: ____, ...kept } = alert;
  return { ...kept, lines: linesOf(alert.detail) };
}
