import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { BatchManifest } from '../../contract/batch.ts';
import type { Epoch, Sequence, ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { ProcessLock } from '../../platform/process-lock.ts';
import { openingWithReserve } from './disk-reserve.ts';
import { type CountedRecord, OpenBatch } from './open-batch.ts';
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
      return found === 'ok' ? undefined : String(found);
    } finally {
      db.close();
    }
  } catch (error) {
    if (isDamage(error)) return (error as Error).message;
    throw error;
  }
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
  readonly lost: readonly (readonly [Sequence, Sequence])[];
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
  readonly lost: readonly (readonly [Sequence, Sequence])[];
  readonly positions: readonly TailPosition[];
}

const NOTHING: Found = { epoch: undefined, batches: [], lost: [], positions: [] };

async function readAll(source: DatabaseSync, options: SalvageOptions): Promise<Found> {
  const batches = [...readBatches(source)];
  const epoch = (readMeta(source, 'epoch') as Epoch | undefined) ?? batches[0]?.manifest.epoch;
  const covered: [Sequence, Sequence][] = batches.map(({ manifest }) => [manifest.first, manifest.last]);
  if (epoch !== undefined) {
    const sealedThrough = covered.reduce((last, [, to]) => Math.max(last, to), 0);
    for (const open of readBlocks(source, options.batchTextBytes, sealedThrough)) {
      const origin = { server: options.server, epoch, previousEpoch: null, windowMs: options.windowMs };
      const object = await open.finish(origin, null);
      const { manifest, bytes, md5, sha256 } = object;
      covered.push([open.first, open.last]);
      batches.push({
        id: 0,
        manifest,
        windowAt: open.windowAt,
        bytes: bytes.length,
        md5,
        sha256,
        key: null,
        sealedAt: open.openedAt,
        read: () => bytes,
      });
    }
  }
  return { epoch, batches, lost: gapsOf(covered), positions: readPositions(source) };
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

function* readBatches(source: DatabaseSync): IterableIterator<SalvagedBatch> {
  const select = source.prepare('SELECT * FROM batches JOIN batch_objects ON batch_id = id WHERE id = ?');
  for (const id of readIds(source, 'batches', 'id')) {
    const row = readable(() => select.get(id));
    if (row === undefined || sha256Hex(asBuffer(row['object']!)) !== row['sha256']) continue;
    yield {
      id,
      manifest: JSON.parse(row['manifest'] as string) as BatchManifest,
      windowAt: row['window_at'] as number,
      bytes: row['bytes'] as number,
      md5: row['md5'] as string,
      sha256: row['sha256'] as string,
      key: row['key'] as string | null,
      sealedAt: row['sealed_at'] as number,
      read: () => asBuffer(select.get(id)!['object']!),
    };
  }
}

/** Whole blocks beyond what was sealed, gathered into batches as they would have been: one window, one unbroken run, bounded text. */
function* readBlocks(
  source: DatabaseSync,
  batchTextBytes: number,
  sealedThrough: Sequence,
): IterableIterator<OpenBatch> {
  let open: OpenBatch | undefined;
  for (const firstId of readIds(source, 'blocks', 'first_id')) {
    if (firstId <= sealedThrough) continue;
    const row = readable(() =>
      source.prepare('SELECT window_at, arrived_at, body FROM blocks WHERE first_id = ?').get(firstId),
    );
    const body = row === undefined ? undefined : asBuffer(row['body']!);
    const records = body === undefined ? undefined : wholeRecords(body, firstId);
    if (row === undefined || body === undefined || records === undefined) continue;
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
    open.add(body, records, row['arrived_at'] as number);
  }
  if (open !== undefined) yield open;
}

/** A block's records if each line is a record with the sequence it must have; SQLite keeps no checksum of a blob. */
function wholeRecords(body: Buffer, firstId: Sequence): CountedRecord[] | undefined {
  const lines = body.toString('utf8').split('\n');
  if (lines.pop() !== '') return undefined;
  const records: CountedRecord[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      const { id, agent_id: agentId, level, timestamp } = JSON.parse(line) as ArchivedRecord;
      if (!id.endsWith(`-${firstId + index}`)) return undefined;
      records.push({ agentId, level, timestamp });
    } catch {
      return undefined;
    }
  }
  return records;
}

/** Ids from both ends towards the damage between them. */
function readIds(source: DatabaseSync, table: 'batches' | 'blocks', column: 'id' | 'first_id'): number[] {
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

/** The sequences between the covered ranges. */
function gapsOf(covered: readonly (readonly [Sequence, Sequence])[]): [Sequence, Sequence][] {
  const gaps: [Sequence, Sequence][] = [];
  let next: Sequence | undefined;
  for (const [from, to] of [...covered].sort(([a], [b]) => a - b)) {
    if (next !== undefined && from > next) gaps.push([next, from - 1]);
    next = Math.max(next ?? 0, to + 1);
  }
  return gaps;
}

function asBuffer(value: SQLOutputValue): Buffer {
  const bytes = value as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
