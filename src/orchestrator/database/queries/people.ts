import type { Role } from '../../api/principal.ts';
import type { Queryable } from '../database.ts';

/** A person as admins see them. */
export interface PersonView {
  readonly name: string;
  readonly role: Role;
  /** False: signs in by link only. */
  readonly has_password: boolean;
  readonly created_at: string;
  /** Browsers that are signed in. */
  readonly sessions: number;
}

/** Everybody, by name. */
export async function listPeople(database: Queryable, now: Date): Promise<PersonView[]> {
  const { rows } = await database.query<Omit<PersonView, 'created_at'> & { readonly created_at: Date }>(
    `SELECT name, role, password IS NOT NULL AS has_password, created_at,
       (SELECT count(*) FROM sessions WHERE person = name AND expires_at > $1) AS sessions
     FROM people ORDER BY name LIMIT 10000`,
    [now],
  );
  return rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() }));
}

/** False: somebody has this name. */
export async function addPerson(
  database: Queryable,
  person: { readonly name: string; readonly role: Role; readonly password: string | null; readonly createdAt: Date },
): Promise<boolean> {
  const { count } = await database.query(
    'INSERT INTO people (name, role, password, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [person.name, person.role, person.password, person.createdAt],
  );
  return count > 0;
}

/** Changes what is given; a new password ends every session of the person. False: nobody has this name. */
export async function changePerson(
  database: Queryable,
  name: string,
  change: { readonly role: Role | undefined; readonly password: string | undefined },
): Promise<boolean> {
  const { count } = await database.query(
    'UPDATE people SET role = coalesce($2, role), password = coalesce($3, password) WHERE name = $1',
    [name, change.role ?? null, change.password ?? null],
  );
  if (count > 0 && change.password !== undefined) {
    // Codes first: one that is traded at this instant is waited for, and its session is there to be ended.
    await database.query('DELETE FROM sign_in_codes WHERE person = $1', [name]);
    await database.query('DELETE FROM sessions WHERE person = $1', [name]);
  }
  return count > 0;
}

/** With every session. False: nobody has this name. */
export async function removePerson(database: Queryable, name: string): Promise<boolean> {
  return (await database.query('DELETE FROM people WHERE name = $1', [name])).count > 0;
}

/** What is stored of a person's password; null where there is none, or no such person. */
export async function findPassword(database: Queryable, name: string): Promise<string | null> {
  const { rows } = await database.query<{ password: string | null }>('SELECT password FROM people WHERE name = $1', [
    name,
  ]);
  return rows[0]?.password ?? null;
}

/**
 * Whether this is stored as the person's password still; if so, no other takes its place before the transaction ends. Checking one takes its
 * time, and a session of a password that was changed meanwhile must not outlive the change.
 */
export async function holdPassword(transaction: Queryable, name: string, stored: string): Promise<boolean> {
  const { count } = await transaction.query('SELECT 1 FROM people WHERE name = $1 AND password = $2 FOR SHARE', [
    name,
    stored,
  ]);
  return count > 0;
}
