import type { BackupManifest } from '../../contract/backup.ts';
import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { errorCode } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import { readBackup } from './read-backup.ts';
import { restoreBackup } from './restore.ts';

/** Postgres' words for "this user may not", and for a pooler or a service that has no other database for us. */
const NO_DATABASE_SQLSTATES: ReadonlySet<string> = new Set(['42501', '0A000', '3D000', '28000', '28P01']);

export interface CheckOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly manifest: BackupManifest;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Proves a backup by what stands in the archive: it is restored into a scratch database of the same server, compared row for row, and the
 * scratch database dropped. Where none may be made here every part is read, unpacked and counted instead. Rejects as `restoreBackup` does.
 */
export async function checkBackup(options: CheckOptions): Promise<'restored' | 'read'> {
  const { database, archive, manifest, clock, logger, signal } = options;
  const prefix = await scratchPrefix(database);
  await dropScratchDatabases(database, prefix);
  const name = prefix + manifest.run;
  try {
    // template0: a template1 that somebody has put tables into would not be empty.
    await database.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  } catch (error) {
    if (!NO_DATABASE_SQLSTATES.has(errorCode(error))) throw error;
    logger.info('a backup is checked by reading it: this user may make no scratch database', errorFields(error));
    for await (const _ of readBackup(archive, manifest, signal)); // compares as it goes
    return 'read';
  }
  try {
    await using scratch = database.sibling(name);
    await restoreBackup({ database: scratch, archive, manifest, clock, signal });
    return 'restored';
  } finally {
    await dropDatabase(database, name).catch((error: unknown) => {
      logger.warn('a scratch database is left; the next backup drops it', { name, ...errorFields(error) });
    });
  }
}

/** Of the scratch databases of this one: several installations may share a server. */
async function scratchPrefix(database: Database): Promise<string> {
  const { rows } = await database.query<{ name: string }>('SELECT current_database() AS name');
  return `nervesys_check_${sha256Hex(rows[0]?.name ?? '').slice(0, 8)}_`;
}

/** What checks left that were killed. Only one backup is made at a time, so none of them is another's. */
async function dropScratchDatabases(database: Database, prefix: string): Promise<void> {
  const { rows } = await database.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of rows) await dropDatabase(database, name);
}

/** Names are ours: a prefix and hex digits. */
function dropDatabase(database: Database, name: string): Promise<unknown> {
  return database.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
}
