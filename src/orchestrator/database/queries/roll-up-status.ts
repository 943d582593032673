import type { HistorySettings } from '../../../config/index.ts';
import { keptMs, ROLLUPS, type Rollup, type RollupTable } from '../../history/resolutions.ts';
import type { Database, Queryable } from '../database.ts';
import {
  binned,
  FIGURES,
  FIGURES_OF_GROWN,
  FIGURES_OF_ROWS,
  grownBeats,
  MERGE_INTO_STANDING,
  REPLACE_STANDING,
} from '../rollup-columns.ts';
import { whileAlone } from '../while-alone.ts';

/**
 * How beats become roll-ups. Each beat is taken once: the transaction that merges a piece of them into `status_5m` also moves
 * `status_rollup.rolled_id` past them. Ids are in the order of arrival, so a beat that comes late, after a week without network say, is in the
 * next piece like any other and merges into its bucket of that week; the hour and the day that were rolled from that bucket before take it
 * in at the same time. Nothing is read again, and no beat that was dropped meanwhile is missed.
 */
export interface RollUpOptions {
  /** Epoch ms. */
  readonly now: number;
  /** What a plain beat stands for. */
  readonly intervalMs: number;
  readonly keep: HistorySettings;
  /** Beats of one transaction; default: `PIECE_BEATS`. */
  readonly pieceBeats?: number;
}

/**
 * `more`: a piece was done, the next may follow at once. `noted`: what is to be done next was noted; it can be a moment later. `unsettled`: a
 * transaction of before is still at work. `done`: nothing is left until new beats come. `elsewhere`: another replica is at it.
 */
export type RollUpOutcome = 'more' | 'noted' | 'unsettled' | 'done' | 'elsewhere';

/** About a second's work on a small machine; an outage of a day in a fleet of 1,000 AI agents is 30 of them. */
const PIECE_BEATS = 50_000;
/** Hours of one transaction: after a long pause most of them are empty. */
const HOURS_AT_ONCE = 100;
/** Beats of the last moments of a bucket are on their way when it ends. */
const AFTER_BUCKET_MS = 15_000;
/** Beats of an hour that come this late are on time; later ones cost a merge of their own. */
const GRACE_MS = 120_000;
const ROLLUP_LOCK = 0x6e73_7637; // "nsv7"
/** One hour of a very large fleet takes longer than a request may. */
const STATEMENT_TIMEOUT_MS = 600_000;

interface Progress {
  readonly rolled_id: number;
  readonly rolled_at: Date | null;
  readonly bound_id: number;
  readonly bound_at: Date | null;
  readonly hours_until: Date | null;
  readonly days_until: Date | null;
  readonly settled: boolean;
  readonly foreign_xid: boolean;
}

/** One step, in one transaction. Rejects with `NSV_DATABASE_UNREACHABLE`, or what Postgres refuses; nothing is changed then. */
export async function rollUpOnce(database: Database, options: RollUpOptions): Promise<RollUpOutcome> {
  const outcome = await whileAlone(database, ROLLUP_LOCK, async (transaction): Promise<RollUpOutcome> => {
    await transaction.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const progress = await readProgress(transaction);
    if (progress.bound_at !== null && progress.rolled_at?.getTime() !== progress.bound_at.getTime()) {
      // After a restore into another server, transactions are numbered anew: what was noted says nothing there.
      if (progress.foreign_xid) return note(transaction, options);
      if (!progress.settled) return 'unsettled';
      return rollBeats(transaction, progress, options);
    }
    if (await rollHours(transaction, progress, options)) return 'more';
    if (await rollDay(transaction, progress, options)) return 'more';
    return isDue(progress, options.now) ? note(transaction, options) : 'done';
  });
  return outcome ?? 'elsewhere';
}

