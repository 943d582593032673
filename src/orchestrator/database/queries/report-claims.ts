import type { FactsPeriod } from '../../../contract/report-facts.ts';
import type { ReportKind } from '../../../contract/reports.ts';
import type { Queryable } from '../database.ts';
import { holdable } from '../storable.ts';

export interface ReportName {
  readonly kind: ReportKind;
  readonly period: string;
}

/** A report that this replica is to make. `by` names the claim, not the replica: one that ran out is not taken for a later one. */
export interface ReportClaim extends ReportName {
  readonly by: string;
  readonly time_zone: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly version: number;
  readonly sent: number;
  readonly wanted: boolean;
  readonly failures: number;
}

export interface PlannedReport {
  readonly kind: ReportKind;
  readonly period: FactsPeriod;
}

/**
 * Makes reports due that nobody has made yet, and summaries that were last made before their period was over (a critical report is looked at
 * again by itself). Any number of replicas may do so at
 * once. Answers which are due by this.
 */
export async function planReports(
  database: Queryable,
  planned: readonly PlannedReport[],
  now: Date,
): Promise<ReportName[]> {
  if (planned.length === 0) return [];
  const { rows } = await database.query<ReportName>(
    `INSERT INTO reports (kind, period, time_zone, starts_at, ends_at, due_at)
     SELECT *, $6::timestamptz FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
     ON CONFLICT (kind, period) DO UPDATE SET due_at = excluded.due_at
       WHERE reports.kind <> 'critical' AND reports.looked_at < reports.ends_at AND reports.failures = 0 AND (reports.due_at IS NULL OR reports.due_at > excluded.due_at)
     RETURNING kind, period`,
    [...columnsOf(planned), now],
  );
  return rows;
}

/** Makes a report due because somebody asked for it. False: it is being made, or is about to be for somebody who asked before. */
export async function wantReport(database: Queryable, wanted: PlannedReport, now: Date): Promise<boolean> {
  const { count } = await database.query(
    `INSERT INTO reports (kind, period, time_zone, starts_at, ends_at, due_at, wanted)
     SELECT *, $6::timestamptz, true FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
     ON CONFLICT (kind, period) DO UPDATE SET due_at = excluded.due_at, wanted = true,
         time_zone = excluded.time_zone, starts_at = excluded.starts_at, ends_at = excluded.ends_at
       WHERE (reports.claimed_until IS NULL OR reports.claimed_until <= $6) AND NOT (reports.wanted AND (reports.failures = 0 OR reports.due_at <= $6))`,
    [...columnsOf([wanted]), now],
  );
  return count > 0;
}

/** Periods that are over and may still get data are looked at again now: a new day is made anyway. */
export async function lookAgain(database: Queryable, endedAfter: Date, now: Date): Promise<void> {
  await database.query(
    `UPDATE reports SET due_at = $2 WHERE kind <> 'critical' AND ends_at > $1 AND ends_at <= $2 AND failures = 0 AND due_at > $2`,
    [endedAfter, now],
  );
}

/**
 * Claims what is due: first what somebody asked for, then what is critical, else the oldest first. `undefined`: nothing is, or others are at it. With
 * `askedFor` only what somebody asked for.
 */
export async function claimReport(
  database: Queryable,
  claim: { readonly by: string; readonly now: Date; readonly until: Date; readonly askedFor: boolean },
): Promise<ReportClaim | undefined> {
  const { rows } = await database.query<ReportClaim>(
    `UPDATE reports SET claimed_by = $2, claimed_until = $3
     WHERE (kind, period) = (SELECT kind, period FROM reports
       WHERE due_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1) AND (wanted OR NOT $4::boolean)
       ORDER BY wanted DESC, kind = 'critical' DESC, ends_at, kind LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING kind, period, claimed_by AS by, time_zone, starts_at, ends_at, version, sent, wanted, failures`,
    [claim.now, claim.by, claim.until, claim.askedFor],
  );
  return rows[0];
}

/** Whether it is still this claim's. */
export async function renewReport(database: Queryable, claim: ReportClaim, until: Date): Promise<boolean> {
  const { count } = await database.query(
    'UPDATE reports SET claimed_until = $4 WHERE kind = $1 AND period = $2 AND claimed_by = $3',
    [claim.kind, claim.period, claim.by, until],
  );
  return count > 0;
}

/** It is made. False: the claim had run out, and another replica is at it. */
export async function endReport(
  database: Queryable,
  claim: ReportClaim,
  end: { readonly lookedAt: Date; readonly dueAt: Date | null },
): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE reports SET claimed_by = NULL, claimed_until = NULL, wanted = false, failures = 0, error = NULL, looked_at = $4, due_at = $5
     WHERE kind = $1 AND period = $2 AND claimed_by = $3`,
    [claim.kind, claim.period, claim.by, end.lookedAt, end.dueAt],
  );
  return count > 0;
}

/** It could not be made, and is tried again at `dueAt`; the files of an earlier version stay. */
export async function failReport(
  database: Queryable,
  claim: ReportClaim,
  fault: { readonly error: string; readonly dueAt: Date },
): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE reports SET claimed_by = NULL, claimed_until = NULL, failures = failures + 1, error = $4, due_at = $5
     WHERE kind = $1 AND period = $2 AND claimed_by = $3`,
    [claim.kind, claim.period, claim.by, holdable(fault.error.slice(0, 1_000)), fault.dueAt],
  );
  return count > 0;
}

/** It is given up unmade: another replica, or the next start, takes it at once. */
export async function giveBackReport(database: Queryable, claim: ReportClaim): Promise<void> {
  await database.query(
    'UPDATE reports SET claimed_by = NULL, claimed_until = NULL WHERE kind = $1 AND period = $2 AND claimed_by = $3',
    [claim.kind, claim.period, claim.by],
  );
}

/** Whether anything is due, being made or on its way to a shelf. */
export async function isAnythingWaiting(database: Queryable, askedFor: boolean): Promise<boolean> {
  const { rows } = await database.query<{ waiting: boolean }>(
    `SELECT EXISTS (SELECT FROM reports WHERE due_at IS NOT NULL AND (wanted OR NOT $1::boolean))
       OR EXISTS (SELECT FROM report_deliveries WHERE state = 'waiting') AS waiting`,
    [askedFor],
  );
  return rows[0]?.waiting === true;
}

/** When the first server was enrolled or first seen in a state: before that there is nothing to report. Null: not yet. */
export async function readFirstDataAt(database: Queryable): Promise<Date | null> {
  const { rows } = await database.query<{ first: Date | null }>(
    'SELECT least((SELECT min(enrolled_at) FROM servers), (SELECT min(at) FROM transitions)) AS first',
  );
  return rows[0]?.first ?? null;
}

function columnsOf(planned: readonly PlannedReport[]): unknown[] {
  return [
    planned.map(({ kind }) => kind),
    planned.map(({ period }) => period.name),
    planned.map(({ period }) => period.time_zone),
    planned.map(({ period }) => period.starts_at),
    planned.map(({ period }) => period.ends_at),
  ];
}
