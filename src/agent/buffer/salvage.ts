import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { BatchManifest } from '../../contract/batch.ts';
import { EPOCH_PATTERN, type Epoch, type Sequence, type ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import { mergeRanges, type SequenceRange, subtractRanges } from '../../contract/sequence-ranges.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { ProcessLock } from '../../platform/process-lock.ts';
import { inflateMember } from './chunk.ts';
import { openingWithReserve } from './disk-reserve.ts';
import { isEvictableNote } from './evictable.ts';
import { LOSSES_META, Losses } from './losses.ts';
import { type CountedRecord, OpenBatch } from './open-batch.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { asBuffer } from './store.ts';
import type { SealedBatch, TailPosition } from './types.ts';

/*
 * What is done about a buffer file that SQLite finds damaged (a torn page, a truncated file, a header that is none). It is set
 * aside under `<path>.damaged`, a new buffer of a new epoch begins at once, and the old one is emptied into the archive from where it
 * lies: copying it first could take twice the limit. Sealed batches go as they are, if their bytes have their SHA-256; blocks of
 * whole lines are sealed under their own epoch, the same bytes at each start. What was archived, and each key before its
 * first attempt, is noted in the new buffer. When nothing is left to send the file goes; ranges that could not be read
 * become a loss receipt.
 */

/** Result codes (https://sqlite.org/rescode.html) that mean a damaged file, whatever the extended part says. */
const DAMAGE_CODES: ReadonlySet<number> = new Set([11 /* CORRUPT */, 26 /* NOTADB */]);
const SHORT_READ = 522;
/** In the new buffer's `meta`: what was done already, so that a restart goes on. */
const PROGRESS_META = 'salvage';
const NO_PROGRESS = '{"done":[],"keys":{}}';
/** A file that holds something unreadable is kept for people up to this size; it counts against the limit. */
const KEPT_BYTES_MAX = 20_000_000;

/** What salvaging needs of the new buffer. */
export interface SalvageNotes {
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): void;
}

export interface SalvageOptions {
  readonly path: string;
  readonly notes: SalvageNotes;
  readonly server: ServerName;
  readonly windowMs: number;
  readonly batchTextBytes: number;
}

interface Progress {
  /** Ids that the archive has. */
  readonly done: readonly number[];
  readonly keys: Readonly<Record<string, string>>;
}

interface SalvagedBatch extends SealedBatch {
  readonly read: () => Buffer;
}

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
    const sound = row['crc'] === null ? readRecords(body, first, last) : crc32(body) === row['crc'];
    if (!sound) return `the records ${first}–${last} are not what was stored`;
  }
  const batches = db.prepare(
    `SELECT id, sha256, manifest, object, ${version < 3 ? 'NULL AS evictable' : 'evictable'}
     FROM batches LEFT JOIN batch_objects ON batch_id = id`,
  );
  for (const { id, sha256, manifest, object, evictable } of batches.iterate()) {
    const described = parseManifest(manifest) !== undefined && isEvictableNote(evictable!);
    if (object === null || sha256Hex(asBuffer(object!)) !== sha256 || !described)
      return `the batch ${id} is not what was sealed`;
  }
  return undefined;
}

function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return code === SHORT_READ || DAMAGE_CODES.has(code & 0xff);
}

function unreadablePath(damaged: string): string {
  return `${damaged.slice(0, -'.damaged'.length)}.unreadable`;
}

/** Bytes that files set aside take of the limit; 0 when there are none. */
export function asideBytes(path: string): number {
  let total = statSync(unreadablePath(damagedPath(path)), { throwIfNoEntry: false })?.size ?? 0;
  for (const suffix of ['', '-wal', '-shm'])
    total += statSync(damagedPath(path) + suffix, { throwIfNoEntry: false })?.size ?? 0;
  return total;
}

/** The readable rest of a damaged buffer, handed to the uploader like a buffer's own batches; ids are negative, oldest first. */
export class DamagedBuffer implements Disposable {
  /** The damaged buffer's epoch; undefined when not even that could be read. */
  readonly epoch: Epoch | undefined;
  /** Sequences of that epoch that are known to have been there and can't be read. */
  readonly lost: readonly SequenceRange[];
  readonly positions: readonly TailPosition[];
  readonly #path: string;
  readonly #notes: SalvageNotes;
  readonly #source: DatabaseSync | undefined;
  #progress: Progress;
  #batches: SalvagedBatch[];