/** When `rollUpOnce` has something to do again, epoch ms: shortly after the next five minutes have ended, so that most rows are written once. */
export function nextRollUpAt(now: number): number {
  const [{ stepMs }] = ROLLUPS;
  return Math.floor((now - AFTER_BUCKET_MS) / stepMs) * stepMs + stepMs + AFTER_BUCKET_MS;
}

function isDue({ bound_at: boundAt }: Progress, now: number): boolean {
  if (boundAt === null) return true;
  const at = boundAt.getTime();
  return now >= nextRollUpAt(at) || at > nextRollUpAt(now); // noted by a clock that ran ahead
}

async function readProgress(transaction: Queryable): Promise<Progress> {
  const { rows } = await transaction.query<Progress>(
    `SELECT rolled_id, rolled_at, bound_id, bound_at, hours_until, days_until,
       coalesce(pg_snapshot_xmin(pg_current_snapshot()) >= bound_xid, true) AS settled,
       coalesce(pg_snapshot_xmax(pg_current_snapshot()) < bound_xid, false) AS foreign_xid
     FROM status_rollup FOR UPDATE`,
  );
  return rows[0]!;
}

/** $1: now; $2: since when beats are kept. */
const OLDEST_DAY = binned(
  "interval '1 day'",
  'CASE WHEN newest.id = 0 THEN $1::timestamptz ELSE least($1::timestamptz, $2::timestamptz) END',
);

/** Notes the newest beat of now. At the very first time, how far back the hours and days begin as well. */
async function note(transaction: Queryable, { now, keep }: RollUpOptions): Promise<RollUpOutcome> {
  await transaction.query(
    `WITH newest AS (SELECT coalesce(max(id), 0) AS id FROM agent_status)
     UPDATE status_rollup SET bound_id = greatest(bound_id, newest.id), bound_at = $1,
       bound_xid = pg_snapshot_xmax(pg_current_snapshot()),
       hours_until = coalesce(hours_until, ${OLDEST_DAY}), days_until = coalesce(days_until, ${OLDEST_DAY})
     FROM newest`,
    [new Date(now), new Date(now - keep.beatsMs)],
  );
  return 'noted';
}

async function rollBeats(transaction: Queryable, progress: Progress, options: RollUpOptions): Promise<RollUpOutcome> {
  const { now, intervalMs, keep, pieceBeats = PIECE_BEATS } = options;
  const { rows } = await transaction.query<{ id: number | null }>(
    `SELECT max(id) AS id FROM (SELECT id FROM agent_status WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS piece`,
    [progress.rolled_id, progress.bound_id, pieceBeats],
  );
  const upTo = rows[0]?.id ?? progress.bound_id;
  if (upTo > progress.rolled_id) {
    const keptSince = (rollup: Rollup) => new Date(now - keptMs(rollup, keep));
    await transaction.query(ROLL_BEATS, [
      progress.rolled_id,
      upTo,
      intervalMs / 1_000,
      ...ROLLUPS.map(keptSince),
      progress.hours_until,
      progress.days_until,
    ]);
  }
  const isLast = upTo === progress.bound_id;
  await transaction.query(
    'UPDATE status_rollup SET rolled_id = $1, rolled_at = CASE WHEN $2 THEN bound_at ELSE rolled_at END',
    [upTo, isLast],
  );
  return 'more';
}

/** Rows of `rolled`, a step of 5 minutes each, merged into `table`. */
function mergeInto(table: RollupTable, stepMs: number, where: string): string {
  return `INSERT INTO ${table} AS standing (server, agent_id, bucket, ${FIGURES})
    SELECT server, agent_id, ${binned(`interval '${stepMs} milliseconds'`, 'bucket')} AS step, ${FIGURES_OF_ROWS} FROM rolled
    WHERE ${where} GROUP BY server, agent_id, step ORDER BY server, agent_id, step
    ON CONFLICT (server, agent_id, bucket) DO UPDATE SET ${MERGE_INTO_STANDING}`;
}

