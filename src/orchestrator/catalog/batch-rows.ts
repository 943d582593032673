import type { BatchAnnouncement, BatchManifest } from '../../contract/batch.ts';
import { BATCHES_PER_WINDOW_MAX, formatObjectKey, parseObjectKey } from '../../contract/object-key.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Database, Queryable } from '../database/database.ts';
import { arrivalsOf, standingOf } from '../database/queries/archive-sums.ts';
import { storable } from '../database/storable.ts';

/** One batch as the catalog knows it. */
export interface BatchRow {
  readonly server: BatchManifest['server'];
  readonly epoch: string;
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly key: string;
  readonly window_at: Date;
  readonly state: 'expected' | 'archived';
  readonly bytes: number;
  readonly records: number;
  /** Hex; null for an object that was found in the archive and not announced here. Never null while it is expected. */
  readonly md5: string | null;
  readonly sha256: string | null;
  readonly text_sha256: string;
  /** It is archived, and a reindex found that nothing stands there any more. */
  readonly missing: boolean;
}

const COLUMNS = `server, epoch, first_sequence, last_sequence, key, window_at, state, bytes, records, md5, sha256,
  manifest->>'text_sha256' AS text_sha256, missing_at IS NOT NULL AS missing`;

/** The batch of a server that begins with this sequence; `undefined` when it was never announced. */
export async function findBatch(
  database: Queryable,
  server: string,
  epoch: string,
  first: number,
): Promise<BatchRow | undefined> {
  const { rows } = await database.query<BatchRow>(
    `SELECT ${COLUMNS} FROM archive_objects WHERE server = $1 AND epoch = $2 AND first_sequence = $3`,
    [server, epoch, first],
  );
  return rows[0];
}

/**
 * The announced batch's row: as it stands when it was announced before, else new, with the next free number of its window.
 * Rejects with `NSV_BATCH_CONFLICT` when other bytes under these sequence numbers are archived.
 */
export async function assignKey(database: Database, announcement: BatchAnnouncement, now: Date): Promise<BatchRow> {
  const { manifest } = announcement;
  return database.transaction(async (transaction) => {
    await lockServer(transaction, manifest.server);
    const standing = await nearestBatches(transaction, manifest);
    const same = standing.find((row) => row.first_sequence === manifest.first);
    if (same !== undefined && isSameBatch(same, announcement)) {
      return same.missing ? expectAgain(transaction, same, announcement) : same;
    }
    const archived = standing.find((row) => row.state === 'archived');
    if (archived !== undefined) {
      throw new NervesysError(
        'NSV_BATCH_CONFLICT',
        `announce ${manifest.first}–${manifest.last} of ${manifest.server}, epoch ${manifest.epoch}: ${archived.key} holds other records under these numbers`,
      );
    }
    // Announced with other bytes and never archived: sealed anew. It takes a new name, since the old one may have been used.
    if (same !== undefined) {
      await transaction.query('DELETE FROM archive_objects WHERE server = $1 AND epoch = $2 AND first_sequence = $3', [
        manifest.server,
        manifest.epoch,
        manifest.first,
      ]);
    }
    const windowAt = Date.parse(manifest.window);
    const taken = same === undefined ? -1 : (parseObjectKey(same.key)?.n ?? -1);
    const n = await nextNumber(transaction, manifest.server, windowAt, taken + 1);
    return insertBatch(transaction, { ...announcement, n, announcedAt: now, archivedAt: null });
  });
}

/**
 * Takes an object that stands in the archive into the catalog, where it isn't known yet. Answers false when the catalog knows
 * better: this batch archived elsewhere, or another one archived under this name.
 */
export async function adoptObject(
  database: Database,
  found: {
    readonly key: string;
    readonly bytes: number;
    readonly md5?: string | undefined;
    readonly manifest: BatchManifest;
  },
  now: Date,
): Promise<boolean> {
  const { key, bytes, manifest } = found;
  const n = numberOf(key);
  return database.transaction(async (transaction) => {
    await lockServer(transaction, manifest.server);
    const known = await findBatch(transaction, manifest.server, manifest.epoch, manifest.first);
    if (known?.state === 'archived') return known.key === key;
    if (known !== undefined && known.text_sha256 !== manifest.text_sha256) return false;
    if (!(await clearName(transaction, manifest, key))) return false;
    if (known !== undefined) await settle(transaction, known, key, now);
    else
      await insertBatch(transaction, {
        manifest,
        bytes,
        md5: found.md5 ?? null,
        sha256: null,
        n,
        announcedAt: now,
        archivedAt: now,
      });
    return true;
  });
}

