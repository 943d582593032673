import type { Heartbeat, ProcessVitals, Vitals } from '../../contract/heartbeat.ts';
import { ACTION_LENGTH_MAX, type AgentId, type Epoch, NERVESYS_AGENT_ID, type ServerName } from '../../contract/ids.ts';
import { emptyLevelCounts, type LevelCounts } from '../../contract/record.ts';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import type { BufferStats } from '../buffer/types.ts';
import type { KnownAgent } from '../registry.ts';

/** Everything a heartbeat is made of. Instants are epoch ms. */
export interface HeartbeatMaterial {
  readonly server: ServerName;
  readonly now: number;
  /** The AI agents to beat for; the lean agent's own beat is added where `self` is given. */
  readonly agents: readonly KnownAgent[];
  /** The lean agent itself, which beats too: so a server without AI agents is visible, and its troubles have a place. */
  readonly self?: { readonly startedAt: number; readonly troubles: readonly string[] };
  readonly counts: ReadonlyMap<AgentId, LevelCounts>;
  readonly vitals: Vitals;
  readonly processes?: ReadonlyMap<AgentId, ProcessVitals>;
  readonly stats: BufferStats;
  readonly config: Heartbeat['config'];
  readonly clockSkewMs: number;
}

const ALERT_LENGTH_MAX = 500;

/** One beat an AI agent, the lean agent's own first. Pure. */
export function buildHeartbeats(material: HeartbeatMaterial): Heartbeat[] {
  // Who never gave a sign is not vouched for: a beat says that somebody is there.
  const beats = material.agents
    .filter((agent) => agent.lastSeenAt !== null)
    .filter((agent) => material.self === undefined || agent.agentId !== NERVESYS_AGENT_ID)
    .map((agent) => beatOf(agent, material));
  return material.self === undefined ? beats : [ownBeat(material.self, material), ...beats];
}

function beatOf(agent: KnownAgent, material: HeartbeatMaterial): Heartbeat {
  const stopped = agent.status === 'stopped';
  const process = stopped ? undefined : material.processes?.get(agent.agentId);
  return {
    ...shared(material, agent.agentId),
    status: agent.status,
    alerts: alertsOf(agent),
    last_action: plain(agent.lastAction)?.slice(0, ACTION_LENGTH_MAX) ?? null,
    uptime_seconds: stopped ? 0 : secondsSince(agent.startedAt, material.now),
    last_seen_at: isoOrNull(agent.lastSeenAt),
    ...(process === undefined ? {} : { process }),
  };
}

function ownBeat(self: NonNullable<HeartbeatMaterial['self']>, material: HeartbeatMaterial): Heartbeat {
  return {
    ...shared(material, NERVESYS_AGENT_ID),
    status: self.troubles.length === 0 ? 'healthy' : 'degraded',
    alerts: self.troubles.slice(0, 20).map((trouble) => trouble.slice(0, ALERT_LENGTH_MAX)),
    last_action: null,
    uptime_seconds: secondsSince(self.startedAt, material.now),
    last_seen_at: new Date(material.now).toISOString(),
  };
}

type SharedFields = Omit<Heartbeat, 'status' | 'alerts' | 'last_action' | 'uptime_seconds' | 'last_seen_at'>;

/** What is the same in the beats of all AI agents of a server, and their counts. */
function shared(material: HeartbeatMaterial, agentId: AgentId): SharedFields {
  const { server, now, stats, vitals, config, clockSkewMs, counts } = material;
  return {
    agent_id: agentId,
    server,
    timestamp: new Date(now).toISOString(),
    metrics: vitals,
    epoch: stats.epoch as Epoch,
    backlog_records: stats.records,
    oldest_unarchived_seconds: secondsSince(stats.oldestAt, now),
    last_archived_at: isoOrNull(stats.lastArchivedAt),
    lost_records: stats.lostRecords,
    dropped_records: stats.droppedRecords,
    config,
    agent_version: NERVESYS_VERSION,
    clock_skew_ms: clockSkewMs,
    level_counts: counts.get(agentId) ?? emptyLevelCounts(),
  };
}

function alertsOf(agent: KnownAgent): string[] {
  const alerts: string[] = [];
  const detail = plain(agent.detail);
  if (detail !== null && agent.status !== 'healthy') alerts.push(detail.slice(0, ALERT_LENGTH_MAX));
  if (agent.exitCode !== null && agent.exitCode !== 0) alerts.push(`exited with code ${agent.exitCode}`);
  return alerts;
}

/** Text from outside, without the control characters that neither a page nor Postgres has a place for. */
function plain(text: string | null): string | null {
  return text === null || text === '' ? null : text.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').toWellFormed();
}

function secondsSince(at: number | null, now: number): number {
  return at === null ? 0 : Math.max(0, Math.floor((now - at) / 1000));
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
