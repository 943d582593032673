import type { AlertSeverity } from '../../contract/alert.ts';

/** Why people are told. `test`: somebody tries a channel. */
export const NOTIFICATION_EVENTS = ['opened', 'escalated', 'reminded', 'acknowledged', 'resolved', 'test'] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

/** How many alerts of a group a notification carries at most; `total` says how many there are. */
export const NOTIFIED_ALERTS_MAX = 20;

/** What a channel is asked to tell: the same on each attempt. Texts in it may hold anything; a channel makes them harmless. */
export interface Notification {
  /** Unique per event and channel, stable over attempts: the idempotency key where the provider has one. */
  readonly id: string;
  readonly event: NotificationEvent;
  /** Names the trouble over its life: the provider's deduplication key, or the thread. */
  readonly groupKey: string;
  /** The worst of the group. */
  readonly severity: AlertSeverity;
  /** The first few (`NOTIFIED_ALERTS_MAX`), worst and newest first; never empty but in a test. */
  readonly alerts: readonly NotifiedAlert[];
  /** How many the group has in all: a rack of 40 silent servers is one message. */
  readonly total: number;
  /** Of the event; ISO 8601, UTC. */
  readonly at: string;
  /** The page of this orchestrator that shows it. */
  readonly link: string;
}

export interface NotifiedAlert {
  readonly id: string;
  readonly severity: AlertSeverity;
  /** `agent.silent`, `log.critical`, …; kinds that no text is known for are told by their title. */
  readonly kind: string;
  readonly title: string;
  readonly server: string;
  readonly agent_id: string | null;
  /** How often it was told since it opened. */
  readonly count: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly state: 'open' | 'acknowledged' | 'resolved';
  readonly detail: Readonly<Record<string, unknown>>;
  /** The last lines before it, newest last, bounded already. */
  readonly lines: readonly string[];
  readonly acknowledged_by: string | null;
}
