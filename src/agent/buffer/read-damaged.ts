import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { BatchManifest } from '../../contract/batch.ts';
import { EPOCH_PATTERN, type Epoch, type Sequence, type ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import { mergeRanges, type SequenceRange, subtractRanges } from '../../contract/sequence-ranges.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { inflateMember } from './chunk.ts';
import { LOSSES_META, Losses } from './losses.ts';
import { type CountedRecord, OpenBatch } from './open-batch.ts';
import { asBuffer, freeBlob } from './store.ts';
import type { SealedBatch, TailPosition } from './types.ts';

/* Reads what can be read of a buffer file that SQLite, or a checksum of ours, finds damaged. */

/** Result codes (https://sqlite.org/rescode.html) that mean a damaged file, whatever the extended part says. */
const DAMAGE_CODES: ReadonlySet<number> = new Set([11 /* CORRUPT */, 26 /* NOTADB */]);
const SHORT_READ = 522;

/** What batches made of readable records need to know. */
export interface ReadDamagedOptions {
  readonly server: ServerName;
  readonly windowMs: number;
  readonly batchTextBytes: number;
}

export interface SalvagedBatch extends SealedBatch {
  readonly read: () => Buffer;
}

/** Whether SQLite says by this error that the file is damaged. */
export function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return code === SHORT_READ || DAMAGE_CODES.has(code & 0xff);
}

/** What can be read; ranges that are known to have been there and can't. */
export interface Found {
  readonly epoch: Epoch | undefined;
  readonly batches: readonly SalvagedBatch[];
  readonly lost: readonly SequenceRange[];
  readonly positions: readonly TailPosition[];
}

export const NOTHING: Found = { epoch: undefined, batches: [], lost: [], positions: [] };

/** Sealed batches as they are, blocks gathered into batches under their own epoch. */
export async function readAll(source: DatabaseSync, options: ReadDamagedOptions): Promise<Found> {
  const batches: SalvagedBatch[] = [];
  for await (const batch of readBatches(source, options)) batches.push(batch);
  const noted = readMeta(source, 'epoch');
  const epoch = EPOCH_PATTERN.test(noted ?? '') ? (noted as Epoch) : batches[0]?.manifest.epoch;
  if (epoch !== undefined) {
    const sealedThrough = batches.reduce((last, { manifest }) => Math.max(last, manifest.last), 0);
    for (const open of readBlocks(source, options.batchTextBytes, sealedThrough))
      batches.push(await sealed(open, epoch, options));
  }
  const readable = mergeRanges(batches.map(({ manifest }) => [manifest.first, manifest.last] as const));
  const claimed = [...readClaims(source, 'batches'), ...readClaims(source, 'blocks'), ...readable];
  const lost = mergeRanges([...subtractRanges(span(claimed), readable), ...readLosses(source)]);
  return { epoch, batches, lost, positions: readPositions(source) };
}

/** What was given up and had no receipt yet; it may lie amid what can be read, or beside it. */
function readLosses(source: DatabaseSync): readonly SequenceRange[] {
  return parseLosses(readMeta(source, LOSSES_META)) ?? [];
}

