import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { NervesysError } from '../../platform/errors.ts';

/** Raised with each change of the tables below; kept in `PRAGMA user_version`. */
export const SCHEMA_VERSION = 3;
/** 8 KiB pages: 3 % less CPU than 4 KiB for blocks of tens of kilobytes (measured). */
export const PAGE_BYTES = 8192;
/** The WAL is folded back at this size, and cut to it afterwards. */
const WAL_CHECKPOINT_PAGES = 512;
export const WAL_BYTES_KEPT = 4_194_304;
/** Compressed text is at most this part of the text; random bytes in base64 or hex are the worst that logs hold. */
export const SEALED_PART_MAX = 0.8;
/** At the start another program's write is waited for; later everything else would stand still meanwhile. */
const OPENING_TIMEOUT_MS = 5_000;
export const BUSY_TIMEOUT_MS = 50;

/** Answers by `Idempotency-Key`, a row a commit: `at` epoch ms, `body` JSON, `[[answer, [key, …]], …]`. Ids are never used again. */
const ANSWERS_TABLE = `
CREATE TABLE answers (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
`;

/** Version 1 kept a row a key; the latest are enough for who is just repeating a request. */
const FROM_VERSION_1 = `
${ANSWERS_TABLE}
INSERT INTO answers (at, body)
  SELECT at, json_array(json_array(answer, json_array(key)))
  FROM (SELECT * FROM idempotency ORDER BY at DESC LIMIT 10000) ORDER BY at;
DROP TABLE idempotency;
PRAGMA user_version = 2;
`;

/** Version 2 had no checksum of a block, and gave nothing up: what it holds may not be given up now either. */
const FROM_VERSION_2 = `
ALTER TABLE blocks ADD COLUMN evictable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE blocks ADD COLUMN crc INTEGER;
ALTER TABLE batches ADD COLUMN evictable TEXT;
ALTER TABLE batches ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 3;
`;

/** What leads to this version from each older one. */
const UPGRADES: Readonly<Record<number, string>> = { 1: FROM_VERSION_1 + FROM_VERSION_2, 2: FROM_VERSION_2 };

/**
 * `blocks`: one row a group commit, the records' NDJSON in archive form, with its CRC-32, since SQLite keeps no checksum; `evictable`:
 * its records may be given up when the buffer is full. `logs`: the same as a table of records with the plan's
 * columns, for anybody's `sqlite3`; NDJSON holds no raw line feed inside a line, so joining lines by commas makes an array.
 * `batches`: sealed objects that wait for the archive, each with the key noted before its first attempt; their
 * bytes are in `batch_objects`, since SQLite rewrites the whole row, with a megabyte of blob, when its key is noted. `evictable`:
 * which of its records may be given up (`evictable.ts`); `announced`: the orchestrator or the archive may know of it, so none any more.
 */
const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE blocks (
  first_id INTEGER PRIMARY KEY,
  last_id INTEGER NOT NULL,
  window_at INTEGER NOT NULL,
  arrived_at INTEGER NOT NULL,
  body BLOB NOT NULL,
  evictable INTEGER NOT NULL DEFAULT 0,
  crc INTEGER
) STRICT;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first_id INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  window_at INTEGER NOT NULL,
  oldest_at INTEGER NOT NULL,
  sealed_at INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  md5 TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  key TEXT,
  manifest TEXT NOT NULL,
  evictable TEXT,
  announced INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE batch_objects (batch_id INTEGER PRIMARY KEY, object BLOB NOT NULL) STRICT;
