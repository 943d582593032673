/**
 * Cuts a connection's bytes into messages (RFC 6587): each says how it is framed by its first byte. A digit begins a count of octets,
 * `17 <34>1 …`; anything else runs to a line feed or NUL. A message past the bound is cut there and its rest passed over.
 */
export class SyslogDeframer {
  readonly #bytesMax: number;
  #kept: Buffer = Buffer.alloc(0);
  /** Octets of a counted message to pass over. */
  #skipOctets = 0;
  /** Within a line whose beginning was taken already. */
  #skipLine = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Messages that are whole now. */
  push(chunk: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    for (;;) {
      bytes = this.#passOver(bytes);
      if (bytes.length === 0) break;
      const counted = countAt(bytes);
      if (counted === 'unfinished') break;
      if (counted === undefined) {
        const end = endOfLine(bytes);
        if (end === -1 && bytes.length < this.#bytesMax) break;
        const cut = end === -1 || end > this.#bytesMax;
        messages.push(bytes.subarray(0, cut ? this.#bytesMax : end));
        this.#skipLine = end === -1;
        bytes = bytes.subarray(end === -1 ? bytes.length : end + 1);
      } else {
        const { start, octets } = counted;
        const wanted = Math.min(octets, this.#bytesMax);
        if (bytes.length - start < wanted) break;
        messages.push(bytes.subarray(start, start + wanted));
        this.#skipOctets = octets - wanted;
        bytes = bytes.subarray(start + wanted);
      }
    }
    this.#kept = bytes.length === 0 ? bytes : Buffer.from(bytes); // not a view: that would hold the chunk
    return messages;
  }

  /** What is left when the connection has ended: a line without its end, or a counted message that broke off. */
  end(): Buffer[] {
    const rest = this.#kept;
    this.#kept = Buffer.alloc(0);
    const counted = rest.length === 0 ? undefined : countAt(rest);
    const text = counted === undefined || counted === 'unfinished' ? rest : rest.subarray(counted.start);
    return text.length === 0 ? [] : [text];
  }

  #passOver(bytes: Buffer): Buffer {
    if (this.#skipOctets > 0) {
      const passed = Math.min(this.#skipOctets, bytes.length);
      this.#skipOctets -= passed;
      return bytes.subarray(passed);
    }
    if (!this.#skipLine) return bytes;
    const end = endOfLine(bytes);
    if (end === -1) return bytes.subarray(bytes.length);
    this.#skipLine = false;
    return bytes.subarray(end + 1);
  }
}

/** Counts are at most so long; what is longer is text that begins with digits. */
const COUNT_DIGITS_MAX = 7;

function countAt(bytes: Buffer): { readonly start: number; readonly octets: number } | 'unfinished' | undefined {
  if (!(bytes[0]! >= 0x31 && bytes[0]! <= 0x39)) return undefined;
  let octets = 0;
  for (let at = 0; at <= COUNT_DIGITS_MAX; at++) {
    const byte = bytes[at];
    if (byte === undefined) return 'unfinished';
    if (byte === 0x20) return { start: at + 1, octets };
    if (byte < 0x30 || byte > 0x39) return undefined;
    octets = octets * 10 + byte - 0x30;
  }
  return undefined;
}

function endOfLine(bytes: Buffer): number {
  const feed = bytes.indexOf(0x0a);
  const nul = (feed === -1 ? bytes : bytes.subarray(0, feed)).indexOf(0x00);
  return nul === -1 ? feed : nul;
}
