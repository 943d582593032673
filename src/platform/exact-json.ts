/** What may be a number that a double doesn't hold. */
const LONG_NUMBER = /\d{16}|[eE]\+?\d{3}/;
/** Looking at each value takes up to 0.4 s a million characters, while nothing else happens; longer texts are read as JSON is. */
const EXACT_LENGTH_MAX = 4_000_000;

/** `JSON.parse`, but a whole number beyond what a double holds digit by digit (an id of 64 bits) stays as its text. */
export function parseJsonExactly(text: string): unknown {
  if (text.length > EXACT_LENGTH_MAX || !LONG_NUMBER.test(text)) return JSON.parse(text);
  try {
    return JSON.parse(text, keepDigits);
  } catch (error) {
    if (error instanceof RangeError) return JSON.parse(text); // too deep for a reviver's stack; what is so deep isn't kept
    throw error;
  }
}

function keepDigits(_key: string, value: unknown, ...[context]: [{ readonly source?: string }?]): unknown {
  const source = context?.source; // the number as it was written
  if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value;
  const isInexact = /^-?\d+$/.test(source) && String(value) !== source;
  return isInexact || !Number.isFinite(value) ? source : value;
}
