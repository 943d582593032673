import { createHash, randomBytes } from 'node:crypto';
import { badRequest, DriveRefusal, notFound } from './answers.ts';
import { type Caller, SCOPES } from './oauth.ts';
import { parseQuery } from './query.ts';

export const FOLDER_TYPE = 'application/vnd.google-apps.folder';

export type Role = 'organizer' | 'fileOrganizer' | 'writer' | 'reader';

export interface StoredFile {
  readonly id: string;
  name: string;
  mimeType: string;
  /** At most one; a Shared Drive's own root, and a My Drive's, have none. */
  parent: string | undefined;
  readonly driveId: string | undefined;
  readonly owner: string | undefined;
  trashed: boolean;
  appProperties: Record<string, string>;
  content: Buffer | undefined;
  readonly createdAt: number;
  modifiedAt: number;
  revision: number;
  /** The app that made it; undefined: a person did, in the browser. */
  readonly app: string | undefined;
  readonly shares: Map<string, Role>;
}

export interface Metadata {
  readonly id?: string;
  readonly name?: string;
  readonly mimeType?: string;
  readonly parents?: readonly string[];
  readonly appProperties?: Readonly<Record<string, string | null>>;
  readonly trashed?: boolean;
}

const WRITABLE = ['id', 'name', 'mimeType', 'parents', 'appProperties', 'trashed'] as const;
const PROPERTY_BYTES_MAX = 124;
const PROPERTIES_MAX = 30;

/** What stands in Drive, and who may see and change it. */
export class DriveStore {
  readonly files = new Map<string, StoredFile>();
  readonly drives = new Map<string, { readonly name: string; readonly members: Map<string, Role> }>();
  /** Items that a Shared Drive may hold (Google: 500,000). */
  driveItemsMax = 500_000;
  /** Bytes that a person's My Drive may hold. */
  quotaBytes = 15_000_000_000;
  /** What was made meanwhile isn't found by a search, only by its id: an index may lag. */
  searchLags = false;
  readonly #now: () => number;
  readonly #issued = new Set<string>();
  readonly #used = new Set<string>();
  readonly #roots = new Map<string, string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  // What people do, in the browser.

  makeDrive(name: string, members: Readonly<Record<string, Role>>): string {
    const id = `0A${randomBytes(13).toString('base64url')}PVA`;
    this.drives.set(id, { name, members: new Map(Object.entries(members)) });
    this.#add({ id, name: 'Drive', mimeType: FOLDER_TYPE, driveId: id });
    return id;
  }

