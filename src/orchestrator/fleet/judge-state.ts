import type { AgentState, AgentStatus, Heartbeat } from '../../contract/heartbeat.ts';
import { formatDuration } from '../../platform/quantity.ts';

/** When silence and backlog mean something (DESIGN 4.5). In ms where it isn't said otherwise. */
export interface FleetPolicy {
  /** Two and a half beats: one lost beat alarms nobody. */
  readonly lateAfterMs: number;
  readonly downAfterMs: number;
  readonly degradedBacklogSeconds: number;
  /** An AI agent that gave no sign of life itself for this long is late, however well its server beats for it. */
  readonly silentAfterMs: number;
  /** The same for those that have a limit of their own. */
  readonly silentAfterMsOf: ReadonlyMap<string, number>;
}

export const DEFAULT_FLEET_POLICY: FleetPolicy = {
  lateAfterMs: 150_000,
  downAfterMs: 300_000,
  degradedBacklogSeconds: 1_800,
  silentAfterMs: 600_000,
  silentAfterMsOf: new Map(),
};

/** Reasons that others decide by: alerts of states are made of them. */
export const STOPPED = 'stopped, by its own word';
export const SAYS_CRITICAL = 'it says it is critical';
export const SAYS_DEGRADED = 'it says it is degraded';
const UNSEEN = 'no sign of life for more than';

/** Whether an AI agent is late by its own silence, and not by its server's. */
export function isUnseen(reason: string): boolean {
  return reason.startsWith(UNSEEN);
}

/** A sign is dated by when the beat came that told it, which may have been under way for so long. */
const SIGN_MARGIN_MS = 10_000;
/** A state that only a beat can change is looked at again this rarely. */
const SETTLED_AGAIN_MS = 3_600_000;

/** What is known of an AI agent, or of a server, when it is judged. Instants are epoch ms of the orchestrator's clock. */
export interface Judged {
  /** Null: a server itself. */
  readonly agentId: string | null;
  /** Its own word in its latest beat. */
  readonly status: AgentStatus;
  /** When the latest beat arrived: the agent's own clock decides nothing. */
  readonly receivedAt: number;
  /** Its own last sign of life, as that beat told it; null: none is known. */
  readonly seenAt: number | null;
  readonly oldestUnarchivedSeconds: number;
  /** Records that its server lost between the two latest beats. */
  readonly lostLately: number;
  /** When the server's key was revoked. */
  readonly revokedAt: number | null;
  /** When it was taken out of service, and when it was put back. */
  readonly retiredAt: number | null;
  readonly reinstatedAt: number | null;
  /** The judgement stored last. */
  readonly state: AgentState;
  readonly reason: string;
}

export interface Judgement {
  readonly state: AgentState;
  /** For people; carries no running number, so that the same judgement reads the same until it changes. */
  readonly reason: string;
  /** The instant from which on this holds, where it is another state than before. */
  readonly at: number;
}

/**
 * The orchestrator's judgement at `now`. Silence counts from the latest of: the last beat, `hearingSince` (since when the fleet
 * could be heard at all), and the return into service. While that is not long enough to say anything, what was judged before holds.
 */
