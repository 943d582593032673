import type { BatchManifest, BatchMember } from '../../contract/batch.ts';
import { formatManifestMember, readManifestMember } from '../../contract/batch-object.ts';
import { parseObjectKey } from '../../contract/object-key.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { describeError, errorCode } from '../../platform/errors.ts';
import { gunzip } from '../../platform/gzip.ts';
import type { Archive, ArchiveObject } from '../archive.ts';
import type { FindingKind, LedgerEntry, LedgerFinding } from './finding.ts';
import { TextCheck } from './text-check.ts';

/** Fetched at once: a usual object whole, a large one a few members at a time. */
const FETCH_BYTES = 2 * 1024 * 1024;
/** A member holds about 1 MB of text, at worst one block more; a larger claim is not ours and is not inflated. */
const MEMBER_BYTES_MAX = 64 * 1024 * 1024;
/** More members than the largest batch has by far. */
const MEMBERS_MAX = 100_000;

export interface ExaminedObject {
  /** Absent when it is no batch of this server, or so damaged that nobody can tell which. */
  readonly entry?: LedgerEntry;
  readonly findings: readonly LedgerFinding[];
}

/**
 * Reads one object from its first byte to its last and holds it against its manifest and its name. In memory are at most a
 * few members. Rejects only when the archive can't be read; whatever is wrong with the object is a finding.
 */
export async function examineObject(
  archive: Archive,
  object: ArchiveObject,
  signal?: AbortSignal,
): Promise<ExaminedObject> {
  const { key } = object;
  const named = parseObjectKey(key);
  if (named === undefined) return alone('foreign', key, 'its name is none that a batch has');
  const reader = new ObjectReader(archive, object, signal);
  let head: Buffer;
  try {
    head = await reader.read(0, Math.min(object.bytes, FETCH_BYTES));
  } catch (error) {
    if (errorCode(error) !== 'NSV_ARCHIVE_NOT_FOUND') throw error;
    return alone('damaged', key, 'it was listed, but is gone');
  }
  const member = readManifestMember(head);
  if (member === undefined) {
    return looksLikeOurs(head)
      ? alone('damaged', key, 'its manifest cannot be read, so nobody can tell what it held')
      : alone('foreign', key, 'it is no batch: it has no manifest');
  }
  const manifest = parseManifest(member.json);
  if (manifest === undefined) return alone('damaged', key, 'its manifest is not what a manifest is');
  if (manifest.server !== named.server)
    return alone('foreign', key, `it is a batch of ${JSON.stringify(manifest.server)}`);

  const complaints: string[] = [];
  if (!head.subarray(0, member.bytes).equals(formatManifestMember(member.json)))
    complaints.push('its first member is not as it was written');
  const check = new TextCheck(key, manifest);
  complaints.push(...(await checkMembers(reader, object.bytes, member.bytes, manifest, check)), ...check.complaints);
  const findings: LedgerFinding[] = [];
  const { epoch, first, last } = manifest;
  if (complaints.length > 0)
    findings.push({ kind: 'damaged', epoch, keys: [key], ranges: [[first, last]], message: summary(complaints) });
  if (Date.parse(manifest.window) !== named.windowAt)
    findings.push({ kind: 'foreign', epoch, keys: [key], message: `its window is ${manifest.window}` });
  return {
    findings,
    entry: {
      key,
      bytes: object.bytes,
      windowAt: named.windowAt,
      epoch,
      previousEpoch: manifest.previous_epoch,
      first,
      last,
      records: manifest.records,
      manifestSha256: sha256Hex(member.json),
      previousManifestSha256: manifest.previous_manifest_sha256,
      resealedFrom: manifest.resealed_from,
      ranges: complaints.length > 0 ? [[first, last]] : check.ranges,
      receipts: check.receipts,
    },
  };
}

