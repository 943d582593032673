import type { AuditEntry, AuditHead } from '../../../contract/audit.ts';
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

/** The newest entries before `before` (all where it is undefined), newest first. */
export async function readNewestAudit(
  database: Database,
  page: { readonly before: number | undefined; readonly limit: number },
): Promise<{ entries: AuditEntry[]; head: AuditHead }> {
  return readAt(
    database,
    `SELECT ${COLUMNS} FROM audit_log WHERE $1::bigint IS NULL OR seq < $1 ORDER BY seq DESC LIMIT $2`,
    [page.before ?? null, page.limit],
  );
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
