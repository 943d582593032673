import type { drive_v3 } from '@googleapis/drive';
import type { ShelfNotes } from '../shelf.ts';
import type { DriveConnection, DriveJob } from './drive-connection.ts';
import { DriveFailure } from './drive-failure.ts';
import { asFile, FILE_FIELDS } from './drive-upload.ts';

export const FOLDER_TYPE = 'application/vnd.google-apps.folder';

/** A folder to put things in. */
export interface Found {
  /** `root`: one's own Drive. */
  readonly id: string;
  /** The Shared Drive that it is in; absent: it is in none. */
  readonly driveId: string | undefined;
}

/** How one thing, a file or a folder, comes to stand in Drive once. */
export interface ToSettle {
  /** What stands there already, where there are no notes of it. */
  readonly search: () => Promise<string | undefined>;
  readonly isUsable: (found: drive_v3.Schema$File) => boolean;
  /** Rejects as Google does where the id is taken. */
  readonly create: (id: string) => Promise<drive_v3.Schema$File>;
  /** What the notes name is gone. */
  readonly onRenewal: () => void;
}

/** In one go: somebody who throws things away as fast as they are made is met again at the next attempt. */
const RENEWALS_MAX = 3;

/** Files and folders by their ids. */
export class DriveItems {
  readonly #connection: DriveConnection;
  readonly #job: DriveJob;

  constructor(connection: DriveConnection, job: DriveJob) {
    this.#connection = connection;
    this.#job = job;
  }

  /**
   * The thing that the notes name under `key`: found, or made with an id that was noted before. Google takes each id once, so whoever else
   * does this at the same time or was killed in it makes the same one. One that was thrown away gets a new id.
   */
  async settle(notes: ShelfNotes, key: string, what: ToSettle): Promise<drive_v3.Schema$File> {
    let id = await notes.read(key);
    let isNew = false; // nobody has used it: no need to look
    if (id === undefined) {
      const candidate = await this.#candidate(what);
      id = await notes.claim(key, candidate.id);
      isNew = candidate.isNew && id === candidate.id;
    }
    for (let renewals = 0, conflicts = 0; ; ) {
      const found = isNew ? undefined : await this.look(id);
      if (found !== undefined && what.isUsable(found)) return found;
      if (found === undefined && conflicts < 2) {
        const made = await this.#create(id, what);
        if (made !== undefined) return made;
        conflicts++; // somebody else, or ourselves before an answer was lost; or it stood there once, and was deleted
        isNew = false;
        continue;
      }
      if (++renewals > RENEWALS_MAX)
        throw new DriveFailure('it is taken away as fast as it is made', { status: 503, reason: 'backendError' });
      what.onRenewal();
      const candidate = await this.#candidate(what);
      const standing = await notes.replace(key, id, candidate.id);
      isNew = candidate.isNew && standing === candidate.id;
      id = standing;
      conflicts = 0;
    }
  }

  /** `undefined`: it isn't there, or hidden from us. */
  async look(fileId: string): Promise<drive_v3.Schema$File | undefined> {
    try {
      const found = await this.#connection.call(this.#job, ({ files }, options) =>
        files.get({ fileId, supportsAllDrives: true, fields: FILE_FIELDS }, options),
      );
      return asFile(found);
    } catch (error) {
      if (error instanceof DriveFailure && error.status === 404 && !error.isSignIn) return undefined;
      throw error;
    }
  }

  /** The oldest of that name, so that all who look find the same. People may have made it. */
  findFolder(parent: Found, name: string): Promise<string | undefined> {
    return this.#find(parent, `name = ${quoted(name)} and mimeType = ${quoted(FOLDER_TYPE)}`);
  }

  /** By what we wrote on it, never by its name: a file of that name that people put there is theirs. */
  findReport(parent: Found, report: string): Promise<string | undefined> {
    return this.#find(parent, `appProperties has { key='nervesys_report' and value=${quoted(report)} }`);
  }

  async makeFolder(parent: Found, name: string, id: string): Promise<drive_v3.Schema$File> {
    const requestBody = { id, name, mimeType: FOLDER_TYPE, ...(parent.id === 'root' ? {} : { parents: [parent.id] }) };
    const made = await this.#connection.call(this.#job, ({ files }, options) =>
      files.create({ supportsAllDrives: true, fields: FILE_FIELDS, requestBody }, options),
    );
    return asFile(made);
  }

  async #find(parent: Found, condition: string): Promise<string | undefined> {
    try {
      return await this.#search(parent, condition);
    } catch (error) {
      // Somebody shared the folder and not its Shared Drive: the drive is hidden, what is in the folder isn't.
      if (!(error instanceof DriveFailure && error.status === 404) || parent.driveId === undefined) throw error;
      return this.#search({ ...parent, driveId: undefined }, condition);
    }
  }

  async #search({ id, driveId }: Found, condition: string): Promise<string | undefined> {
    const { files = [] } = await this.#connection.call(this.#job, (drive, options) =>
      drive.files.list(
        {
          q: `${quoted(id)} in parents and trashed = false and ${condition}`,
          orderBy: 'createdTime',
          pageSize: 10,
          fields: 'files(id)',
          supportsAllDrives: true,
          includeItemsFromAllDrives: true,
          ...(driveId === undefined ? { corpora: 'user' } : { corpora: 'drive', driveId }),
        },
        options,
      ),
    );
    return files[0]?.id ?? undefined;
  }

  async #candidate({ search }: ToSettle): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const found = await search();
    if (found !== undefined) return { id: found, isNew: false };
    const { ids } = await this.#connection.call(this.#job, ({ files }, options) =>
      files.generateIds({ count: 1, space: 'drive', type: 'files' }, options),
    );
    const [id] = ids ?? [];
    if (id === undefined) throw new DriveFailure('no id was given', { status: 503, reason: 'backendError' });
    return { id, isNew: true };
  }

  /** `undefined`: the id is taken, or no longer good for a file. */
  async #create(id: string, { create }: ToSettle): Promise<drive_v3.Schema$File | undefined> {
    try {
      return await create(id);
    } catch (error) {
      if (!(error instanceof DriveFailure)) throw error;
      if (error.status === 409 || (error.status === 400 && /\bfile id\b/i.test(error.message))) return undefined;
      throw error;
    }
  }
}

/** As the search language has it. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
