import { AGENT_STATUSES } from '../../contract/heartbeat.ts';
import { LEVELS as RECORD_LEVELS } from '../../contract/record.ts';

/** The pieces of SQL that all statements over roll-ups share: how beats become a row, and how rows become one. */

/** Column prefix of each vital, and its name in a beat. */
export const VITALS = [
  ['cpu', 'cpu_percent'],
  ['ram', 'ram_percent'],
  ['disk', 'disk_percent'],
  ['buffer', 'buffer_size_mb'],
] as const;
const LEVELS = RECORD_LEVELS.map((level) => [level.toLowerCase(), level] as const);
/** Figures beyond these are nobody's: see `beat_figure` (0010-status-rollups.sql). */
const VITAL_MAX = 1e9;
const COUNT_MAX = 1e12;
/** As `covers_seconds` is bounded where it is taken in. */
const COVERED_SECONDS_MAX = 366 * 86_400;
const SUMS = [...LEVELS.map(([column]) => column), 'lost', 'dropped'];
const STATUSES = `ARRAY[${AGENT_STATUSES.map((status) => `'${status}'`).join(', ')}]`;

/** All that is said of a bucket, in the order of the tables. */
export const FIGURE_COLUMNS = [
  'beats',
  'seconds',
  ...VITALS.flatMap(([vital]) => [`${vital}_min`, `${vital}_avg`, `${vital}_max`]),
  ...SUMS,
  'backlog_max',
  'oldest_unarchived_max',
  'worst_status',
];
export const FIGURES = FIGURE_COLUMNS.join(', ');

/** `time` in steps of `step` (SQL each), counted so that days begin at midnight UTC. */
export function binned(step: string, time: string): string {
  return `date_bin(${step}, ${time}, '2000-01-01T00:00:00Z')`;
}

/**
 * Rows of `agent_status` that `where` chooses, as a table expression: when each was (a beat can't be of later than it came; a rolled-up one
 * stands in the middle of its time), how much it stands for, and its figures. `interval`: a parameter, the seconds of a plain beat.
 */
export function beatsWhere(where: string, interval: string): string {
  return `
    SELECT server, agent_id, epoch, status, backlog_records,
      least(timestamp, received_at) - coalesce(covers, 0) / 2 * interval '1 second' AS at,
      greatest(coalesce(covers, ${interval}::float8), 1) AS seconds,
      ${VITALS.map(([vital, name]) => `beat_figure(metrics, '${name}', ${VITAL_MAX}) AS ${vital}`).join(', ')},
      ${LEVELS.map(([column, level]) => `coalesce(beat_figure(detail -> 'level_counts', '${level}', ${COUNT_MAX}), 0)::bigint AS ${column}`).join(', ')},
      coalesce(beat_figure(detail, 'lost_records', ${COUNT_MAX}), 0)::bigint AS lost_total,
      coalesce(beat_figure(detail, 'dropped_records', ${COUNT_MAX}), 0)::bigint AS dropped_total,
      coalesce(beat_figure(detail, 'oldest_unarchived_seconds', ${VITAL_MAX}), 0) AS oldest_unarchived
    FROM (SELECT *, beat_figure(detail, 'covers_seconds', ${COVERED_SECONDS_MAX}) AS covers
      FROM agent_status WHERE ${where}) AS chosen`;
}

/** `FIGURES` of a group of such rows; `lost` and `dropped` are SQL for what each adds. */
export function figuresOfBeats(lost: string, dropped: string): string {
  const mean = (vital: string) =>
    `(sum(${vital} * seconds) / nullif(sum(seconds) FILTER (WHERE ${vital} IS NOT NULL), 0))::real AS ${vital}_avg`;
  return [
    'count(*)::integer AS beats',
    'sum(seconds) AS seconds',
    ...VITALS.flatMap(([vital]) => [
      `min(${vital})::real AS ${vital}_min`,
      mean(vital),
      `max(${vital})::real AS ${vital}_max`,
    ]),
    ...LEVELS.map(([column]) => `sum(${column})::bigint AS ${column}`),
    `sum(${lost})::bigint AS lost`,
    `sum(${dropped})::bigint AS dropped`,
    'max(backlog_records) AS backlog_max',
    'max(oldest_unarchived)::real AS oldest_unarchived_max',
    `(${STATUSES})[max(array_position(${STATUSES}, status::text))] AS worst_status`,
  ].join(', ');
}

