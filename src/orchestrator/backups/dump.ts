import { BACKUP_FORMAT, type BackupManifest, type BackupTable } from '../../contract/backup.ts';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database, Queryable, Transaction } from '../database/database.ts';
import { readInstallation } from '../database/queries/backups.ts';
import { PartWriter } from './part-writer.ts';
import { RowSum, wholeLines } from './row-sum.ts';
import { copyOutStatement, isOldBeats, readSequences, readTables, type TableShape } from './tables.ts';

/**
 * Tables whose rows are in no backup. `catalog_secrets` signs upload addresses: made anew at its first use, agents ask again; so nothing in a
 * backup opens anything.
 */
export const LEFT_OUT: readonly string[] = ['catalog_secrets'];

export interface DumpOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly run: string;
  readonly day: string;
  readonly takenAt: number;
  /** `YYYY-MM-DD`: raw heartbeats of earlier days stay behind. */
  readonly beatsSince: string;
  readonly signal: AbortSignal;
  readonly partTextBytes?: number | undefined;
}

/**
 * Brings the whole database to the archive in parts, as one instant shows it, and resolves with what its manifest is to say; the manifest itself
 * isn't put here. Memory is a part or two, whatever the database holds. Others read and write meanwhile, undisturbed.
 */
export async function dumpDatabase(options: DumpOptions): Promise<BackupManifest> {
  const { database, archive, run, day, signal, beatsSince } = options;
  const writer = new PartWriter(archive, { run, day }, signal, options.partTextBytes);
  return database.transaction(async (transaction) => {
    await beginReading(transaction);
    const shapes = (await readTables(transaction)).filter((shape) => !isOldBeats(shape, beatsSince));
    const tables: BackupTable[] = [];
    for (const shape of shapes) tables.push({ ...shape, ...(await dumpTable(transaction, shape, writer, signal)) });
    await writer.flush();
    const { rows: migrations } = await transaction.query<BackupManifest['migrations'][number]>(
      'SELECT number, name, sha256 FROM schema_migrations ORDER BY number',
    );
    const { rows } = await transaction.query<{ server_version: string }>('SHOW server_version');
    return {
      format: BACKUP_FORMAT,
      installation: await readInstallation(transaction),
      run,
      day,
      taken_at: new Date(options.takenAt).toISOString(),
      nervesys_version: NERVESYS_VERSION,
      postgres_version: rows[0]?.server_version ?? '',
      migrations,
      left_out: LEFT_OUT,
      beats_since: beatsSince,
      tables,
      sequences: await readSequences(transaction),
      parts: writer.parts,
    };
  });
}

/** One snapshot for all tables, and a text format that no setting of the server or the database changes. */
async function beginReading(transaction: Queryable): Promise<void> {
  await transaction.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await setCopyFormat(transaction);
}

/** How `COPY` writes and reads values, until the transaction ends. */
export async function setCopyFormat(transaction: Queryable): Promise<void> {
  for (const setting of [
    'statement_timeout = 0',
    'idle_in_transaction_session_timeout = 0', // an archive may be slow
    "client_encoding = 'UTF8'",
    "DateStyle = 'ISO'",
    "IntervalStyle = 'postgres'",
    "TimeZone = 'UTC'",
    'extra_float_digits = 1',
    "bytea_output = 'hex'",
  ])
    await transaction.query(`SET LOCAL ${setting}`);
}

async function dumpTable(
  transaction: Transaction,
  shape: TableShape,
  writer: PartWriter,
  signal: AbortSignal,
): Promise<{ rows: number; sum: string }> {
  const sum = new RowSum();
  if (!LEFT_OUT.includes(shape.name)) {
    for await (const lines of wholeLines(transaction.copyOut(copyOutStatement(shape)))) {
      signal.throwIfAborted();
      sum.add(lines);
      await writer.add(shape, lines);
    }
  }
  return { rows: sum.rows, sum: sum.hex };
}

/** The same figures of a table as it stands. */
export async function sumTable(
  transaction: Transaction,
  shape: TableShape,
  signal: AbortSignal,
): Promise<{ rows: number; sum: string }> {
  const sum = new RowSum();
  for await (const lines of wholeLines(transaction.copyOut(copyOutStatement(shape)))) {
    signal.throwIfAborted();
    sum.add(lines);
  }
  return { rows: sum.rows, sum: sum.hex };
}