/**
 * $1, $2: the ids, from after and up to; $3: the seconds of a plain beat; $4, $5, $6: since when each roll-up is kept; $7, $8: up to where hours and
 * days are whole.
 */
const ROLL_BEATS = `
  WITH ${grownBeats('id > $1 AND id <= $2', '$3')}, rolled AS MATERIALIZED (
    SELECT server, agent_id, ${binned("interval '5 minutes'", 'at')} AS bucket, ${FIGURES_OF_GROWN}
    FROM grown GROUP BY server, agent_id, ${binned("interval '5 minutes'", 'at')}
  ), counters AS (
    INSERT INTO status_counters AS standing (server, agent_id, epoch, at, lost, dropped)
    SELECT DISTINCT ON (server, agent_id, epoch) server, agent_id, epoch, at, lost_total, dropped_total
    FROM beats ORDER BY server, agent_id, epoch, at DESC
    ON CONFLICT (server, agent_id, epoch) DO UPDATE SET at = excluded.at, lost = excluded.lost, dropped = excluded.dropped
    WHERE standing.at < excluded.at
  ), days AS (
    ${mergeInto('status_1d', ROLLUPS[2].stepMs, 'bucket >= $6 AND bucket < $8')}
  ), hours AS (
    ${mergeInto('status_1h', ROLLUPS[1].stepMs, 'bucket >= $5 AND bucket < $7')}
  )
  ${mergeInto('status_5m', ROLLUPS[0].stepMs, 'bucket >= $4')}`;

/** Rolls hours whose beats are all there; answers whether any was due. */
async function rollHours(transaction: Queryable, progress: Progress, { keep, now }: RollUpOptions): Promise<boolean> {
  const [fine, coarse] = ROLLUPS;
  const whole = (progress.rolled_at?.getTime() ?? Number.NEGATIVE_INFINITY) - GRACE_MS;
  let until = progress.hours_until?.getTime() ?? Number.POSITIVE_INFINITY;
  for (let count = 0; count < HOURS_AT_ONCE && until + coarse.stepMs <= whole; count++, until += coarse.stepMs) {
    if (until >= now - keptMs(coarse, keep)) await rollStep(transaction, fine, coarse, until);
  }
  if (until === progress.hours_until?.getTime() || !Number.isFinite(until)) return false;
  await transaction.query('UPDATE status_rollup SET hours_until = $1', [new Date(until)]);
  return true;
}

/** Rolls the next day once all of its hours are; answers whether it was due. */
async function rollDay(transaction: Queryable, progress: Progress, { keep, now }: RollUpOptions): Promise<boolean> {
  const [, fine, coarse] = ROLLUPS;
  const { hours_until: hoursUntil, days_until: daysUntil } = progress;
  if (hoursUntil === null || daysUntil === null) return false;
  const until = daysUntil.getTime() + coarse.stepMs;
  if (until > hoursUntil.getTime()) return false;
  if (daysUntil.getTime() >= now - keptMs(coarse, keep)) await rollStep(transaction, fine, coarse, daysUntil.getTime());
  await transaction.query('UPDATE status_rollup SET days_until = $1', [new Date(until)]);
  return true;
}

/** One step of the coarser from those of the finer. Done again it gives the same. */
async function rollStep(transaction: Queryable, fine: Rollup, coarse: Rollup, from: number): Promise<void> {
  await transaction.query(
    `INSERT INTO ${coarse.table} (server, agent_id, bucket, ${FIGURES})
     SELECT server, agent_id, $1::timestamptz, ${FIGURES_OF_ROWS} FROM ${fine.table} WHERE bucket >= $1 AND bucket < $2
     GROUP BY server, agent_id ORDER BY server, agent_id
     ON CONFLICT (server, agent_id, bucket) DO UPDATE SET ${REPLACE_STANDING}`,
    [new Date(from), new Date(from + coarse.stepMs)],
  );
}
