import type { Queryable } from '../database.ts';

export interface NewSession {
  readonly sha256: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Of the browser, as far as we can see it. */
  readonly address: string;
}

/** One signed-in browser, as its person sees it. */
export interface SessionView {
  readonly id: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly address: string | null;
}

export async function createSession(database: Queryable, person: string, session: NewSession): Promise<void> {
  await database.query(
    'INSERT INTO sessions (session_sha256, person, created_at, expires_at, address) VALUES ($1, $2, $3, $4, $5)',
    [session.sha256, person, session.createdAt, session.expiresAt, session.address],
  );
}

/** The newest 200 sessions of a person that still run. */
export async function listSessions(database: Queryable, person: string, now: Date): Promise<SessionView[]> {
  const { rows } = await database.query<{ id: string; created_at: Date; expires_at: Date; address: string | null }>(
    `SELECT id, created_at, expires_at, address FROM sessions WHERE person = $1 AND expires_at > $2
     ORDER BY created_at DESC LIMIT 200`,
    [person, now],
  );
  return rows.map((row) => ({
    ...row,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
  }));
}

/** Ends the sessions of a person, or the one with this id; answers how many there were. */
export async function endSessions(database: Queryable, person: string, id?: string): Promise<number> {
  const { count } = await database.query('DELETE FROM sessions WHERE person = $1 AND ($2::text IS NULL OR id = $2)', [
    person,
    id ?? null,
  ]);
  return count;
}
