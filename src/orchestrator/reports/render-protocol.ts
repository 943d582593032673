import type { RenderRequest } from './renderer.ts';

/**
 * What `ChildRenderer` and its child say to each other: a request is one line of JSON on the child's standard input; an answer is one line
 * of JSON on its standard output, and behind a `rendered` so many bytes of the file. One at a time; the child ends when its standard input
 * does. Facts go by no file and no argument, where others could read them.
 */
export interface RenderAsk {
  readonly id: number;
  readonly request: RenderRequest;
}

export type RenderReply =
  | {
      readonly type: 'rendered';
      readonly id: number;
      readonly title: string;
      readonly summary: string;
      readonly bytes: number;
      /** What the child takes by now. */
      readonly rss_bytes: number;
    }
  | { readonly type: 'failed'; readonly id: number; readonly message: string; readonly hint?: string };

/** Of the line of an answer; a summary is a few sentences. */
export const REPLY_LINE_BYTES_MAX = 64_000;
/** Of facts; a thousand AI agents take 5 MB. */
export const ASK_BYTES_MAX = 256_000_000;
/** Of a file; a thousand AI agents take 1.2 MB. */
export const FILE_BYTES_MAX = 100_000_000;

/** Reads the line of an answer; undefined: the child doesn't speak as it should. */
export function parseReply(line: string): RenderReply | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, id, title, summary, bytes, rss_bytes, message, hint } = value as Record<string, unknown>;
  if (typeof id !== 'number') return undefined;
  if (type === 'failed' && typeof message === 'string')
    return { type, id, message, ...(typeof hint === 'string' ? { hint } : {}) };
  const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && (count as number) >= 0;
  if (type !== 'rendered' || typeof title !== 'string' || typeof summary !== 'string') return undefined;
  if (!isCount(bytes) || bytes > FILE_BYTES_MAX || !isCount(rss_bytes)) return undefined;
  return { type, id, title, summary, bytes, rss_bytes };
}
