import type { AnyFacts, TrafficLight } from '../../../contract/report-facts.ts';
import type { GatheredFacts } from '../../reports/facts-source.ts';
import type { Database, Queryable } from '../database.ts';
import type { ReportClaim, ReportName } from './report-claims.ts';

/**
 * Stores what was gathered as the next version, unless the newest one says the same. `undefined`: the claim has run out, and nothing was stored.
 */
export async function addVersion(
  database: Database,
  claim: ReportClaim,
  gathered: { readonly facts: GatheredFacts; readonly sha256: string; readonly light: TrafficLight | null },
): Promise<{ readonly version: number; readonly isNew: boolean } | undefined> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ version: number; sha256: string | null }>(
      `SELECT reports.version, sha256 FROM reports LEFT JOIN report_facts USING (kind, period, version)
       WHERE kind = $1 AND period = $2 AND claimed_by = $3 FOR UPDATE OF reports`,
      [claim.kind, claim.period, claim.by],
    );
    const standing = rows[0];
    if (standing === undefined) return undefined;
    if (standing.sha256 === gathered.sha256) return { version: standing.version, isNew: false };
    const { facts, sha256, light } = gathered;
    const version = standing.version + 1;
    await transaction.query(
      'INSERT INTO report_facts (kind, period, version, facts, sha256, gathered_at) VALUES ($1, $2, $3, $4, $5, $6)',
      [claim.kind, claim.period, version, JSON.stringify({ ...facts, version }), sha256, facts.gathered_at],
    );
    await transaction.query('UPDATE reports SET version = $3, light = $4 WHERE kind = $1 AND period = $2', [
      claim.kind,
      claim.period,
      version,
      light,
    ]);
    return { version, isNew: true };
  });
}

/** The facts of a version; of the newest where none is named. `undefined`: there are none. */
export async function readFacts(
  database: Queryable,
  { kind, period }: ReportName,
  version?: number,
): Promise<AnyFacts | undefined> {
  const { rows } = await database.query<{ facts: AnyFacts }>(
    `SELECT facts FROM report_facts WHERE kind = $1 AND period = $2 AND ($3::int IS NULL OR version = $3)
     ORDER BY version DESC LIMIT 1`,
    [kind, period, version ?? null],
  );
  return rows[0]?.facts;
}

/** Forgets some reports of periods that ended before this, with all that is of them; answers how many. What is on shelves stays. */
export async function forgetReports(database: Queryable, endedBefore: Date, most: number): Promise<number> {
  const { count } = await database.query(
    `DELETE FROM reports WHERE (kind, period) IN
       (SELECT kind, period FROM reports WHERE ends_at < $1 AND claimed_until IS NULL ORDER BY ends_at LIMIT $2)`,
    [endedBefore, most],
  );
  return count;
}
