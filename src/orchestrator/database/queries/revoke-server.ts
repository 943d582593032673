import type { AgentState } from '../../../contract/heartbeat.ts';
import type { Transitions } from '../../fleet/transitions.ts';
import type { Database } from '../database.ts';
import { type AuditActor, appendAudit } from './append-audit.ts';

/** Takes a server's key away; its AI agents are judged `revoked` in the next round of the watch. False: no such server. */
export async function revokeServer(
  database: Database,
  transitions: Transitions,
  server: string,
  by: string,
  now: Date,
  actor: AuditActor,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ state: AgentState | null; is_retired: boolean }>(
      `SELECT CASE WHEN state_at IS NOT NULL THEN state END AS state, retired_at IS NOT NULL AS is_retired
       FROM servers WHERE server = $1 FOR UPDATE`,
      [server],
    );
    const known = rows[0];
    if (known === undefined) return false;
    await transaction.query('UPDATE servers SET revoked_at = coalesce(revoked_at, $2) WHERE server = $1', [
      server,
      now,
    ]);
    // Before its alerts: whoever judges its AI agents has them first and its alerts then.
    await transaction.query('UPDATE agents_latest SET next_judged_at = $2 WHERE server = $1', [server, now]);
    // One that is out of service stays so: nobody waits for it.
    if (known.state !== 'revoked' && !known.is_retired) {
      const reason = "the server's key was revoked";
      await transaction.query(`UPDATE servers SET state = 'revoked', reason = $3, state_at = $2 WHERE server = $1`, [
        server,
        now,
        reason,
      ]);
      await transitions.record(transaction, [
        { server, agentId: null, from: known.state, to: 'revoked', reason, at: now },
      ]);
    }
    await transaction.query(
      'UPDATE agent_keys SET revoked_at = $2, revoked_reason = $3 WHERE server = $1 AND revoked_at IS NULL',
      [server, now, `revoked by ${by}`],
    );
    await appendAudit(transaction, { at: now, by: actor, action: 'server.revoked', subject: server });
    return true;
  });
}
