import { createHash } from 'node:crypto';
import type { drive_v3 } from '@googleapis/drive';
import type { Clock } from '../platform/clock.ts';
import { sha256Hex } from '../platform/digest.ts';
import { NervesysError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import {
  DriveConnection,
  type DriveEndpoints,
  type DriveJob,
  type DriveLimits,
  Patience,
} from './gdrive/drive-connection.ts';
import type { DriveCredential } from './gdrive/drive-credential.ts';
import { access, type DriveAsker, driveError, ownsNothing } from './gdrive/drive-error.ts';
import { DriveFailure } from './gdrive/drive-failure.ts';
import { DriveItems, FOLDER_TYPE, type Found } from './gdrive/drive-items.ts';
import { upload } from './gdrive/drive-upload.ts';
import type { Shelf, ShelfFile, ShelfNotes, ShelvedFile } from './shelf.ts';
import { checkShelfFile, claimPlace, closedError, type Standing } from './shelf-file.ts';

export interface DriveShelfOptions {
  readonly name: string;
  readonly credential: DriveCredential;
  /** The person as whom a service account acts (domain-wide delegation). */
  readonly subject: string | undefined;
  /** The folder (or Shared Drive) that gets the root folder; absent: the user's own Drive. */
  readonly folderId: string | undefined;
  /** The root folder's name. */
  readonly root: string;
}

export interface DriveShelfParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits?: Partial<DriveLimits>;
  /** For tests alone. */
  readonly endpoints?: DriveEndpoints;
}

const SCOPE_ALL = 'https://www.googleapis.com/auth/drive';
const SCOPE_OWN = 'https://www.googleapis.com/auth/drive.file';

/**
 * Reports in Google Drive.
 *
 * Drive lets any number of files have one name, so a name keeps nothing apart: ids do. An id is fetched from Google, written into the notes,
 * and only then used; whoever comes again, or at the same time, meets it there, and Google takes it once (409 thereafter). A newer version is
 * the same file with new content: links stay. Folders are made in the same way, unless people have made one of that name.
 *
 * What people throw away is made anew; what they move or rename stays theirs to arrange, and is renewed where it is.
 *
 * The scope is the least that works. `drive.file` (what this app made, nothing else) where the root folder lies in one's own Drive; it sees no
 * folder that people made, so a `folderId` needs `drive`. A service account sees with it only what was shared with it.
 */
export class DriveShelf implements Shelf {
  readonly name: string;
  readonly type = 'drive';
  readonly #options: DriveShelfOptions;
  readonly #asker: DriveAsker;
  readonly #connection: DriveConnection;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #jobs = new Set<Promise<unknown>>();

