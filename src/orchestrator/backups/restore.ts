import type { BackupManifest, BackupTable } from '../../contract/backup.ts';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database, Queryable } from '../database/database.ts';
import { lockSchema, makeSchemaOf } from '../database/migrate.ts';
import { setCopyFormat, sumTable } from './dump.ts';
import { readBackup } from './read-backup.ts';
import { copyHead, quote } from './tables.ts';

export interface RestoreOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly manifest: BackupManifest;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
}

export interface RestoreProgress {
  readonly phase: 'filling' | 'comparing';
  readonly rows: number;
  readonly rowsTotal: number;
}

/**
 * Fills an empty database with a backup: its schema, its rows, the numbers that were given out, in one transaction that is committed once every
 * table, read back, has the rows that its manifest counts. So a database is whole afterwards or as empty as it was. Newer migrations are the
 * caller's to apply. Rejects with `NSV_RESTORE_NOT_EMPTY`, `NSV_MIGRATION_FAILED`, `NSV_BACKUP_DAMAGED`, or as archive and database do.
 */
export async function restoreBackup(options: RestoreOptions): Promise<void> {
  const { database, archive, manifest, clock, signal, onProgress } = options;
  const rowsTotal = manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
  await database.transaction(async (transaction) => {
    await setCopyFormat(transaction);
    await lockSchema(transaction); // an orchestrator that is started meanwhile waits, and finds it whole
    await requireEmpty(transaction);
    await makeSchemaOf(transaction, manifest.migrations, clock);
    await makePartitions(transaction, manifest.tables);
    const constraints = await takeConstraintsOff(transaction, manifest.tables);
    let rows = 0;
    for await (const { table, lines } of readBackup(archive, manifest, signal)) {
      // psql's form ends in a semicolon; without it the head is the statement.
      rows += await transaction.copyIn(copyHead(table).slice(0, -2), [lines]);
      onProgress?.({ phase: 'filling', rows, rowsTotal });
    }
    await putConstraintsOn(transaction, manifest.tables, constraints);
    await setSequences(transaction, manifest);
    let compared = 0;
    for (const table of manifest.tables) {
      const found = await sumTable(transaction, table, signal);
      if (found.rows !== table.rows || found.sum !== table.sum) throw differs(table, found.rows);
      compared += found.rows;
      onProgress?.({ phase: 'comparing', rows: compared, rowsTotal });
    }
    signal.throwIfAborted();
  });
}

/** Nothing of anybody's may stand where a backup goes; what an extension brought is nobody's. */
export async function requireEmpty(database: Queryable): Promise<void> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
     ORDER BY relname LIMIT 4`,
  );
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).slice(0, 3);
  throw new NervesysError(
    'NSV_RESTORE_NOT_EMPTY',
    `restore a backup: the database is not empty, it has ${names.join(', ')}${rows.length > 3 ? ' and more' : ''}`,
    {
      hint: 'name an empty database in DATABASE_URL (createdb), or move <home>/orchestrator/postgres away; nothing was changed',
    },
  );
}

/** Days that had partitions of their own when the backup was taken. */
async function makePartitions(transaction: Queryable, tables: readonly BackupTable[]): Promise<void> {
  for (const { name, partition } of tables) {
    if (partition === undefined) continue;
    await transaction.query(
      `CREATE TABLE IF NOT EXISTS ${quote(name)} PARTITION OF ${quote(partition.of)} ${partition.bound}`,
    );
  }
}

interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/**
 * Rows come table by table: what refers to others waits for its constraint, no trigger runs, and what the migrations put into fresh tables
 * makes way.
 */
async function takeConstraintsOff(transaction: Queryable, tables: readonly BackupTable[]): Promise<Constraint[]> {
  const { rows } = await transaction.query<Constraint>(
    `SELECT class.relname AS table, conname AS name, pg_get_constraintdef(pg_constraint.oid) AS definition
     FROM pg_constraint JOIN pg_class AS class ON class.oid = conrelid
     WHERE contype = 'f' AND conparentid = 0 AND class.relnamespace = current_schema()::regnamespace`,
  );
  for (const { table, name } of rows)
    await transaction.query(`ALTER TABLE ${quote(table)} DROP CONSTRAINT ${quote(name)}`);
  for (const { name } of tables) await transaction.query(`ALTER TABLE ${quote(name)} DISABLE TRIGGER USER`);
  await transaction.query(`TRUNCATE ${tables.map(({ name }) => quote(name)).join(', ')}`);
  return rows;
}

async function putConstraintsOn(
  transaction: Queryable,
  tables: readonly BackupTable[],
  constraints: readonly Constraint[],
): Promise<void> {
  for (const { name } of tables) await transaction.query(`ALTER TABLE ${quote(name)} ENABLE TRIGGER USER`);
  for (const { table, name, definition } of constraints)
    await transaction.query(`ALTER TABLE ${quote(table)} ADD CONSTRAINT ${quote(name)} ${definition}`, [], {
      patient: true,
    });
}

async function setSequences(transaction: Queryable, { sequences }: BackupManifest): Promise<void> {
  for (const { table, column, last } of sequences)
    await transaction.query('SELECT setval(pg_get_serial_sequence(quote_ident($1), $2), $3)', [table, column, last]);
}

function differs({ name, rows }: BackupTable, found: number): NervesysError {
  return new NervesysError(
    'NSV_BACKUP_DAMAGED',
    `restore a backup: ${name} has ${found} rows that differ from the ${rows} of the backup`,
    { hint: 'nothing was changed; take an earlier backup, and report this' },
  );
}
