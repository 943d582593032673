/** What came can't be read as OTLP; the message says where it broke. One item, or the request around it. */
export class Unreadable extends Error {}

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Groups are a relic that nobody sends; they are passed over like any unknown field, within this depth. */
const GROUPS_MAX = 16;
const TWO_32 = 4_294_967_296;

/**
 * Reads the protobuf wire format from a part of a buffer, nothing copied. Every method moves forward or throws `Unreadable`, so
 * that hostile bytes end in an error, never in a loop or a read past the end.
 */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #low = 0;
  #high = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Another reader at the same place, which moves on its own. */
  fork(): WireReader {
    return new WireReader(this.#bytes, this.#at, this.#end);
  }

  /** A field's number, times eight, plus its wire type. */
  tag(): number {
    this.#varint();
    if (this.#high !== 0 || this.#low < 8) throw new Unreadable('a field has an impossible number');
    return this.#low;
  }

  bool(): boolean {
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  /** Of an enum or a 32-bit integer. */
  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  /** As in JSON: a number where that is exact, else its digits. */
  int64(): number | string {
    this.#varint();
    return signed(this.#low, this.#high);
  }

  sfixed64(): number | string {
    const at = this.#forward(8);
    return signed(this.#bytes.readUInt32LE(at), this.#bytes.readUInt32LE(at + 4));
  }

  fixed64(): number | string {
    const at = this.#forward(8);
    const high = this.#bytes.readUInt32LE(at + 4);
    const low = this.#bytes.readUInt32LE(at);
    return high < 0x20_0000 ? high * TWO_32 + low : this.#bytes.readBigUInt64LE(at).toString();
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#forward(8));
  }

  string(): string {
    const length = this.#length();
    const at = this.#forward(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  bytes(encoding: 'hex' | 'base64'): string {
    const length = this.#length();
    const at = this.#forward(length);
    return this.#bytes.toString(encoding, at, at + length);
  }

  /** A reader of the message that comes next. */
  message(): WireReader {
    const length = this.#length();
    const at = this.#forward(length);
    return new WireReader(this.#bytes, at, at + length);
  }

  /** Passes over the value that belongs to `tag`. */
  skip(tag: number): void {
    let groups = 0;
    for (let type = tag & 7; ; type = this.tag() & 7) {
      if (type === WIRE.varint) this.#varint();
      else if (type === WIRE.fixed64) this.#forward(8);
      else if (type === WIRE.bytes) this.#forward(this.#length());
      else if (type === WIRE.fixed32) this.#forward(4);
      else if (type === WIRE.groupStart) groups++;
      else if (type === WIRE.groupEnd) groups--;
      else throw new Unreadable(`a field has the unknown wire type ${type}`);
      if (groups < 0 || groups > GROUPS_MAX) throw new Unreadable('groups are not balanced');
      if (groups === 0) return;
    }
  }

  #length(): number {
    this.#varint();
    if (this.#high !== 0) throw new Unreadable('a field is longer than the request');
    return this.#low;
  }

  #forward(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw new Unreadable('the bytes end within a field');
    this.#at = at + length;
    return at;
  }

  /** Leaves 64 bits in `#low` and `#high`, both unsigned. */
  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw new Unreadable('the bytes end within a number');
      const byte = this.#bytes[this.#at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new Unreadable('a number is longer than ten bytes');
  }
}

function signed(low: number, high: number): number | string {
  if (high < 0x20_0000) return high * TWO_32 + low;
  if (high >= 0xffe0_0000 && !(high === 0xffe0_0000 && low === 0)) return (high - TWO_32) * TWO_32 + low;
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
}
