import { join } from 'node:path';
import type { DriveShelfSettings, EmailShelfSettings, ShelfSettings } from '../../../config/index.ts';
import { shelfSecretName } from '../../../contract/reports.ts';
import type { Clock } from '../../../platform/clock.ts';
import { NervesysError } from '../../../platform/errors.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { Random } from '../../../platform/random.ts';
import type { Archive } from '../../../storage/archive.ts';
import { DirectoryShelf } from '../../../storage/directory-shelf.ts';
import type { DriveShelfParts } from '../../../storage/gdrive-client.ts';
import type { Shelf } from '../../../storage/shelf.ts';
import { ArchiveShelf } from './archive-shelf.ts';
import { EmailShelf } from './email-shelf.ts';

/** What shelves are handed besides their settings. */
export interface ShelfDeps {
  /** NERVESYS_HOME: a folder shelf without a path is `reports/` below it. */
  readonly home: string;
  /** The folder on a shelf that holds the reports (`reports.root`). */
  readonly root: string;
  /** Of the shelves of type `archive`; stays its owner's. */
  readonly archive: Archive;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A shelf's secret by its name, from wherever secrets are; may throw where it can't be read. Absent: there are none. */
  readonly shelfSecret?: ((name: string) => string | undefined) | undefined;
  /**
   * The text of the file that GOOGLE_APPLICATION_CREDENTIALS names, or of that name in Vault; `undefined`: none is set. Read anew each time;
   * throws `NSV_SETTING_INVALID` where it can't be read.
   */
  readonly googleCredentials?: (() => string | undefined) | undefined;
  /** GDRIVE_FOLDER_ID: holds where a shelf's settings name no folder. */
  readonly driveFolderId?: string | undefined;
  /** For tests alone: where Google is asked. */
  readonly drive?: Pick<DriveShelfParts, 'endpoints' | 'limits'> | undefined;
  /** For tests alone: by whom a mail server's certificate is signed. */
  readonly email?: { readonly authority: string } | undefined;
}

/**
 * Opens the shelf of these settings; nothing is asked of it yet (`check` does). Rejects with `NSV_SHELF_UNCONFIGURED` where its credential is
 * missing or can't be used: worth another try only when settings or `shelfCredential` have changed.
 */
export async function openShelf(settings: ShelfSettings, deps: ShelfDeps): Promise<Shelf> {
  switch (settings.type) {
    case 'folder':
      return new DirectoryShelf(
        {
          name: settings.name,
          path: settings.path ?? join(deps.home, 'reports'),
          root: deps.root,
          makePath: settings.path === undefined,
        },
        deps,
      );
    case 'archive':
      return new ArchiveShelf(settings.name, deps.archive);
    case 'drive':
      return openDrive(settings, deps);
    case 'email':
      return openEmail(settings, deps);
    default:
      return settings satisfies never;
  }
}

function openEmail(settings: EmailShelfSettings, deps: ShelfDeps): Shelf {
  const password = settings.user === undefined ? undefined : shelfCredential(settings, deps);
  if (settings.user !== undefined && password === undefined) {
    const variable = shelfSecretName(settings.name);
    throw new NervesysError('NSV_SHELF_UNCONFIGURED', `shelf ${settings.name}: the password of its user is missing`, {
      hint: `set ${variable} or ${variable}_FILE, or put ${variable} into Vault`,
    });
  }
  return new EmailShelf(settings, password, { clock: deps.clock, ...deps.email });
}

async function openDrive(settings: DriveShelfSettings, deps: ShelfDeps): Promise<Shelf> {
  const { name, subject } = settings;
  const text = shelfCredential(settings, deps);
  if (text === undefined)
    throw new NervesysError('NSV_SHELF_UNCONFIGURED', `shelf ${name}: GOOGLE_APPLICATION_CREDENTIALS is not set`, {
      hint: 'set it to the path of the JSON file of a service account or of a person’s consent, or put that file’s text into Vault under this name',
    });
  const [{ DriveShelf }, { parseDriveCredential }] = await Promise.all([
    import('../../../storage/gdrive-client.ts'),
    import('../../../storage/gdrive/drive-credential.ts'),
  ]);
  const credential = parseDriveCredential(name, text);
  const folderId = settings.folderId ?? deps.driveFolderId;
  return new DriveShelf(
    { name, credential, subject, folderId, root: deps.root },
    { clock: deps.clock, random: deps.random, logger: deps.logger, ...deps.drive },
  );
}

/**
 * What the shelf is opened with besides its settings: compare it with the earlier one to see that a credential was changed, and open the
 * shelf anew then. A secret: never to be logged. `undefined`: there is none. Rejects with `NSV_SHELF_UNCONFIGURED` where it can't be read.
 */
export function shelfCredential(settings: ShelfSettings, deps: ShelfDeps): string | undefined {
  const read = settings.type === 'drive' ? deps.googleCredentials : () => deps.shelfSecret?.(settings.name);
  if (settings.type === 'folder' || settings.type === 'archive') return undefined;
  try {
    return read?.()?.trim() || undefined;
  } catch (error) {
    const hint = error instanceof NervesysError ? error.hint : undefined;
    throw new NervesysError('NSV_SHELF_UNCONFIGURED', `shelf ${settings.name}: its credential cannot be read`, {
      cause: error,
      hint: hint ?? 'see the message',
    });
  }
}
