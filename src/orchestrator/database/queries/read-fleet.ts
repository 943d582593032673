import type { FleetAgent, FleetServer } from '../../../contract/fleet.ts';
import type { AgentState, AgentStatus, ProcessVitals, Vitals } from '../../../contract/heartbeat.ts';
import type { Queryable } from '../database.ts';

/** A page of the fleet is never longer: 20,000 rows are about 10 MB of JSON. Ask by server beyond it. */
export const FLEET_ROWS_MAX = 20_000;

export interface AgentRow {
  readonly agent_id: string;
  readonly server: string;
  readonly status: AgentStatus;
  readonly state: AgentState;
  readonly reason: string;
  readonly metrics: Vitals;
  readonly last_action: string | null;
  readonly uptime_seconds: number;
  readonly timestamp: Date;
  readonly received_at: Date;
  readonly last_seen_at: Date | null;
  readonly backlog_records: number;
  readonly oldest_unarchived_seconds: number;
  readonly agent_version: string;
  readonly state_at: Date | null;
  readonly seen_at: Date | null;
  readonly process: ProcessVitals | null;
}

export const AGENT_COLUMNS = `latest.agent_id, latest.server, latest.status, latest.state, latest.reason, latest.metrics,
  latest.last_action, latest.uptime_seconds, latest.timestamp, latest.received_at, latest.last_seen_at,
  latest.backlog_records, latest.oldest_unarchived_seconds, latest.agent_version, latest.state_at, latest.seen_at, latest.process`;

/** AI agents with the judgement stored last: all, those of one server, those of one name on any server, or those named. */
export async function readAgents(
  database: Queryable,
  which: { server?: string | undefined; agentId?: string; names?: readonly { server: string; agentId: string }[] } = {},
): Promise<FleetAgent[]> {
  const { rows } = await database.query<AgentRow>(
    `SELECT ${AGENT_COLUMNS} FROM agents_latest latest
     WHERE ($1::text IS NULL OR latest.server = $1)
       AND ($2::text[] IS NULL OR (latest.server, latest.agent_id) IN (SELECT * FROM unnest($2::text[], $3::text[])))
       AND ($4::text IS NULL OR latest.agent_id = $4)
     ORDER BY latest.server, latest.agent_id LIMIT ${FLEET_ROWS_MAX}`,
    [
      which.server ?? null,
      which.names?.map((name) => name.server) ?? null,
      which.names?.map((name) => name.agentId) ?? null,
      which.agentId ?? null,
    ],
  );
  return rows.map(toFleetAgent);
}

/** Servers with how many AI agents each has: all, or those named. */
export async function readServers(database: Queryable, names?: readonly string[]): Promise<FleetServer[]> {
  const { rows } = await database.query<{
    server: string;
    state: AgentState;
    reason: string;
    state_at: Date | null;
    clock_skew_ms: number | null;
    enrolled_at: Date;
    last_seen_at: Date | null;
    agent_version: string | null;
    agents: number;
    key_created_at: Date | null;
    config_running: string | null;
    config_desired: string | null;
    config_error: string | null;
  }>(
    `SELECT server, state, reason, state_at, clock_skew_ms, enrolled_at, last_seen_at, agent_version, config_running, config_desired, config_error,
       (SELECT min(created_at) FROM agent_keys keys WHERE keys.server = servers.server AND keys.revoked_at IS NULL) AS key_created_at,
       (SELECT count(*) FROM agents_latest latest WHERE latest.server = servers.server) AS agents
     FROM servers WHERE $1::text[] IS NULL OR server = ANY($1) ORDER BY server LIMIT ${FLEET_ROWS_MAX}`,
    [names ?? null],
  );
  return rows.map((row) => ({
    server: row.server,
    state: row.state,
    reason: row.reason,
    state_at: row.state_at?.toISOString() ?? null,
    clock_skew_ms: row.clock_skew_ms,
    enrolled_at: row.enrolled_at.toISOString(),
    last_seen_at: row.last_seen_at?.toISOString() ?? null,
    agent_version: row.agent_version,
    agents: row.agents,
    key_created_at: row.key_created_at?.toISOString() ?? null,
    config: { running: row.config_running, desired: row.config_desired, error: row.config_error },
  }));
}

export function toFleetAgent(row: AgentRow): FleetAgent {
  return {
    agent_id: row.agent_id,
    server: row.server,
    status: row.status,
    state: row.state,
    reason: row.reason,
    metrics: row.metrics,
    last_action: row.last_action,
    uptime_seconds: row.uptime_seconds,
    timestamp: row.timestamp.toISOString(),
    received_at: row.received_at.toISOString(),
    last_seen_at: row.last_seen_at?.toISOString() ?? null,
    backlog_records: row.backlog_records,
    agent_version: row.agent_version,
    state_at: row.state_at?.toISOString() ?? null,
    seen_at: row.seen_at?.toISOString() ?? null,
    ...(row.process === null ? {} : { process: row.process }),
  };
}
