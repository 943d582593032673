import type { HistoryPoint } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';

/** A chart of a day at one beat a minute; more points than this no chart shows. */
const POINTS_MAX = 1_500;

/** Vitals of one AI agent on one server since `since`, oldest first; the newest `POINTS_MAX` where there are more. */
export async function readHistory(
  database: Queryable,
  agentId: string,
  server: string,
  since: Date,
): Promise<HistoryPoint[]> {
  const { rows } = await database.query<{ at: number; metrics: Record<string, unknown> }>(
    `SELECT extract(epoch FROM timestamp)::float8 AS at, metrics FROM agent_status
     WHERE agent_id = $1 AND server = $2 AND timestamp >= $3 ORDER BY timestamp DESC LIMIT ${POINTS_MAX}`,
    [agentId, server, since],
  );
  return rows.reverse().map(({ at, metrics }) => ({
    at,
    cpu_percent: number(metrics['cpu_percent']),
    ram_percent: number(metrics['ram_percent']),
    disk_percent: number(metrics['disk_percent']),
    buffer_size_mb: number(metrics['buffer_size_mb']),
  }));
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
