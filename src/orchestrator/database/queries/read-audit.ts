import type { AuditAnswer, AuditEntry, AuditHead } from '../../../contract/audit.ts';
import type { Database } from '../database.ts';

const COLUMNS = `seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
  actor_type, actor, action, subject, address, detail, previous_sha256, sha256`;

/** The entries after `after`, oldest first, and the newest entry as it was noted; both of one instant. */
export async function readAudit(
  database: Database,
  page: { readonly after: number; readonly limit: number },
): Promise<{ entries: AuditEntry[]; head: AuditHead }> {
  return readAt(database, `SELECT ${COLUMNS} FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2`, [
    page.after,
    page.limit,
  ]);
}

/** What to look for; each left out: anything. */
export interface AuditFilter {
  readonly actions?: readonly string[] | undefined;
  /** Stands anywhere in who, on what, from where or the detail; upper and lower case are one. */
  readonly text?: string | undefined;
}

/** A filter looks through so many entries at a time, newest first: no index serves it, and the log only ever grows. 40 ms. */
export const AUDIT_LOOKED_THROUGH_MAX = 50_000;

/** The newest entries before `before` (all where it is undefined), newest first, and where to go on. */
export async function readNewestAudit(
  database: Database,
  page: { readonly before: number | undefined; readonly limit: number } & AuditFilter,
): Promise<AuditAnswer> {
  const { before, limit, actions, text } = page;
  const { entries, head } = await readAt(
    database,
    `SELECT ${COLUMNS} FROM
       (SELECT * FROM audit_log WHERE $1::bigint IS NULL OR seq < $1 ORDER BY seq DESC LIMIT $5) AS newest
     WHERE ($3::text[] IS NULL OR action = ANY ($3))
       AND ($4::text IS NULL OR concat_ws(' ', actor, subject, address, detail) ILIKE $4)
     ORDER BY seq DESC LIMIT $2`,
    [
      before ?? null,
      limit,
      actions ?? null,
      text === undefined ? null : `%${text.replace(/[\\%_]/g, '\\$&')}%`,
      AUDIT_LOOKED_THROUGH_MAX,
    ],
  );
  const lookedTo = entries.length === limit ? entries.at(-1)!.seq : (before ?? head.seq + 1) - AUDIT_LOOKED_THROUGH_MAX;
  return { entries, head, ...(lookedTo > 1 ? { next: lookedTo } : {}) };
}

async function readAt(
  database: Database,
  text: string,
  params: readonly unknown[],
): Promise<{ entries: AuditEntry[]; head: AuditHead }> {
  return database.transaction(async (transaction) => {
    // Else an entry that is appended between the two would look like one that was put in.
    await transaction.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows: entries } = await transaction.query<AuditEntry>(text, params);
    const { rows: heads } = await transaction.query<AuditHead>('SELECT seq, sha256 FROM audit_head');
    return { entries, head: heads[0] ?? { seq: -1, sha256: '' } }; // no head: somebody removed it, and verify says so
  });
}
