import type { AgentId, Sequence } from '../../contract/ids.ts';
import { gunzip, gzip } from '../../platform/gzip.ts';

/** A member of an archive object holds about this much text, so that a reader can fetch one part by range. */
export const CHUNK_TEXT_BYTES = 1_000_000;
/** A member of a full chunk comes out in one piece: a call and an allocation instead of a dozen. */
const GZIP_OUTPUT_BYTES = 262_144;
/** The most memory zlib takes for its tables (256 KB a running compression), for 5 % less time. */
const GZIP_MEMORY_LEVEL = 9;
/** Text a second up to which there is time to compress well, and from which compression would take the CPU from intake. */
const LEISURELY_BYTES_PER_SECOND = 1_000_000;
const HURRIED_BYTES_PER_SECOND = 10_000_000;
/** What the count of an AI agent takes, with its name: more than its compressed records, where there are thousands of agents. */
const AGENT_BYTES = 100;
/** So little is compressed well in any case. */
const SMALL_TEXT_BYTES = 50_000;

/**
 * The gzip level for text that came in so many ms. Measured on the common workload, seconds of CPU a million records and bytes of
 * input a stored byte: level 5 2.9 and 6.06, level 6 3.5 and 6.23, level 8 8.7 and 6.73 (level 9 gives no more, and can be made
 * to take far longer). So a core gives at most 3 % for the best, 12 % for the good.
 */
export function gzipLevel(textBytes: number, elapsedMs: number): number {
  if (textBytes <= SMALL_TEXT_BYTES) return 8;
  const bytesPerSecond = (textBytes / Math.max(1, elapsedMs)) * 1000;
  if (bytesPerSecond <= LEISURELY_BYTES_PER_SECOND) return 8;
  return bytesPerSecond < HURRIED_BYTES_PER_SECOND ? 6 : 5;
}

/**
 * About 1 MB of consecutive records: plain while it fills, one gzip member afterwards. It is shared by the open batch, which
 * becomes an archive object, and by the short-term memory, so that remembering costs neither a copy nor another compression.
 */
export class Chunk {
  readonly first: Sequence;
  last: Sequence;
  /** Records of each AI agent in it. */
  readonly agents = new Map<AgentId, number>();
  records = 0;
  textBytes = 0;
  readonly #level: number | undefined;
  readonly #begunAt: number;
  #grownAt: number;
  /** Its text so far, at the beginning of memory that is used again for later chunks. */
  #text: Buffer | undefined;
  #closed = false;
  #member: Promise<Buffer> | undefined;
  #compressed: Buffer | undefined;

  /** `now`: arrival of its first records, epoch ms. `level`: of gzip; absent, it goes by how fast the text comes. */
  constructor(first: Sequence, now: number, level?: number) {
    this.#level = level;
    this.first = first;
    this.last = first - 1;
    this.#begunAt = now;
    this.#grownAt = now;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What it occupies in memory. */
  get heldBytes(): number {
    return (this.#compressed?.length ?? this.textBytes) + this.agents.size * AGENT_BYTES;
  }

  /** Adds a copy of `records` whole lines up to sequence `last`, each ended by a line feed, that arrived `now`. */
  add(block: Buffer, last: Sequence, records: number, now: number): void {
    this.#grownAt = now;
    this.last = last;
    this.#text = withRoom(this.#text, this.textBytes, block.length);
    block.copy(this.#text, this.textBytes);
    this.records += records;
    this.textBytes += block.length;
  }

  count(agentId: AgentId): void {
    this.agents.set(agentId, (this.agents.get(agentId) ?? 0) + 1);
  }

  /**
   * Closes it and resolves with its gzip member; on the thread pool, so that intake goes on. Same bytes each time. Where it rejects (memory
   * is short), the next call tries again.
   */
  member(): Promise<Buffer> {
    this.#closed = true;
    this.#member ??= this.#compress().catch((error: unknown) => {
      this.#member = undefined;
      throw error;
    });
    return this.#member;
  }

  async #compress(): Promise<Buffer> {
    const member = await gzip(this.#filled(), {
      level: this.#level ?? gzipLevel(this.textBytes, this.#grownAt - this.#begunAt),
      memLevel: GZIP_MEMORY_LEVEL,
      chunkSize: GZIP_OUTPUT_BYTES,
    });
    this.#compressed = Buffer.from(member); // to size: it is remembered long after it was archived
    if (this.#text !== undefined) recycle(this.#text);
    this.#text = undefined;
    return this.#compressed;
  }

  #filled(): Buffer {
    return this.#text?.subarray(0, this.textBytes) ?? Buffer.alloc(0);
  }

  /** Its NDJSON while that is not compressed, without a copy: to be read at once. */
  get plainText(): Buffer | undefined {
    return this.#compressed === undefined ? this.#filled() : undefined;
  }

  /** Its NDJSON. */
  async text(): Promise<Buffer> {
    if (this.#compressed === undefined) return Buffer.from(this.#filled());
    return inflateMember(this.#compressed);
  }
}

/** A chunk that is full goes over its size by at most a block. */
const TEXT_CAPACITY = CHUNK_TEXT_BYTES + 300_000;
const SPARE_TEXTS_MAX = 4;
/**
 * Memory of chunks that are compressed. Fresh memory for each would have to wait for the garbage collector, which takes its time
 * with what lies outside its heap: at full load that was 60 MB.
 */
const spareTexts: Buffer[] = [];

function withRoom(text: Buffer | undefined, usedBytes: number, moreBytes: number): Buffer {
  const neededBytes = usedBytes + moreBytes;
  if (text !== undefined && neededBytes <= text.length) return text;
  if (text === undefined && neededBytes <= TEXT_CAPACITY)
    return spareTexts.pop() ?? Buffer.allocUnsafeSlow(TEXT_CAPACITY);
  const larger = Buffer.allocUnsafeSlow(neededBytes); // a single record may be larger than a block
  text?.copy(larger, 0, 0, usedBytes);
  if (text !== undefined) recycle(text);
  return larger;
}

function recycle(text: Buffer): void {
  if (text.length === TEXT_CAPACITY && spareTexts.length < SPARE_TEXTS_MAX) spareTexts.push(text);
}

/** Gives up what is kept for the next chunks: some 5 MB after a busy time. */
export function freeSpareTexts(): void {
  spareTexts.length = 0;
}

/** The text of a member. */
export function inflateMember(member: Buffer): Promise<Buffer> {
  return gunzip(member);
}
