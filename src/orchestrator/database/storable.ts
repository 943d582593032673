/**
 * The same value with what Postgres can't hold in text or jsonb (NUL, lone surrogates) replaced by U+FFFD, in keys as well; the
 * very same object where there was none. Takes what JSON.parse gave; `undefined` when that nests too deeply to be walked.
 */
export function storable<T>(value: T): T | undefined {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    return undefined; // thousands of brackets: nobody's data
  }
  if (json === undefined) return value;
  // JSON.stringify writes both as escapes, and a whole surrogate pair never as one. Each match is one escape, so that an
  // escaped backslash before a plain `u0000` isn't taken for one.
  let mended = false;
  const text = json.replace(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g, (found) => {
    if (found.length < 3) return found;
    mended = true;
    return '\\ufffd';
  });
  return mended ? (JSON.parse(text) as T) : value;
}

/** The same of a text alone. */
export function holdable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
