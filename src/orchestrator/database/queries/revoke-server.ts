import type { Database } from '../database.ts';
import { type AuditActor, appendAudit } from './append-audit.ts';

/** Takes a server's key away; its AI agents are judged `revoked` in the next round. False: no such server. */
export async function revokeServer(
  database: Database,
  server: string,
  by: string,
  now: Date,
  actor: AuditActor,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const found = await transaction.query(
      `UPDATE servers SET revoked_at = coalesce(revoked_at, $2), state = 'revoked' WHERE server = $1`,
      [server, now],
    );
    if (found.count === 0) return false;
    await transaction.query(
      'UPDATE agent_keys SET revoked_at = $2, revoked_reason = $3 WHERE server = $1 AND revoked_at IS NULL',
      [server, now, `revoked by ${by}`],
    );
    await transaction.query('UPDATE agents_latest SET next_judged_at = $2 WHERE server = $1', [server, now]);
    await appendAudit(transaction, { at: now, by: actor, action: 'server.revoked', subject: server });
    return true;
  });
}