/** Gives an expected batch the next free name of its window, unless it has left `row.key` already. */
export async function reassignKey(database: Database, row: BatchRow): Promise<BatchRow> {
  return database.transaction(async (transaction) => {
    await lockServer(transaction, row.server);
    await moveBatch(transaction, row);
    return (await findBatch(transaction, row.server, row.epoch, row.first_sequence)) ?? row;
  });
}

/**
 * Marks a batch as archived under `key`, where it was found standing. A batch that was promised this name and has not used it
 * gets another. Rejects with `NSV_ARCHIVE_DAMAGED` when the catalog has another batch archived under this name.
 */
export async function markArchived(database: Database, row: BatchRow, key: string, now: Date): Promise<void> {
  await database.transaction(async (transaction) => {
    await lockServer(transaction, row.server);
    if (!(await clearName(transaction, { ...row, first: row.first_sequence }, key))) {
      throw new NervesysError('NSV_ARCHIVE_DAMAGED', `${key} does not hold the batch that the catalog has there`);
    }
    await settle(transaction, row, key, now);
  });
}

async function settle(transaction: Queryable, row: BatchRow, key: string, now: Date): Promise<void> {
  await transaction.query(
    `WITH settled AS (
       UPDATE archive_objects SET state = 'archived', key = $5, n = $6, archived_at = $7
       WHERE server = $1 AND epoch = $2 AND first_sequence = $3 AND sha256 = $4 AND state = 'expected'
       RETURNING window_at, records, bytes, text_bytes
     ), ${arrivalsOf('settled', '+')}, ${standingOf('settled', '$7', '+')}
     SELECT`,
    [row.server, row.epoch, row.first_sequence, row.sha256, key, numberOf(key), now],
  );
}

/** A batch that the bucket has lost, and whose server has it still: it may be put once more, under its name. */
async function expectAgain(
  transaction: Queryable,
  row: BatchRow,
  { bytes, md5, sha256 }: BatchAnnouncement,
): Promise<BatchRow> {
  const { rows } = await transaction.query<BatchRow>(
    `WITH lost AS (
       SELECT window_at, records, bytes, text_bytes FROM archive_objects
       WHERE server = $1 AND epoch = $2 AND first_sequence = $3 AND state = 'archived'
     ), ${arrivalsOf('lost', '-')}
     UPDATE archive_objects SET state = 'expected', archived_at = NULL, missing_at = NULL, bytes = $4, md5 = $5, sha256 = $6
     WHERE server = $1 AND epoch = $2 AND first_sequence = $3 RETURNING ${COLUMNS}`,
    [row.server, row.epoch, row.first_sequence, bytes, md5, sha256],
  );
  return rows[0]!;
}

/** Moves away whichever other batch was promised this name. False: another one is archived under it. */
async function clearName(
  transaction: Queryable,
  holder: { readonly server: string; readonly epoch: string; readonly first: number },
  key: string,
): Promise<boolean> {
  const { rows } = await transaction.query<BatchRow>(
    `SELECT ${COLUMNS} FROM archive_objects WHERE server = $1 AND key = $2 AND (epoch <> $3 OR first_sequence <> $4)`,
    [holder.server, key, holder.epoch, holder.first],
  );
  const other = rows[0];
  if (other === undefined) return true;
  if (other.state === 'archived') return false;
  await moveBatch(transaction, other);
  return true;
}

function numberOf(key: string): number {
  const parsed = parseObjectKey(key);
  if (parsed !== undefined) return parsed.n;
  throw new NervesysError('NSV_OBJECT_KEY_INVALID', `${JSON.stringify(key)} is no batch's name`);
}

/** By its bytes where they are known; by its text for an object that was found. */
function isSameBatch(row: BatchRow, { manifest, sha256 }: BatchAnnouncement): boolean {
  if (row.last_sequence !== manifest.last) return false;
  return row.sha256 === null ? row.text_sha256 === manifest.text_sha256 : row.sha256 === sha256;
}