export function parseLosses(text: string | undefined): readonly SequenceRange[] | undefined {
  try {
    const { receipts } = Losses.parse(text).settle();
    return receipts.flatMap(({ ranges }) => ranges);
  } catch {
    return undefined;
  }
}
export function openDamaged(path: string): DatabaseSync | undefined {
  try {
    const db = new DatabaseSync(path);
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (error) {
    if (isDamage(error)) return undefined; // not even its first page can be read
    throw error;
  }
}

export function readMeta(source: DatabaseSync, name: string): string | undefined {
  const row = readable(() => source.prepare('SELECT value FROM meta WHERE name = ?').get(name));
  return row?.['value'] as string | undefined;
}

/** File positions, so that tails don't begin anew; where they can't be read, tails do. */
function readPositions(source: DatabaseSync): TailPosition[] {
  const select = 'SELECT file, path, offset, fingerprint, fingerprint_bytes AS "fingerprintBytes" FROM positions';
  return (readable(() => source.prepare(select).all()) ?? []) as unknown as TailPosition[];
}

async function* readBatches(source: DatabaseSync, options: ReadDamagedOptions): AsyncGenerator<SalvagedBatch> {
  const select = readable(() =>
    source.prepare('SELECT * FROM batches JOIN batch_objects ON batch_id = id WHERE id = ?'),
  );
  for (const id of readIds(source, 'batches')) {
    const row = readable(() => select?.get(id));
    const manifest = parseManifest(row?.['manifest']);
    if (row === undefined || manifest === undefined) continue;
    const batch = {
      id,
      manifest,
      windowAt: row['window_at'] as number,
      bytes: row['bytes'] as number,
      md5: row['md5'] as string,
      sha256: row['sha256'] as string,
      key: row['key'] as string | null,
      sealedAt: row['sealed_at'] as number,
      read: () => asBuffer(select!.get(id)!['object']!),
    };
    const object = asBuffer(row['object']!);
    if (sha256Hex(object) === batch.sha256) {
      freeBlob(object); // it is read again when it is sent
      yield batch;
    } else for (const open of await readMembers(object, batch)) yield await sealed(open, manifest.epoch, options);
  }
}

/** The members of a damaged batch that can still be read, each with its own checksum; a batch for each unbroken run of them. */
async function readMembers(object: Buffer, { manifest, windowAt, sealedAt }: SalvagedBatch): Promise<OpenBatch[]> {
  const found: OpenBatch[] = [];
  const dataBytes = manifest.members.reduce((sum, member) => sum + member.bytes, 0);
  for (const { offset, bytes, first, last } of manifest.members) {
    const start = object.length - dataBytes + offset;
    const text = await inflateMember(object.subarray(start, start + bytes)).catch(() => undefined);
    const records = text === undefined ? undefined : readRecords(text, first, last);
    if (text === undefined || records === undefined) continue;
    let open = found.at(-1);
    if (open === undefined || open.last + 1 !== first) {
      open = new OpenBatch(windowAt, first, sealedAt);
      found.push(open);
    }
    open.add({ first, last, body: text, records, evictable: false }, sealedAt);
  }
  return found;
}

/** A batch of what was read, under the epoch it had. */
async function sealed(open: OpenBatch, epoch: Epoch, { server, windowMs }: ReadDamagedOptions): Promise<SalvagedBatch> {
  const { manifest, bytes, md5, sha256 } = await open.finish({ server, epoch, previousEpoch: null, windowMs }, null);
  const { windowAt, openedAt: sealedAt } = open;
  return { id: 0, manifest, windowAt, bytes: bytes.length, md5, sha256, key: null, sealedAt, read: () => bytes };
}

export function parseManifest(text: SQLOutputValue | undefined): BatchManifest | undefined {
  const manifest = parseJson(text) as BatchManifest | undefined;
  return Array.isArray(manifest?.members) ? manifest : undefined;
}

export function parseJson(text: SQLOutputValue | undefined): unknown {
  try {
    return JSON.parse(text as string);
  } catch {
    return undefined;
  }
}

/** Whole blocks beyond what was sealed, gathered into batches as they would have been: one window, one unbroken run, bounded text. */
function* readBlocks(
  source: DatabaseSync,
  batchTextBytes: number,
  sealedThrough: Sequence,
): IterableIterator<OpenBatch> {
  let open: OpenBatch | undefined;
  for (const firstId of readIds(source, 'blocks')) {
    if (firstId <= sealedThrough) continue;
    const row = readable(() => source.prepare('SELECT * FROM blocks WHERE first_id = ?').get(firstId));
    if (row === undefined) continue;
    const [body, last] = [asBuffer(row['body']!), row['last_id'] as number];
    const records = row['crc'] == null || row['crc'] === crc32(body) ? readRecords(body, firstId, last) : undefined;
    if (records === undefined) continue;
    const windowAt = row['window_at'] as number;
    if (open !== undefined) {
      const continues =
        open.windowAt === windowAt && open.last + 1 === firstId && open.textBytes + body.length <= batchTextBytes;
      if (!continues) {
        yield open;
        open = undefined;
      }
    }
    open ??= new OpenBatch(windowAt, firstId, row['arrived_at'] as number);
    open.add({ first: firstId, last, body, records, evictable: false }, row['arrived_at'] as number);
  }
  if (open !== undefined) yield open;
}

/**
 * The records of a text if each line is one, from sequence `first` to `last` in ascending order: some may have been given up between.
 * SQLite keeps no checksum of a blob.
 */
export function readRecords(text: Buffer, first: Sequence, last: Sequence): CountedRecord[] | undefined {
  const lines = text.toString('utf8').split('\n');
  if (lines.pop() !== '' || lines.length === 0) return undefined;
  const records: CountedRecord[] = [];
  let before = first - 1;
  for (const line of lines) {
    try {
      const { id, agent_id: agentId, level, timestamp } = JSON.parse(line) as ArchivedRecord;
      const sequence = Number(id.slice(id.lastIndexOf('-') + 1));
      if (!(before < sequence && sequence <= last) || (before < first && sequence !== first)) return undefined;
      before = sequence;
      records.push({ agentId, level, timestamp });
    } catch {
      return undefined;
    }
  }
  return before === last ? records : undefined;
}

/** The sequences that rows stand for, whether or not what they hold can be read. */
function readClaims(source: DatabaseSync, table: 'batches' | 'blocks'): SequenceRange[] {
  const select = readable(() => source.prepare(`SELECT first_id, last_id FROM ${table} WHERE ${ID_COLUMN[table]} = ?`));
  return readIds(source, table).flatMap((id) => {
    const row = readable(() => select?.get(id));
    return row === undefined ? [] : [[row['first_id'] as number, row['last_id'] as number] as const];
  });
}

/** From the least to the greatest: between what was there, nothing was missing. */
function span(ranges: readonly SequenceRange[]): SequenceRange[] {
  const merged = mergeRanges(ranges);
  return merged.length === 0 ? [] : [[merged[0]![0], merged.at(-1)![1]]];
}

const ID_COLUMN = { batches: 'id', blocks: 'first_id' } as const;

/** Ids from both ends towards the damage between them. */
function readIds(source: DatabaseSync, table: 'batches' | 'blocks'): number[] {
  const column = ID_COLUMN[table];
  const ids = new Set<number>();
  for (const order of ['ASC', 'DESC']) {
    readable(() => {
      for (const row of source.prepare(`SELECT ${column} AS id FROM ${table} ORDER BY ${column} ${order}`).iterate()) {
        ids.add(row['id'] as number);
      }
    });
  }
  return [...ids].sort((a, b) => a - b);
}

/** What a read gives; `undefined` where the file is damaged. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isDamage(error) || /no such (table|column)/.test(String((error as Error).message))) return undefined;
    throw error;
  }
}
