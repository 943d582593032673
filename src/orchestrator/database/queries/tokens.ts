import type { TokenView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';

export interface NewToken {
  readonly id: string;
  readonly secretSha256: string;
  /** A name or a pattern; null: any. */
  readonly server: string | null;
  /** Null: any number. */
  readonly usesMax: number | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export async function createToken(database: Queryable, token: NewToken): Promise<void> {
  await database.query(
    `INSERT INTO enrolment_tokens (id, secret_sha256, server, uses_max, created_by, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [token.id, token.secretSha256, token.server, token.usesMax, token.createdBy, token.createdAt, token.expiresAt],
  );
}

/** The newest 500 tokens, newest first. */
export async function listTokens(database: Queryable, now: Date): Promise<TokenView[]> {
  const { rows } = await database.query<{
    id: string;
    server: string | null;
    uses: number;
    uses_max: number | null;
    created_by: string;
    created_at: Date;
    expires_at: Date;
    revoked_at: Date | null;
  }>(
    `SELECT id, server, uses, uses_max, created_by, created_at, expires_at, revoked_at FROM enrolment_tokens
     ORDER BY created_at DESC, id LIMIT 500`,
  );
  return rows.map((row) => ({
    ...row,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
    state:
      row.revoked_at !== null
        ? 'revoked'
        : row.uses_max !== null && row.uses >= row.uses_max
          ? 'used'
          : row.expires_at <= now
            ? 'expired'
            : 'open',
  }));
}

/** Closes a token for good; servers that used it keep their keys. False: no such token. */
export async function revokeToken(database: Queryable, id: string, now: Date): Promise<boolean> {
  const { count } = await database.query(
    'UPDATE enrolment_tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1',
    [id, now],
  );
  return count > 0;
}