export function judgeState(known: Judged, policy: FleetPolicy, now: number, hearingSince: number): Judgement {
  const { receivedAt, retiredAt, reinstatedAt, revokedAt } = known;
  // A retired one comes back by a sign of life of its own: that its server still beats for it is none.
  const sign = known.agentId === null ? receivedAt : (known.seenAt ?? Number.NEGATIVE_INFINITY);
  if (retiredAt !== null && sign <= retiredAt + SIGN_MARGIN_MS)
    return { state: 'retired', reason: 'taken out of service', at: retiredAt };
  if (revokedAt !== null) return { state: 'revoked', reason: "the server's key was revoked", at: revokedAt };
  const awaitedSince = Math.max(receivedAt, reinstatedAt ?? receivedAt);
  if (awaitedSince === receivedAt && known.status === 'stopped')
    return { state: 'down', reason: STOPPED, at: receivedAt };

  const silentSince = Math.max(awaitedSince, hearingSince);
  const silenceMs = now - silentSince;
  if (silenceMs >= policy.downAfterMs) return silent('down', silentSince, policy.downAfterMs);
  if (awaitedSince > receivedAt)
    return { state: 'late', reason: 'back in service, and not heard since', at: awaitedSince };
  const isLate = silenceMs >= policy.lateAfterMs;
  if (isLate && known.state !== 'down') return silent('late', silentSince, policy.lateAfterMs);
  // Down until it is heard; and where nobody could be heard since the latest beat, that beat says nothing of now.
  if (isLate || silentSince > receivedAt) return { state: known.state, reason: known.reason, at: receivedAt };
  return judgeWord(known, policy);
}

/**
 * What one beat says by itself as it arrives at `now`: the judgement of most. Where what is stored is another (it was silent, it is
 * retired, its clock was set), it is to be judged by all that is known.
 */
export function judgeBeat(beat: Heartbeat, policy: FleetPolicy, now: number): Judgement {
  const unseenMs = beat.last_seen_at === null ? null : Date.parse(beat.timestamp) - Date.parse(beat.last_seen_at);
  const alone: Judged = {
    agentId: beat.agent_id,
    status: beat.status,
    receivedAt: now,
    seenAt: unseenMs === null ? null : now - Math.max(0, unseenMs),
    oldestUnarchivedSeconds: beat.oldest_unarchived_seconds,
    lostLately: 0,
    revokedAt: null, // its key opened this call
    retiredAt: null,
    reinstatedAt: null,
    state: 'up',
    reason: '',
  };
  return judgeState(alone, policy, now, now);
}

/** The next instant at which silence alone can change the judgement; `settledAgainMs` from now where none is. */
export function nextLook(
  { receivedAt, reinstatedAt }: Pick<Judged, 'receivedAt' | 'reinstatedAt'>,
  policy: FleetPolicy,
  now: number,
  hearingSince: number,
): number {
  const silentSince = Math.max(receivedAt, reinstatedAt ?? receivedAt, hearingSince);
  for (const after of [policy.lateAfterMs, policy.downAfterMs]) {
    if (silentSince + after > now) return silentSince + after;
  }
  return now + SETTLED_AGAIN_MS;
}

/** What the latest beat itself says, which is no older than a beat may be. */
function judgeWord(known: Judged, policy: FleetPolicy): Judgement {
  const because = (state: AgentState, reason: string): Judgement => ({ state, reason, at: known.receivedAt });
  const silentAfterMs = silentAfterOf(policy, known.agentId);
  if (known.seenAt !== null && known.receivedAt - known.seenAt > silentAfterMs)
    return because('late', `${UNSEEN} ${formatDuration(silentAfterMs)}`);
  if (known.status === 'critical') return because('degraded', SAYS_CRITICAL);
  if (known.status === 'degraded') return because('degraded', SAYS_DEGRADED);
  if (known.oldestUnarchivedSeconds > policy.degradedBacklogSeconds) {
    const limit = formatDuration(policy.degradedBacklogSeconds * 1000);
    return because('degraded', `records have waited for the archive for more than ${limit}`);
  }
  if (known.lostLately > 0) return because('degraded', 'its server has lost records since the beat before');
  return because('up', 'beats arrive on time');
}

function silent(state: 'late' | 'down', silentSince: number, afterMs: number): Judgement {
  return { state, reason: `no heartbeat for more than ${formatDuration(afterMs)}`, at: silentSince + afterMs };
}

function silentAfterOf(policy: FleetPolicy, agentId: string | null): number {
  return (agentId === null ? undefined : policy.silentAfterMsOf.get(agentId)) ?? policy.silentAfterMs;
}
