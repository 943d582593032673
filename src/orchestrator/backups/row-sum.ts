import { hash } from 'node:crypto';

const LINE_END = 0x0a;
const MASK = 0xffff_ffff_ffff_ffffn;

/**
 * Rows of a table, as lines of `COPY`'s text format, counted and added up: the first 8 bytes of each line's SHA-256 as one number, modulo 2^64.
 * Whatever order the rows come in gives the same sum, so that it can be compared with a table that was filled from a backup.
 */
export class RowSum {
  rows = 0;
  #sum = 0n;

  /** `lines`: whole ones, each with its line end. */
  add(lines: Buffer): void {
    for (let from = 0; from < lines.length; ) {
      const to = lines.indexOf(LINE_END, from);
      this.#sum += hash('sha256', lines.subarray(from, to), 'buffer').readBigUInt64BE();
      this.rows++;
      from = to + 1;
    }
    this.#sum &= MASK;
  }

  /** 16 hex digits. */
  get hex(): string {
    return this.#sum.toString(16).padStart(16, '0');
  }
}

/** The same text cut after line ends only; the last line must have one. */
export async function* wholeLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_END) + 1;
    if (end > 0) {
      yield Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = [];
    }
    if (end < chunk.length) rest.push(chunk.subarray(end));
  }
  if (rest.length > 0) throw new Error('a copy ended in the middle of a line');
}