/**
 * Beats that are not rolled up yet, with what the counters in them grew by: CTEs, `beats` and at last `grown`. `where` and `interval` as in
 * `beatsWhere`.
 *
 * A counter's growth is told by the first beat that shows it: one that comes late, when a newer one has told all of it, adds nothing. A
 * counter that is lower than before has begun anew. Of an AI agent that was never heard before nothing is known of when its
 * server's counters grew: it begins at none.
 */
export function grownBeats(where: string, interval: string): string {
  const from = (
    counter: string,
  ) => `CASE WHEN before_at IS NOT NULL AND (known_at IS NULL OR before_at > known_at) THEN before_${counter}
        WHEN known_at IS NOT NULL THEN known_${counter} WHEN is_known THEN 0 ELSE ${counter}_total END AS ${counter}_from`;
  return `beats AS MATERIALIZED (${beatsWhere(where, interval)}),
  ordered AS (
    SELECT beats.*, known.at AS known_at, known.lost AS known_lost, known.dropped AS known_dropped,
      lag(beats.at) OVER one AS before_at, lag(lost_total) OVER one AS before_lost, lag(dropped_total) OVER one AS before_dropped,
      EXISTS (SELECT FROM status_counters other
        WHERE other.server = beats.server AND other.agent_id = beats.agent_id) AS is_known
    FROM beats LEFT JOIN status_counters known USING (server, agent_id, epoch)
    WINDOW one AS (PARTITION BY beats.server, beats.agent_id, beats.epoch ORDER BY beats.at)
  ), grown AS (
    SELECT *, coalesce(at <= known_at, false) AS is_late, ${from('lost')}, ${from('dropped')} FROM ordered
  )`;
}

/** `FIGURES` of a group of rows of `grown`. */
export const FIGURES_OF_GROWN = figuresOfBeats(growth('lost'), growth('dropped'));

function growth(counter: 'lost' | 'dropped'): string {
  return `CASE WHEN is_late THEN 0 WHEN ${counter}_total < ${counter}_from THEN ${counter}_total ELSE ${counter}_total - ${counter}_from END`;
}

/** `FIGURES` of a group of rolled-up rows. */
export const FIGURES_OF_ROWS = [
  'sum(beats)::integer AS beats',
  'sum(seconds) AS seconds',
  ...VITALS.flatMap(([vital]) => [
    `min(${vital}_min) AS ${vital}_min`,
    `(sum(${vital}_avg * seconds) / nullif(sum(seconds) FILTER (WHERE ${vital}_avg IS NOT NULL), 0))::real AS ${vital}_avg`,
    `max(${vital}_max) AS ${vital}_max`,
  ]),
  ...SUMS.map((column) => `sum(${column})::bigint AS ${column}`),
  'max(backlog_max) AS backlog_max',
  'max(oldest_unarchived_max) AS oldest_unarchived_max',
  `(${STATUSES})[max(array_position(${STATUSES}, worst_status::text))] AS worst_status`,
].join(', ');

/** What `ON CONFLICT (server, agent_id, bucket) DO UPDATE` sets so that the row that stands there takes in the new one. */
export const MERGE_INTO_STANDING = [
  'beats = standing.beats + excluded.beats',
  'seconds = standing.seconds + excluded.seconds',
  ...VITALS.flatMap(([vital]) => [
    `${vital}_min = least(standing.${vital}_min, excluded.${vital}_min)`,
    // One of both may have none.
    `${vital}_avg = coalesce((standing.${vital}_avg * standing.seconds + excluded.${vital}_avg * excluded.seconds)
      / (standing.seconds + excluded.seconds), standing.${vital}_avg, excluded.${vital}_avg)`,
    `${vital}_max = greatest(standing.${vital}_max, excluded.${vital}_max)`,
  ]),
  ...SUMS.map((column) => `${column} = standing.${column} + excluded.${column}`),
  'backlog_max = greatest(standing.backlog_max, excluded.backlog_max)',
  'oldest_unarchived_max = greatest(standing.oldest_unarchived_max, excluded.oldest_unarchived_max)',
  `worst_status = (${STATUSES})[greatest(array_position(${STATUSES}, standing.worst_status::text),
    array_position(${STATUSES}, excluded.worst_status::text))]`,
].join(', ');

/** The same where the new row is the whole truth. */
export const REPLACE_STANDING = FIGURE_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ');
