import type { HistorySettings } from '../../../config/index.ts';
import type { Queryable } from '../../database/database.ts';
import {
  beatsWhere,
  binned,
  FIGURES,
  FIGURES_OF_GROWN,
  FIGURES_OF_ROWS,
  grownBeats,
} from '../../database/rollup-columns.ts';
import { keptMs, ROLLUPS, type Rollup } from '../../history/resolutions.ts';

/** What the beats of a stretch of time are read from. */
export interface BeatSource {
  readonly rollup: Rollup;
  /** Some of them aren't rolled up yet: they are put together with the roll-up as it will do it. */
  readonly hasFresh: boolean;
}

export interface BeatStretch {
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly now: Date;
  /** What a plain beat stands for. */
  readonly intervalMs: number;
  readonly keep: HistorySettings;
}

/**
 * The finest roll-up that is still kept for all of the stretch. Where retention was changed meanwhile there may be nothing in it though there
 * is in a coarser one: then that. But where it has something of the UTC days around, there was nothing in the stretch itself, and the row of a
 * coarser one that reaches into it is of beats before or after it.
 */
export async function chooseBeatSource(database: Queryable, stretch: BeatStretch): Promise<BeatSource> {
  const { startsAt, now, keep } = stretch;
  const there = ROLLUPS.map(
    ({ table, name }) =>
      `EXISTS (SELECT FROM ${table} WHERE bucket >= ${DAY_OF_START} AND bucket < ${DAY_AFTER_END}) AS "${name}"`,
  );
  const { rows } = await database.query<Record<Rollup['name'] | 'fresh', boolean>>(
    `SELECT ${there.join(', ')}, EXISTS (SELECT FROM (${beatsWhere(NOT_ROLLED, '$3')}) AS beats WHERE at >= $1 AND at < $2) AS fresh`,
    beatParams(stretch),
  );
  const found = rows[0]!;
  const kept = ROLLUPS.filter((rollup) => startsAt.getTime() >= now.getTime() - keptMs(rollup, keep));
  const rollup = kept.find(({ name }) => found[name]) ?? kept[0] ?? ROLLUPS[2];
  return { rollup, hasFresh: found.fresh };
}

const DAY_OF_START = binned("interval '1 day'", '$1::timestamptz');
const DAY_AFTER_END = `${binned("interval '1 day'", "$2::timestamptz - interval '1 microsecond'")} + interval '1 day'`;

/** Of every statement over `beatRows`: since when, until when, the seconds of a plain beat. Its own follow, from $4. */
export function beatParams({ startsAt, endsAt, intervalMs }: Omit<BeatStretch, 'now' | 'keep'>): unknown[] {
  return [startsAt, endsAt, intervalMs / 1_000];
}

/** SQL, a table: `server, agent_id, bucket` and `FIGURES`, one row for each AI agent and step of the source. */
export function beatRows({ rollup, hasFresh }: BeatSource): string {
  // $3 is named in any case: Postgres has to know what it is.
  const rolled = `SELECT server, agent_id, bucket, ${FIGURES} FROM ${rollup.table} WHERE bucket >= $1 AND bucket < $2 AND $3::float8 > 0`;
  if (!hasFresh) return `(${rolled})`;
  return `(SELECT server, agent_id, bucket, ${FIGURES_OF_ROWS} FROM (${rolled} UNION ALL ${freshRows(rollup.stepMs)}) AS found
    GROUP BY server, agent_id, bucket)`;
}

/** SQL: the rows that beats from $1 until $2 make in steps of so many ms, of those that aren't rolled up yet. */
export function freshRows(stepMs: number): string {
  const step = binned(`interval '${stepMs} milliseconds'`, 'at');
  return `SELECT server, agent_id, bucket, ${FIGURES} FROM (
      WITH ${grownBeats(NOT_ROLLED, '$3')}
      SELECT server, agent_id, ${step} AS bucket, ${FIGURES_OF_GROWN}
      FROM grown WHERE at >= $1 AND at < $2 GROUP BY server, agent_id, ${step}
    ) AS fresh`;
}

export const NOT_ROLLED = 'id > (SELECT rolled_id FROM status_rollup)';