  /** A folder (or file) of a person, in a Shared Drive or somebody's My Drive. */
  makeByHand(name: string, parent: string, content?: string): string {
    const folder = this.files.get(parent)!;
    const id = `1${randomBytes(24).toString('base64url')}`;
    this.#add({
      id,
      name,
      mimeType: content === undefined ? FOLDER_TYPE : 'text/plain',
      parent,
      driveId: folder.driveId,
      owner: folder.owner,
      content: content === undefined ? undefined : Buffer.from(content),
    });
    return id;
  }

  rootOf(email: string): string {
    const known = this.#roots.get(email);
    if (known !== undefined) return known;
    const id = `0A${randomBytes(12).toString('base64url')}UK9PVA`;
    this.#roots.set(email, id);
    this.#add({ id, name: 'My Drive', mimeType: FOLDER_TYPE, owner: email });
    return id;
  }

  trash(id: string): void {
    this.files.get(id)!.trashed = true;
  }

  /** For good, with what is in it; its id is never free again. */
  deleteForGood(id: string): void {
    for (const file of [...this.files.values()]) if (file.parent === id) this.deleteForGood(file.id);
    this.files.delete(id);
  }

  /** Names below a folder that aren't in the trash, with folders' names before them, sorted. */
  tree(folder: string, prefix = ''): string[] {
    const below = [...this.files.values()].filter((one) => one.parent === folder && !this.isTrashed(one));
    return below
      .flatMap((one) =>
        one.mimeType === FOLDER_TYPE
          ? [`${prefix}${one.name}/`, ...this.tree(one.id, `${prefix}${one.name}/`)]
          : [`${prefix}${one.name}`],
      )
      .sort();
  }

  find(folder: string, path: string): StoredFile | undefined {
    const [name, ...rest] = path.split('/');
    const found = [...this.files.values()].find(
      (one) => one.parent === folder && one.name === name && !this.isTrashed(one),
    );
    return found === undefined || rest.length === 0 ? found : this.find(found.id, rest.join('/'));
  }

  /** Every file that has this path, by names. */
  all(folder: string, path: string): StoredFile[] {
    const [name, ...rest] = path.split('/');
    const found = [...this.files.values()].filter(
      (one) => one.parent === folder && one.name === name && !this.isTrashed(one),
    );
    return rest.length === 0 ? found : found.flatMap((one) => this.all(one.id, rest.join('/')));
  }

  // What the API does.

  generateIds(count: number): string[] {
    const ids = Array.from({ length: count }, () => `1${randomBytes(24).toString('base64url')}`);
    for (const id of ids) this.#issued.add(id);
    return ids;
  }

  get(id: string, caller: Caller, allDrives: boolean): StoredFile {
    const file = this.files.get(id === 'root' ? this.rootOf(caller.email) : id);
    if (file === undefined || !this.#sees(file, caller, allDrives)) throw notFound(id);
    return file;
  }

  list(
    wish: {
      readonly q: string;
      readonly corpora: string;
      readonly driveId: string | undefined;
      readonly allDrives: boolean;
      readonly include: boolean;
      readonly orderBy: string;
    },
    caller: Caller,
  ): StoredFile[] {
    const { corpora, driveId, include, allDrives } = wish;
    if (include && !allDrives)
      throw badRequest('invalid', 'includeItemsFromAllDrives needs supportsAllDrives', 'supportsAllDrives');
    if ((corpora === 'drive') !== (driveId !== undefined))
      throw badRequest('invalid', 'The driveId parameter goes with corpora=drive', 'driveId');
    if (corpora !== 'user' && corpora !== 'drive') throw badRequest('invalid', 'Invalid Value', 'corpora');
    if (corpora === 'drive' && !include)
      throw badRequest('invalid', 'corpora=drive needs includeItemsFromAllDrives', 'includeItemsFromAllDrives');
    if (driveId !== undefined && !this.drives.get(driveId)?.members.has(caller.email))
      throw new DriveRefusal(404, 'notFound', `Shared drive not found: ${driveId}`, { location: 'driveId' });
    const test = parseQuery(wish.q.replaceAll(`'root' in parents`, `'${this.rootOf(caller.email)}' in parents`));
    const found = [...this.files.values()].filter(
      (file) =>
        file.driveId === driveId &&
        !(this.searchLags && file.app !== undefined) &&
        this.#sees(file, caller, true) &&
        test({
          ...file,
          trashed: this.isTrashed(file),
          parents: file.parent === undefined ? [] : [file.parent],
          appProperties: file.app === caller.app ? file.appProperties : {},
        }),
    );
    return found.sort((a, b) => orderOf(wish.orderBy, a, b));
  }

  /** Whether it may be made: asked at the beginning of an upload, and again at its end. */
  checkCreate(metadata: Metadata, caller: Caller, allDrives: boolean, bytes: number): StoredFile {
    this.#checkMetadata(metadata, caller);
    if (metadata.trashed !== undefined) throw fieldNotWritable();
    if (metadata.id !== undefined) {
      if (this.#used.has(metadata.id))
        throw new DriveRefusal(409, 'fileIdInUse', 'A file already exists with the provided ID.', {
          location: 'file.id',
        });
      if (!this.#issued.has(metadata.id)) throw badRequest('invalid', 'The provided file ID is not usable.', 'file.id');
    }
    if ((metadata.parents?.length ?? 0) > 1)
      throw new DriveRefusal(403, 'teamDrivesParentLimit', 'A file must have exactly one parent.');
    const parent = this.get(metadata.parents?.[0] ?? 'root', caller, allDrives);
    if (parent.mimeType !== FOLDER_TYPE)
      throw new DriveRefusal(403, 'parentNotAFolder', 'The specified parent is not a folder.');
    if (!this.mayWrite(parent, caller)) throw noPermission();
    this.#checkRoom(parent, metadata, caller, bytes);
    return parent;
  }

  create(metadata: Metadata, caller: Caller, allDrives: boolean, content: Buffer | undefined): StoredFile {
    const parent = this.checkCreate(metadata, caller, allDrives, content?.length ?? 0);
    const id = metadata.id ?? this.generateIds(1)[0]!;
    return this.#add({
      id,
      name: metadata.name ?? 'Untitled',
      mimeType: metadata.mimeType ?? 'application/octet-stream',
      parent: parent.id,
      driveId: parent.driveId,
      owner: parent.driveId === undefined ? caller.email : undefined,
      appProperties: Object.fromEntries(
        Object.entries(metadata.appProperties ?? {}).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
      ),
      content: metadata.mimeType === FOLDER_TYPE ? undefined : (content ?? Buffer.alloc(0)),
      app: caller.app,
    });
  }

  checkUpdate(id: string, metadata: Metadata, caller: Caller, allDrives: boolean): StoredFile {
    const file = this.get(id, caller, allDrives);
    this.#checkMetadata(metadata, caller);
    if (metadata.id !== undefined) throw fieldNotWritable();
    if (metadata.parents !== undefined)
      throw new DriveRefusal(403, 'fieldNotWritable', 'The parents field is not directly writable in update requests.');
    if (!this.mayWrite(file, caller)) throw noPermission();
    return file;
  }

  update(id: string, metadata: Metadata, caller: Caller, allDrives: boolean, content: Buffer | undefined): StoredFile {
    const file = this.checkUpdate(id, metadata, caller, allDrives);
    const merged = Object.entries({ ...file.appProperties, ...metadata.appProperties });
    file.name = metadata.name ?? file.name;
    file.mimeType = metadata.mimeType ?? file.mimeType;
    file.trashed = metadata.trashed ?? file.trashed;
    file.appProperties = Object.fromEntries(merged.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
    if (content !== undefined) {
      file.content = content;
      file.revision++;
    }
    file.modifiedAt = this.#now();
    return file;
  }

  isTrashed(file: StoredFile): boolean {
    const parent = file.parent === undefined ? undefined : this.files.get(file.parent);
    return file.trashed || (parent !== undefined && this.isTrashed(parent));
  }

  mayWrite(file: StoredFile, caller: Caller): boolean {
    if (!caller.scopes.has(SCOPES.drive) && !caller.scopes.has(SCOPES.file)) return false;
    const role = this.#role(file, caller.email);
    return role !== undefined && role !== 'reader';
  }

  usedBytes(owner: string): number {
    return [...this.files.values()]
      .filter((one) => one.owner === owner)
      .reduce((sum, one) => sum + (one.content?.length ?? 0), 0);
  }

  /** As the API shows it. */
  view(file: StoredFile, caller: Caller): Record<string, unknown> {
    const { id, name, mimeType, content, driveId } = file;
    const md5 = content === undefined ? undefined : createHash('md5').update(content).digest('hex');
    const place =
      mimeType === FOLDER_TYPE
        ? `https://drive.google.com/drive/folders/${id}`
        : `https://drive.google.com/file/d/${id}/view?usp=drivesdk`;
    return {
      kind: 'drive#file',
      id,
      name,
      mimeType,
      trashed: this.isTrashed(file),
      explicitlyTrashed: file.trashed,
      ...(file.parent === undefined ? {} : { parents: [file.parent] }),
      ...(driveId === undefined ? {} : { driveId, teamDriveId: driveId }),
      ...(file.app === caller.app && Object.keys(file.appProperties).length > 0
        ? { appProperties: file.appProperties }
        : {}),
      ...(content === undefined
        ? {}
        : { md5Checksum: md5, size: String(content.length), headRevisionId: `0B-${id.slice(0, 8)}-${file.revision}` }),
      createdTime: new Date(file.createdAt).toISOString(),
      modifiedTime: new Date(file.modifiedAt).toISOString(),
      webViewLink: place,
      capabilities: {
        canAddChildren: mimeType === FOLDER_TYPE && this.mayWrite(file, caller),
        canEdit: this.mayWrite(file, caller),
      },
    };
  }

  #add(file: Partial<StoredFile> & Pick<StoredFile, 'id' | 'name' | 'mimeType'>): StoredFile {
    const now = this.#now();
    const whole: StoredFile = {
      parent: undefined,
      driveId: undefined,
      owner: undefined,
      trashed: false,
      appProperties: {},
      content: undefined,
      createdAt: now,
      modifiedAt: now,
      revision: 1,
      app: undefined,
      shares: new Map(),
      ...file,
    };
    this.#used.add(whole.id);
    this.files.set(whole.id, whole);
    return whole;
  }

  #sees(file: StoredFile, caller: Caller, allDrives: boolean): boolean {
    if (file.driveId !== undefined && !allDrives) return false;
    const wide = caller.scopes.has(SCOPES.drive) || caller.scopes.has(SCOPES.readonly);
    // The root of one's own Drive can be named under drive.file, to put files there.
    if (!wide && file.app !== caller.app && file.id !== this.#roots.get(caller.email)) return false;
    return this.#role(file, caller.email) !== undefined;
  }

  #role(file: StoredFile, email: string): Role | undefined {
    if (file.driveId !== undefined) {
      const role = this.drives.get(file.driveId)?.members.get(email);
      if (role !== undefined) return role;
    }
    if (file.owner === email) return 'organizer';
    const shared = file.shares.get(email);
    if (shared !== undefined) return shared;
    const parent = file.parent === undefined ? undefined : this.files.get(file.parent);
    return parent === undefined ? undefined : this.#role(parent, email);
  }

  #checkRoom(parent: StoredFile, metadata: Metadata, caller: Caller, bytes: number): void {
    if (parent.driveId !== undefined) {
      const items = [...this.files.values()].filter((one) => one.driveId === parent.driveId).length;
      if (items >= this.driveItemsMax)
        throw new DriveRefusal(
          403,
          'teamDriveFileLimitExceeded',
          'The file limit for this shared drive has been exceeded.',
        );
      return;
    }
    if (metadata.mimeType === FOLDER_TYPE) return;
    if (caller.isServiceAccount)
      throw new DriveRefusal(
        403,
        'storageQuotaExceeded',
        'Service Accounts do not have storage quota. Leverage shared drives, or use OAuth delegation instead.',
      );
    if (this.usedBytes(caller.email) + bytes > this.quotaBytes)
      throw new DriveRefusal(403, 'storageQuotaExceeded', "The user's Drive storage quota has been exceeded.");
  }

  #checkMetadata(metadata: Metadata, _caller: Caller): void {
    for (const key of Object.keys(metadata))
      if (!(WRITABLE as readonly string[]).includes(key)) throw fieldNotWritable();
    const properties = Object.entries(metadata.appProperties ?? {});
    if (properties.length > PROPERTIES_MAX)
      throw new DriveRefusal(403, 'limitExceeded', 'The number of properties is over the limit.');
    for (const [key, value] of properties)
      if (Buffer.byteLength(key) + Buffer.byteLength(value ?? '') > PROPERTY_BYTES_MAX)
        throw new DriveRefusal(403, 'propertyTooLarge', 'The property is over 124 bytes.');
    if (metadata.name !== undefined && (typeof metadata.name !== 'string' || metadata.name === ''))
      throw badRequest('invalid', 'Invalid Value', 'name');
  }
}

function orderOf(orderBy: string, a: StoredFile, b: StoredFile): number {
  if (orderBy === '') return b.modifiedAt - a.modifiedAt;
  if (orderBy !== 'createdTime') throw badRequest('invalid', 'Invalid Value', 'orderBy');
  return a.createdAt - b.createdAt;
}

const fieldNotWritable = () =>
  new DriveRefusal(403, 'fieldNotWritable', 'The resource body includes fields which are not directly writable.');
const noPermission = () =>
  new DriveRefusal(403, 'insufficientFilePermissions', 'The user does not have sufficient permissions for this file.');
