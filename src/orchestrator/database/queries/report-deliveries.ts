import type { ReportFormat, ReportLanguage } from '../../../contract/reports.ts';
import type { ShelvedFile } from '../../../storage/shelf.ts';
import type { Queryable } from '../database.ts';
import { holdable } from '../storable.ts';
import type { ReportName } from './report-claims.ts';
import type { FileName } from './report-files.ts';

/** A file that a shelf is to have. */
export interface WantedDelivery {
  readonly shelf: string;
  readonly lang: ReportLanguage;
  readonly format: ReportFormat;
  readonly path: string;
  /** So long after it got a version it gets the next one, ms: each is one more mail. */
  readonly restMs: number;
}

/** One that this replica is to bring now. `by` names the claim. */
export interface DeliveryClaim extends FileName {
  readonly shelf: string;
  readonly path: string;
  readonly by: string;
  readonly wanted: number;
  readonly wanted_at: Date;
  /** This attempt counted. */
  readonly attempts: number;
  /** Somebody said that it may take the place of a report that knows more. */
  readonly replaces: boolean;
  /** The version that the shelf has, and since when; null: none. Where it is the one that it is to have, somebody wants it there again. */
  readonly version: number | null;
  readonly delivered_at: Date | null;
}

/**
 * Shelves are to have this version. Where one is to have a later one already nothing changes; where it is to have this one, or has it, neither,
 * unless it is to be brought `again`. `replaces`: also in the place of a report that knows more. Within a transaction that holds the report.
 */
export async function wantDeliveries(
  transaction: Queryable,
  { kind, period }: ReportName,
  version: number,
  wanted: readonly WantedDelivery[],
  now: Date,
  again: boolean,
  replaces = false,
): Promise<void> {
  if (wanted.length === 0) return;
  await transaction.query(
    `INSERT INTO report_deliveries AS standing (kind, period, shelf, lang, format, path, state, wanted, wanted_at, replaces, due_at)
     SELECT $1::text, $2::text, told.shelf, told.lang, told.format, told.path, 'waiting', $3::int, $4::timestamptz, $11::boolean,
       greatest($4, had.delivered_at + CASE WHEN $9::boolean THEN 0 ELSE rest_ms END * interval '1 millisecond')
     FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $10::int[]) AS told (shelf, lang, format, path, rest_ms)
       LEFT JOIN report_deliveries had ON had.kind = $1 AND had.period = $2 AND (had.shelf, had.lang, had.format) = (told.shelf, told.lang, told.format)
     ON CONFLICT (kind, period, shelf, lang, format) DO UPDATE SET path = excluded.path, wanted = excluded.wanted, wanted_at = excluded.wanted_at,
       replaces = excluded.replaces, state = CASE WHEN standing.version = excluded.wanted AND NOT $9::boolean THEN 'delivered' ELSE 'waiting' END,
       due_at = CASE WHEN standing.version = excluded.wanted AND NOT $9::boolean THEN NULL ELSE excluded.due_at END, attempts = 0, error_code = NULL, error = NULL, hint = NULL
     WHERE standing.wanted < excluded.wanted OR standing.wanted = excluded.wanted AND $9`,
    [
      kind,
      period,
      version,
      now,
      wanted.map(({ shelf }) => shelf),
      wanted.map(({ lang }) => lang),
      wanted.map(({ format }) => format),
      wanted.map(({ path }) => path),
      again,
      wanted.map(({ restMs }) => restMs),
      replaces,
    ],
  );
  // A name is one file's: what never came there in another language, by settings of before, would take it again.
  await transaction.query(
    `DELETE FROM report_deliveries one USING unnest($3::text[], $4::text[], $5::text[]) AS told (shelf, lang, path)
     WHERE kind = $1 AND period = $2 AND state <> 'delivered' AND one.shelf = told.shelf AND one.path = told.path AND one.lang <> told.lang`,
    [kind, period, wanted.map(({ shelf }) => shelf), wanted.map(({ lang }) => lang), wanted.map(({ path }) => path)],
  );
}

/** Claims what is critical, or else the oldest that is due on this shelf, unless somebody brings it something at this moment. */
export async function claimDelivery(
  database: Queryable,
  shelf: string,
  claim: { readonly by: string; readonly now: Date; readonly until: Date },
): Promise<DeliveryClaim | undefined> {
  const { rows } = await database.query<DeliveryClaim>(
    `UPDATE report_deliveries SET claimed_by = $2, claimed_until = $3, attempts = attempts + 1
     WHERE (kind, period, shelf, lang, format) = (SELECT kind, period, shelf, lang, format
       FROM report_deliveries one JOIN reports USING (kind, period)
       WHERE shelf = $4 AND state = 'waiting' AND one.due_at <= $1 AND (one.claimed_until IS NULL OR one.claimed_until <= $1)
         AND NOT EXISTS (SELECT FROM report_deliveries other
           WHERE other.shelf = one.shelf AND other.state = 'waiting' AND other.claimed_until > $1)
       ORDER BY kind = 'critical' DESC, ends_at, kind, format, lang LIMIT 1 FOR UPDATE OF one SKIP LOCKED)
     RETURNING kind, period, shelf, lang, format, path, claimed_by AS by, wanted, wanted_at, replaces, attempts, version, delivered_at`,
    [claim.now, claim.by, claim.until, shelf],
  );
  return rows[0];
}

