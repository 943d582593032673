import { backupManifestKey } from '../../contract/backup.ts';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import { checkBackup } from './check-backup.ts';
import { dumpDatabase } from './dump.ts';

export interface MakeBackupOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly run: string;
  readonly day: string;
  /** So far back, single heartbeats go along. */
  readonly beatsMs: number;
  readonly signal: AbortSignal;
  readonly partTextBytes?: number | undefined;
}

export interface MadeBackup {
  readonly key: string;
  readonly parts: number;
  readonly rows: number;
  readonly text_bytes: number;
  readonly bytes: number;
  readonly checked: 'restored' | 'read';
}

/**
 * One backup from beginning to end: the parts, then proof from what stands in the archive, and last the manifest that makes them a backup. Ended
 * at any moment before, there is none.
 */
export async function makeBackup(options: MakeBackupOptions): Promise<MadeBackup> {
  const { database, archive, clock, logger, run, day, signal } = options;
  const takenAt = clock.now();
  const beatsSince = new Date(takenAt - options.beatsMs).toISOString().slice(0, 10);
  const { partTextBytes } = options;
  const manifest = await dumpDatabase({ database, archive, run, day, takenAt, beatsSince, signal, partTextBytes });
  const checked = await checkBackup({ database, archive, manifest, clock, logger, signal });
  signal.throwIfAborted();
  const key = backupManifestKey(day, run);
  const body = Buffer.from(`${JSON.stringify(manifest)}\n`);
  let mayBeOurs = false;
  const outcome = await archive.put(key, body, signal, () => {
    mayBeOurs = true;
  });
  if (outcome === 'taken' && !mayBeOurs)
    throw new NervesysError('NSV_ARCHIVE_NAME_TAKEN', `put ${key}: something stands there that is not this backup`);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    key,
    parts: manifest.parts.length,
    rows: sum(manifest.tables.map(({ rows }) => rows)),
    text_bytes: sum(manifest.parts.map(({ text_bytes }) => text_bytes)),
    bytes: sum(manifest.parts.map(({ bytes }) => bytes)) + body.length,
    checked,
  };
}
