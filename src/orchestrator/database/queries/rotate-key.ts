import { NervesysError } from '../../../platform/errors.ts';
import type { Database, Queryable } from '../database.ts';

/** Asks a server to exchange its key; its next beat tells it. False: no such server, or it is revoked. */
export async function askForRotation(database: Queryable, server: string, now: Date): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE agent_keys SET rotation_asked_at = coalesce(rotation_asked_at, $2)
     WHERE server = $1 AND revoked_at IS NULL AND (replaces IS NULL OR first_used_at IS NOT NULL)`,
    [server, now],
  );
  return count > 0;
}

/**
 * Notes the successor of a key. Both open; the old one until the new one is first used (`takeIntoUse`), so that no step between can
 * lock a server out. An agent that lost the answer asks again: what it never got is forgotten.
 * Rejects with `NSV_AGENT_REVOKED` when the old key was revoked meanwhile.
 */
export async function addSuccessor(database: Database, oldSha256: string, newSha256: string, now: Date): Promise<void> {
  await database.transaction(async (transaction) => {
    // FOR UPDATE: a revocation that comes at the same time comes before or after, never between.
    const old = await transaction.query(
      'SELECT 1 FROM agent_keys WHERE key_sha256 = $1 AND revoked_at IS NULL FOR UPDATE',
      [oldSha256],
    );
    if (old.count === 0) throw new NervesysError('NSV_AGENT_REVOKED', 'this key was revoked');
    await transaction.query('DELETE FROM agent_keys WHERE replaces = $1 AND first_used_at IS NULL', [oldSha256]);
    await transaction.query(
      `INSERT INTO agent_keys (key_sha256, server, token_id, boot_id, created_at, replaces, incarnation)
       SELECT $2, server, token_id, boot_id, $3, $1, incarnation FROM agent_keys WHERE key_sha256 = $1`,
      [oldSha256, newSha256, now],
    );
    // Who was there first stays so under the new key: a copy may be the first to show it.
    await transaction.query(
      `INSERT INTO agent_incarnations (key_sha256, incarnation, boot_id, first_seen_at, returned_at, refused_at)
       SELECT $2, incarnation, boot_id, first_seen_at, returned_at, refused_at FROM agent_incarnations WHERE key_sha256 = $1`,
      [oldSha256, newSha256],
    );
  });
}

/** The first use of a successor: it is written where it belongs, so the key before it may go. Idempotent. */
export async function takeIntoUse(database: Database, sha256: string, now: Date): Promise<void> {
  await database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ server: string }>(
      'UPDATE agent_keys SET first_used_at = $2 WHERE key_sha256 = $1 AND first_used_at IS NULL AND revoked_at IS NULL RETURNING server',
      [sha256, now],
    );
    if (rows[0] === undefined) return;
    await transaction.query(
      `UPDATE agent_keys SET revoked_at = $3, revoked_reason = 'the server has exchanged it for a newer key'
       WHERE server = $1 AND key_sha256 <> $2 AND revoked_at IS NULL`,
      [rows[0].server, sha256, now],
    );
  });
}
