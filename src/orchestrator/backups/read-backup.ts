import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import {
  BACKUP_FORMAT,
  BACKUPS_PREFIX,
  type BackupManifest,
  type BackupPart,
  backupManifestKey,
  backupPartKey,
  parseBackupKey,
} from '../../contract/backup.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { NervesysError } from '../../platform/errors.ts';
import { gunzip } from '../../platform/gzip.ts';
import type { Archive } from '../../storage/archive.ts';
import { COPY_END } from './part-writer.ts';
import { RowSum } from './row-sum.ts';
import { copyHead, isSoundShape, type TableShape } from './tables.ts';

const Name = Type.String({ minLength: 1, maxLength: 63 });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Manifest = Type.Object({
  format: Type.Integer(),
  installation: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  run: Type.String({ pattern: '^[0-9a-f]{12}$' }),
  day: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
  taken_at: Type.String({ maxLength: 40 }),
  nervesys_version: Type.String({ maxLength: 100 }),
  postgres_version: Type.String({ maxLength: 100 }),
  migrations: Type.Array(Type.Object({ number: Count, name: Type.String(), sha256: Type.String() })),
  left_out: Type.Array(Name),
  beats_since: Type.String({ maxLength: 40 }),
  tables: Type.Array(
    Type.Object({
      name: Name,
      columns: Type.Array(Name),
      rows: Count,
      sum: Type.String({ pattern: '^[0-9a-f]{16}$' }),
      partition: Type.Optional(Type.Object({ of: Name, bound: Type.String({ maxLength: 200 }) })),
    }),
  ),
  sequences: Type.Array(Type.Object({ table: Name, column: Name, last: Count })),
  parts: Type.Array(
    Type.Object({
      key: Type.String({ maxLength: 300 }),
      bytes: Count,
      text_bytes: Count,
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    }),
  ),
});
const FORMAT_FIELD = Type.Object({ format: Type.Integer() });

/** No manifest of ours is larger: some 200 bytes a table, a day's partition, or a part of 8 MB. */
const MANIFEST_BYTES_MAX = 32 * 1024 * 1024;
/** A part may exceed its usual size by one row; this much text is none of ours. */
const PART_TEXT_BYTES_MAX = 1_200_000_000;

/** The whole backups below `backups/daily/`, the newest last: those that have a manifest. */
export async function listBackups(
  archive: Archive,
  signal?: AbortSignal,
): Promise<{ readonly day: string; readonly run: string; readonly key: string }[]> {
  const found: { day: string; run: string; key: string }[] = [];
  for await (const { key } of archive.list(BACKUPS_PREFIX, signal)) {
    const parsed = parseBackupKey(key);
    if (parsed !== undefined && parsed.part === undefined) found.push({ day: parsed.day, run: parsed.run, key });
  }
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What a backup says of itself. Rejects with `NSV_BACKUP_DAMAGED` where it can't be one of ours, `NSV_BACKUP_NEWER` where a newer version made it. */
export async function readBackupManifest(archive: Archive, key: string, signal?: AbortSignal): Promise<BackupManifest> {
  const body = await archive.get(key, signal === undefined ? {} : { signal });
  let value: unknown;
  try {
    if (body.length > MANIFEST_BYTES_MAX) throw new RangeError(`${body.length} bytes`);
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw damaged(key, 'is no JSON', cause);
  }
  if (Value.Check(FORMAT_FIELD, value) && value.format > BACKUP_FORMAT) {
    throw new NervesysError('NSV_BACKUP_NEWER', `read ${key}: it has format ${value.format}, this version knows 1`, {
      hint: 'restore it with the version of Nervesys that made it, or a newer one',
    });
  }
  const error = Value.Errors(Manifest, value).First();
  if (error !== undefined) throw damaged(key, `${error.path || 'the whole'} is not what it should be`);
  const manifest = value as Static<typeof Manifest>;
  const { day, run, tables, parts } = manifest;
  if (backupManifestKey(day, run) !== key) throw damaged(key, 'is the manifest of another backup');
  if (!tables.every(isSoundShape)) throw damaged(key, 'names a table that cannot be ours');
  if (!parts.every((part, index) => part.key === backupPartKey(day, run, index + 1)))
    throw damaged(key, 'names parts that are not its own');
  if (Number.isNaN(Date.parse(manifest.taken_at))) throw damaged(key, 'has no instant');
  return manifest as BackupManifest;
}

/** Rows of one table as they stand in one part: whole lines. */
export interface BackupSection {
  readonly table: TableShape;
  readonly lines: Buffer;
}

/**
 * All rows of a backup, part by part, each part compared with its checksum before anything of it is given out, and every table's rows
 * with its count and sum at the end. Memory is one part. Rejects with `NSV_BACKUP_DAMAGED`, or as the archive does.
 */
export async function* readBackup(
  archive: Archive,
  manifest: BackupManifest,
  signal: AbortSignal,
): AsyncGenerator<BackupSection> {
  const byHead = new Map(manifest.tables.map((table) => [copyHead(table), table]));
  const sums = new Map<string, RowSum>(manifest.tables.map(({ name }) => [name, new RowSum()]));
  for (const part of manifest.parts) {
    signal.throwIfAborted();
    for (const section of sectionsOf(await fetchPart(archive, part, signal), byHead, part.key)) {
      sums.get(section.table.name)?.add(section.lines);
      yield section;
    }
  }
  for (const { name, rows, sum } of manifest.tables) {
    const found = sums.get(name);
    if (found?.rows !== rows || found.hex !== sum)
      throw damaged(
        backupManifestKey(manifest.day, manifest.run),
        `counts ${rows} rows of ${name}, its parts hold others`,
      );
  }
}

async function fetchPart(archive: Archive, part: BackupPart, signal: AbortSignal): Promise<Buffer> {
  const body = await archive.get(part.key, { signal });
  if (sha256Hex(body) !== part.sha256) throw damaged(part.key, 'is not what was put there (its SHA-256 differs)');
  const maxOutputLength = Math.max(1, Math.min(PART_TEXT_BYTES_MAX, part.text_bytes));
  const text = await gunzip(body, { maxOutputLength }).catch((cause: unknown) => {
    throw damaged(part.key, 'does not unpack', cause);
  });
  if (text.length !== part.text_bytes) throw damaged(part.key, `has ${text.length} bytes of text`);
  return text;
}

function* sectionsOf(text: Buffer, byHead: ReadonlyMap<string, TableShape>, key: string): Generator<BackupSection> {
  for (let at = 0; at < text.length; ) {
    const headEnd = text.indexOf('\n', at) + 1;
    const table = byHead.get(text.toString('utf8', at, headEnd));
    if (headEnd === 0 || table === undefined) throw damaged(key, 'has rows of a table that its manifest does not name');
    // No row of COPY's text format is `\.`: a backslash in a value is written twice.
    const end = text.indexOf(`\n${COPY_END}`, headEnd - 1) + 1;
    if (end === 0) throw damaged(key, `ends in the middle of ${table.name}`);
    yield { table, lines: text.subarray(headEnd, end) };
    at = end + COPY_END.length;
  }
}

function damaged(key: string, problem: string, cause?: unknown): NervesysError {
  return new NervesysError('NSV_BACKUP_DAMAGED', `read ${key}: it ${problem}`, {
    cause,
    hint: 'take an earlier backup (`nervesys archive backups`), or an earlier version of this object from the store',
  });
}
