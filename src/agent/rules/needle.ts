/*
 * Looking for many short texts in each record. Most are not there, and that is found out by the groups of three characters that the record
 * has: they are noted once, as bits of a small table, and a text whose groups are not among them can't stand in it.
 */

const BITS = 8_192;
/** Noting the groups of a record costs as much as searching it for so many texts. */
export const WORTH_NOTING_FROM = 6;

/** A text to be looked for, `lowerCase`: in lower case, as it is itself. */
export class Needle {
  readonly text: string;
  readonly lowerCase: boolean;
  readonly #bits: Int32Array;

  constructor(text: string, lowerCase = false) {
    this.text = text;
    this.lowerCase = lowerCase;
    this.#bits = Int32Array.from(groupsOf(text));
  }

  /** `false`: it doesn't stand in what was noted. A text of less than three characters always may. */
  mayBeIn(noted: NotedGroups): boolean {
    for (const bit of this.#bits) if (!noted.has(bit)) return false;
    return true;
  }
}

/** Which groups of three characters a text has, upper and lower case of ASCII as one. */
export class NotedGroups {
  readonly #table = new Int32Array(BITS / 32);

  note(text: string): void {
    const table = this.#table;
    table.fill(0);
    // By hand: a call for each character would double the cost.
    let group = 0;
    for (let at = 0; at < text.length; at++) {
      group = ((group << 8) | FOLDED[text.charCodeAt(at) & 0xff]!) & 0xffffff;
      const bit = Math.imul(group, FACTOR) >>> SHIFT;
      table[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  has(bit: number): boolean {
    return (this.#table[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }
}

const FACTOR = 0x9e3779b1;
const SHIFT = 19;
/** The low eight bits of a character, capitals of ASCII as small letters. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, unit) => (unit >= 65 && unit <= 90 ? unit | 32 : unit));

/** The bits of a text's groups: of each three characters in a row. */
function groupsOf(text: string): ReadonlySet<number> {
  const bits = new Set<number>();
  let group = 0;
  for (let at = 0; at < text.length; at++) {
    group = ((group << 8) | FOLDED[text.charCodeAt(at) & 0xff]!) & 0xffffff;
    if (at >= 2) bits.add(Math.imul(group, FACTOR) >>> SHIFT);
  }
  return bits;
}