  /** Asks nothing yet. Throws `NSV_SHELF_UNCONFIGURED` where the credential can't own a file anywhere. */
  constructor(options: DriveShelfOptions, parts: DriveShelfParts) {
    const { name, credential, subject, folderId } = options;
    if (subject !== undefined && credential.type !== 'service_account')
      throw new NervesysError('NSV_SHELF_UNCONFIGURED', `shelf ${name}: subject goes with a service account only`, {
        hint: 'leave subject out, or use the key of a service account',
      });
    const scope = folderId === undefined ? SCOPE_OWN : SCOPE_ALL;
    this.name = name;
    this.#options = options;
    this.#asker = { credential, subject, folderId, scope };
    if (folderId === undefined && ownsNothing(this.#asker))
      throw new NervesysError(
        'NSV_SHELF_UNCONFIGURED',
        `shelf ${name}: a service account needs a folder to put files in`,
        {
          hint: 'set folder_id or GDRIVE_FOLDER_ID to a folder in a Shared Drive, or let it act as a person (subject)',
        },
      );
    this.#logger = parts.logger;
    this.#connection = new DriveConnection({ credential, subject, scope }, { ...parts, closing: this.#closing.signal });
  }

  async put(file: ShelfFile, notes: ShelfNotes, signal: AbortSignal): Promise<ShelvedFile> {
    checkShelfFile(this.name, file);
    return this.#job(`put ${file.path}`, signal, async (job) => {
      const items = new DriveItems(this.#connection, job);
      const folders = file.path.split('/').slice(0, -1);
      let parent = await this.#parent(items);
      for (const [depth, name] of [this.#options.root, ...folders].entries())
        parent = await this.#folder(items, notes, parent, name, ['', ...folders.slice(0, depth)].join('/'));
      return shelved(await this.#file(items, job, notes, parent, file));
    });
  }

  async check(_notes: ShelfNotes, signal: AbortSignal): Promise<void> {
    await this.#job('check', signal, async (job) => {
      const { driveId, id } = await this.#parent(new DriveItems(this.#connection, job));
      if (driveId !== undefined) return;
      if (ownsNothing(this.#asker))
        throw new NervesysError('NSV_SHELF_FULL', `shelf ${this.name}: check: folder ${id} is in no Shared Drive`, {
          hint: 'a service account has no storage of its own: use a folder in a Shared Drive, or let it act as a person (subject)',
        });
      const about = await this.#connection.call(job, (drive, options) =>
        drive.about.get({ fields: 'storageQuota(limit,usage)' }, options),
      );
      const { limit, usage } = about.storageQuota ?? {};
      if (limit && Number(usage) >= Number(limit))
        throw new NervesysError('NSV_SHELF_FULL', `shelf ${this.name}: check: this Drive is full`, {
          hint: 'make room in it (its trash counts too), or use a folder in a Shared Drive',
        });
    });
  }

  /** Breaks off what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(closedError(this.name));
    await Promise.allSettled(this.#jobs);
  }

  /** Where the root folder goes. */
  async #parent(items: DriveItems): Promise<Found> {
    const { folderId } = this.#options;
    if (folderId === undefined) return { id: 'root', driveId: undefined };
    const found = await items.look(folderId);
    const wrong = (code: string, problem: string) =>
      new NervesysError(code, `shelf ${this.name}: folder ${folderId} ${problem}`, { hint: access(this.#asker) });
    if (found === undefined) throw wrong('NSV_SHELF_NO_FOLDER', 'is not there, or hidden from this credential');
    if (found.mimeType !== FOLDER_TYPE) throw wrong('NSV_SHELF_NO_FOLDER', 'is no folder');
    if (found.trashed) throw wrong('NSV_SHELF_NO_FOLDER', 'is in the trash');
    if (found.capabilities?.canAddChildren === false) throw wrong('NSV_SHELF_DENIED', 'may only be read');
    return { id: folderId, driveId: found.driveId ?? undefined };
  }

  async #folder(items: DriveItems, notes: ShelfNotes, parent: Found, name: string, path: string): Promise<Found> {
    const found = await items.settle(notes, this.#key('folder', `${path}/${name}`), {
      search: () => items.findFolder(parent, name),
      isUsable: (one) => !one.trashed && one.mimeType === FOLDER_TYPE,
      create: (id) => items.makeFolder(parent, name, id),
      onRenewal: () =>
        this.#logger.info('a folder on a shelf is gone and made anew', { shelf: this.name, folder: name }),
    });
    return { id: found.id!, driveId: parent.driveId };
  }

  async #file(
    items: DriveItems,
    job: DriveJob,
    notes: ShelfNotes,
    folder: Found,
    file: ShelfFile,
  ): Promise<drive_v3.Schema$File> {
    const md5 = createHash('md5').update(file.bytes).digest('hex');
    const report = sha256Hex(file.path).slice(0, 40);
    const appProperties = {
      nervesys_report: report,
      nervesys_version: String(file.version),
      nervesys_sha256: file.sha256,
      nervesys_knows: file.knows === null ? '' : String(file.knows),
    };
    const claim = (look: () => Promise<Standing>) =>
      claimPlace(this.name, notes, this.#key('version', file.path), file, look);
    let isNewest: boolean | undefined;
    const { mediaType, bytes } = file;
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    const found = await items.settle(notes, this.#key('file', file.path), {
      search: () => items.findReport(folder, report),
      isUsable: (one) => !one.trashed,
      create: async (id) => {
        isNewest ??= await claim(async () => undefined);
        const parents = folder.id === 'root' ? {} : { parents: [folder.id] };
        const metadata = { id, name, mimeType: mediaType, appProperties, ...parents };
        return upload(this.#connection, job, { metadata, mediaType, bytes });
      },
      onRenewal: () =>
        this.#logger.info('a file on a shelf is gone and made anew', { shelf: this.name, path: file.path }),
    });
    isNewest ??= await claim(async () => standingOf(found));
    if (!isNewest) return found;
    let standing = found;
    for (
      let attempt = 0;
      standing.md5Checksum !== md5 || standing.appProperties?.['nervesys_sha256'] !== file.sha256;
      attempt++
    ) {
      if (attempt === 2)
        throw new NervesysError(
          'NSV_SHELF_BUSY',
          `shelf ${this.name}: put ${file.path}: what arrived is not what was sent`,
          {
            retryable: true,
            hint: 'nothing to do: it is sent again',
          },
        );
      const metadata = { mimeType: mediaType, appProperties };
      standing = await upload(this.#connection, job, { fileId: standing.id!, metadata, mediaType, bytes });
    }
    return standing;
  }

  /** Of notes; another folder, root or (in one's own Drive) person has notes of its own. */
  #key(kind: 'file' | 'folder' | 'version', path: string): string {
    const { folderId, root, subject, credential } = this.#options;
    const who = credential.type === 'service_account' ? `${subject}` : credential.clientId;
    return `drive ${sha256Hex(`${folderId ?? who}\n${root}`).slice(0, 12)} ${kind} ${path}`;
  }

  async #job<T>(verb: string, signal: AbortSignal, work: (job: DriveJob) => Promise<T>): Promise<T> {
    const both = AbortSignal.any([this.#closing.signal, signal]);
    both.throwIfAborted();
    const patience = new Patience(this.#connection.limits.retriesMax);
    const running = work({ patience, signal: both });
    this.#jobs.add(running);
    try {
      return await running;
    } catch (error) {
      both.throwIfAborted();
      if (error instanceof DriveFailure) throw driveError(`shelf ${this.name}: ${verb}`, error, this.#asker);
      throw error;
    } finally {
      this.#jobs.delete(running);
    }
  }
}

function standingOf({ appProperties }: drive_v3.Schema$File): Standing {
  const { nervesys_version: version, nervesys_sha256: sha256, nervesys_knows: knows } = appProperties ?? {};
  if (!version || !sha256) return 'unmarked';
  return { version: Number(version), sha256, knows: knows ? Number(knows) : null };
}

function shelved({ id, webViewLink }: drive_v3.Schema$File): ShelvedFile {
  return { id: id ?? null, link: webViewLink ?? null };
}