async function moveBatch(transaction: Queryable, row: BatchRow): Promise<void> {
  const windowAt = row.window_at.getTime();
  const n = await nextNumber(transaction, row.server, windowAt, 0);
  await transaction.query(
    `UPDATE archive_objects SET key = $5, n = $6
     WHERE server = $1 AND epoch = $2 AND first_sequence = $3 AND key = $4 AND state = 'expected'`,
    [row.server, row.epoch, row.first_sequence, row.key, formatObjectKey({ server: row.server, windowAt, n }), n],
  );
}

/** One server's names are assigned one at a time, by all replicas; until the transaction ends. */
async function lockServer(transaction: Queryable, server: string): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`archive_objects/${server}`]);
}

/** The rows whose sequences may overlap the manifest's: the nearest ones, since those of one epoch don't overlap each other. */
async function nearestBatches(transaction: Queryable, manifest: BatchManifest): Promise<BatchRow[]> {
  const { rows } = await transaction.query<BatchRow>(
    `SELECT ${COLUMNS} FROM archive_objects WHERE server = $1 AND epoch = $2 AND first_sequence <= $3
     ORDER BY first_sequence DESC LIMIT 10`,
    [manifest.server, manifest.epoch, manifest.last],
  );
  return rows.filter((row) => row.last_sequence >= manifest.first);
}

async function nextNumber(transaction: Queryable, server: string, windowAt: number, nMin: number): Promise<number> {
  const { rows } = await transaction.query<{ n: number }>(
    'SELECT COALESCE(MAX(n) + 1, 0) AS n FROM archive_objects WHERE server = $1 AND window_at = $2',
    [server, new Date(windowAt)],
  );
  const n = Math.max(nMin, rows[0]?.n ?? 0);
  if (n <= BATCHES_PER_WINDOW_MAX) return n;
  throw new NervesysError(
    'NSV_ARCHIVE_NAME_TAKEN',
    `name a batch of ${server}: window ${new Date(windowAt).toISOString()} has ${n} batches already`,
    { hint: 'Something sends far more than planned; look at what this server logs.' },
  );
}

async function insertBatch(
  transaction: Queryable,
  batch: {
    readonly manifest: BatchManifest;
    readonly bytes: number;
    readonly md5: string | null;
    readonly sha256: string | null;
    readonly n: number;
    readonly announcedAt: Date;
    readonly archivedAt: Date | null;
  },
): Promise<BatchRow> {
  const { manifest, bytes, md5, sha256, n, announcedAt, archivedAt } = batch;
  const windowAt = Date.parse(manifest.window);
  const { rows } = await transaction.query<BatchRow>(
    `WITH inserted AS (
       INSERT INTO archive_objects (server, epoch, first_sequence, last_sequence, key, window_at, n, state, bytes, md5, sha256,
         text_bytes, records, first_timestamp, last_timestamp, manifest, announced_at, archived_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::timestamptz, $15::timestamptz, $16, $17, $18)
       RETURNING *
     ), found AS (SELECT * FROM inserted WHERE state = 'archived'), ${arrivalsOf('found', '+')}, ${standingOf('found', '$18', '+')}
     SELECT ${COLUMNS} FROM inserted`,
    [
      manifest.server,
      manifest.epoch,
      manifest.first,
      manifest.last,
      formatObjectKey({ server: manifest.server, windowAt, n }),
      new Date(windowAt),
      n,
      archivedAt === null ? 'expected' : 'archived',
      bytes,
      md5,
      sha256,
      manifest.text_bytes,
      manifest.records,
      storableInstant(manifest.first_timestamp, '-infinity'),
      storableInstant(manifest.last_timestamp, 'infinity'),
      storableManifest(manifest),
      announcedAt,
      archivedAt,
    ],
  );
  return rows[0]!;
}

/** Records keep the time that they were given, whatever it is; one that is no date between the years 1 and 9999 bounds nothing. */
function storableInstant(text: string, otherwise: '-infinity' | 'infinity'): string {
  const at = Date.parse(text);
  const iso = Number.isNaN(at) ? '' : new Date(at).toISOString();
  return /^\d{4}-/.test(iso) && !iso.startsWith('0000') ? iso : otherwise;
}

/** An AI agent's name is data of any kind; Postgres holds neither NUL nor half of a surrogate pair, and a batch must never be stuck for it. */
function storableManifest(manifest: BatchManifest): string {
  const agents = Object.entries(manifest.agents).map(([name, count]) => [storableText(name), count]);
  return JSON.stringify(storable({ ...manifest, agents: Object.fromEntries(agents) }));
}

export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
