const LINE_FEED = 0x0a;

/** Cuts a stream into lines; one past the bound is passed over as a whole, for half an entry is none. */
export class BoundedLines {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #tooLong = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that are whole now; empty ones are left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#keep(chunk.subarray(start, end));
      if (this.#bytes > this.#bytesMax) this.#tooLong++;
      else if (this.#bytes > 0) lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#bytes = 0;
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** How many lines were passed over since the last call. */
  takeTooLong(): number {
    const count = this.#tooLong;
    this.#tooLong = 0;
    return count;
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax) this.#parts = [];
    else if (piece.length > 0) this.#parts.push(piece);
  }
}
