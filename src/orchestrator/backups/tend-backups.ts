import { BACKUPS_PREFIX, parseBackupKey } from '../../contract/backup.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorCode } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import {
  adoptBackup,
  forgetBackups,
  readBackups,
  readInstallation,
  sweepBackups,
} from '../database/queries/backups.ts';
import { type KeepPolicy, keptBackups } from './kept-backups.ts';
import { readBackupManifest } from './read-backup.ts';

export interface TendOptions {
  readonly database: Database;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keep: KeepPolicy;
  readonly signal: AbortSignal;
}

/** Parts without a manifest are swept once they are this old: by then nobody can be at them. */
const HALF_MS_MIN = 2 * 86_400_000;
/** So long after its end a failed one is still told of. */
const FAILED_MS_MAX = 90 * 86_400_000;

interface FoundRun {
  readonly day: string;
  readonly run: string;
  manifest: string | undefined;
  readonly parts: string[];
}

/**
 * Makes catalog and archive agree on the backups, and takes away those that need not stay: of each the manifest first, so that what is left of
 * one is never taken for a whole. Touches only names of backups, and
 * no whole one of another installation. Where the credential may not delete, that is logged and all stay.
 */
export async function tendBackups(options: TendOptions): Promise<void> {
  const { database, archive, clock, logger, keep, signal } = options;
  const found = await findRuns(archive, signal);
  const whole = found.filter(({ manifest }) => manifest !== undefined);
  const known = await readBackups(database);
  const ours = new Set(known.filter(({ state }) => state === 'done').map(({ run }) => run));
  for (const run of await adoptUnknown(options, whole, new Set(known.map(({ run }) => run)))) ours.add(run);
  const standing = new Set(whole.map(({ run }) => run));
  const gone = known.filter(({ run, state }) => state === 'done' && !standing.has(run)).map(({ run }) => run);
  if (gone.length > 0) logger.warn('backups are not in the archive any more', { runs: gone });

  const startedAt = new Map(known.map(({ run, started_at }) => [run, Date.parse(started_at)]));
  const kept = keptBackups(
    whole.filter(({ run }) => ours.has(run)).map((one) => ({ ...one, at: startedAt.get(one.run) ?? 0 })),
    keep,
  );
  const keptRuns = new Set([...kept].map(({ run }) => run));
  const running = new Set(known.filter(({ state }) => state === 'running').map(({ run }) => run));
  const halfBefore = new Date(clock.now() - HALF_MS_MIN).toISOString().slice(0, 10);
  const doomed = found.filter(({ run, day, manifest }) =>
    manifest === undefined ? day < halfBefore && !running.has(run) : ours.has(run) && !keptRuns.has(run),
  );
  const removed: string[] = [];
  try {
    for (const { run, manifest, parts } of doomed) {
      for (const key of [...(manifest === undefined ? [] : [manifest]), ...parts]) await archive.delete(key, signal);
      logger.info('a backup past its time was removed', { run, key: manifest ?? parts[0] });
      removed.push(run);
    }
  } catch (error) {
    if (errorCode(error) !== 'NSV_ARCHIVE_DENIED') throw error;
    logger.warn('backups past their time stay: the archive does not let them be deleted', errorFields(error));
  } finally {
    await forgetBackups(database, [...gone, ...removed]);
  }
  await sweepBackups(database, new Date(clock.now() - FAILED_MS_MAX));
}

async function findRuns(archive: Archive, signal: AbortSignal): Promise<FoundRun[]> {
  const runs = new Map<string, FoundRun>();
  for await (const { key } of archive.list(BACKUPS_PREFIX, signal)) {
    const parsed = parseBackupKey(key);
    if (parsed === undefined) continue; // somebody else's: it stays
    const { day, run, part } = parsed;
    const name = `${day}.${run}`;
    const one = runs.get(name) ?? { day, run, manifest: undefined, parts: [] };
    runs.set(name, one);
    if (part === undefined) one.manifest = key;
    else one.parts.push(key);
  }
  return [...runs.values()];
}

/** Takes in what the archive has of this installation and a restored database doesn't know of; answers which. */
async function adoptUnknown(
  { database, archive, logger, signal }: TendOptions,
  whole: readonly FoundRun[],
  known: ReadonlySet<string>,
): Promise<string[]> {
  const adopted: string[] = [];
  const installation = await readInstallation(database);
  for (const { run, manifest: key } of whole) {
    if (known.has(run) || key === undefined) continue;
    try {
      const manifest = await readBackupManifest(archive, key, signal);
      if (manifest.installation !== installation) continue;
      await adoptBackup(database, manifest, null);
      adopted.push(run);
    } catch (error) {
      signal.throwIfAborted();
      if (!['NSV_BACKUP_DAMAGED', 'NSV_BACKUP_NEWER'].includes(errorCode(error))) throw error;
      logger.warn('a backup in the archive cannot be read', { key, ...errorFields(error) });
    }
  }
  return adopted;
}
