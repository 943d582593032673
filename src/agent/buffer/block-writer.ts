import type { Epoch, Sequence } from '../../contract/ids.ts';
import type { BatchedBlock } from './open-batch.ts';
import type { EncodedRecord } from './types.ts';

/** Consecutive records as they stand in the file, in memory and in the archive: whole lines of NDJSON. */
export interface NewBlock extends BatchedBlock {
  readonly records: readonly EncodedRecord[];
}

/** A block is closed at this many bytes: a quarter of a chunk, so that chunks come out near their size. */
const BLOCK_BYTES = 250_000;

const ZERO = 0x30;
const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;

/** Memory of the blocks of one commit, used again for the next: garbage outside V8's heap is collected late. */
let scratch = Buffer.alloc(0);
const SCRATCH_BYTES_MAX = 8_000_000;

/**
 * Packs records into blocks and numbers them from `first`; a block holds either `evictable` records or others. The blocks' bodies stay
 * as they are until the next call only.
 */
export function writeBlocks(
  records: readonly EncodedRecord[],
  epoch: Epoch,
  first: Sequence,
  evictable: (index: number) => boolean = () => false,
): NewBlock[] {
  const head = Uint8Array.from(Buffer.from(`{"id":"${epoch}-`));
  const blocks: NewBlock[] = [];
  const lengths = records.map((record, index) => head.length + digitsOf(first + index) + 3 + byteLengthOf(record));
  const memory = takeMemory(lengths.reduce((sum, bytes) => sum + bytes, 0));
  let from = 0;
  let start = 0;
  let bytes = 0;
  const close = (to: number) => {
    if (to === from) return;
    const body = memory.subarray(start, start + bytes);
    blocks.push(writeBlock(records.slice(from, to), body, head, first + from, evictable(from)));
    from = to;
    start += bytes;
    bytes = 0;
  };
  lengths.forEach((lineBytes, index) => {
    if (bytes + lineBytes > BLOCK_BYTES || evictable(index) !== evictable(from)) close(index);
    bytes += lineBytes;
  });
  close(records.length);
  return blocks;
}

function takeMemory(bytes: number): Buffer {
  if (bytes > SCRATCH_BYTES_MAX) return Buffer.allocUnsafeSlow(bytes); // records at their bounds, hardly ever
  if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(Math.min(SCRATCH_BYTES_MAX, bytes * 2));
  return scratch;
}

/** Gives up the memory of the last commit. Its blocks must not be used any more. */
export function freeScratch(): void {
  scratch = Buffer.alloc(0);
}

/** UTF-8 bytes of a record's `json`. */
function byteLengthOf(record: EncodedRecord): number {
  return record.writeTo === undefined ? Buffer.byteLength(record.json) : record.byteLength!;
}

/** A line is a record's bytes with its id before them, `",` between, and a line feed at its end. */
function writeBlock(
  records: readonly EncodedRecord[],
  body: Buffer,
  head: Uint8Array,
  first: Sequence,
  evictable: boolean,
): NewBlock {
  let sequence = first;
  let at = 0;
  for (const record of records) {
    // By hand: a call would cost more than so few bytes.
    for (let i = 0; i < head.length; i++) body[at++] = head[i]!;
    at = writeNumber(body, at, sequence++);
    body[at++] = QUOTE;
    body[at++] = COMMA;
    at = record.writeTo === undefined ? at + body.write(record.json, at) : record.writeTo(body, at);
    body[at++] = LINE_FEED;
  }
  return { first, last: sequence - 1, body, records, evictable };
}

function digitsOf(number: number): number {
  let digits = 1;
  for (let limit = 10; number >= limit; limit *= 10) digits++;
  return digits;
}

function writeNumber(out: Buffer, at: number, number: number): number {
  const end = at + digitsOf(number);
  for (let i = end - 1, left = number; i >= at; i--) {
    const digit = left % 10;
    out[i] = ZERO + digit;
    left = (left - digit) / 10;
  }
  return end;
}
