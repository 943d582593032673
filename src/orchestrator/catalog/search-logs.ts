import { NERVESYS_AGENT_ID } from '../../contract/ids.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Queryable } from '../database/database.ts';
import { LogFilter, type LogLine, type LogQuery } from './log-filter.ts';
import { readLines } from './object-lines.ts';
import { type FoundObject, searchObjects } from './search-objects.ts';

/**
 * Objects of one window that are read side by side, so that their records come in order of time. Each holds a few MB while
 * it is read. Of a window with more objects each next such many follow, in order among themselves.
 */
const MERGED_OBJECTS_MAX = 16;

export interface LogSearch {
  readonly database: Queryable;
  readonly archive: Archive;
  readonly query: LogQuery;
  /** What is of windows before this (epoch ms) is past its retention, and may be gone; absent: nothing is. */
  readonly expiredBefore?: number | undefined;
  /** Epoch ms, for the line that stands in for an object that can't be read. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * Archived records as NDJSON lines (without line breaks), exactly as they stand in the archive: windows in order, and within one
 * window by timestamp. At no time is more than one window's share in memory.
 *
 * An object that is gone or damaged leaves a record of its own in its place (`action: "nervesys.unreadable"`), since silence
 * would look like "nothing was logged". An archive that doesn't answer ends the search with its error.
 */
export async function* searchLogs(search: LogSearch): AsyncGenerator<string> {
  const filter = new LogFilter(search.query);
  let left = search.query.limit;
  for await (const objects of sameWindow(searchObjects(search.database, search.query))) {
    for await (const line of mergeLines(objects.map((object) => linesOf(object, filter, search)))) {
      if (left-- <= 0) return;
      yield line.text;
    }
    if (left <= 0) return;
  }
}

async function* linesOf(object: FoundObject, filter: LogFilter, search: LogSearch): AsyncGenerator<LogLine> {
  try {
    yield* readLines(search.archive, object, filter, search.signal);
  } catch (error) {
    const code = errorCode(error);
    if (!(error instanceof NervesysError) || (code !== 'NSV_ARCHIVE_NOT_FOUND' && code !== 'NSV_ARCHIVE_DAMAGED'))
      throw error;
    if (code === 'NSV_ARCHIVE_NOT_FOUND' && object.window_at.getTime() < (search.expiredBefore ?? -Infinity)) return;
    const at = search.now();
    const text = JSON.stringify({
      timestamp: new Date(at).toISOString(),
      level: 'ERROR',
      server: object.server,
      agent_id: NERVESYS_AGENT_ID,
      action: 'nervesys.unreadable',
      message: error.message,
      context: { key: object.key, code },
    });
    yield { text, at: object.window_at.getTime() };
  }
}

/** Consecutive objects of one window, at most `MERGED_OBJECTS_MAX` together. */
async function* sameWindow(objects: AsyncIterable<FoundObject>): AsyncGenerator<FoundObject[]> {
  let group: FoundObject[] = [];
  for await (const object of objects) {
    const first = group[0];
    if (
      first !== undefined &&
      (first.window_at.getTime() !== object.window_at.getTime() || group.length >= MERGED_OBJECTS_MAX)
    ) {
      yield group;
      group = [];
    }
    group.push(object);
  }
  if (group.length > 0) yield group;
}

/** Merges by time; the lines of one source keep their order. Closes every source in the end, however it ends. */
export async function* mergeLines(sources: readonly AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  try {
    const heads = await Promise.all(sources.map(async (source) => ({ source, head: await source.next() })));
    for (;;) {
      let least: (typeof heads)[number] | undefined;
      for (const candidate of heads) {
        if (candidate.head.done) continue;
        if (least === undefined || order(candidate.head.value) < order(least.head.value)) least = candidate;
      }
      if (least === undefined || least.head.done) return;
      yield least.head.value;
      least.head = await least.source.next();
    }
  } finally {
    await Promise.allSettled(sources.map((source) => source.return(undefined)));
  }
}

/** A record whose time is no date comes at once, in its place among its neighbours. */
function order(line: LogLine): number {
  return Number.isNaN(line.at) ? Number.NEGATIVE_INFINITY : line.at;
}
