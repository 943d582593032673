import type { FleetAgent } from '../../../contract/fleet.ts';
import type { Heartbeat } from '../../../contract/heartbeat.ts';
import type { Judgement } from '../../fleet/judge-state.ts';
import { plainArray, textArray } from '../array-literal.ts';
import type { Queryable } from '../database.ts';
import { type AgentRow, toFleetAgent } from './read-fleet.ts';

/** A checked beat, with what the orchestrator adds. Instants are Dates of the orchestrator's clock. */
export interface ReceivedHeartbeat {
  readonly beat: Heartbeat;
  readonly receivedAt: Date;
  /** What this beat says by itself. Where that isn't what is stored, the watch is to judge: a beat changes no state. */
  readonly judgement: Pick<Judgement, 'state' | 'reason'>;
}

export interface RecordedHeartbeats {
  /** The new latest states. */
  readonly agents: FleetAgent[];
  /** Whether some of them are to be judged now. */
  readonly due: boolean;
}

/**
 * Adds beats of any servers to the history and makes each agent's last one its latest state, in one statement. A beat that
 * is known already (same server, agent and timestamp) changes nothing.
 *
 * One that comes late goes into the history and no further: what was rolled up while the orchestrator was away (`covers_seconds`), and what
 * was overtaken on its way. A plain beat that is older than the latest but came well after it was not overtaken: that clock was
 * set back, and what it says is the newest there is.
 */
export async function recordHeartbeats(
  database: Queryable,
  received: readonly ReceivedHeartbeat[],
): Promise<RecordedHeartbeats> {
  // All requests lock rows in the same order, so two of them never wait for each other.
  const ordered = [...received].sort(
    (a, b) => compare(a.beat.server, b.beat.server) || compare(a.beat.agent_id, b.beat.agent_id),
  );
  const column = (pick: (one: ReceivedHeartbeat) => string | number | null) => plainArray(ordered.map(pick));
  const text = (pick: (one: ReceivedHeartbeat) => string | null) => textArray(ordered.map(pick));
  const { rows } = await database.query<Recorded>(
    STATEMENT,
    [
      text(({ beat }) => beat.agent_id),
      text(({ beat }) => beat.server),
      column(({ beat }) => beat.timestamp),
      column(({ beat }) => beat.status),
      text(({ beat }) => JSON.stringify(beat.metrics)),
      text(({ beat }) => JSON.stringify(beat.alerts)),
      text(({ beat }) => beat.last_action),
      column(({ beat }) => Math.round(beat.uptime_seconds)),
      column(({ receivedAt }) => receivedAt.toISOString()),
      column(({ beat }) => beat.epoch),
      column(({ beat }) => beat.backlog_records),
      text(({ beat }) => JSON.stringify(detailOf(beat))),
      column(({ beat }) => beat.last_seen_at),
      column(({ beat }) => beat.oldest_unarchived_seconds),
      text(({ beat }) => beat.agent_version),
      column(({ judgement }) => judgement.state),
      text(({ judgement }) => judgement.reason),
      column(({ beat }) => beat.lost_records),
    ],
    { name: 'record-heartbeats' },
  );
  return { agents: toLatest(ordered, rows), due: rows.some((row) => row.due) };
}

/** What tells which beats became the latest state, and what is said of them; the rest is what was sent. */
interface Recorded extends Pick<AgentRow, 'server' | 'agent_id' | 'state' | 'reason' | 'state_at' | 'seen_at'> {
  /** The beat's time, epoch ms. */
  readonly at: number;
  readonly due: boolean;
}

function toLatest(received: readonly ReceivedHeartbeat[], recorded: readonly Recorded[]): FleetAgent[] {
  const nameOf = (server: string, agentId: string) => `${server}\n${agentId}`;
  const latest = new Map(recorded.map((row) => [nameOf(row.server, row.agent_id), row]));
  const agents: FleetAgent[] = [];
  for (const { beat, receivedAt } of received) {
    const name = nameOf(beat.server, beat.agent_id);
    const row = latest.get(name);
    const at = Date.parse(beat.timestamp);
    if (row === undefined || Math.abs(at - row.at) > 1) continue; // Postgres rounds what is below a millisecond
    latest.delete(name);
    const { state, reason, state_at, seen_at } = row;
    agents.push(
      toFleetAgent({
        ...beat,
        process: beat.process ?? null,
        uptime_seconds: Math.round(beat.uptime_seconds),
        timestamp: new Date(at),
        received_at: receivedAt,
        last_seen_at: beat.last_seen_at === null ? null : new Date(beat.last_seen_at),
        state,
        reason,
        state_at,
        seen_at,
      }),
    );
  }
  return agents;
}

/** Far longer than one request can be behind another that was sent after it, and shorter than any silence that is judged. */
const OVERTAKEN_MS = 10_000;

