/** Slots; a power of two. Two names that share one take turns in it, which costs only time. */
const SLOTS = 1024;

interface Slot<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * What short names mean, by their bytes: the same few hundred come again and again, and decoding each time would cost more than the
 * rest of a record. Bounded, whatever names come.
 */
export class NameTable<T> {
  readonly #slots: (Slot<T> | undefined)[] = new Array<Slot<T> | undefined>(SLOTS).fill(undefined);
  readonly #read: (name: string) => T;

  /** `read` tells what a name means that isn't in the table. */
  constructor(read: (name: string) => T) {
    this.#read = read;
  }

  /** What `bytes[start, end)` means; valid UTF-8 is given. */
  get(bytes: Buffer, start: number, end: number): T {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const index = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const slot = this.#slots[index];
    if (slot !== undefined && isEqual(slot.bytes, bytes, start, end)) return slot.value;
    const value = this.#read(bytes.toString('utf8', start, end));
    this.#slots[index] = { bytes: Uint8Array.from(bytes.subarray(start, end)), value };
    return value;
  }
}

function isEqual(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