CREATE TABLE positions (
  file TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  offset INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  fingerprint_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
${ANSWERS_TABLE}
CREATE VIEW logs AS
  SELECT blocks.first_id + line.key AS id,
         line.value ->> '$.timestamp' AS timestamp,
         line.value ->> '$.level' AS level,
         line.value ->> '$.agent_id' AS agent_id,
         line.value ->> '$.action' AS action,
         line.value ->> '$.message' AS message,
         line.value -> '$.context' AS context,
         0 AS uploaded
  FROM blocks, json_each('[' || replace(rtrim(CAST(blocks.body AS TEXT), char(10)), char(10), ',') || ']') AS line;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Tables of their own, added to files of any age: an older program doesn't look at them, so the version stays, and an agent that upgrades
 * itself can go back to the program from before. `alerts`: waiting to be told, in the order of `n`; `report` JSON. `beats`: what the AI
 * agents of this server did while the orchestrator was away, a row a time (`at` epoch ms); `body` deflated JSON.
 */
const ADDED = `
CREATE TABLE alerts (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  dedup_key TEXT NOT NULL,
  severity TEXT NOT NULL,
  count INTEGER NOT NULL,
  report TEXT NOT NULL
) STRICT;
CREATE TABLE beats (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, beats INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
`;

/**
 * Opens or creates the buffer file. Page size and auto-vacuum take effect only before the first table; the page cap is
 * forgotten at each close, so it is set at each open.
 * @throws NervesysError `NSV_BUFFER_UNUSABLE` for a file of a newer version, which stays as it is.
 */
export function openBufferFile(path: string, limitBytes: number, batchTextBytes: number): DatabaseSync {
  // Made before SQLite would: its owner's alone, wherever it lies. SQLite gives the files beside it the same mode. One that is there isn't
  // opened here: closing it would let go of the locks that another connection of this process has on it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  const db = new DatabaseSync(path, { timeout: OPENING_TIMEOUT_MS });
  try {
    const version = Number(readPragma(db, 'user_version'));
    if (version > SCHEMA_VERSION) throw writtenByNewer(path, version);
    if (version === 0) {
      db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL;`);
    }
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${WAL_CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${WAL_BYTES_KEPT};
      PRAGMA cache_size = -2000;
      PRAGMA temp_store = MEMORY;
    `);
    if (version === 0) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
    else if (UPGRADES[version] !== undefined) db.exec(`BEGIN IMMEDIATE; ${UPGRADES[version]} COMMIT;`);
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'alerts'").get() === undefined)
      db.exec(`BEGIN IMMEDIATE; ${ADDED} COMMIT;`);
    capPages(db, limitBytes - walReserveBytes(limitBytes, batchTextBytes));
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Keeps the file within so many bytes, until it is closed; one that is larger already doesn't grow. */
export function capPages(db: DatabaseSync, fileBytesMax: number): void {
  db.exec(`PRAGMA max_page_count = ${Math.max(64, Math.floor(fileBytesMax / PAGE_BYTES))};`);
}

/** Whether there is a buffer at `path` that opening it would bring to a newer schema. @throws what SQLite says of a file that can't be read. */
export function hasOlderSchema(path: string): boolean {
  if (!existsSync(path)) return false;
  const db = new DatabaseSync(path, { readOnly: true, timeout: OPENING_TIMEOUT_MS });
  try {
    const version = Number(readPragma(db, 'user_version'));
    return version > 0 && version < SCHEMA_VERSION;
  } finally {
    db.close();
  }
}

function writtenByNewer(path: string, version: number): NervesysError {
  return new NervesysError(
    'NSV_BUFFER_UNUSABLE',
    `open the buffer ${path}: it was written by a newer version (schema ${version}, this one knows ${SCHEMA_VERSION})`,
    { hint: 'start the newer version again; it can also bring everything to the archive first (POST /flush)' },
  );
}

/**
 * What the limit leaves beside the file: for `-wal`, which must hold a group commit beyond the checkpoint size and a whole batch
 * when it is sealed, for `-shm`, and for the disk reserve.
 */
export function walReserveBytes(limitBytes: number, batchTextBytes: number): number {
  const sealing = batchTextBytes * SEALED_PART_MAX + 1_000_000;
  return Math.floor(Math.min(limitBytes * 0.3, Math.max(2 * WAL_BYTES_KEPT + 2_000_000, sealing)));
}

export function readPragma(db: DatabaseSync, name: string): number | bigint | string {
  const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, number | bigint | string>;
  return Object.values(row)[0]!;
}
