import type { AuditAction, AuditActorType, AuditHead } from '../../../contract/audit.ts';
import { hashAuditEntry } from '../../../contract/audit-chain.ts';
import type { Queryable } from '../database.ts';

export interface AuditActor {
  readonly type: AuditActorType;
  readonly name: string | null;
  readonly address: string | null;
}

export interface NewAuditEntry {
  readonly at: Date;
  readonly by: AuditActor;
  readonly action: AuditAction;
  readonly subject: string | null;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Entries are chained, so one is appended at a time, whichever replica does it. */
const AUDIT_LOCK = 0x6e73_7634; // "nsv4"
const DETAIL_CHARACTERS_MAX = 2_000;

/**
 * Appends to the audit log, in the transaction of what it tells: both are kept or neither. Everybody else's entries wait until
 * the transaction ends, so call it last.
 */
export async function appendAudit(transaction: Queryable, entry: NewAuditEntry): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock($1)', [AUDIT_LOCK]);
  const { rows } = await transaction.query<AuditHead>('SELECT seq, sha256 FROM audit_head');
  const head = rows[0];
  if (head === undefined) throw new Error('audit_head is empty: the audit log cannot be continued');
  const detail = JSON.stringify(entry.detail ?? {});
  const row = {
    seq: head.seq + 1,
    at: `${entry.at.toISOString().slice(0, -1)}000Z`,
    actor_type: entry.by.type,
    actor: bounded(entry.by.name, 100),
    action: entry.action,
    subject: bounded(entry.subject, 200),
    address: bounded(entry.by.address, 60),
    detail: detail.length > DETAIL_CHARACTERS_MAX ? '{"cut":true}' : detail,
    previous_sha256: head.sha256,
  };
  const sha256 = hashAuditEntry(row);
  await transaction.query(
    `INSERT INTO audit_log (seq, at, actor_type, actor, action, subject, address, detail, previous_sha256, sha256)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [...Object.values(row), sha256],
  );
  await transaction.query('UPDATE audit_head SET seq = $1, sha256 = $2', [row.seq, sha256]);
}

/** Names come from whoever asks: cut to the column, and without what Postgres can't hold. */
function bounded(text: string | null, charactersMax: number): string | null {
  if (text === null) return null;
  return [...text.toWellFormed().replaceAll('\u0000', '\ufffd')].slice(0, charactersMax).join('');
}
