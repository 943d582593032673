import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { AgentId, Sequence } from '../../contract/ids.ts';

const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);

/** A member of an archive object holds about this much text, so that a reader can fetch one part by range. */
export const CHUNK_TEXT_BYTES = 1_000_000;
/** Level 6 stores 6.2 times less for 2.7 s of CPU a million records; 9 takes 6.6 s for 7 % less. */
const GZIP_LEVEL = 6;

/**
 * About 1 MB of consecutive records: plain while it fills, one gzip member afterwards. It is shared by the open batch, which
 * becomes an archive object, and by the short-term memory, so that remembering costs neither a copy nor another compression.
 */
export class Chunk {
  readonly first: Sequence;
  /** Records of each AI agent in it. */
  readonly agents = new Map<AgentId, number>();
  records = 0;
  textBytes = 0;
  #blocks: Buffer[] = [];
  #member: Promise<Buffer> | undefined;
  #compressed: Buffer | undefined;

  constructor(first: Sequence) {
    this.first = first;
  }

  get last(): Sequence {
    return this.first + this.records - 1;
  }

  get closed(): boolean {
    return this.#member !== undefined;
  }

  /** What it occupies in memory. */
  get heldBytes(): number {
    return this.#compressed?.length ?? this.textBytes;
  }

  /** Adds whole lines, each ended by a line feed. */
  add(block: Buffer, records: number): void {
    this.#blocks.push(block);
    this.records += records;
    this.textBytes += block.length;
  }

  count(agentId: AgentId): void {
    this.agents.set(agentId, (this.agents.get(agentId) ?? 0) + 1);
  }

  /** Closes it and resolves with its gzip member; on the thread pool, so that intake goes on. Same bytes each time. */
  member(): Promise<Buffer> {
    this.#member ??= gzipAsync(Buffer.concat(this.#blocks), { level: GZIP_LEVEL }).then((bytes) => {
      this.#compressed = bytes;
      this.#blocks = [];
      return bytes;
    });
    return this.#member;
  }

  /** Its NDJSON. */
  async text(): Promise<Buffer> {
    if (this.#compressed === undefined) return Buffer.concat(this.#blocks);
    return gunzipAsync(this.#compressed);
  }
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
