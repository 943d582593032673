import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Database, Queryable } from './database.ts';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

const MIGRATIONS_FOLDER = join(import.meta.dirname, 'migrations');
/** Held while migrating, so that two orchestrators that start together migrate one after the other. */
const MIGRATION_LOCK = 0x6e73_7632; // "nsv2"

/**
 * Brings the schema up to date: every numbered file that the database hasn't seen, in order, all in one transaction.
 * Rejects with `NSV_MIGRATION_FAILED`, the database being as before. Forward only: there is no way back but a backup.
 */
export async function migrate(
  database: Database,
  clock: Clock,
  folder = MIGRATIONS_FOLDER,
): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  return database.transaction(async (transaction) => {
    await transaction.query('SET LOCAL statement_timeout = 0');
    await lockSchema(transaction);
    await createList(transaction);
    const applied = await transaction.query<{ number: number; name: string; sha256: string }>(
      'SELECT number, name, sha256 FROM schema_migrations ORDER BY number',
    );
    const pending = choosePending(migrations, applied.rows);
    for (const migration of pending) await apply(transaction, migration, clock);
    return pending.map((migration) => migration.name);
  });
}

/** Waits for whoever makes or restores the schema of this database, and keeps others waiting until the transaction ends. */
export async function lockSchema(transaction: Queryable): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK], { patient: true });
}

/**
 * Makes the schema that a backup was taken of in an empty database, within the caller's transaction. Rejects with `NSV_MIGRATION_FAILED` where
 * this version doesn't know one of its migrations, or another under its number.
 */
export async function makeSchemaOf(
  transaction: Queryable,
  standing: readonly Pick<Migration, 'number' | 'name' | 'sha256'>[],
  clock: Clock,
): Promise<void> {
  const migrations = await readMigrations(MIGRATIONS_FOLDER);
  choosePending(migrations, standing);
  await createList(transaction);
  for (const migration of migrations)
    if (standing.some(({ number }) => number === migration.number)) await apply(transaction, migration, clock);
}

async function createList(transaction: Queryable): Promise<void> {
  await transaction.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL)`);
}

function choosePending(
  migrations: readonly Migration[],
  applied: readonly Pick<Migration, 'number' | 'name' | 'sha256'>[],
): readonly Migration[] {
  for (const row of applied) {
    const ours = migrations.find((migration) => migration.number === row.number);
    if (ours === undefined)
      throw migrationFailed(`the database has ${row.name}, which this version does not know`, 'run the newer version');
    if (ours.sha256 !== row.sha256)
      throw migrationFailed(`${row.name} is not what was applied to this database`, 'restore the file as it was');
  }
  const last = applied.at(-1)?.number ?? 0;
  const pending = migrations.filter((migration) => !applied.some((row) => row.number === migration.number));
  const skipped = pending.find((migration) => migration.number < last);
  if (skipped !== undefined)
    throw migrationFailed(`${skipped.name} would come after number ${last}`, 'give it the next free number');
  return pending;
}

async function apply(transaction: Queryable, migration: Migration, clock: Clock): Promise<void> {
  try {
    await transaction.query(migration.sql, [], { patient: true });
  } catch (cause) {
    if (cause instanceof NervesysError) throw cause; // the connection, not the migration
    throw migrationFailed(`${migration.name} failed and was rolled back`, undefined, cause);
  }
  await transaction.query('INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)', [
    migration.number,
    migration.name,
    migration.sha256,
    new Date(clock.now()),
  ]);
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name), 'utf8');
      return { number: Number.parseInt(name, 10), name, sql, sha256: sha256Hex(sql) };
    }),
  );
  const twice = migrations.find((migration, index) => migrations[index + 1]?.number === migration.number);
  if (twice !== undefined) throw migrationFailed(`two migrations have the number of ${twice.name}`);
  return migrations;
}

function migrationFailed(message: string, hint?: string, cause?: unknown): NervesysError {
  return new NervesysError('NSV_MIGRATION_FAILED', `migrate the database: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
