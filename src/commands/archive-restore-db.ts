import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BackupManifest, backupManifestKey } from '../contract/backup.ts';
import type { ReindexResult } from '../contract/reindex.ts';
import {
  type Database,
  listBackups,
  migrate,
  noteRestored,
  openServer,
  readBackupManifest,
  reindexArchive,
  requireEmpty,
  restoreBackup,
} from '../orchestrator/index.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { silentLogger } from '../platform/logger.ts';
import { formatSize } from '../platform/quantity.ts';
import type { Archive } from '../storage/index.ts';
import { EXIT } from './exit-codes.ts';
import { note, print, printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { lockHome, openConfiguredArchive, prepareHome, readConfig } from './runtime.ts';
import { readSettingsAndSecrets } from './vault.ts';

export interface RestoreDbOptions {
  readonly home?: string;
  readonly date?: string;
  readonly key?: string;
  readonly reindex: boolean;
  readonly json?: boolean;
}

/**
 * `nervesys archive restore-db`: fills an empty database with a backup from the archive, brings its schema up to date, and takes into the catalog what
 * came to the archive since. Needs no orchestrator, and none may run in this home.
 */
export async function run(options: RestoreDbOptions): Promise<number> {
  await using parts = new AsyncDisposableStack();
  const { settings } = await readSettingsAndSecrets(parts, { home: options.home }, silentLogger);
  const { home, databaseUrl } = settings;
  if (settings.storj === undefined && !existsSync(join(home, 'archive'))) {
    throw new NervesysError('NSV_ARCHIVE_NOT_FOUND', `there is no archive in ${home}`, {
      hint: 'name its home with --home, or set STORJ_* for an archive on S3',
    });
  }
  await prepareHome(home);
  parts.use(lockHome(home, 'orchestrator'));
  const loaded = await readConfig(home);
  const archive = parts.use(await openConfiguredArchive(settings, loaded));
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(interrupted()));
  const { signal } = stop;
  const manifest = await chooseBackup(archive, options, signal);
  const server = parts.use(
    await openServer({
      databaseUrl,
      folder: join(home, 'orchestrator'),
      clock: systemClock,
      logger: silentLogger,
    }),
  );
  const { database, description } = server;
  await requireEmpty(database);
  const progress = new ProgressLine(process.stderr, systemClock);
  let migrations: readonly string[];
  let reindexed: ReindexResult | undefined;
  try {
    await restoreBackup({
      database,
      archive,
      manifest,
      clock: systemClock,
      signal,
      onProgress: ({ phase, rows, rowsTotal }) =>
        progress.show(`${phase}: ${rows} of ${rowsTotal} rows`, rows / Math.max(1, rowsTotal)),
    });
    migrations = await migrate(database, systemClock);
    await noteRestored(database, manifest, new Date(systemClock.now()));
    if (options.reindex)
      reindexed = await reindex({
        database,
        archive,
        logsMs: loaded.config.storage.retention.logsMs,
        progress,
        signal,
      });
  } finally {
    progress.clear();
  }
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  const key = backupManifestKey(manifest.day, manifest.run);
  if (options.json) {
    printJson({
      key,
      taken_at: manifest.taken_at,
      rows,
      migrations,
      database: description,
      reindex: reindexed ?? null,
    });
    return EXIT.done;
  }
  print(
    `${key} is restored into the database (${description}): ${rows} rows as of ${manifest.taken_at}, each compared.`,
  );
  if (migrations.length > 0) print(`The schema was brought up to date: ${migrations.join(', ')}.`);
  if (reindexed === undefined)
    note('The catalog is as old as the backup: start the orchestrator, then `nervesys archive reindex`.');
  else
    print(
      `The catalog knows ${reindexed.objects} objects of the archive (${formatSize(reindexed.bytes)}), ${reindexed.added} of them new.`,
    );
  note('Start the orchestrator now. Servers that joined or exchanged their key since then need a new token.');
  return EXIT.done;
}

/** By its key, of a day, or the newest of all. */
async function chooseBackup(
  archive: Archive,
  { date, key }: Pick<RestoreDbOptions, 'date' | 'key'>,
  signal: AbortSignal,
): Promise<BackupManifest> {
  const found = await listBackups(archive, signal);
  const wanted = found.filter(
    (one) => (key === undefined || one.key === key) && (date === undefined || one.day === date),
  );
  if (wanted.length === 0) {
    const what = key !== undefined ? ` ${key}` : date !== undefined ? ` of ${date}` : '';
    const days = [...new Set(found.map(({ day }) => day))];
    throw new NervesysError(
      'NSV_BACKUP_NOT_FOUND',
      `restore the database: there is no backup${what} in ${archive.description}`,
      {
        hint: days.length === 0 ? 'is this the right archive?' : `there are backups of ${days.slice(-10).join(', ')}`,
      },
    );
  }
  const newest = new Map<string, BackupManifest>();
  for (const one of wanted) {
    const manifest = await readBackupManifest(archive, one.key, signal);
    const known = newest.get(manifest.installation);
    if (known === undefined || known.taken_at < manifest.taken_at) newest.set(manifest.installation, manifest);
  }
  const [chosen, ...others] = newest.values();
  if (others.length === 0) return chosen!;
  const keys = [...newest.values()].map(({ day, run }) => backupManifestKey(day, run));
  throw new NervesysError(
    'NSV_BACKUP_AMBIGUOUS',
    `restore the database: ${archive.description} has backups of ${newest.size} installations; the newest of each: ${keys.join(', ')}`,
    { hint: 'say which with --key' },
  );
}

interface ReindexParts {
  readonly database: Database;
  readonly archive: Archive;
  readonly logsMs: number | undefined;
  readonly progress: ProgressLine;
  readonly signal: AbortSignal;
}

async function reindex({ database, archive, logsMs, progress, signal }: ReindexParts): Promise<ReindexResult> {
  const expiredBefore = logsMs === undefined ? undefined : systemClock.now() - logsMs;
  const steps = reindexArchive({ database, archive, clock: systemClock, expiredBefore, signal });
  for (let step = await steps.next(); ; step = await steps.next()) {
    if (step.done) return step.value;
    const { objects, bytes, known, added } = step.value;
    progress.show(
      `catalog: ${objects} objects, ${formatSize(bytes)}; ${added} added`,
      (known + added) / Math.max(1, objects),
    );
  }
}

function interrupted(): NervesysError {
  return new NervesysError('NSV_SHUTTING_DOWN', 'restore the database: interrupted', {
    hint: 'until every row is compared the database stays empty; begin it again',
  });
}
