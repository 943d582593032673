import type { Role } from '../../api/principal.ts';
import type { Database, Queryable } from '../database.ts';
import { appendAudit } from './append-audit.ts';
import { createSession, type NewSession } from './sessions.ts';

/** Makes sure that a person exists; their role stays as it is when they do. */
export async function ensurePerson(database: Queryable, name: string, role: Role, now: Date): Promise<void> {
  await database.query('INSERT INTO people (name, role, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    name,
    role,
    now,
  ]);
}

export async function createSignInCode(
  database: Queryable,
  code: { readonly sha256: string; readonly person: string; readonly createdAt: Date; readonly expiresAt: Date },
): Promise<void> {
  await database.query(
    'INSERT INTO sign_in_codes (code_sha256, person, created_at, expires_at) VALUES ($1, $2, $3, $4)',
    [code.sha256, code.person, code.createdAt, code.expiresAt],
  );
}

/** Trades a code for a session; the code is gone by it, whoever asks at the same time. False: no such code, or too late. */
export async function redeemSignInCode(database: Database, codeSha256: string, session: NewSession): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ person: string }>(
      'DELETE FROM sign_in_codes WHERE code_sha256 = $1 AND expires_at > $2 RETURNING person',
      [codeSha256, session.createdAt],
    );
    if (rows[0] === undefined) return false;
    const { person } = rows[0];
    await createSession(transaction, person, session);
    await appendAudit(transaction, {
      at: session.createdAt,
      by: { type: 'person', name: person, address: session.address },
      action: 'sign_in',
      subject: person,
      detail: { by: 'link' },
    });
    return true;
  });
}

/** False: there is no such session. */
export async function endSession(database: Queryable, sha256: string): Promise<boolean> {
  return (await database.query('DELETE FROM sessions WHERE session_sha256 = $1', [sha256])).count > 0;
}
