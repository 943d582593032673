/** What may be a number that a double doesn't hold. */
const LONG_NUMBER = /\d{16}|[eE]\+?\d{3}/;

/** `JSON.parse`, but a whole number beyond what a double holds digit by digit (an id of 64 bits) stays as its text. */
export function parseJsonExactly(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
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
