import { NERVESYS_AGENT_ID } from '../../../contract/ids.ts';
import type { Queryable } from '../database.ts';

/** How a subject stands by its latest beat; its instants are of the orchestrator's clock. */
interface Standing {
  readonly server: string;
  /** Taken out of service, or not known any more: nothing is to be expected of it. */
  readonly gone: boolean;
  /** `null`: there is nothing to judge, because it is gone or its latest beat tells of earlier times. */
  readonly received_at: Date | null;
}

export interface ServerValues extends Standing {
  /** The AI agents that live there. */
  readonly agent_ids: readonly string[];
  readonly cpu_percent: number;
  readonly ram_percent: number;
  readonly disk_percent: number;
  readonly buffer_size_mb: number;
  readonly oldest_unarchived_seconds: number;
  /** Within the hour before the beat, as far as its epoch goes back. */
  readonly lost_records: number;
  readonly clock_skew_ms: number;
}

/**
 * The figures of servers, from the lean agent's own beat where it beats at all (heard after `freshAfter`), else from any: each carries them.
 * What was lost is what its counter has gained since the last beat of the same epoch an hour ago; where there is none, all it counts.
 */
export async function readServerValues(
  database: Queryable,
  servers: readonly string[],
  freshAfter: Date,
): Promise<ServerValues[]> {
  if (servers.length === 0) return [];
  const { rows } = await database.query<ServerValues>(SERVERS, [servers, NERVESYS_AGENT_ID, freshAfter], {
    name: 'read-server-values',
  });
  return rows;
}

export interface AgentValues extends Standing {
  readonly agent_id: string;
  /** ERROR and CRITICAL in the minute before the beat; where beats are rarer, their mean. */
  readonly errors_per_minute: number;
}

/** The figures of single AI agents. */
export async function readAgentValues(
  database: Queryable,
  agents: readonly { readonly server: string; readonly agentId: string }[],
  freshAfter: Date,
): Promise<AgentValues[]> {
  if (agents.length === 0) return [];
  const { rows } = await database.query<AgentValues>(
    AGENTS,
    [agents.map(({ server }) => server), agents.map(({ agentId }) => agentId), freshAfter],
    { name: 'read-agent-values' },
  );
  return rows;
}

const IN_SERVICE = `latest.state NOT IN ('retired', 'revoked')`;
const SERVER_GONE = `(servers.state IN ('retired', 'revoked') OR servers.revoked_at IS NOT NULL) IS TRUE`;
/**
 * What the latest beat says beyond its columns in agents_latest. None where it tells of earlier times: it was rolled up in an outage, or a
 * newer one came before it. (After a host's clock was set back, its beats look like that until the ones before are no news any more.)
 */
const BEAT_DETAIL = `LEFT JOIN LATERAL (
    SELECT status.epoch, (status.detail ->> 'lost_records')::bigint AS lost, (status.detail ->> 'clock_skew_ms')::float8 AS skew_ms
    FROM agent_status status
    WHERE status.server = latest.server AND status.agent_id = latest.agent_id AND status.timestamp = latest.timestamp
      AND NOT status.detail ? 'covers_seconds'
      AND NOT EXISTS (SELECT FROM agent_status newer WHERE newer.server = latest.server AND newer.agent_id = latest.agent_id
        AND newer.timestamp > latest.timestamp AND newer.received_at > $3 AND newer.received_at <= latest.received_at)
  ) beat ON true`;

const SERVERS = `
  SELECT asked.server, ${SERVER_GONE} OR latest.server IS NULL AS gone,
    CASE WHEN beat.epoch IS NOT NULL THEN latest.received_at END AS received_at,
    coalesce(living.agent_ids, '{}') AS agent_ids,
    (latest.metrics ->> 'cpu_percent')::float8 AS cpu_percent, (latest.metrics ->> 'ram_percent')::float8 AS ram_percent,
    (latest.metrics ->> 'disk_percent')::float8 AS disk_percent, (latest.metrics ->> 'buffer_size_mb')::float8 AS buffer_size_mb,
    latest.oldest_unarchived_seconds, greatest(0, beat.lost - coalesce(before.lost, 0)) AS lost_records,
    abs(beat.skew_ms) AS clock_skew_ms
  FROM unnest($1::text[]) AS asked (server)
  LEFT JOIN servers ON servers.server = asked.server
  LEFT JOIN LATERAL (
    SELECT array_agg(latest.agent_id) AS agent_ids FROM agents_latest latest
    WHERE latest.server = asked.server AND ${IN_SERVICE}
  ) living ON true
  LEFT JOIN LATERAL (
    SELECT latest.* FROM agents_latest latest WHERE latest.server = asked.server AND ${IN_SERVICE}
    ORDER BY (latest.agent_id = $2 AND latest.received_at > $3) DESC, latest.received_at DESC LIMIT 1
  ) latest ON true
  ${BEAT_DETAIL}
  LEFT JOIN LATERAL (
    SELECT CASE WHEN an_hour_ago.epoch = beat.epoch THEN an_hour_ago.lost END AS lost FROM (
      SELECT status.epoch, (status.detail ->> 'lost_records')::bigint AS lost FROM agent_status status
      WHERE status.server = latest.server AND status.agent_id = latest.agent_id
        AND status.timestamp <= latest.timestamp - interval '1 hour' AND beat.lost > 0
      ORDER BY status.timestamp DESC LIMIT 1) an_hour_ago
  ) before ON true`;

/**
 * A beat counts what came since the one before it, which is not quite a minute ago, or an hour, or many where the orchestrator was away:
 * so the counts are divided by the time that they cover. What was rolled up in an outage is no part of them, but ends where they begin.
 */
const AGENTS = `
  SELECT asked.server, asked.agent_id, ${SERVER_GONE} OR latest.server IS NULL AS gone,
    CASE WHEN beat.epoch IS NOT NULL THEN latest.received_at END AS received_at,
    coalesce(counted.errors * 60 / greatest(60, extract(epoch FROM latest.timestamp - counted.since)::float8), 0) AS errors_per_minute
  FROM unnest($1::text[], $2::text[]) AS asked (server, agent_id)
  LEFT JOIN servers ON servers.server = asked.server
  LEFT JOIN agents_latest latest ON latest.server = asked.server AND latest.agent_id = asked.agent_id AND ${IN_SERVICE}
  ${BEAT_DETAIL}
  LEFT JOIN LATERAL (
    SELECT start.since, sum((status.detail -> 'level_counts' ->> 'ERROR')::float8 + (status.detail -> 'level_counts' ->> 'CRITICAL')::float8) AS errors
    FROM (SELECT coalesce(
        (SELECT status.timestamp FROM agent_status status
         WHERE status.server = latest.server AND status.agent_id = latest.agent_id
           AND status.timestamp < latest.timestamp AND status.timestamp > latest.timestamp - interval '3 hours'
           AND (status.timestamp <= latest.timestamp - interval '1 minute' OR status.detail ? 'covers_seconds')
         ORDER BY status.timestamp DESC LIMIT 1),
        latest.timestamp - interval '1 minute') AS since) start
    JOIN agent_status status ON status.server = latest.server AND status.agent_id = latest.agent_id
      AND status.timestamp > start.since AND status.timestamp <= latest.timestamp
    GROUP BY start.since
  ) counted ON true`;
