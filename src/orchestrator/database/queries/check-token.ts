import { NervesysError } from '../../../platform/errors.ts';
import type { Queryable } from '../database.ts';

/**
 * Resolves when the token is good for one more server now; it isn't used by this. Rejects with
 * `NSV_TOKEN_UNKNOWN | _REVOKED | _EXPIRED | _USED`, as enrolling would.
 */
export async function checkToken(database: Queryable, secretSha256: string, now: Date): Promise<void> {
  const { rows } = await database.query<{
    id: string;
    uses: number;
    uses_max: number | null;
    expires_at: Date | null;
    revoked_at: Date | null;
  }>('SELECT id, uses, uses_max, expires_at, revoked_at FROM enrolment_tokens WHERE secret_sha256 = $1', [
    secretSha256,
  ]);
  const token = rows[0];
  if (token === undefined) throw new NervesysError('NSV_TOKEN_UNKNOWN', 'this token is not known here');
  if (token.revoked_at !== null) throw new NervesysError('NSV_TOKEN_REVOKED', `token ${token.id} was revoked`);
  if (token.expires_at !== null && token.expires_at <= now)
    throw new NervesysError('NSV_TOKEN_EXPIRED', `token ${token.id} expired at ${token.expires_at.toISOString()}`);
  if (token.uses_max !== null && token.uses >= token.uses_max)
    throw new NervesysError('NSV_TOKEN_USED', `token ${token.id} was used ${token.uses} of ${token.uses_max} times`);
}
