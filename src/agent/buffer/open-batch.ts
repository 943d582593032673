import { createHash, type Hash } from 'node:crypto';
import { type BatchManifest, type BatchMember, type ConfigSpan, MANIFEST_AGENTS_MAX } from '../../contract/batch.ts';
import { formatManifestMember } from '../../contract/batch-object.ts';
import type { AgentId, Epoch, Sequence, ServerName } from '../../contract/ids.ts';
import { emptyLevelCounts, type Level } from '../../contract/record.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { CHUNK_TEXT_BYTES, Chunk } from './chunk.ts';
import { type Evictable, EvictableRecords } from './evictable.ts';
import type { EncodedRecord } from './types.ts';

/** What a batch needs to know beyond its records to describe itself. */
export interface BatchOrigin {
  /** SHA-256 of the manifest that it had at first, where it is sealed again. */
  readonly resealedFrom?: string;
  readonly server: ServerName;
  readonly epoch: Epoch;
  readonly previousEpoch: Epoch | null;
  readonly windowMs: number;
  /** Under which revisions of the configuration its records were taken. */
  readonly configs?: readonly ConfigSpan[];
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

/** Whole lines of records `first` to `last`, in ascending order. */
export interface BatchedBlock {
  readonly first: Sequence;
  readonly last: Sequence;
  readonly body: Buffer;
  readonly records: readonly CountedRecord[];
  readonly evictable: boolean;
}

export interface OpenBatchOptions {
  /** The name that its records bear, where that isn't the server's any more: it was renamed while they stood in the file. */
  readonly formerServer?: ServerName | undefined;
  /** The length of its window, where windows have another one by the time it is sealed. */
  readonly windowMs?: number;
  /** Of gzip; absent, it goes by how fast records come. */
  readonly level?: number;
}

/**
 * The batch that is filling: its records are on disk as blocks; here stand its chunks, already compressed but for the last,
 * its counts and the running hash of its text, so that sealing reads nothing back.
 */
export class OpenBatch {
  readonly windowAt: number;
  readonly first: Sequence;
  last: Sequence;
  readonly openedAt: number;
  readonly chunks: Chunk[] = [];
  textBytes = 0;
  records = 0;
  dropped = 0;
  readonly #options: OpenBatchOptions;
  readonly #hash: Hash = createHash('sha256');
  readonly #levels: Record<Level, number> = emptyLevelCounts();
  readonly #agents = new Map<AgentId, number>();
  readonly #evictable = new EvictableRecords();
  #textSha256: string | undefined;
  #firstTimestamp = '';
  #lastTimestamp = '';

  constructor(windowAt: number, first: Sequence, openedAt: number, options: OpenBatchOptions = {}) {
    this.#options = options;
    this.windowAt = windowAt;
    this.first = first;
    this.last = first - 1;
    this.openedAt = openedAt;
  }

  get formerServer(): ServerName | undefined {
    return this.#options.formerServer;
  }

  /** Which of its records may be given up. */
  get evictable(): Evictable | undefined {
    return this.#evictable.summary;
  }

  /** Adds a committed block that arrived `now`, of later records than are here. Returns the chunk that was begun for it, if one was. */
  add({ first, last, body, records, evictable }: BatchedBlock, now: number): Chunk | undefined {
    let chunk = this.chunks.at(-1);
    let begun: Chunk | undefined;
    if (chunk === undefined || chunk.closed) {
      chunk = begun = new Chunk(first, now, this.#options.level);
      this.chunks.push(chunk);
    }
    chunk.add(body, last, records.length, now);
    this.last = last;
    if (evictable) this.#evictable.add(first, last, records);
    else this.#evictable.interrupt();
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
    this.#hash.update(body);
    this.textBytes += body.length;
    this.records += records.length;
    // Compressed beside intake. Where that fails, finishing the batch tries again, and says so.
    if (chunk.textBytes >= CHUNK_TEXT_BYTES) chunk.member().catch(() => undefined);
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
      server: this.formerServer ?? origin.server,
      epoch: origin.epoch,
      previous_epoch: origin.previousEpoch,
      first: this.first,
      last: this.last,
      window: new Date(this.windowAt).toISOString(),
      window_ms: this.#options.windowMs ?? origin.windowMs,
      records: this.records,
      levels: this.#levels,
      agents: Object.fromEntries(busiest.slice(0, MANIFEST_AGENTS_MAX)) as BatchManifest['agents'],
      agents_more: Math.max(0, busiest.length - MANIFEST_AGENTS_MAX),
      first_timestamp: this.#firstTimestamp,
      last_timestamp: this.#lastTimestamp,
      text_bytes: this.textBytes,
      text_sha256: this.#textSha256,
      dropped: this.dropped,
      ...(origin.configs === undefined || origin.configs.length === 0 ? {} : { configs: origin.configs }),
      members,
      previous_manifest_sha256: previousManifestSha256,
      ...(origin.resealedFrom === undefined ? {} : { resealed_from: origin.resealedFrom }),
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
