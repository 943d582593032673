import { createHash, type Hash } from 'node:crypto';
import { type BatchManifest, type BatchMember, MANIFEST_AGENTS_MAX } from '../../contract/batch.ts';
import { formatManifestMember } from '../../contract/batch-object.ts';
import type { AgentId, Epoch, Sequence, ServerName } from '../../contract/ids.ts';
import { emptyLevelCounts, type Level } from '../../contract/record.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { CHUNK_TEXT_BYTES, Chunk } from './chunk.ts';
import type { EncodedRecord } from './types.ts';

/** What a batch needs to know beyond its records to describe itself. */
export interface BatchOrigin {
  readonly server: ServerName;
  readonly epoch: Epoch;
  readonly previousEpoch: Epoch | null;
  readonly windowMs: number;
}

/** A finished archive object: its bytes never change from here on. */
export interface BatchObject {
  readonly manifest: BatchManifest;
  readonly manifestJson: string;
  readonly bytes: Buffer;
  readonly md5: string;
  readonly sha256: string;
}

/** Facts of one record that the manifest counts. */
export type CountedRecord = Pick<EncodedRecord, 'agentId' | 'level' | 'timestamp' | 'compareTimestamp'>;

/**
 * The batch that is filling: its records are on disk as blocks; here stand its chunks, already compressed but for the last,
 * its counts and the running hash of its text, so that sealing reads nothing back.
 */
export class OpenBatch {
  readonly windowAt: number;
  readonly first: Sequence;
  readonly openedAt: number;
  readonly chunks: Chunk[] = [];
  textBytes = 0;
  records = 0;
  dropped = 0;
  readonly #hash: Hash = createHash('sha256');
  readonly #levels: Record<Level, number> = emptyLevelCounts();
  readonly #agents = new Map<AgentId, number>();
  #textSha256: string | undefined;
  #firstTimestamp = '';
  #lastTimestamp = '';

  constructor(windowAt: number, first: Sequence, openedAt: number) {
    this.windowAt = windowAt;
    this.first = first;
    this.openedAt = openedAt;
  }

  get last(): Sequence {
    return this.first + this.records - 1;
  }

  /** Adds a committed block of whole lines that arrived `now`. Returns the chunk that was begun for it, if one was. */
  add(block: Buffer, records: readonly CountedRecord[], now: number): Chunk | undefined {
    let chunk = this.chunks.at(-1);
    let begun: Chunk | undefined;
    if (chunk === undefined || chunk.closed) {
      chunk = begun = new Chunk(this.first + this.records, now);
      this.chunks.push(chunk);
    }
    chunk.add(block, records.length, now);
    let earliest = records[0];
    let latest = records[0];
    for (const record of records) {
      chunk.count(record.agentId);
      this.#agents.set(record.agentId, (this.#agents.get(record.agentId) ?? 0) + 1);
      this.#levels[record.level]++;
      if (compareTimestamps(record, earliest!) < 0) earliest = record;
      if (compareTimestamps(record, latest!) > 0) latest = record;
    }
    if (earliest !== undefined && (this.#firstTimestamp === '' || earliest.timestamp < this.#firstTimestamp))
      this.#firstTimestamp = earliest.timestamp;
    if (latest !== undefined && latest.timestamp > this.#lastTimestamp) this.#lastTimestamp = latest.timestamp;
    this.#hash.update(block);
    this.textBytes += block.length;
    this.records += records.length;
    if (chunk.textBytes >= CHUNK_TEXT_BYTES) void chunk.member(); // compress beside intake; awaited when the batch is finished
    return begun;
  }

  /** Compresses what is left and describes the whole. Nothing may be added afterwards; repeating it gives the same bytes. */
  async finish(origin: BatchOrigin, previousManifestSha256: string | null): Promise<BatchObject> {
    this.#textSha256 ??= this.#hash.digest('hex');
    const bodies: Buffer[] = [];
    const members: BatchMember[] = [];
    let offset = 0;
    for (const chunk of this.chunks) {
      const body = await chunk.member();
      members.push({ offset, bytes: body.length, text_bytes: chunk.textBytes, first: chunk.first, last: chunk.last });
      bodies.push(body);
      offset += body.length;
    }
    const busiest = [...this.#agents].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    const manifest: BatchManifest = {
      version: 1,
      server: origin.server,
      epoch: origin.epoch,
      previous_epoch: origin.previousEpoch,
      first: this.first,
      last: this.last,
      window: new Date(this.windowAt).toISOString(),
      window_ms: origin.windowMs,
      records: this.records,
      levels: this.#levels,
      agents: Object.fromEntries(busiest.slice(0, MANIFEST_AGENTS_MAX)) as BatchManifest['agents'],
      agents_more: Math.max(0, busiest.length - MANIFEST_AGENTS_MAX),
      first_timestamp: this.#firstTimestamp,
      last_timestamp: this.#lastTimestamp,
      text_bytes: this.textBytes,
      text_sha256: this.#textSha256,
      dropped: this.dropped,
      members,
      previous_manifest_sha256: previousManifestSha256,
    };
    const manifestJson = JSON.stringify(manifest);
    const bytes = Buffer.concat([formatManifestMember(manifestJson), ...bodies]);
    return {
      manifest,
      manifestJson,
      bytes,
      md5: createHash('md5').update(bytes).digest('hex'),
      sha256: sha256Hex(bytes),
    };
  }
}

function compareTimestamps(a: CountedRecord, b: CountedRecord): number {
  if (a.compareTimestamp !== undefined) return a.compareTimestamp(b);
  return a.timestamp < b.timestamp ? -1 : Number(a.timestamp > b.timestamp);
}
