/** What is remembered of a key besides itself; all whole numbers. */
export interface KeyEntry {
  /** 32 bits of what the body was; 0 where that isn't known. */
  readonly bodyMark: number;
  /** Below 2³². */
  readonly answer: number;
  /** Never less than the one before. */
  readonly row: number;
  /** ms, any: after a restart a key may be older than one that came before it, where the clock was set meanwhile. */
  readonly at: number;
}

/** 128 bits of a key's SHA-256, as four words. */
export type KeyDigest = Uint32Array;

/** Entries that are allocated and freed together: 144 KiB. */
const SEGMENT_ENTRIES = 4_096;
/** Four of the digest, then body mark, answer, and row as distance from the segment's first. */
const WORDS = 7;
const DIGEST_WORDS = 4;
const SLOTS_MIN = 1_024;

interface Segment {
  readonly words: Uint32Array;
  readonly times: Float64Array;
  readonly firstRow: number;
}

/**
 * Keys in the order they came, and found by their digest: a queue of fixed entries in segments, and a hash table of places in it. A
 * key takes 36 bytes and 12 to 24 more for its slots, where a `Map` with an object each takes some 200; what is forgotten gives its memory back.
 */
export class KeyTable {
  #segments: Segment[] = [];
  /** Of all that ever came: the oldest that is still here, and the next one. */
  #first = 0;
  #next = 0;
  /** Place of a key plus one; 0 is free. Linear probing from the first word of the digest. */
  #slots = new Float64Array(SLOTS_MIN);

  get size(): number {
    return this.#next - this.#first;
  }

  find(digest: KeyDigest): KeyEntry | undefined {
    const slot = this.#slotOf(digest);
    return this.#slots[slot] === 0 ? undefined : this.#entry(this.#slots[slot]! - 1);
  }

  /** Adds a key as the newest. If it is here already, `find` gives the newest. */
  push(digest: KeyDigest, { bodyMark, answer, row, at }: KeyEntry): void {
    if ((this.size + 1) * 3 > this.#slots.length * 2) this.#resize(this.#slots.length * 2);
    const place = this.#next++;
    const within = place % SEGMENT_ENTRIES;
    if (within === 0 || this.#segments.length === 0)
      this.#segments.push({
        words: new Uint32Array(SEGMENT_ENTRIES * WORDS),
        times: new Float64Array(SEGMENT_ENTRIES),
        firstRow: row,
      });
    const { words, times, firstRow } = this.#segments.at(-1)!;
    words.set(digest, within * WORDS);
    words.set([bodyMark, answer, row - firstRow], within * WORDS + DIGEST_WORDS);
    times[within] = at;
    this.#slots[this.#slotOf(digest)] = place + 1;
  }

  /** The oldest. */
  oldest(): KeyEntry | undefined {
    return this.size === 0 ? undefined : this.#entry(this.#first);
  }

  /** Forgets the oldest. */
  shift(): void {
    if (this.size === 0) return;
    this.#freeSlot(this.#first);
    this.#first++;
    if (this.#first % SEGMENT_ENTRIES === 0 || this.size === 0) this.#segments.shift();
    // After the last one the next begins a segment of its own.
    if (this.size === 0) this.#first = this.#next = 0;
    if (this.#slots.length > SLOTS_MIN && this.size * 8 < this.#slots.length) this.#resize(this.#slots.length / 2);
  }

  #entry(place: number): KeyEntry {
    const { words, times, firstRow } = this.#segmentOf(place);
    const at = (place % SEGMENT_ENTRIES) * WORDS + DIGEST_WORDS;
    return {
      bodyMark: words[at]!,
      answer: words[at + 1]!,
      row: firstRow + words[at + 2]!,
      at: times[place % SEGMENT_ENTRIES]!,
    };
  }

  #segmentOf(place: number): Segment {
    return this.#segments[Math.floor(place / SEGMENT_ENTRIES) - Math.floor(this.#first / SEGMENT_ENTRIES)]!;
  }

  #digestOf(place: number): KeyDigest {
    const at = (place % SEGMENT_ENTRIES) * WORDS;
    return this.#segmentOf(place).words.subarray(at, at + DIGEST_WORDS);
  }

  /** Where a key stands, or the free slot where it would. */
  #slotOf(digest: KeyDigest): number {
    const mask = this.#slots.length - 1;
    let slot = digest[0]! & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask)
      if (isSame(this.#digestOf(this.#slots[slot]! - 1), digest)) break;
    return slot;
  }

  /** Frees the slot of a place, unless its key came again, and moves up those behind it that it had pushed on. */
  #freeSlot(place: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let free = this.#slotOf(this.#digestOf(place));
    if (slots[free] !== place + 1) return;
    for (let slot = (free + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#digestOf(slots[slot]! - 1)[0]! & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free] = slots[slot]!;
      free = slot;
    }
    slots[free] = 0;
  }

  #resize(length: number): void {
    this.#slots = new Float64Array(length);
    for (let place = this.#first; place < this.#next; place++)
      this.#slots[this.#slotOf(this.#digestOf(place))] = place + 1;
  }
}

function isSame(a: KeyDigest, b: KeyDigest): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}
