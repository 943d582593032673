/** What a UTF-16 unit is to the tokenizer; flags, so that a word's flags are the union of its characters'. */
export const CHAR = {
  space: 1,
  digit: 2,
  lower: 4,
  upper: 8,
  /** Stands inside words: `_ - . $ + % ~ # * & ^ @`. */
  joiner: 16,
  slash: 32,
  backslash: 64,
  /** A token of its own: brackets, quotes, `: , ; = | ! ?`. */
  delimiter: 128,
} as const;

const JOINERS = '_-.$+%~#*&^@';

/** By code unit below 128; whatever is above is a letter, except for the spaces of Unicode that logs hold. */
export const ASCII_CLASSES: Uint8Array = classes();

export function charClass(code: number): number {
  if (code < 128) return ASCII_CLASSES[code] as number;
  return code === 0xa0 || code === 0x2028 || code === 0x2029 || code === 0xfeff || code === 0x3000
    ? CHAR.space
    : CHAR.lower;
}

function classes(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const char = String.fromCharCode(code);
    if (code <= 32 || code === 127) table[code] = CHAR.space;
    else if (char >= '0' && char <= '9') table[code] = CHAR.digit;
    else if (char >= 'a' && char <= 'z') table[code] = CHAR.lower;
    else if (char >= 'A' && char <= 'Z') table[code] = CHAR.upper;
    else if (char === '/') table[code] = CHAR.slash;
    else if (char === '\\') table[code] = CHAR.backslash;
    else table[code] = JOINERS.includes(char) ? CHAR.joiner : CHAR.delimiter;
  }
  return table;
}
