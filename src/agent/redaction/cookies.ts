import { looksRandom, looksScrambled, type SecretSpan, type TokenRuns } from './text.ts';

const HEADER_LENGTH_MAX = 4_096;
const BEHIND_NAME = /s?\\{0,8}["']?(?:\s{0,2}(?:[:=,]|=>)\s{0,2}\[?\\{0,8}["']?|\s\\{0,8}["'])/y;
const PAIR = /([\w.%-]{1,64})=([^\s;,"'\\]{1,2048})/g;
/** What looks random and only counts or measures visitors. */
const INNOCENT = /^(?:_g[ai]\w*|_fbp|_hj\w*|expires|max-age|path|domain|samesite|etag|w)$/i;

/** The values of a `Cookie:` or `Set-Cookie:` header that were made by a machine: whoever has them is logged in. */
export function findCookies(text: string, start: number, end: number, runs: TokenRuns): readonly SecretSpan[] {
  if (start < runs.headerEnd) return []; // looked through already
  BEHIND_NAME.lastIndex = end;
  if (!BEHIND_NAME.test(text)) return [];
  const from = BEHIND_NAME.lastIndex;
  runs.headerEnd = from + headerOf(text, from).length;
  return cookiesIn(text, from);
}

/** `curl -b "name=…"`; the quote is part of the word that was found. */
export function findCookieOption(text: string, _start: number, end: number): readonly SecretSpan[] {
  return cookiesIn(text, end);
}

export function cookiesIn(text: string, from: number): readonly SecretSpan[] {
  const header = headerOf(text, from);
  const spans: SecretSpan[] = [];
  for (const match of header.matchAll(PAIR)) {
    const [whole, name, value] = match;
    if (INNOCENT.test(name!) || !isSession(value!)) continue;
    const end = from + match.index + whole.length;
    spans.push({ start: end - value!.length, end, kind: 'cookie' });
  }
  return spans;
}

function headerOf(text: string, from: number): string {
  const part = text.slice(from, from + HEADER_LENGTH_MAX);
  const stop = part.search(/[\n\r"']|\\[nr"']/);
  return stop === -1 ? part : part.slice(0, stop);
}

/** Made by a machine, and long enough not to be guessed. */
export function isSession(value: string): boolean {
  return !value.startsWith('[redacted') && (looksRandom(value, 0, value.length, 16) || looksScrambled(value));
}
