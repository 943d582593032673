import { parseServerName } from './ids.ts';

/**
 * Which servers a token lets in: a name, or a pattern in which `*` stands for any characters and `?` for one. A server's name has
 * neither, so a text is one or the other.
 */
export const SERVER_PATTERN = /^[A-Za-z0-9*?](?:[A-Za-z0-9._*?-]{0,98}[A-Za-z0-9*?])?$/;

/** The pattern with runs of `*` made one; `undefined` when no server could have a name that it matches. */
export function parseServerPattern(text: string): string | undefined {
  if (!SERVER_PATTERN.test(text)) return undefined;
  const pattern = text.replace(/\*+/g, '*');
  // With letters in their place it must be a name: `A..*` matches nothing that may be called so.
  return parseServerName(pattern.replace(/[*?]/g, 'x')) === undefined ? undefined : pattern;
}

/** Whether the pattern takes in this server; upper and lower case differ, as in names. At most length × length steps, no regular expression. */
export function matchesServerPattern(pattern: string, server: string): boolean {
  let p = 0;
  let s = 0;
  let starAt = -1;
  let takenUpTo = 0;
  while (s < server.length) {
    if (pattern[p] === '*') {
      starAt = p++;
      takenUpTo = s;
    } else if (pattern[p] === '?' || pattern[p] === server[s]) {
      p++;
      s++;
    } else if (starAt >= 0) {
      p = starAt + 1; // the last star takes one character more
      s = ++takenUpTo;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
