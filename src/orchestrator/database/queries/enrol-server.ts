import { matchesServerPattern } from '../../../contract/server-pattern.ts';
import { NervesysError } from '../../../platform/errors.ts';
import type { Database } from '../database.ts';
import { appendAudit } from './append-audit.ts';
import { recordRename, standingKeys } from './server-renames.ts';

export interface Enrolment {
  readonly secretSha256: string;
  readonly server: string;
  readonly agentVersion: string;
  readonly bootId: string | null;
  /** Of the key that the server gets if all is well. */
  readonly keySha256: string;
  readonly now: Date;
  /** What stands against this agent whatever its token (it speaks another contract): told to who has a good token, and it isn't used up. */
  readonly obstacle?: NervesysError | undefined;
  /** Where the request came from, for the audit log. */
  readonly address: string;
  /** The name that it says it had before, and whether it proves so by the key with this hash. */
  readonly former?: { readonly server: string; readonly isProvenBy: (keySha256: string) => boolean } | undefined;
}

/** An agent whose answer got lost repeats the request; within this time it gets a new key without a second use. */
const REPEAT_MS = 600_000;

/**
 * Uses a token once and makes `keySha256` the key of the server. A server that is enrolled again gets the new key in place of its
 * old one: a re-installed server has lost it, and of two servers under one name only the newer goes on.
 * Rejects with `NSV_TOKEN_UNKNOWN | _REVOKED | _EXPIRED | _USED | _WRONG_SERVER`, or with the obstacle. All but the first have `tokenId`
 * in their facts: who hears them holds a secret that we gave out.
 * Resolves with whether the former name was proven (true where none was given): a server that can't is let in all the same, by its token.
 */
export async function enrolServer(database: Database, enrolment: Enrolment): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{
      id: string;
      server: string | null;
      uses: number;
      uses_max: number | null;
      expires_at: Date;
      revoked_at: Date | null;
    }>(
      // FOR UPDATE: two servers that show a one-time token at the same instant come one after the other.
      'SELECT id, server, uses, uses_max, expires_at, revoked_at FROM enrolment_tokens WHERE secret_sha256 = $1 FOR UPDATE',
      [enrolment.secretSha256],
    );
    const token = rows[0];
    if (token === undefined) throw new NervesysError('NSV_TOKEN_UNKNOWN', 'this token is not known here');
    if (token.revoked_at !== null)
      throw new NervesysError('NSV_TOKEN_REVOKED', `token ${token.id} was revoked`, {
        facts: { tokenId: token.id },
      });
    if (token.expires_at <= enrolment.now)
      throw new NervesysError('NSV_TOKEN_EXPIRED', `token ${token.id} expired at ${token.expires_at.toISOString()}`, {
        facts: { tokenId: token.id },
      });
    if (token.server !== null && !matchesServerPattern(token.server, enrolment.server))
      throw new NervesysError(
        'NSV_TOKEN_WRONG_SERVER',
        `token ${token.id} is for ${token.server}, not for ${enrolment.server}`,
        {
          facts: { tokenId: token.id },
        },
      );
    if (enrolment.obstacle !== undefined)
      throw new NervesysError(enrolment.obstacle.code, enrolment.obstacle.message, { facts: { tokenId: token.id } });
    const repeated = await transaction.query(
      'SELECT 1 FROM agent_keys WHERE server = $1 AND token_id = $2 AND boot_id = $3 AND created_at > $4 AND revoked_at IS NULL',
      [enrolment.server, token.id, enrolment.bootId, new Date(enrolment.now.getTime() - REPEAT_MS)],
    );
    if (repeated.count === 0) {
      if (token.uses_max !== null && token.uses >= token.uses_max)
        throw new NervesysError(
          'NSV_TOKEN_USED',
          `token ${token.id} was used ${token.uses} of ${token.uses_max} times`,
          { facts: { tokenId: token.id } },
        );
      await transaction.query('UPDATE enrolment_tokens SET uses = uses + 1 WHERE id = $1', [token.id]);
    }

    await transaction.query(
      // The watch says in which state it is, at once.
      `INSERT INTO servers (server, enrolled_at, agent_version, next_judged_at) VALUES ($1, $2, $3, $2)
       ON CONFLICT (server) DO UPDATE SET enrolled_at = excluded.enrolled_at, agent_version = excluded.agent_version,
         revoked_at = NULL, last_seen_at = NULL, next_judged_at = excluded.next_judged_at`,
      [enrolment.server, enrolment.now, enrolment.agentVersion],
    );
    await transaction.query(
      `UPDATE agent_keys SET revoked_at = $2, revoked_reason = 'the server was enrolled again'
       WHERE server = $1 AND revoked_at IS NULL`,
      [enrolment.server, enrolment.now],
    );
    await transaction.query(
      'INSERT INTO agent_keys (key_sha256, server, token_id, boot_id, created_at) VALUES ($1, $2, $3, $4, $5)',
      [enrolment.keySha256, enrolment.server, token.id, enrolment.bootId, enrolment.now],
    );
    // Revoked AI agents of the server are judged anew, and given the time to be heard.
    await transaction.query(
      "UPDATE agents_latest SET next_judged_at = $2, reinstated_at = $2 WHERE server = $1 AND state = 'revoked'",
      [enrolment.server, enrolment.now],
    );
    await appendAudit(transaction, {
      at: enrolment.now,
      by: { type: 'token', name: token.id, address: enrolment.address },
      action: 'server.enrolled',
      subject: enrolment.server,
      detail: { agent_version: enrolment.agentVersion },
    });
    const { former } = enrolment;
    if (former === undefined || former.server === enrolment.server) return true;
    if (!(await standingKeys(transaction, former.server)).some(former.isProvenBy)) return false;
    await recordRename(transaction, enrolment.server, former.server, enrolment.now);
    return true;
  });
}
