import type { Queryable } from '../database.ts';

export interface NewToken {
  readonly id: string;
  readonly secretSha256: string;
  readonly server: string | null;
  readonly usesMax: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** An enrolment token as people see it: everything but its secret, which nobody can show again. */
export interface TokenView {
  readonly id: string;
  readonly server: string | null;
  readonly uses: number;
  readonly uses_max: number;
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly state: 'open' | 'used' | 'expired' | 'revoked';
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
    uses_max: number;
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
        : row.uses >= row.uses_max
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
