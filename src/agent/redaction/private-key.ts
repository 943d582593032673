import { isAlnum, type SecretSpan } from './text.ts';

const HEAD = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y;
/** What separates a header from its lines: real line breaks, or escaped ones, however often escaped. */
const BREAK = /(?:\s|\\{1,8}[nrt]|[>|#*] |[+,]|\\{0,8}["']|(?:[\w./-]{1,64}:)?\d{1,6}(?:[:|→\t]|\\{1,8}t)){0,40}/y;
/** Between two lines of a key in an array or a sum of texts, or quoted by a mail. */
const NEXT_LINE = /(?:\\{0,8}["'](?:\s|\\{1,8}[nr]|[+,.\\]){0,16}\\{0,8}["']|[>|#*→] ?)(?=[A-Za-z0-9+/=]{4}|-----END)/y;
/** What a key begins with, which prose about keys doesn't. */
const BEGINNING = /[A-Za-z0-9+/=]{16}|(?:Proc-Type|DEK-Info|Version|Comment):/y;

/**
 * A private key in PEM, its lines broken really or by `\n`, with its end or cut off. A header alone, as in
 * `text.includes('-----BEGIN …')`, is no key.
 */
export function findPrivateKey(text: string, at: number): SecretSpan | undefined {
  HEAD.lastIndex = at;
  if (!HEAD.test(text)) return undefined;
  BREAK.lastIndex = HEAD.lastIndex;
  BREAK.test(text);
  const body = Math.max(BREAK.lastIndex, HEAD.lastIndex);
  BEGINNING.lastIndex = body;
  if (!BEGINNING.test(text)) return undefined;
  let end = body;
  let dashes = 0;
  for (;;) {
    if (end >= text.length) break;
    if (!isBodyUnit(text, end)) {
      NEXT_LINE.lastIndex = end;
      if (!NEXT_LINE.test(text)) break;
      end = NEXT_LINE.lastIndex;
      dashes = 0;
    }
    dashes = text[end] === '-' ? dashes + 1 : 0;
    end++;
    if (dashes === 5) {
      // Five dashes begin the last line; five more end it.
      const close = text.slice(end, end + 64).indexOf('-----');
      if (close !== -1) end += close + 5;
      break;
    }
  }
  return { start: at, end, kind: 'private_key' };
}

const FIRST_LINE = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----\s*$/;
const LAST_LINE = /^\s*-----END /;
const BODY_LINE = /^\s*[A-Za-z0-9+/=]{0,128}\s*$|^(?:Proc-Type|DEK-Info|Version|Comment): /;
const LINES_MAX = 512;
const LINE_LENGTH_MAX = 160;

/** Where in a list of lines the lines of a private key begin and end; `undefined` when it has none. */
export function findKeyLines(items: readonly unknown[]): readonly [from: number, to: number] | undefined {
  const from = items.findIndex(
    (item) => typeof item === 'string' && item.length <= LINE_LENGTH_MAX && FIRST_LINE.test(item),
  );
  if (from === -1) return undefined;
  let to = from + 1;
  for (; to < items.length && to - from < LINES_MAX; to++) {
    const item = items[to];
    if (typeof item !== 'string' || item.length > LINE_LENGTH_MAX) break;
    if (LAST_LINE.test(item)) return [from, to + 1];
    if (!BODY_LINE.test(item)) break;
  }
  return to - from > 1 ? [from, to] : undefined;
}

const ENCODED = /[A-Za-z0-9+/]{64,65536}={0,2}/y;

/** A PEM block that is Base64 once more, as in a `kubeconfig` and in variables of CI: `LS0tLS1CRUdJTi…`. Certificates stay. */
export function findEncodedKey(text: string, at: number): SecretSpan | undefined {
  if (isAlnum(text, at - 1) || text[at - 1] === '+' || text[at - 1] === '/') return undefined;
  ENCODED.lastIndex = at;
  if (!ENCODED.test(text)) return undefined;
  const head = Buffer.from(text.slice(at, at + 64), 'base64').toString('latin1');
  return head.includes('PRIVATE KEY') ? { start: at, end: ENCODED.lastIndex, kind: 'private_key' } : undefined;
}

const PUTTY = /Private-Lines: \d{1,4}(?:\s|\\[nr]){1,4}/y;

/** The lines of a key as PuTTY writes it. */
export function findPuttyKey(text: string, at: number): SecretSpan | undefined {
  PUTTY.lastIndex = at;
  if (!PUTTY.test(text)) return undefined;
  const start = PUTTY.lastIndex;
  let end = start;
  while (end < text.length && (isAlnum(text, end) || '+/=\r\n\\'.includes(text[end]!))) end++;
  const mac = text.slice(Math.max(start, end - 8), end).lastIndexOf('Private');
  if (mac !== -1) end = Math.max(start, end - 8) + mac;
  return end - start >= 32 ? { start, end, kind: 'private_key' } : undefined;
}

/** Base64, the words of its headers, spaces, and backslashes of escaped line breaks. */
function isBodyUnit(text: string, at: number): boolean {
  return isAlnum(text, at) || ' \n\r\t+/=\\:,.()-_'.includes(text[at]!);
}
