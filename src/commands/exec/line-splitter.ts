import { StringDecoder } from 'node:string_decoder';
import { RECORD_BYTES_MAX } from '../../contract/record.ts';

/** One line of output, without its line break. */
export interface OutputLine {
  readonly text: string;
  /** How many bytes the line really had, where it was longer than the bound and only its beginning is kept. */
  readonly cutFromBytes?: number;
}

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines. A line's memory is bounded: what lies beyond `bytesMax` is counted, not kept. Bytes that
 * are not UTF-8 become U+FFFD; a character that is split between two chunks, or by the bound, is not damaged.
 */
export class LineSplitter {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #keptBytes = 0;
  #lineBytes = 0;

  constructor(bytesMax: number = RECORD_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Buffer): OutputLine[] {
    const lines: OutputLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#cutLine());
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The last line, where the output doesn't end with a line break. */
  end(): OutputLine[] {
    return this.#lineBytes > 0 ? [this.#cutLine()] : [];
  }

  #keep(piece: Buffer): void {
    this.#lineBytes += piece.length;
    const kept = piece.subarray(0, this.#bytesMax - this.#keptBytes);
    if (kept.length === 0) return;
    this.#parts.push(kept);
    this.#keptBytes += kept.length;
  }

  #cutLine(): OutputLine {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    const cut = this.#lineBytes > this.#keptBytes;
    // A decoder's `write` without `end` leaves out the incomplete character that the bound made.
    const text = cut ? new StringDecoder('utf8').write(bytes) : bytes.toString('utf8');
    const line = cut ? { text, cutFromBytes: this.#lineBytes } : { text };
    this.#parts = [];
    this.#keptBytes = 0;
    this.#lineBytes = 0;
    return line;
  }
}
