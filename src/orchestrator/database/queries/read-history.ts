import type { HistoryPoint } from '../../../contract/fleet.ts';
import type { AgentStatus } from '../../../contract/heartbeat.ts';
import { DAY_MS, POINTS_MAX, ROLLUPS, type Rollup } from '../../history/resolutions.ts';
import type { Queryable } from '../database.ts';
import { beatsWhere, binned, FIGURES, FIGURES_OF_ROWS, figuresOfBeats } from '../rollup-columns.ts';

export interface HistoryQuestion {
  readonly agentId: string;
  readonly server: string;
  /** Epoch ms. */
  readonly now: number;
  readonly spanMs: number;
  /** What a plain beat stands for. */
  readonly intervalMs: number;
}

/** Single beats of one AI agent on one server, oldest first; the newest `POINTS_MAX` where there are more. */
export async function readBeats(database: Queryable, question: HistoryQuestion): Promise<HistoryPoint[]> {
  const { agentId, server, now, spanMs } = question;
  const { rows } = await database.query<{ at: number; metrics: Record<string, unknown> }>(
    `SELECT extract(epoch FROM timestamp)::float8 AS at, metrics FROM agent_status
     WHERE agent_id = $1 AND server = $2 AND timestamp >= $3 ORDER BY timestamp DESC LIMIT ${POINTS_MAX}`,
    [agentId, server, new Date(now - spanMs)],
  );
  return rows.reverse().map(({ at, metrics }) => ({
    at,
    cpu_percent: number(metrics['cpu_percent']),
    ram_percent: number(metrics['ram_percent']),
    disk_percent: number(metrics['disk_percent']),
    buffer_size_mb: number(metrics['buffer_size_mb']),
  }));
}

interface Row {
  readonly at: number;
  readonly beats: number;
  readonly seconds: number;
  readonly cpu_min: number | null;
  readonly cpu_avg: number | null;
  readonly cpu_max: number | null;
  readonly ram_min: number | null;
  readonly ram_avg: number | null;
  readonly ram_max: number | null;
  readonly disk_min: number | null;
  readonly disk_avg: number | null;
  readonly disk_max: number | null;
  readonly buffer_min: number | null;
  readonly buffer_avg: number | null;
  readonly buffer_max: number | null;
  readonly debug: number;
  readonly info: number;
  readonly warn: number;
  readonly error: number;
  readonly critical: number;
  readonly lost: number;
  readonly dropped: number;
  readonly backlog_max: number;
  readonly oldest_unarchived_max: number;
  readonly worst_status: AgentStatus;
}

/** The last days of a span of days are more than a chart has points for; this is ten years of them. */
const DAYS_MAX = 3_700;
/** Beats that are not rolled up yet are looked for so far before the last roll-up: those that came later, and late, show with the next one. */
const FRESH_LOOKBACK_MS = 3_600_000;

/**
 * The same from a roll-up, a point for each of its steps in which there were beats. What isn't rolled up so far yet is put together from the
 * finer ones and from the beats themselves, so that the newest point is as new as the last beat.
 */
export async function readRollup(
  database: Queryable,
  rollup: Rollup,
  question: HistoryQuestion,
): Promise<HistoryPoint[]> {
  const { agentId, server, now, spanMs, intervalMs } = question;
  const since = now - spanMs;
  const firstStep = Math.floor(since / rollup.stepMs) * rollup.stepMs;
  const { rows } = await database.query<Row>(statementOf(rollup), [
    agentId,
    server,
    new Date(firstStep),
    intervalMs / 1_000,
    new Date(now - DAY_MS),
  ]);
  return rows.reverse().map(toPoint);
}

/** $1, $2: the AI agent and its server; $3: since when; $4: seconds of a plain beat; $5: as far back as beats may not be rolled up at all. */
function statementOf(rollup: Rollup): string {
  const own = 'agent_id = $1 AND server = $2';
  const level = ROLLUPS.findIndex(({ table }) => table === rollup.table);
  const parts = ROLLUPS.slice(0, level + 1).map(({ table }, index) => {
    const from = index < level ? [`bucket >= (SELECT ${UNTIL[index + 1]} FROM progress)`] : [];
    const until = index > 0 ? [`bucket < (SELECT ${UNTIL[index]} FROM progress)`] : [];
    const where = [own, 'bucket >= $3', ...from, ...until].join(' AND ');
    return `SELECT bucket, ${FIGURES} FROM ${table} WHERE ${where}`;
  });
  const fresh = beatsWhere(
    `${own} AND id > (SELECT rolled_id FROM progress) AND timestamp >= greatest($3, (SELECT fresh_since FROM progress))`,
    '$4',
  );
  const step = binned(`interval '${rollup.stepMs} milliseconds'`, 'bucket');
  return `
    WITH progress AS (
      SELECT rolled_id, coalesce(rolled_at - interval '${FRESH_LOOKBACK_MS} milliseconds', $5) AS fresh_since,
        coalesce(hours_until, '-infinity') AS hours_until, coalesce(days_until, '-infinity') AS days_until
      FROM status_rollup
    ), fresh AS (
      SELECT ${binned("interval '5 minutes'", 'at')} AS bucket, ${figuresOfBeats('0', '0')}
      FROM (${fresh}) AS beats GROUP BY 1
    ), found AS (
      ${parts.join('\n      UNION ALL ')}
      UNION ALL SELECT bucket, ${FIGURES} FROM fresh
    )
    SELECT extract(epoch FROM ${step})::float8 AS at, ${FIGURES_OF_ROWS}
    FROM found GROUP BY 1 ORDER BY 1 DESC LIMIT ${rollup.name === '1d' ? DAYS_MAX : POINTS_MAX}`;
}

/** Up to where a roll-up is whole, by its place in `ROLLUPS`. */
const UNTIL = ['', 'hours_until', 'days_until'] as const;

function toPoint(row: Row): HistoryPoint {
  return {
    at: row.at,
    cpu_percent: row.cpu_avg,
    ram_percent: row.ram_avg,
    disk_percent: row.disk_avg,
    buffer_size_mb: row.buffer_avg,
    rollup: {
      beats: row.beats,
      covers_seconds: row.seconds,
      status: row.worst_status,
      least: {
        cpu_percent: row.cpu_min,
        ram_percent: row.ram_min,
        disk_percent: row.disk_min,
        buffer_size_mb: row.buffer_min,
      },
      most: {
        cpu_percent: row.cpu_max,
        ram_percent: row.ram_max,
        disk_percent: row.disk_max,
        buffer_size_mb: row.buffer_max,
      },
      level_counts: { DEBUG: row.debug, INFO: row.info, WARN: row.warn, ERROR: row.error, CRITICAL: row.critical },
      lost_records: row.lost,
      dropped_records: row.dropped,
      backlog_records_most: row.backlog_max,
      oldest_unarchived_seconds_most: row.oldest_unarchived_max,
    },
  };
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
