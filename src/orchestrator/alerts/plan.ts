import type { AlertSettings, ChannelSettings } from '../../config/index.ts';
import { type AlertSeverity, severityRank } from '../../contract/alert.ts';
import { wantsAlert } from './channels/channel-wants.ts';

/** What deciding about an alert needs. */
export interface PlannedAlert {
  readonly server: string;
  readonly origin: 'agent' | 'orchestrator';
  readonly agent_id: string | null;
  readonly kind: string;
  readonly severity: AlertSeverity;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** `reopened` times in a row, and it counts as flapping: the end of such a trouble is told only after it has lasted. */
const FLAPPING_FROM = 2;

/** More AI agents than this with the same trouble within `groupIntervalMs`, and it is no trouble of theirs: it is told as one from then on. */
export const ALONE_MAX = 5;

/**
 * What is told together. What the orchestrator judges (silence, thresholds) is one trouble over all servers: a rack that went dark is one
 * message. What agents tell is a trouble of one AI agent, on whatever server; of a crowd of them it is one again (a provider that is down
 * is met by all who use it).
 */
export function groupKeyOf(alert: PlannedAlert, isOfCrowd = false): string {
  const { origin, kind, agent_id: agentId, detail } = alert;
  if (kind === 'channel.failing') return `${kind} ${text(detail['channel'])}`;
  if (origin === 'orchestrator') return kind;
  const trouble = troubleOf(alert)!;
  if (agentId === null) return trouble;
  return `${trouble}\n${isOfCrowd ? '*' : agentId}`;
}

/** What the keys of all AI agents with the same trouble begin with; `undefined`: it is told together anyway. */
export function troubleOf({ origin, kind, detail }: PlannedAlert): string | undefined {
  return origin === 'orchestrator' ? undefined : `${kind} ${text(detail['rule'])}`.trimEnd().slice(0, TROUBLE_MAX);
}

/** With an AI agent behind it, a key stays below the 300 characters of its column. */
const TROUBLE_MAX = 150;

/** Whether a channel is told of an alert. A rule that names channels (its `route`) speaks to those alone, as far as they are there. */
export function wants(channel: ChannelSettings, alert: PlannedAlert, names: ReadonlySet<string>): boolean {
  // That a channel doesn't work is for the others.
  if (alert.kind === 'channel.failing' && alert.detail['channel'] === channel.name) return false;
  const route = alert.origin === 'agent' ? [alert.detail['route']].flat() : [];
  const named = route.filter((name) => typeof name === 'string' && names.has(name));
  return named.length > 0 ? named.includes(channel.name) : wantsAlert(channel, alert);
}

/** What a channel was told of a group so far, or is about to be. */
export interface ToldBefore {
  /** Epoch ms of the last message; absent: there was none. */
  readonly lastAt: number | undefined;
  /** The worst that it knows of; absent: nothing. */
  readonly severity: AlertSeverity | undefined;
}

/** When what has just opened is to be told, in epoch ms. */
export function dueAt(
  channel: Pick<ChannelSettings, 'escalateAfterMs'>,
  severity: AlertSeverity,
  before: ToldBefore,
  settings: Pick<AlertSettings, 'groupWaitMs' | 'criticalWaitMs' | 'groupIntervalMs'>,
  now: number,
): number {
  if (channel.escalateAfterMs !== undefined) return now + channel.escalateAfterMs;
  const soon = now + (severity === 'critical' ? settings.criticalWaitMs : settings.groupWaitMs);
  const isWorse = before.severity === undefined || severityRank(severity) > severityRank(before.severity);
  return isWorse || before.lastAt === undefined ? soon : Math.max(soon, before.lastAt + settings.groupIntervalMs);
}

/** When a group of which everything is over is closed, in epoch ms. */
export function closingAt(reopened: number, settleMs: number, now: number): number {
  return reopened >= FLAPPING_FROM ? now + settleMs : now;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
