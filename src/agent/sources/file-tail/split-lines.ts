/** What a stretch of a file holds. */
export interface SplitLines {
  readonly lines: string[];
  /** Bytes that are done with: up to the end of the last line that is whole. */
  readonly consumed: number;
  /** Whether the stretch ends within a line that was cut and whose rest is passed over. */
  readonly skipping: boolean;
}

export interface SplitOptions {
  /** The stretch begins within a line whose rest is passed over. */
  readonly skipping: boolean;
  /** Nothing will follow: what stands after the last line break is a line too. */
  readonly final: boolean;
  /** A longer line is cut here, at a character boundary, and the rest of it passed over. */
  readonly lineBytesMax: number;
  readonly linesMax: number;
}

export const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
export const NUL = 0x00;

/**
 * Cuts bytes into lines. Invalid UTF-8 becomes replacement characters. Empty lines are passed over, and so are NULs at the
 * start of a line: a file that was truncated under its writer begins with a hole of them.
 */
export function splitLines(bytes: Buffer, options: SplitOptions): SplitLines {
  const { final, lineBytesMax, linesMax } = options;
  const lines: string[] = [];
  let at = 0;
  if (options.skipping) {
    const end = bytes.indexOf(LINE_FEED);
    if (end === -1) return { lines, consumed: bytes.length, skipping: true };
    at = end + 1;
  }
  while (lines.length < linesMax) {
    while (bytes[at] === NUL) at++;
    if (at >= bytes.length) break;
    const found = bytes.indexOf(LINE_FEED, at);
    if (found === -1) {
      if (bytes.length - at >= lineBytesMax) {
        lines.push(lineOf(bytes, at, at + lineBytesMax, bytes.length));
        return { lines, consumed: bytes.length, skipping: true };
      }
      if (final) {
        pushLine(lines, bytes, at, bytes.length, lineBytesMax);
        at = bytes.length;
      }
      break;
    }
    pushLine(lines, bytes, at, found, lineBytesMax);
    at = found + 1;
  }
  return { lines, consumed: at, skipping: false };
}

function pushLine(lines: string[], bytes: Buffer, start: number, end: number, lineBytesMax: number): void {
  const last = trimmedEnd(bytes, start, end);
  if (last > start) lines.push(lineOf(bytes, start, Math.min(last, start + lineBytesMax), last));
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
