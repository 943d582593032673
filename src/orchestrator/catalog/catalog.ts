import assert from 'node:assert/strict';
import type { BatchAnnouncement, BatchConfirmation, BatchPermission } from '../../contract/batch.ts';
import type { ServerName } from '../../contract/ids.ts';
import { parseObjectKey } from '../../contract/object-key.ts';
import { type Clock, withDeadline } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Database } from '../database/database.ts';
import { withinArchiveTime } from './archive-time.ts';
import { adoptObject, assignKey, type BatchRow, findBatch, markArchived, reassignKey } from './batch-rows.ts';
import { DayReconciler } from './reconcile-day.ts';
import { type ExpectedBatch, inspectStanding, type Standing } from './standing-object.ts';
import type { UploadPermits } from './upload-permits.ts';

/** Long enough for 10 MB over a poor line; announcing again is free. */
const PERMISSION_SECONDS = 3_600;
/** How long an announcement waits for the store to show what it can do; the answer is only worse without it, not wrong. */
const PREPARE_TIMEOUT_MS = 3_000;
/** How long a look at one name may take. */
const INSPECT_TIMEOUT_MS = 9_000;
/** New names tried in one call; each time another writer must have come in between. */
const REASSIGN_MAX = 5;

/** What is counted of a batch. */
export interface ArchivedBatch {
  readonly bytes: number;
  readonly records: number;
}

/**
 * Assigns names to batches and learns where they stand (DESIGN 4.3, *presigned*).
 *
 * A batch is `expected` from its announcement, under a name that is its alone, and `archived` once the archive itself was seen
 * to hold it: an agent's word that it stored something, or that a name is taken, only makes us look. A name at which
 * something else stands is left alone and the batch gets the next. Announcing and confirming may be repeated after any failure.
 */
export class Catalog {
  readonly #database: Database;
  readonly #archive: Archive;
  readonly #permits: UploadPermits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #days: DayReconciler;
  readonly #onArchived: (batch: ArchivedBatch) => void;
  #prepared = false;

  constructor(parts: {
    readonly database: Database;
    readonly archive: Archive;
    readonly permits: UploadPermits;
    readonly clock: Clock;
    readonly logger: Logger;
    /** Told of each batch that is seen to stand in the archive. */
    readonly onArchived?: (batch: ArchivedBatch) => void;
  }) {
    this.#database = parts.database;
    this.#archive = parts.archive;
    this.#permits = parts.permits;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#days = new DayReconciler(parts);
    this.#onArchived = parts.onArchived ?? (() => undefined);
  }

  /** The name and the permission to use it, or that the batch is archived already. */
  async announce(announcement: BatchAnnouncement, signal: AbortSignal): Promise<BatchPermission> {
    const { server, window } = announcement.manifest;
    await this.#days.ensure(server, utcDay(new Date(window)), signal);
    return this.#permit(await assignKey(this.#database, announcement, this.#now()), signal);
  }

