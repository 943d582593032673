import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { EPOCH_PATTERN } from '../../contract/ids.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { ProcessLock } from '../../platform/process-lock.ts';
import { openingWithReserve } from './disk-reserve.ts';
import { isEvictableNote } from './evictable.ts';
import { LOSSES_META } from './losses.ts';
import { isDamage, parseJson, parseLosses, parseManifest, readMeta, readRecords } from './read-damaged.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { asBuffer, freeBlob } from './store.ts';

/** In the new buffer's `meta`: what was salvaged already, so that a restart goes on. */
export const PROGRESS_META = 'salvage';
export const NO_PROGRESS = '{"done":[],"keys":{}}';

export function damagedPath(path: string): string {
  return `${path}.damaged`;
}

const EARLIER = 'the salvage of an earlier start goes on';

/**
 * Looks whether the file at `path` is damaged, and sets it aside if so. Returns the reason, also when one was set aside
 * by an earlier start that could not end its salvage; `undefined`: all is well.
 * @throws NervesysError `NSV_BUFFER_UNUSABLE` when it can't be looked at: its disk fails.
 */
export function setAsideIfDamaged(path: string): string | undefined {
  try {
    return setAside(path);
  } catch (error) {
    throw new NervesysError(
      'NSV_BUFFER_UNUSABLE',
      `look whether the buffer ${path} is whole: ${describeError(error)}`,
      {
        cause: error,
        hint: 'check that its folder is writable, and that its disk works and has space',
      },
    );
  }
}

function setAside(path: string): string | undefined {
  using lock = existsSync(path) ? ProcessLock.take(`${path}.lock`) : undefined;
  if (lock === undefined) return existsSync(damagedPath(path)) ? EARLIER : undefined; // another agent's: opening it will say so
  const damage = openingWithReserve(path, () => findDamage(path));
  if (damage === undefined) return existsSync(damagedPath(path)) ? EARLIER : undefined;
  if (existsSync(damagedPath(path))) discard(damagedPath(path)); // damaged twice: there is room for one
  for (const suffix of ['-wal', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, damagedPath(path) + suffix);
  }
  rmSync(`${path}-shm`, { force: true });
  return damage;
}

function findDamage(path: string): string | undefined {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined;
  try {
    const db = new DatabaseSync(path, { timeout: 5_000 });
    try {
      const found = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
      return found === 'ok' ? findDamagedContent(db) : String(found);
    } finally {
      db.close();
    }
  } catch (error) {
    if (isDamage(error)) return (error as Error).message;
    throw error;
  }
}

/**
 * SQLite checks how pages hang together, not what is in them: a zeroed page amid a block passes, and so does a flipped bit. A file
 * without our tables is none of ours to judge.
 */
function findDamagedContent(db: DatabaseSync): string | undefined {
  const version = Number(Object.values(db.prepare('PRAGMA user_version').get() ?? {})[0]);
  if (version < 1 || version > SCHEMA_VERSION) return undefined;
  const epoch = readMeta(db, 'epoch');
  if (epoch !== undefined && !EPOCH_PATTERN.test(epoch)) return 'its epoch is not readable';
  if (parseLosses(readMeta(db, LOSSES_META)) === undefined) return 'its note of losses is not readable';
  if (parseJson(readMeta(db, PROGRESS_META) ?? NO_PROGRESS) === undefined)
    return 'its note of a salvage is not readable';
  if (version > 1 && db.prepare('SELECT 1 FROM answers WHERE NOT json_valid(body)').get() !== undefined)
    return 'its answers are not readable';
  const crc = version < 3 ? 'NULL AS crc' : 'crc';
  for (const row of db.prepare(`SELECT first_id, last_id, body, ${crc} FROM blocks ORDER BY first_id`).iterate()) {
    const [first, last] = [row['first_id'] as number, row['last_id'] as number];
    const body = asBuffer(row['body']!);
    const sound = row['crc'] === null ? readRecords(body, first, last) !== undefined : crc32(body) === row['crc'];
    freeBlob(body);
    if (!sound) return `the records ${first}–${last} are not what was stored`;
  }
  const batches = db.prepare(
    `SELECT id, sha256, manifest, object, ${version < 3 ? 'NULL AS evictable' : 'evictable'}
     FROM batches LEFT JOIN batch_objects ON batch_id = id`,
  );
  for (const { id, sha256, manifest, object, evictable } of batches.iterate()) {
    const described = parseManifest(manifest) !== undefined && isEvictableNote(evictable!);
    const bytes = object === null ? undefined : asBuffer(object!);
    const isSealed = bytes !== undefined && sha256Hex(bytes) === sha256;
    if (bytes !== undefined) freeBlob(bytes);
    if (!isSealed || !described) return `the batch ${id} is not what was sealed`;
  }
  return undefined;
}

export function unreadablePath(damaged: string): string {
  return `${damaged.slice(0, -'.damaged'.length)}.unreadable`;
}

/** Bytes that files set aside take of the limit; 0 when there are none. */
export function asideBytes(path: string): number {
  let total = statSync(unreadablePath(damagedPath(path)), { throwIfNoEntry: false })?.size ?? 0;
  for (const suffix of ['', '-wal', '-shm'])
    total += statSync(damagedPath(path) + suffix, { throwIfNoEntry: false })?.size ?? 0;
  return total;
}

/** Removes a file that was set aside. */
export function discard(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}
