import { statSync } from 'node:fs';
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { BatchManifest } from '../../contract/batch.ts';
import { type Evictable, formatEvictable, parseEvictable } from './evictable.ts';
import type { BatchObject, OpenBatch } from './open-batch.ts';
import { BUSY_TIMEOUT_MS, capPages } from './schema.ts';
import type { SealedBatch, TailPosition } from './types.ts';

export interface StoredBlock {
  readonly firstId: number;
  readonly lastId: number;
  readonly windowAt: number;
  readonly arrivedAt: number;
  readonly body: Buffer;
  /** Of a source declared `on_full: evict`. */
  readonly evictable: boolean;
}

/** A sealed batch as the file holds it. */
export interface StoredBatch extends SealedBatch {
  /** Arrival of its first record, epoch ms. */
  readonly oldestAt: number;
  /** Which of its records may be given up. */
  readonly evictable: Evictable | undefined;
  /** Somebody beyond this process may know of it: it stays as it is. */
  readonly announced: boolean;
}

const SQLITE_BUSY = 5;

/** SQLite's result codes (https://sqlite.org/rescode.html) that mean "no space", whoever set the limit. */
const NO_SPACE_CODES: ReadonlySet<number> = new Set([
  13 /* FULL */, 10 /* IOERR */, 778 /* IOERR_WRITE */, 1034 /* IOERR_FSYNC */, 4874 /* IOERR_SHMSIZE */,
]);

export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && NO_SPACE_CODES.has(error.errcode as number);
}