  /**
   * Looks at what stands at the name that the agent has tried. Answers `archived` when it is the batch, else a permission: for
   * the same name when nothing stands there, for another when it is taken.
   */
  async confirm(server: ServerName, confirmation: BatchConfirmation, signal: AbortSignal): Promise<BatchPermission> {
    const { epoch, first, last, key } = confirmation;
    const row = await findBatch(this.#database, server, epoch, first);
    if (row === undefined || row.last_sequence !== last || row.sha256 !== confirmation.sha256) {
      throw new NervesysError('NSV_NOT_FOUND', `confirm ${first}–${last} of ${server}: no such batch was announced`, {
        hint: 'Announce the batch first.',
      });
    }
    if (row.state === 'archived') return { state: 'archived', key: row.key };
    const tried = parseObjectKey(key);
    if (tried?.server !== server || tried.windowAt !== row.window_at.getTime()) {
      throw new NervesysError(
        'NSV_OBJECT_KEY_INVALID',
        `confirm ${first}–${last} of ${server}: not a name of its window`,
      );
    }
    switch (await this.#inspect(key, row, signal)) {
      case 'ours':
        return this.#settle(row, key);
      case 'nothing':
        return this.#permit(row, signal);
      case 'other':
        // An answer to an older attempt: the batch has its new name already.
        if (key !== row.key) return this.#permit(row, signal);
        return this.#permitElsewhere(row, signal);
    }
  }

  /**
   * Looks at what stands where a server says that it put a batch by itself (scoped credentials), and takes it in where it is that batch.
   * The name must be one of the batch's window.
   */
  async place(announcement: BatchAnnouncement, key: string, signal: AbortSignal): Promise<Standing> {
    const { manifest, bytes, md5 } = announcement;
    const tried = parseObjectKey(key);
    if (tried?.server !== manifest.server || tried.windowAt !== Date.parse(manifest.window)) {
      throw new NervesysError(
        'NSV_OBJECT_KEY_INVALID',
        `place ${manifest.first}–${manifest.last} of ${manifest.server}: not a name of its window`,
      );
    }
    const standing = await this.#inspect(key, expectedBatch(announcement), signal);
    if (standing !== 'ours') return standing;
    if (await adoptObject(this.#database, { key, bytes, md5, manifest }, this.#now()))
      this.#onArchived({ bytes, records: manifest.records });
    else this.#logger.warn('a batch that its server has placed does not fit the catalog', { key });
    return standing;
  }

  #inspect(key: string, row: ExpectedBatch, signal: AbortSignal): Promise<Standing> {
    return withinArchiveTime(this.#clock, INSPECT_TIMEOUT_MS, signal, (inTime) =>
      inspectStanding(this.#archive, key, row, inTime),
    );
  }

  async #settle(row: BatchRow, key: string): Promise<BatchPermission> {
    await markArchived(this.#database, row, key, this.#now());
    this.#onArchived(row);
    return { state: 'archived', key };
  }

  /**
   * The batch's name is another's, which the catalog didn't know: it learns what stands in that day. The batch may be among it,
   * under a name that was lost; else it gets the next.
   */
  async #permitElsewhere(row: BatchRow, signal: AbortSignal, attempt = 1): Promise<BatchPermission> {
    await this.#days.again(row.server, utcDay(row.window_at), signal);
    const moved = await reassignKey(this.#database, row);
    if (moved.state === 'expected') {
      this.#logger.warn('a name in the archive was taken; the batch gets the next', { key: row.key, next: moved.key });
    }
    return this.#permit(moved, signal, attempt);
  }

  async #permit(row: BatchRow, signal: AbortSignal, attempt = 1): Promise<BatchPermission> {
    if (row.state === 'archived') return { state: 'archived', key: row.key };
    await this.#prepare(signal);
    const now = this.#clock.now();
    const expires = Math.floor(now / 1000) + PERMISSION_SECONDS;
    const { key, md5, bytes } = row;
    assert(md5 !== null, 'an expected batch was announced with its MD5');
    const presigned = this.#archive.presignPut({ key, md5, bytes, expiresInSeconds: PERMISSION_SECONDS });
    if (presigned !== undefined && !('if-none-match' in presigned.headers)) {
      // The store won't guard the name, so we look before we give it away.
      const standing = await this.#inspect(key, row, signal);
      if (standing === 'ours') return this.#settle(row, key);
      if (standing === 'other' && attempt < REASSIGN_MAX) return this.#permitElsewhere(row, signal, attempt + 1);
    }
    const md5Base64 = Buffer.from(md5, 'hex').toString('base64');
    return {
      state: 'upload',
      key,
      method: 'PUT',
      url: presigned?.url ?? (await this.#permits.url({ key, md5: md5Base64, bytes, expires })),
      headers: presigned?.headers ?? {
        'content-length': String(bytes),
        'content-md5': md5Base64,
        'content-type': 'application/gzip',
        'if-none-match': '*',
      },
      expires_at: new Date(expires * 1000).toISOString(),
    };
  }

  /** Lets the archive find out what it can do, once. When it can't now, permissions are given as S3 promises to honour them. */
  async #prepare(signal: AbortSignal): Promise<void> {
    if (this.#prepared) return;
    try {
      await withDeadline(this.#clock, PREPARE_TIMEOUT_MS, signal, async (inTime) => this.#archive.prepare?.(inTime));
      this.#prepared = true;
    } catch (error) {
      signal.throwIfAborted();
      this.#logger.warn('the archive does not show yet what it can do', errorFields(error));
    }
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }
}

function expectedBatch({ manifest, bytes, md5 }: BatchAnnouncement): ExpectedBatch {
  const { server, epoch, first, last, text_sha256 } = manifest;
  return { server, epoch, first_sequence: first, last_sequence: last, text_sha256, bytes, md5 };
}

function utcDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}
