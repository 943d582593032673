import type { ServerName } from '../../../contract/ids.ts';
import type { Principal, Role } from '../../api/principal.ts';
import type { Queryable } from '../database.ts';

/** What a shown secret stands for. `revoked` says why a key that was good isn't any more. */
export type Found =
  | { readonly type: 'principal'; readonly principal: Principal }
  | { readonly type: 'revoked'; readonly reason: string }
  | { readonly type: 'unknown' };

/** Whose key has this hash: an agent's or the API's. */
export async function findKey(database: Queryable, sha256: string, now: Date): Promise<Found> {
  const { rows } = await database.query<{
    type: 'agent' | 'api_key';
    name: string;
    revoked: boolean;
    reason: string | null;
    role: Role | null;
    expires_at: Date | null;
  }>(
    `SELECT 'agent' AS type, server AS name, revoked_at IS NOT NULL AS revoked, revoked_reason AS reason,
       NULL AS role, NULL AS expires_at
     FROM agent_keys WHERE key_sha256 = $1
     UNION ALL
     SELECT 'api_key', name, revoked_at IS NOT NULL, NULL, role, expires_at FROM api_keys WHERE key_sha256 = $1`,
    [sha256],
    { name: 'find-key' },
  );
  const row = rows[0];
  if (row === undefined) return { type: 'unknown' };
  if (row.type === 'api_key') {
    // A revoked API key is treated as unknown: only agents need to be told to go on buffering.
    if (row.revoked || (row.expires_at !== null && row.expires_at <= now)) return { type: 'unknown' };
    return { type: 'principal', principal: { type: 'api_key', name: row.name, role: row.role ?? 'viewer' } };
  }
  if (row.revoked) return { type: 'revoked', reason: row.reason ?? 'revoked' };
  return { type: 'principal', principal: { type: 'agent', server: row.name as ServerName } };
}

/** Whose session has this hash, if it still runs. */
export async function findSession(database: Queryable, sha256: string, now: Date): Promise<Found> {
  const { rows } = await database.query<{ name: string; role: Role }>(
    `SELECT people.name, people.role FROM sessions JOIN people ON people.name = sessions.person
     WHERE session_sha256 = $1 AND expires_at > $2`,
    [sha256, now],
    { name: 'find-session' },
  );
  const row = rows[0];
  return row === undefined
    ? { type: 'unknown' }
    : { type: 'principal', principal: { type: 'person', name: row.name, role: row.role } };
}