/** Another program holds the write lock of the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && ((error.errcode as number) & 0xff) === SQLITE_BUSY;
}

/** The statements on the buffer file, one method each; no decisions are taken here. */
export class BufferStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  #pageBytes: number | undefined;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  /** Runs `work` in one transaction, all or nothing. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Keeps the file within so many bytes from now on. */
  capFile(bytesMax: number): void {
    capPages(this.#db, bytesMax);
  }

  meta(name: string): string | undefined {
    return this.#prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] as string | undefined;
  }

  setMeta(name: string, value: string): void {
    this.#prepare('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(
      name,
      value,
    );
  }

  insertBlock(block: StoredBlock): void {
    this.#prepare(
      'INSERT INTO blocks (first_id, last_id, window_at, arrived_at, body, evictable, crc) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(
      block.firstId,
      block.lastId,
      block.windowAt,
      block.arrivedAt,
      block.body,
      block.evictable ? 1 : 0,
      crc32(block.body),
    );
  }

  /** All blocks, oldest first, one at a time. */
  *blocks(): IterableIterator<StoredBlock> {
    const rows = this.#prepare(
      'SELECT first_id, last_id, window_at, arrived_at, body, evictable FROM blocks ORDER BY first_id',
    ).iterate();
    for (const row of rows)
      yield {
        firstId: row['first_id'] as number,
        lastId: row['last_id'] as number,
        windowAt: row['window_at'] as number,
        arrivedAt: row['arrived_at'] as number,
        body: asBuffer(row['body']!),
        evictable: row['evictable'] === 1,
      };
  }

  insertBatch(open: OpenBatch, object: BatchObject, sealedAt: number): number {
    const { manifest } = object;
    const result = this.#prepare(
      'INSERT INTO batches (first_id, last_id, window_at, oldest_at, sealed_at, records, bytes, md5, sha256, manifest, evictable) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(
      manifest.first,
      manifest.last,
      open.windowAt,
      open.openedAt,
      sealedAt,
      manifest.records,
      object.bytes.length,
      object.md5,
      object.sha256,
      object.manifestJson,
      formatEvictable(open.evictable),
    );
    const id = Number(result.lastInsertRowid);
    this.#prepare('INSERT INTO batch_objects (batch_id, object) VALUES (?, ?)').run(id, object.bytes);
    return id;
  }

  /** Puts another object, whose first record arrived at `oldestAt`, in the place of a batch's; its bytes go first, so that the new ones fill their pages. */
  replaceBatch(id: number, object: BatchObject, oldestAt: number, evictable: Evictable | undefined): void {
    const { manifest } = object;
    this.#prepare('DELETE FROM batch_objects WHERE batch_id = ?').run(id);
    this.#prepare(
      'UPDATE batches SET first_id = ?, last_id = ?, oldest_at = ?, records = ?, bytes = ?, md5 = ?, sha256 = ?, manifest = ?, evictable = ? WHERE id = ?',
    ).run(
      manifest.first,
      manifest.last,
      oldestAt,
      manifest.records,
      object.bytes.length,
      object.md5,
      object.sha256,
      object.manifestJson,
      formatEvictable(evictable),
      id,
    );
    this.#prepare('INSERT INTO batch_objects (batch_id, object) VALUES (?, ?)').run(id, object.bytes);
  }

  deleteBlocksThrough(lastId: number): void {
    this.#prepare('DELETE FROM blocks WHERE last_id <= ?').run(lastId);
  }

  /** Sealed batches, oldest first, without their bytes. */
  batches(): StoredBatch[] {
    const rows = this.#prepare(
      'SELECT id, window_at, oldest_at, sealed_at, bytes, md5, sha256, key, manifest, evictable, announced FROM batches ORDER BY id',
    ).all();
    return rows.map((row) => ({
      id: row['id'] as number,
      manifest: JSON.parse(row['manifest'] as string) as BatchManifest,
      windowAt: row['window_at'] as number,
      oldestAt: row['oldest_at'] as number,
      sealedAt: row['sealed_at'] as number,
      bytes: row['bytes'] as number,
      md5: row['md5'] as string,
      sha256: row['sha256'] as string,
      key: row['key'] as string | null,
      evictable: parseEvictable(row['evictable'] as string | null),
      announced: row['announced'] === 1,
    }));
  }

  batchObject(id: number): Buffer | undefined {
    const object = this.#prepare('SELECT object FROM batch_objects WHERE batch_id = ?').get(id)?.['object'];
    return object === undefined ? undefined : asBuffer(object);
  }

  /** Part of a batch's object; `undefined` once the batch is gone. */
  batchObjectPart(id: number, offset: number, bytes: number): Buffer | undefined {
    const part = this.#prepare('SELECT substr(object, ?, ?) AS part FROM batch_objects WHERE batch_id = ?').get(
      offset + 1,
      bytes,
      id,
    )?.['part'];
    return part == null ? undefined : asBuffer(part);
  }

  setAnnounced(id: number): void {
    this.#prepare('UPDATE batches SET announced = 1 WHERE id = ?').run(id);
  }

  setBatchKey(id: number, key: string): void {
    this.#prepare('UPDATE batches SET key = ? WHERE id = ?').run(key, id);
  }

  deleteBatch(id: number): void {
    this.#prepare('DELETE FROM batch_objects WHERE batch_id = ?').run(id);
    this.#prepare('DELETE FROM batches WHERE id = ?').run(id);
  }

  /** The greatest sequence that the file still knows of; 0 in a new one. */
  lastSequence(): number {
    const row = this.#prepare(
      "SELECT max(coalesce((SELECT max(last_id) FROM blocks), 0), coalesce((SELECT max(last_id) FROM batches), 0), coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'sealed_through'), 0)) AS last",
    ).get();
    return Number(row?.['last'] ?? 0);
  }

  /** Answers of requests with a key, a row a commit, oldest first. */
  *answers(): IterableIterator<{ readonly id: number; readonly at: number; readonly body: string }> {
    const rows = this.#prepare('SELECT id, at, body FROM answers ORDER BY id').iterate();
    for (const row of rows) yield { id: row['id'] as number, at: row['at'] as number, body: row['body'] as string };
  }

  /** Returns the new row's id; ids grow with each. */
  insertAnswers(at: number, body: string): number {
    return Number(this.#prepare('INSERT INTO answers (at, body) VALUES (?, ?)').run(at, body).lastInsertRowid);
  }

  /** Deletes the oldest rows, up to `throughId` and `rowsMax` of them. Returns the id up to which none is left. */
  deleteAnswers(throughId: number, rowsMax: number): number {
    const first = Number(this.#prepare('SELECT min(id) AS id FROM answers').get()?.['id'] ?? throughId);
    const through = Math.min(throughId, first + rowsMax - 1);
    this.#prepare('DELETE FROM answers WHERE id <= ?').run(through);
    return through;
  }

  positions(): TailPosition[] {
    return this.#prepare(
      'SELECT file, path, offset, fingerprint, fingerprint_bytes AS "fingerprintBytes" FROM positions',
    ).all() as unknown as TailPosition[];
  }

  setPosition(position: TailPosition): void {
    this.#prepare(
      'INSERT INTO positions (file, path, offset, fingerprint, fingerprint_bytes) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET path = excluded.path, offset = excluded.offset, fingerprint = excluded.fingerprint, fingerprint_bytes = excluded.fingerprint_bytes',
    ).run(position.file, position.path, position.offset, position.fingerprint, position.fingerprintBytes);
  }

  deletePosition(file: string): void {
    this.#prepare('DELETE FROM positions WHERE file = ?').run(file);
  }

  get pageBytes(): number {
    this.#pageBytes ??= this.#pragma('page_size');
    return this.#pageBytes;
  }

  /** Bytes in pages that hold something; what is free in the file can be filled again. */
  usedBytes(): number {
    return (this.pages() - this.freePages()) * this.pageBytes;
  }

  /** All pages of the file, also those that stand in the WAL alone. */
  pages(): number {
    return this.#pragma('page_count');
  }

  freePages(): number {
    return this.#pragma('freelist_count');
  }

  /** Gives up to `pages` free pages at the file's end back; in small steps, since each step is written to the WAL first. */
  vacuumStep(pages: number): void {
    this.#db.exec(`PRAGMA incremental_vacuum(${pages})`);
  }

  /**
   * Folds the WAL into the file and cuts both. False while an outside reader holds a snapshot: it isn't waited for, since
   * nothing else would happen in this process meanwhile.
   */
  truncateWal(): boolean {
    this.#db.exec('PRAGMA busy_timeout = 0');
    try {
      return this.#prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }

  /** What stands on the disk. */
  diskBytes(): { readonly file: number; readonly wal: number; readonly shm: number } {
    const size = (suffix: string) => statSync(this.#path + suffix, { throwIfNoEntry: false })?.size ?? 0;
    return { file: size(''), wal: size('-wal'), shm: size('-shm') };
  }

  close(): void {
    this.#db.close();
  }

  #pragma(name: string): number {
    return Number(Object.values(this.#prepare(`PRAGMA ${name}`).get()!)[0]);
  }

  /** For the tables that have a module of their own. Prepared once. */
  statement(sql: string): StatementSync {
    return this.#prepare(sql);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Gives the memory of a BLOB (`asBuffer`) back at once; it is empty from then on. V8 counts such memory late: read one after the other, a
 * backlog of large objects would be held twice and thrice. Nobody may read it any more, nor the operating system.
 */
export function freeBlob(bytes: Buffer): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}

/** A BLOB as SQLite gives it, without a copy. */
export function asBuffer(value: SQLOutputValue): Buffer {
  const bytes = value as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
