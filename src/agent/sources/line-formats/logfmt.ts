/** More pairs than any logger writes; a line with more is text. */
const PAIRS_MAX = 1_000;
const KEY_LENGTH_MAX = 100;

/**
 * A line of `key=value` pairs, values bare or in double quotes; `undefined` when anything else stands in it. Reads each character once.
 * The object has no prototype: keys are data.
 */
export function parseLogfmt(line: string): Record<string, string> | undefined {
  const pairs: Record<string, string> = Object.create(null);
  let count = 0;
  let at = 0;
  while (at < line.length) {
    if (line[at] === ' ' || line[at] === '\t') {
      at++;
      continue;
    }
    const keyEnd = endOfKey(line, at);
    if (keyEnd === at || line[keyEnd] !== '=' || ++count > PAIRS_MAX) return undefined;
    const key = line.slice(at, keyEnd);
    at = keyEnd + 1;
    if (line[at] === '"') {
      const end = endOfQuoted(line, at);
      if (end === -1 || (end < line.length && line[end] !== ' ')) return undefined;
      pairs[key] = unquote(line.slice(at, end));
      at = end;
    } else {
      const space = line.indexOf(' ', at);
      const end = space === -1 ? line.length : space;
      pairs[key] = line.slice(at, end);
      at = end;
    }
  }
  return count === 0 ? undefined : pairs;
}

function endOfKey(line: string, start: number): number {
  let end = start;
  while (end < line.length && end - start <= KEY_LENGTH_MAX && isKeyPart(line.charCodeAt(end))) end++;
  return end;
}

/** Index after the closing quote, -1 where there is none. */
function endOfQuoted(line: string, start: number): number {
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') return at + 1;
  }
  return -1;
}

function unquote(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1); // escapes of another language (Go's \x1b): as written
  }
}

/** Letters, digits and `_ . - @ / : $`. */
function isKeyPart(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 45 && code <= 58) ||
    code === 95 ||
    code === 64 ||
    code === 36 ||
    code > 127
  );
}
