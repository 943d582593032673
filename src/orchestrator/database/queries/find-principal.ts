import type { ServerName } from '../../../contract/ids.ts';
import type { Principal, Role } from '../../api/principal.ts';
import type { Queryable } from '../database.ts';

/** What a shown secret stands for. `revoked` says why a key that was good isn't any more. */
export type Found =
  | { readonly type: 'principal'; readonly principal: Principal; readonly key?: AgentKeyState }
  | { readonly type: 'revoked'; readonly reason: string }
  | { readonly type: 'unknown' };

/** What is looked at beside an agent's key (`AgentAdmission`). */
export interface AgentKeyState {
  readonly sha256: string;
  readonly createdAt: Date;
  readonly rotationAsked: boolean;
  /** The key that it takes over from, at its first use. */
  readonly replaces: string | null;
  readonly firstUsed: boolean;
  readonly incarnation: string | null;
}

interface KeyRow {
  readonly key_sha256: string;
  readonly type: 'agent' | 'api_key';
  readonly name: string;
  readonly revoked: boolean;
  readonly reason: string | null;
  readonly created_at: Date;
  readonly rotation_asked: boolean;
  readonly replaces: string | null;
  readonly first_used: boolean;
  readonly incarnation: string | null;
  readonly role: Role | null;
  readonly expires_at: Date | null;
}

/** Whose keys have these hashes: agents' or the API's. Those that nobody has are left out. */
export async function findKeys(
  database: Queryable,
  sha256s: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, Found>> {
  const { rows } = await database.query<KeyRow>(
    `SELECT key_sha256, 'agent' AS type, server AS name, revoked_at IS NOT NULL AS revoked, revoked_reason AS reason,
       created_at, rotation_asked_at IS NOT NULL AS rotation_asked, replaces, first_used_at IS NOT NULL AS first_used, incarnation,
       NULL AS role, NULL AS expires_at
     FROM agent_keys WHERE key_sha256 = ANY($1::char(64)[])
     UNION ALL
     SELECT key_sha256, 'api_key', name, revoked_at IS NOT NULL, NULL, created_at, false, NULL, false, NULL, role, expires_at
     FROM api_keys WHERE key_sha256 = ANY($1::char(64)[])`,
    [sha256s],
    { name: 'find-keys' },
  );
  return new Map(rows.map((row) => [row.key_sha256, toFound(row, now)]));
}

function toFound(row: KeyRow, now: Date): Found {
  if (row.type === 'api_key') {
    // A revoked API key is treated as unknown: only agents need to be told to go on buffering.
    if (row.revoked || (row.expires_at !== null && row.expires_at <= now)) return { type: 'unknown' };
    return { type: 'principal', principal: { type: 'api_key', name: row.name, role: row.role ?? 'viewer' } };
  }
  if (row.revoked) return { type: 'revoked', reason: row.reason ?? 'revoked' };
  return {
    type: 'principal',
    principal: { type: 'agent', server: row.name as ServerName },
    key: {
      sha256: row.key_sha256,
      createdAt: row.created_at,
      rotationAsked: row.rotation_asked,
      replaces: row.replaces,
      firstUsed: row.first_used,
      incarnation: row.incarnation,
    },
  };
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