const STATEMENT = `
  WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[],
      $8::int[], $9::timestamptz[], $10::text[], $11::bigint[], $12::jsonb[], $13::timestamptz[], $14::float8[], $15::text[],
      $16::text[], $17::text[], $18::bigint[])
    AS told (agent_id, server, timestamp, status, metrics, alerts, last_action, uptime_seconds, received_at, epoch,
      backlog_records, detail, last_seen_at, oldest_unarchived_seconds, agent_version, state, reason, lost_records)
  ), added AS (
    INSERT INTO agent_status (agent_id, server, timestamp, status, metrics, alerts, last_action, uptime_seconds,
      received_at, epoch, backlog_records, detail)
    SELECT agent_id, server, timestamp, status, metrics, alerts, last_action, uptime_seconds, received_at, epoch,
      backlog_records, detail
    FROM told
    ON CONFLICT (server, agent_id, timestamp) DO NOTHING
    RETURNING server, agent_id, timestamp
  ), newest AS (
    SELECT DISTINCT ON (told.server, told.agent_id) told.*
    FROM told JOIN added USING (server, agent_id, timestamp)
    ORDER BY told.server, told.agent_id, told.detail ? 'covers_seconds', told.timestamp DESC
  )
  INSERT INTO agents_latest AS latest (server, agent_id, timestamp, received_at, status, metrics, last_action,
    uptime_seconds, last_seen_at, backlog_records, oldest_unarchived_seconds, agent_version, state, reason, next_judged_at,
    epoch, lost_records, process, seen_at)
  SELECT server, agent_id, timestamp, received_at, status, metrics, last_action, uptime_seconds, last_seen_at,
    backlog_records, oldest_unarchived_seconds, agent_version, state, reason, received_at,
    epoch, lost_records, detail -> 'process',
    received_at - CASE WHEN timestamp > last_seen_at THEN timestamp - last_seen_at WHEN last_seen_at IS NOT NULL THEN '0' END
  FROM newest
  WHERE NOT detail ? 'covers_seconds' OR NOT EXISTS (SELECT FROM agents_latest known
    WHERE known.server = newest.server AND known.agent_id = newest.agent_id)
  ORDER BY server, agent_id
  ON CONFLICT (server, agent_id) DO UPDATE SET
    timestamp = excluded.timestamp, received_at = excluded.received_at, status = excluded.status,
    metrics = excluded.metrics, last_action = excluded.last_action, uptime_seconds = excluded.uptime_seconds,
    last_seen_at = excluded.last_seen_at, backlog_records = excluded.backlog_records,
    oldest_unarchived_seconds = excluded.oldest_unarchived_seconds, agent_version = excluded.agent_version,
    -- The host's clock may have been set: a sign that was told before is as old as it was, a new one came after the beat before.
    seen_at = CASE WHEN excluded.last_seen_at = latest.last_seen_at THEN latest.seen_at
      WHEN excluded.last_seen_at > latest.last_seen_at THEN greatest(excluded.seen_at, latest.received_at)
      ELSE excluded.seen_at END,
    epoch = excluded.epoch, lost_records = excluded.lost_records, process = excluded.process,
    lost_lately = CASE WHEN excluded.epoch = latest.epoch THEN greatest(0, excluded.lost_records - latest.lost_records) ELSE 0 END,
    next_judged_at = CASE WHEN latest.state <> excluded.state OR latest.reason <> excluded.reason
        OR excluded.lost_records > latest.lost_records
      THEN least(latest.next_judged_at, excluded.received_at) ELSE latest.next_judged_at END
  WHERE excluded.timestamp >= latest.timestamp
    OR excluded.received_at >= latest.received_at + interval '${OVERTAKEN_MS} milliseconds'
    -- What is known came from the future: the orchestrator's own clock was set back since.
    OR excluded.received_at <= latest.received_at - interval '${OVERTAKEN_MS} milliseconds'
  RETURNING latest.server, latest.agent_id, (extract(epoch FROM date_trunc('milliseconds', latest.timestamp)) * 1000)::float8 AS at,
    latest.state, latest.reason, latest.state_at, latest.seen_at, latest.next_judged_at <= latest.received_at AS due`;

/** The fields that have no column of their own in `agent_status`. */
function detailOf(beat: Heartbeat): Record<string, unknown> {
  return {
    last_seen_at: beat.last_seen_at,
    oldest_unarchived_seconds: beat.oldest_unarchived_seconds,
    last_archived_at: beat.last_archived_at,
    lost_records: beat.lost_records,
    dropped_records: beat.dropped_records,
    config: beat.config,
    agent_version: beat.agent_version,
    clock_skew_ms: beat.clock_skew_ms,
    level_counts: beat.level_counts,
    ...(beat.process === undefined ? {} : { process: beat.process }),
    ...(beat.covers_seconds === undefined ? {} : { covers_seconds: beat.covers_seconds }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
