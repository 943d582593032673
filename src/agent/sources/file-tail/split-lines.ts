/** How far a stretch of a file was read. */
export interface Stretch {
  /** Bytes that are done with: up to the end of the last line that is whole. */
  readonly consumed: number;
  /** Whether the stretch ends within a line that was cut and whose rest is passed over. */
  readonly skipping: boolean;
  /** Whether whole lines wait, not consumed, for the record that they may belong to to end. */
  readonly pending: boolean;
}

/** What is known of a stretch beyond its bytes. */
export interface StretchOptions {
  /** It begins within a line whose rest is passed over. */
  readonly skipping: boolean;
  /** Nothing will follow: what stands after the last line break is a line too. */
  readonly final: boolean;
  /** Nothing followed for a while: a record of several lines counts as whole. */
  readonly quiet: boolean;
  /** A longer line is cut here, at a character boundary, and the rest of it passed over. */
  readonly lineBytesMax: number;
}

export interface SplitOptions extends StretchOptions {
  readonly linesMax: number;
}

export const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
export const NUL = 0x00;

/**
 * Cuts bytes into lines. Invalid UTF-8 becomes replacement characters. Empty lines are passed over, and so are NULs at the
 * start of a line: a file that was truncated under its writer begins with a hole of them. `takeInPlace` is asked first about each line, by
 * where it begins: it says where the next one does, or -1 to be given it as text.
 */
export function splitLines(
  bytes: Buffer,
  options: SplitOptions,
  take: (line: string) => void,
  takeInPlace: (start: number) => number = notInPlace,
): Stretch {
  const { final, lineBytesMax, linesMax } = options;
  let lines = 0;
  let at = 0;
  if (options.skipping) {
    const end = bytes.indexOf(LINE_FEED);
    if (end === -1) return { consumed: bytes.length, skipping: true, pending: false };
    at = end + 1;
  }
  while (lines < linesMax) {
    while (bytes[at] === NUL) at++;
    if (at >= bytes.length) break;
    const next = takeInPlace(at);
    if (next !== -1) {
      lines++;
      at = next;
      continue;
    }
    const found = bytes.indexOf(LINE_FEED, at);
    if (found === -1 && bytes.length - at >= lineBytesMax) {
      take(lineOf(bytes, at, at + lineBytesMax, bytes.length));
      return { consumed: bytes.length, skipping: true, pending: false };
    }
    if (found === -1 && !final) break;
    const lineEnd = found === -1 ? bytes.length : found;
    const end = trimmedEnd(bytes, at, lineEnd);
    if (end > at) {
      lines++;
      take(lineOf(bytes, at, Math.min(end, at + lineBytesMax), end));
    }
    at = Math.min(bytes.length, lineEnd + 1);
  }
  return { consumed: at, skipping: false, pending: false };
}

function notInPlace(): number {
  return -1;
}

/** The end of a line without the carriage return of a Windows line break. */
export function trimmedEnd(bytes: Buffer, start: number, end: number): number {
  return end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
}

/** `[start, end)` as text; where the line goes on after it, it ends at a character boundary. */
export function lineOf(bytes: Buffer, start: number, end: number, lineEnd: number): string {
  let cut = end;
  if (end < lineEnd) while (cut > start && cut > end - 4 && (bytes[cut]! & 0xc0) === 0x80) cut--;
  return bytes.toString('utf8', start, cut);
}

/** Whether a file read up to after this byte stands at the start of a line. */
export function isLineStart(byteBefore: number | undefined): boolean {
  return byteBefore === undefined || byteBefore === LINE_FEED || byteBefore === NUL;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Length of the byte order mark that a file's first bytes may be; it is no text. */
export function markBytes(head: Buffer): number {
  return head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
}
