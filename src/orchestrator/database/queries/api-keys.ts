import type { Role } from '../../api/principal.ts';
import type { Queryable } from '../database.ts';

/** A key for scripts as admins see it: everything but the key, which nobody can show again. */
export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** null: this machine's own, made at the first start. */
  readonly created_by: string | null;
  readonly created_at: string;
  /** null: never. */
  readonly expires_at: string | null;
  readonly state: 'open' | 'expired' | 'revoked';
}

/** Answers the key's id. */
export async function createApiKey(
  database: Queryable,
  key: {
    readonly sha256: string;
    readonly name: string;
    readonly role: Role;
    readonly createdBy: string;
    readonly createdAt: Date;
    readonly expiresAt: Date | null;
  },
): Promise<string> {
  const { rows } = await database.query<{ id: string }>(
    `INSERT INTO api_keys (key_sha256, name, role, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
     RETURNING id`,
    [key.sha256, key.name, key.role, key.createdBy, key.createdAt, key.expiresAt],
  );
  return (rows[0] as { id: string }).id;
}

/** The newest 500 keys, newest first. */
export async function listApiKeys(database: Queryable, now: Date): Promise<ApiKeyView[]> {
  const { rows } = await database.query<{
    id: string;
    name: string;
    role: Role;
    created_by: string | null;
    created_at: Date;
    expires_at: Date | null;
    revoked: boolean;
  }>(
    `SELECT id, name, role, created_by, created_at, expires_at, revoked_at IS NOT NULL AS revoked FROM api_keys
     ORDER BY created_at DESC, id LIMIT 500`,
  );
  return rows.map(({ revoked, ...row }) => ({
    ...row,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
    state: revoked ? 'revoked' : row.expires_at !== null && row.expires_at <= now ? 'expired' : 'open',
  }));
}

/** Closes a key for good. False: there is no open key with this id. */
export async function revokeApiKey(database: Queryable, id: string, now: Date): Promise<boolean> {
  const { count } = await database.query('UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL', [
    id,
    now,
  ]);
  return count > 0;
}
