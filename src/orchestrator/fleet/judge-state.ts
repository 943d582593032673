import type { AgentState, AgentStatus } from '../../contract/heartbeat.ts';
import { formatDuration } from '../../platform/quantity.ts';

/** When silence and backlog mean something (DESIGN 4.5). All in ms but the last. */
export interface FleetPolicy {
  /** Two and a half beats: one lost beat alarms nobody. */
  readonly lateAfterMs: number;
  readonly downAfterMs: number;
  readonly degradedBacklogSeconds: number;
}

export const DEFAULT_FLEET_POLICY: FleetPolicy = {
  lateAfterMs: 150_000,
  downAfterMs: 300_000,
  degradedBacklogSeconds: 1_800,
};

/** What is known of an AI agent when it is judged. Instants are epoch ms. */
export interface Judged {
  readonly status: AgentStatus;
  /** When the latest beat arrived, by the orchestrator's clock: the agent's own clock decides nothing. */
  readonly receivedAt: number;
  readonly oldestUnarchivedSeconds: number;
  /** The server's key was revoked. */
  readonly revoked: boolean;
  /** The judgement stored last. */
  readonly state: AgentState;
}

export interface Judgement {
  readonly state: AgentState;
  /** For people; carries no running number, so that the same judgement reads the same until it changes. */
  readonly reason: string;
}

/**
 * The orchestrator's judgement of one AI agent at `now`. Silence counts from the later of the last beat and
 * `listeningSince` (when this orchestrator began to hear): after a restart nobody is late for what nobody could hear, and
 * who was late or down before stays so until a beat says otherwise.
 */
export function judgeState(latest: Judged, policy: FleetPolicy, now: number, listeningSince: number): Judgement {
  if (latest.revoked) return { state: 'revoked', reason: "the server's key was revoked" };
  if (latest.state === 'retired') return { state: 'retired', reason: 'taken out of service' };
  if (latest.status === 'stopped') return { state: 'down', reason: 'stopped, by its own word' };

  const silenceMs = now - Math.max(latest.receivedAt, listeningSince);
  if (silenceMs >= policy.downAfterMs) return silent('down', policy.downAfterMs);
  if (silenceMs >= policy.lateAfterMs) return silent(latest.state === 'down' ? 'down' : 'late', policy.lateAfterMs);
  const heardSinceStart = latest.receivedAt >= listeningSince;
  if (!heardSinceStart && (latest.state === 'late' || latest.state === 'down'))
    return { state: latest.state, reason: 'silent since before the orchestrator started' };

  if (latest.status === 'critical') return { state: 'degraded', reason: 'it says it is critical' };
  if (latest.status === 'degraded') return { state: 'degraded', reason: 'it says it is degraded' };
  if (latest.oldestUnarchivedSeconds > policy.degradedBacklogSeconds) {
    const limit = formatDuration(policy.degradedBacklogSeconds * 1000);
    return { state: 'degraded', reason: `records have waited for the archive for more than ${limit}` };
  }
  return { state: 'up', reason: 'beats arrive on time' };
}

function silent(state: 'late' | 'down', afterMs: number): Judgement {
  return { state, reason: `no heartbeat for more than ${formatDuration(afterMs)}` };
}