  private constructor(options: SalvageOptions, source: DatabaseSync | undefined, found: Found) {
    this.#path = damagedPath(options.path);
    this.#notes = options.notes;
    this.#source = source;
    this.#progress = JSON.parse(options.notes.meta(PROGRESS_META) ?? NO_PROGRESS) as Progress;
    this.epoch = found.epoch;
    this.lost = found.lost;
    this.positions = found.positions;
    const ids = found.batches.map((_, index) => index - found.batches.length);
    this.#batches = found.batches
      .map((batch, index) => ({ ...batch, id: ids[index]!, key: this.#progress.keys[String(ids[index])] ?? batch.key }))
      .filter(({ id }) => !this.#progress.done.includes(id));
  }

  /** Reads what there is to send. Costs a look at every batch, and sealing the blocks of the last window. */
  static async open(options: SalvageOptions): Promise<DamagedBuffer> {
    const source = openDamaged(damagedPath(options.path));
    const found = source === undefined ? NOTHING : await readAll(source, options);
    return new DamagedBuffer(options, source, found);
  }

  /** Tells this damaged file from another one. */
  get name(): string {
    const { ino, size } = statSync(this.#path);
    return `${ino}-${size}`;
  }

  get records(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.manifest.records, 0);
  }

  nextBatch(): SealedBatch | undefined {
    return this.#batches[0];
  }

  batchObject(id: number): Buffer {
    const batch = this.#batches.find((one) => one.id === id);
    if (batch === undefined) throw new RangeError(`batch ${id} is not among what was salvaged`);
    return batch.read();
  }

  /** Nothing is ever given up here. */
  announcing(): void {}

  noteKey(id: number, key: string): void {
    this.#note({ ...this.#progress, keys: { ...this.#progress.keys, [String(id)]: key } });
    this.#batches = this.#batches.map((batch) => (batch.id === id ? { ...batch, key } : batch));
  }

  removeArchived(id: number): void {
    this.#note({ ...this.#progress, done: [...this.#progress.done, id] });
    this.#batches = this.#batches.filter((batch) => batch.id !== id);
  }

  /** Whether something in the file is known to be unreadable, or the file as a whole is. */
  get incomplete(): boolean {
    return this.epoch === undefined || this.lost.length > 0;
  }

  /** Nothing is left to send: the file goes, and the notes with it; one that holds something unreadable stays for people if it is small. */
  discard(): void {
    this[Symbol.dispose]();
    if (this.incomplete && statSync(this.#path).size <= KEPT_BYTES_MAX)
      renameSync(this.#path, unreadablePath(this.#path));
    discard(this.#path);
    this.#notes.setMeta(PROGRESS_META, NO_PROGRESS);
  }

  [Symbol.dispose](): void {
    if (this.#source?.isOpen) this.#source.close();
  }

  #note(progress: Progress): void {
    this.#notes.setMeta(PROGRESS_META, JSON.stringify(progress));
    this.#progress = progress;
  }
}

interface Found {
  readonly epoch: Epoch | undefined;
  readonly batches: readonly SalvagedBatch[];
  readonly lost: readonly SequenceRange[];
  readonly positions: readonly TailPosition[];
}

const NOTHING: Found = { epoch: undefined, batches: [], lost: [], positions: [] };

async function readAll(source: DatabaseSync, options: SalvageOptions): Promise<Found> {
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

function parseLosses(text: string | undefined): readonly SequenceRange[] | undefined {
  try {
    const { receipts } = Losses.parse(text).settle();
    return receipts.flatMap(({ ranges }) => ranges);
  } catch {
    return undefined;
  }
}

function discard(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

function openDamaged(path: string): DatabaseSync | undefined {
  try {
    const db = new DatabaseSync(path);
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (error) {
    if (isDamage(error)) return undefined; // not even its first page can be read
    throw error;
  }
}

function readMeta(source: DatabaseSync, name: string): string | undefined {
  const row = readable(() => source.prepare('SELECT value FROM meta WHERE name = ?').get(name));
  return row?.['value'] as string | undefined;
}

/** File positions, so that tails don't begin anew; where they can't be read, tails do. */
function readPositions(source: DatabaseSync): TailPosition[] {
  const select = 'SELECT file, path, offset, fingerprint, fingerprint_bytes AS "fingerprintBytes" FROM positions';
  return (readable(() => source.prepare(select).all()) ?? []) as unknown as TailPosition[];
}

async function* readBatches(source: DatabaseSync, options: SalvageOptions): AsyncGenerator<SalvagedBatch> {
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
    if (sha256Hex(object) === batch.sha256) yield batch;
    else for (const open of await readMembers(object, batch)) yield await sealed(open, manifest.epoch, options);
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
async function sealed(open: OpenBatch, epoch: Epoch, { server, windowMs }: SalvageOptions): Promise<SalvagedBatch> {
  const { manifest, bytes, md5, sha256 } = await open.finish({ server, epoch, previousEpoch: null, windowMs }, null);
  const { windowAt, openedAt: sealedAt } = open;
  return { id: 0, manifest, windowAt, bytes: bytes.length, md5, sha256, key: null, sealedAt, read: () => bytes };
}

function parseManifest(text: SQLOutputValue | undefined): BatchManifest | undefined {
  const manifest = parseJson(text) as BatchManifest | undefined;
  return Array.isArray(manifest?.members) ? manifest : undefined;
}

function parseJson(text: SQLOutputValue | undefined): unknown {
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
function readRecords(text: Buffer, first: Sequence, last: Sequence): CountedRecord[] | undefined {
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
