import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Database } from '../../src/orchestrator/database/database.ts';
import { EmbeddedPostgres } from '../../src/orchestrator/database/embedded-postgres.ts';
import { migrate } from '../../src/orchestrator/database/migrate.ts';
import { tendPartitions } from '../../src/orchestrator/database/partitions.ts';
import { DEFAULT_HISTORY } from '../../src/orchestrator/history/resolutions.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { RUN_FOLDER_VARIABLE } from './run-folder.ts';

/** A shutdown syncs every file of every database that was cloned: thousands, for data that is thrown away. */
export const UNSAFE_SETTINGS = { fsync: 'off', full_page_writes: 'off' } as const;

/**
 * Puts the data of a Postgres below `folder`, as `EmbeddedPostgres` would make it there, with the database `nervesys` migrated and
 * the partitions of these days, which each orchestrator would make in each database otherwise.
 *
 * It is made once in a run and copied from then on, which takes a tenth of making and migrating it.
 */
export async function preparePostgres(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const shared = process.env[RUN_FOLDER_VARIABLE];
  if (shared === undefined) return make(folder);
  const template = join(shared, 'postgres-template');
  if (!(await exists(template))) {
    const draft = await mkdtemp(join(shared, 'draft-'));
    await make(draft);
    // Two files that begin together both make one; whichever comes second is thrown away.
    await rename(join(draft, 'postgres'), template).catch(() => undefined);
    await rm(draft, { recursive: true, force: true });
  }
  await promisify(execFile)('cp', ['-a', template, join(folder, 'postgres')]); // with its owner, where that isn't us
}

async function make(folder: string): Promise<void> {
  await using server = await EmbeddedPostgres.start({
    folder,
    clock: systemClock,
    logger: silentLogger,
    settings: UNSAFE_SETTINGS,
  });
  const database = new Database({
    connection: server.connection(),
    clock: systemClock,
    logger: silentLogger,
    connectionsMax: 1,
  });
  await migrate(database, systemClock);
  await tendPartitions(database, systemClock.now(), DEFAULT_HISTORY);
  await database.close();
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