/** Inflates member after member, each by itself; what stops this is a complaint too. */
async function checkMembers(
  reader: ObjectReader,
  objectBytes: number,
  dataStart: number,
  { members }: BatchManifest,
  check: TextCheck,
): Promise<string[]> {
  const complaints: string[] = [];
  const said = members.reduce((sum, member) => sum + member.bytes, dataStart);
  if (said !== objectBytes) complaints.push(`it is ${objectBytes} bytes, its manifest says ${said}`);
  let offset = 0;
  for (const [index, member] of members.entries()) {
    if (member.offset !== offset) return [...complaints, `member ${index + 1} is not where its manifest says`];
    offset += member.bytes;
    const start = dataStart + member.offset;
    if (start + member.bytes > objectBytes) return [...complaints, `member ${index + 1} is cut off`];
    const text = await inflate(await reader.read(start, start + member.bytes), member);
    if (typeof text === 'string') return [...complaints, `member ${index + 1} cannot be read: ${text}`];
    check.take(index, text);
  }
  check.finish();
  return complaints;
}

/** The text of one member, or why there is none. */
async function inflate(bytes: Buffer, member: BatchMember): Promise<Buffer | string> {
  if (member.text_bytes > MEMBER_BYTES_MAX) return `it claims ${member.text_bytes} bytes of text`;
  // The header has no checksum of its own; ours is plain, so any flag or time in it was not written by us.
  if (bytes.length < 18 || bytes.readUInt32LE(0) !== 0x00088b1f || bytes.readUInt32LE(4) !== 0)
    return 'its header is not as it was written';
  try {
    return await gunzip(bytes, { maxOutputLength: Math.max(1, member.text_bytes + 1) });
  } catch (error) {
    return describeError(error);
  }
}

/** Ranges of one object, fetched ahead so that a usual object is one request. */
class ObjectReader {
  readonly #archive: Archive;
  readonly #object: ArchiveObject;
  readonly #signal: AbortSignal | undefined;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(archive: Archive, object: ArchiveObject, signal: AbortSignal | undefined) {
    this.#archive = archive;
    this.#object = object;
    this.#signal = signal;
  }

  /** The bytes `[start, end)`; fewer where the object is shorter than was listed. */
  async read(start: number, end: number): Promise<Buffer> {
    if (start < this.#start || end > this.#start + this.#bytes.length) {
      const fetchedEnd = Math.max(end, Math.min(start + FETCH_BYTES, this.#object.bytes));
      const range = [start, fetchedEnd] as const;
      this.#bytes =
        start === fetchedEnd
          ? Buffer.alloc(0)
          : await this.#archive.get(this.#object.key, {
              range,
              ...(this.#signal === undefined ? {} : { signal: this.#signal }),
            });
      this.#start = start;
    }
    return this.#bytes.subarray(start - this.#start, end - this.#start);
  }
}

/** A manifest member in which a byte was flipped still begins like one, or names our subfield where it stands. */
function looksLikeOurs(head: Buffer): boolean {
  return (
    head.length === 0 ||
    head.subarray(0, 4).equals(Buffer.from([0x1f, 0x8b, 8, 4])) ||
    head.toString('latin1', 12, 14) === 'NV'
  );
}

function parseManifest(json: string): BatchManifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const manifest = value as Partial<BatchManifest> | null;
  const counts = (...numbers: unknown[]) => numbers.every((one) => Number.isSafeInteger(one) && (one as number) >= 0);
  const sound =
    manifest?.version === 1 &&
    [manifest.server, manifest.epoch, manifest.window, manifest.text_sha256].every((one) => typeof one === 'string') &&
    [manifest.previous_epoch, manifest.previous_manifest_sha256, manifest.resealed_from].every(
      (one) => one == null || typeof one === 'string',
    ) &&
    counts(manifest.first, manifest.last, manifest.records, manifest.text_bytes, manifest.agents_more) &&
    manifest.first! >= 1 &&
    manifest.first! <= manifest.last! &&
    [manifest.levels, manifest.agents].every((one) => typeof one === 'object' && one !== null) &&
    Array.isArray(manifest.members) &&
    manifest.members.length <= MEMBERS_MAX &&
    manifest.members.every((one) => counts(one?.offset, one?.bytes, one?.text_bytes, one?.first, one?.last));
  return sound ? { ...(manifest as BatchManifest), previous_epoch: manifest.previous_epoch ?? null } : undefined;
}

function summary(complaints: readonly string[]): string {
  const more = complaints.length - 2;
  return complaints.slice(0, 2).join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function alone(kind: FindingKind, key: string, message: string): ExaminedObject {
  return { findings: [{ kind, keys: [key], message }] };
}
