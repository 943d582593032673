import type { AgentId, ServerName } from './ids.ts';

/** Least first. */
export const ALERT_SEVERITIES = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** How bad a severity is; the greater the worse. */
export function severityRank(severity: AlertSeverity): number {
  return ALERT_SEVERITIES.indexOf(severity);
}

/** What went wrong, told by an agent. `dedup_key` names the trouble: the same one told again counts up, it isn't a second alert. */
export interface AlertReport {
  readonly dedup_key: string;
  readonly severity: AlertSeverity;
  readonly server: ServerName;
  readonly agent_id: AgentId | null;
  /** Stable kind: `archive.denied`, `agent.exited`, `log.critical`. */
  readonly kind: string;
  readonly title: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly at: string;
  /** The agent's own number of this report: one that comes again after a lost answer is counted once. Absent: an older agent. */
  readonly id?: string;
  /**
   * How often it happened since it was told before. Absent: once. 0: nothing happened, something more is known (the model's word in
   * `detail.model`); it changes an alert that isn't over, and opens none.
   */
  readonly count?: number;
  /** It is over: what stands under this `dedup_key` is resolved. Absent: it isn't. */
  readonly resolved?: boolean;
}

/** Of a `dedup_key`, in UTF-16 units; a longer one is refused. */
export const DEDUP_KEY_LENGTH_MAX = 200;

/** More at once is nobody's count; past it nothing is added. */
export const ALERT_COUNT_MAX = 1_000_000_000;
/** Of the same AI agent, in `detail.lines_before` of an alert of records: those right before, oldest first, within so many bytes. */
export const LINES_BEFORE_MAX = 20;
export const LINES_BEFORE_BYTES_MAX = 32_768;

export interface AlertsRequest {
  readonly alerts: readonly AlertReport[];
}
