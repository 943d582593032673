import { readFileSync } from 'node:fs';
import type { ShelfSettings } from '../../src/config/index.ts';
import { openShelf } from '../../src/orchestrator/reports/shelves/open-shelf.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { DriveEndpoints } from '../../src/storage/gdrive/drive-connection.ts';
import { type ArchiveSettings, openArchive } from '../../src/storage/index.ts';
import { shelfFile } from './shelf-files.ts';
import { FileNotes } from './shelf-notes.ts';

/** What a process that puts one file is told, as JSON on its standard input. */
export interface ChildOrder {
  readonly settings: ShelfSettings;
  readonly home: string;
  readonly root: string;
  readonly notes: string;
  readonly archive: ArchiveSettings | undefined;
  readonly credentials: string | undefined;
  readonly secret: string | undefined;
  readonly endpoints: DriveEndpoints | undefined;
  readonly path: string;
  readonly content: string;
  readonly version: number;
}

/** Opens the shelf of an order, as the orchestrator does. */
export async function openOrdered(order: Omit<ChildOrder, 'path' | 'content' | 'version'>) {
  const archive = order.archive === undefined ? undefined : await openArchive(order.archive, { clock: systemClock });
  const shelf = await openShelf(order.settings, {
    home: order.home,
    root: order.root,
    archive: archive as never, // only a shelf of that type looks at it
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    shelfSecret: () => order.secret,
    googleCredentials: () => order.credentials,
    ...(order.endpoints === undefined
      ? {}
      : { drive: { endpoints: order.endpoints, limits: { backoffBaseMs: 5, backoffMaxMs: 2_000 } } }),
  });
  return { shelf, archive };
}

if (process.argv[2] === '--put') {
  const order = JSON.parse(readFileSync(0, 'utf8')) as ChildOrder;
  const { shelf } = await openOrdered(order);
  const file = shelfFile(order.path, order.content, { version: order.version });
  await shelf.put(file, new FileNotes(order.notes), new AbortController().signal);
  process.stdout.write('put\n'); // and nothing of it is written down anywhere: now it is killed
  setInterval(() => undefined, 60_000);
}
