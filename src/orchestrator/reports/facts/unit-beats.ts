import { LEVELS } from '../../../contract/record.ts';
import type { Queryable } from '../../database/database.ts';
import { beatsWhere, FIGURES } from '../../database/rollup-columns.ts';
import { type BeatStretch, beatParams, freshRows, NOT_ROLLED } from './beat-rows.ts';

/**
 * What beats tell of many days, weeks or months, one statement over all of them: what a period is compared with. Of the hourly roll-up, which is
 * a twelfth of the finer one; that is read for the hours that a local midnight cuts, and for those that aren't rolled up to hours yet.
 */

export interface Unit {
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** Not the stretch itself, but all that it is read with. */
export type UnitStretch = Omit<BeatStretch, 'startsAt' | 'endsAt'>;

/** From what statements over units read. */
export interface UnitSource {
  /** They follow on each other. At least one. */
  readonly units: readonly Unit[];
  /** SQL, a table: `server, agent_id, bucket` and `FIGURES`. */
  readonly rows: string;
  readonly params: readonly unknown[];
}

export async function chooseUnitSource(
  database: Queryable,
  stretch: UnitStretch,
  units: readonly Unit[],
): Promise<UnitSource> {
  const [startsAt, endsAt] = [units[0]!.startsAt, units.at(-1)!.endsAt];
  const { now, keep } = stretch;
  const { rows } = await database.query<{ hours_until: Date | null; fresh: boolean }>(
    `SELECT hours_until, EXISTS (SELECT FROM (${beatsWhere(NOT_ROLLED, '$3')}) AS beats WHERE at >= $1 AND at < $2) AS fresh
     FROM status_rollup`,
    beatParams({ ...stretch, startsAt, endsAt }),
  );
  const { hours_until: hoursUntil, fresh } = rows[0]!;
  const isOld = startsAt.getTime() < now.getTime() - keep.hoursMs;
  const wholeUntil = Math.max(startsAt.getTime(), Math.min(hoursUntil?.getTime() ?? 0, endsAt.getTime()));
  const cut = [...units.map((unit) => unit.startsAt.getTime()), endsAt.getTime()]
    .filter((at) => at % HOUR_MS !== 0)
    .map((at) => Math.floor(at / HOUR_MS) * HOUR_MS)
    .filter((hour) => hour < wholeUntil && hour >= now.getTime() - keep.fiveMinutesMs);
  return {
    units,
    rows: rowsOf(isOld ? 'status_1d' : 'status_1h', fresh),
    params: [
      ...beatParams({ ...stretch, startsAt, endsAt }),
      units.map((unit) => unit.startsAt),
      isOld ? endsAt : new Date(wholeUntil),
      isOld ? [] : cut.map((hour) => new Date(hour)),
    ],
  };
}

export interface UnitBeats {
  readonly records: number;
  readonly errors: number;
  readonly lostRecords: number;
  readonly droppedRecords: number;
}

/** A habit of fewer days is none. */
const HABIT_DAYS_LEAST = 3;

export interface ErrorHabit {
  readonly server: string;
  readonly agentId: string;
  readonly errorRate: number;
}

export interface UnitsTold {
  /** Of each unit, in their order; null: nobody was heard in it. */
  readonly units: readonly (UnitBeats | null)[];
  /** Each AI agent's median share of errors over the units in which it had records; of one that had them in too few there is none. */
  readonly errorHabits: readonly ErrorHabit[];
}

export async function readUnitBeats(database: Queryable, source: UnitSource): Promise<UnitsTold> {
  const { rows } = await database.query<
    ({ readonly unit: number } & UnitBeats) | ({ readonly unit: null } & ErrorHabit)
  >(
    `WITH by_agent AS MATERIALIZED (
       SELECT server, agent_id, ${UNIT_OF_BUCKET} AS unit, sum(${RECORDS})::float8 AS records, sum(error + critical)::float8 AS errors
       FROM ${source.rows} AS beats GROUP BY server, agent_id, unit)
     SELECT unit, sum(records) AS records, sum(errors) AS errors, NULL AS server, NULL AS "agentId", NULL::float8 AS "errorRate"
     FROM by_agent GROUP BY unit
     UNION ALL
     SELECT NULL, NULL, NULL, server, agent_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY errors / records)
     FROM by_agent WHERE records > 0 GROUP BY server, agent_id HAVING count(*) >= ${HABIT_DAYS_LEAST}`,
    source.params,
    { patient: true },
  );
  const losses = await readUnitLosses(database, source);
  const units: (UnitBeats | null)[] = source.units.map(() => null);
  const errorHabits: ErrorHabit[] = [];
  for (const row of rows) {
    if (row.unit === null) errorHabits.push({ server: row.server, agentId: row.agentId, errorRate: row.errorRate });
    else {
      const lost = losses.get(row.unit) ?? { lostRecords: 0, droppedRecords: 0 };
      units[row.unit - 1] = { records: row.records, errors: row.errors, ...lost };
    }
  }
  return { units, errorHabits };
}

/** As in `readServerBeats`: counters are the server's. By the number of the unit; one in which nothing was lost or dropped is missing. */
async function readUnitLosses(
  database: Queryable,
  source: UnitSource,
): Promise<ReadonlyMap<number, Pick<UnitBeats, 'lostRecords' | 'droppedRecords'>>> {
  const { rows } = await database.query<{ unit: number; lostRecords: number; droppedRecords: number }>(
    `SELECT ${UNIT_OF_BUCKET} AS unit, sum(lost)::float8 AS "lostRecords", sum(dropped)::float8 AS "droppedRecords"
     FROM (SELECT server, bucket, max(lost) AS lost, max(dropped) AS dropped
       FROM ${source.rows} AS beats WHERE lost > 0 OR dropped > 0 GROUP BY server, bucket) AS steps
     GROUP BY unit`,
    source.params,
    { patient: true },
  );
  return new Map(rows.map(({ unit, ...losses }) => [unit, losses]));
}

const RECORDS = LEVELS.map((level) => level.toLowerCase()).join(' + ');
/** $4: when units begin. */
const UNIT_OF_BUCKET = 'width_bucket(bucket, $4::timestamptz[])';
const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;

/** $5: up to where hours are whole; $6: hours before it that are cut, and so are read from what is finer. */
function rowsOf(coarse: 'status_1h' | 'status_1d', hasFresh: boolean): string {
  const columns = `SELECT server, agent_id, bucket, ${FIGURES} FROM`;
  const parts = [
    `${columns} ${coarse} WHERE bucket >= $1 AND bucket < $5 AND bucket <> ALL ($6::timestamptz[]) AND $3::float8 > 0`,
    `${columns} status_5m WHERE bucket >= $5 AND bucket < $2`,
    `SELECT fine.* FROM unnest($6::timestamptz[]) AS hour CROSS JOIN LATERAL (${columns} status_5m
       WHERE bucket >= greatest(hour, $1) AND bucket < least(hour + interval '1 hour', $2)) AS fine`,
    ...(hasFresh ? [freshRows(FIVE_MINUTES_MS)] : []),
  ];
  return `(${parts.join('\n      UNION ALL ')})`;
}