/** Whether it is still this claim's. */
export async function renewDelivery(database: Queryable, claim: DeliveryClaim, until: Date): Promise<boolean> {
  const { count } = await database.query(`UPDATE report_deliveries SET claimed_until = $7 WHERE ${OF_CLAIM}`, [
    ...nameOf(claim),
    until,
  ]);
  return count > 0;
}

/**
 * The shelf has this version. Where a later one is wanted by now it waits on. False: the claim had run out, and another replica has brought or
 * brings it.
 */
export async function endDelivery(
  database: Queryable,
  claim: DeliveryClaim,
  version: number,
  { id, link }: ShelvedFile,
  now: Date,
): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE report_deliveries SET claimed_by = NULL, claimed_until = NULL, version = $7, tried_at = $8, delivered_at = $8,
       shelf_id = $9, link = $10, error_code = NULL, error = NULL, hint = NULL,
       state = CASE WHEN wanted <= $7 THEN 'delivered' ELSE 'waiting' END, due_at = CASE WHEN wanted <= $7 THEN NULL ELSE due_at END
     WHERE ${OF_CLAIM} AND (version IS NULL OR version <= $7)`,
    [...nameOf(claim), version, now, textOf(id, 300), textOf(link, 1_000)],
  );
  return count > 0;
}

/**
 * Whoever lost its claim may have put an earlier version in the place of a later one, after that was noted: the later one is brought again.
 * Answers whether it is.
 */
export async function mendDelivery(
  database: Queryable,
  claim: DeliveryClaim,
  putVersion: number,
  now: Date,
): Promise<boolean> {
  const { kind, period, shelf, lang, format } = claim;
  const { count } = await database.query(
    `UPDATE report_deliveries SET state = 'waiting', due_at = $7, attempts = 0
     WHERE kind = $1 AND period = $2 AND shelf = $3 AND lang = $4 AND format = $5 AND version > $6`,
    [kind, period, shelf, lang, format, putVersion, now],
  );
  return count > 0;
}

export interface DeliveryFault {
  readonly code: string;
  readonly error: string;
  readonly hint: string | null;
  /** When it is tried again; null: it is given up. */
  readonly dueAt: Date | null;
}

/** It failed. What was wanted anew meanwhile stays due. */
export async function failDelivery(
  database: Queryable,
  claim: DeliveryClaim,
  { code, error, hint, dueAt }: DeliveryFault,
  now: Date,
): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE report_deliveries SET claimed_by = NULL, claimed_until = NULL, tried_at = $7, error_code = $8, error = $9, hint = $10,
       state = CASE WHEN wanted_at > $12 OR $11::timestamptz IS NOT NULL THEN 'waiting' ELSE 'failed' END,
       due_at = CASE WHEN wanted_at > $12 THEN due_at ELSE $11 END
     WHERE ${OF_CLAIM}`,
    [...nameOf(claim), now, code.slice(0, 50), textOf(error, 1_000), textOf(hint, 1_000), dueAt, claim.wanted_at],
  );
  return count > 0;
}

/** It was broken off because we are closing, which is no attempt. */
export async function giveBackDelivery(database: Queryable, claim: DeliveryClaim): Promise<void> {
  await database.query(
    `UPDATE report_deliveries SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1 WHERE ${OF_CLAIM}`,
    nameOf(claim),
  );
}

/**
 * Tries everything of this shelf at once that waits or has failed, of periods that ended after this: its settings or secret are others now.
 * Answers how many there are.
 */
export async function retryShelf(database: Queryable, shelf: string, endedAfter: Date, now: Date): Promise<number> {
  const { count } = await database.query(
    `UPDATE report_deliveries SET state = 'waiting', due_at = $3, attempts = 0, wanted_at = $3
     FROM reports WHERE reports.kind = report_deliveries.kind AND reports.period = report_deliveries.period AND shelf = $1
       AND ends_at > $2 AND (state = 'failed' OR state = 'waiting' AND report_deliveries.due_at > $3)`,
    [shelf, endedAfter, now],
  );
  return count;
}

/** What waits for shelves that aren't in the configuration any more ends. Those that were wanted after `wantedBefore` wait on: replicas hear of a change one after the other. */
export async function endOtherShelves(
  database: Queryable,
  shelves: readonly string[],
  wantedBefore: Date,
): Promise<number> {
  const { count } = await database.query(
    `UPDATE report_deliveries SET state = 'failed', due_at = NULL, error_code = 'NSV_SHELF_UNKNOWN',
       error = 'the shelf is not in the configuration any more', hint = NULL
     WHERE state = 'waiting' AND shelf <> ALL($1) AND wanted_at < $2`,
    [shelves, wantedBefore],
  );
  return count;
}

/** Shelves that something waits for, in time or past it. */
export async function readDueShelves(database: Queryable, now: Date): Promise<string[]> {
  const { rows } = await database.query<{ shelf: string }>(
    "SELECT DISTINCT shelf FROM report_deliveries WHERE state = 'waiting' AND due_at <= $1 ORDER BY shelf",
    [now],
  );
  return rows.map(({ shelf }) => shelf);
}

const OF_CLAIM = 'kind = $1 AND period = $2 AND shelf = $3 AND lang = $4 AND format = $5 AND claimed_by = $6';

function nameOf({ kind, period, shelf, lang, format, by }: DeliveryClaim): unknown[] {
  return [kind, period, shelf, lang, format, by];
}

/** What a shelf said may be anything, and must not keep its outcome from being noted. */
function textOf(said: string | null, lengthMax: number): string | null {
  return said === null ? null : holdable(said.slice(0, lengthMax));
}
