import type { ServerName } from './ids.ts';
import { parseServerName } from './ids.ts';

/** Where a batch stands in the archive: `logs/<server>/<YYYY-MM-DD>/<HH-MM>[.<n>].json.gz`, window start in UTC. */
export interface BatchKey {
  readonly server: ServerName;
  /** Start of the batch's window, epoch ms. */
  readonly windowAt: number;
  /** 0 for the window's first batch (no suffix), then 1, 2, … */
  readonly n: number;
}

export const WINDOW_MS = 600_000;
/** Bound on the batches of one window; reaching it means a runaway, so it is an error rather than a longer name. */
export const BATCHES_PER_WINDOW_MAX = 99_999;

const KEY_PATTERN = /^logs\/([^/]+)\/(\d{4})-(\d{2})-(\d{2})\/(\d{2})-(\d{2})(?:\.([1-9]\d{0,4}))?\.json\.gz$/;

/** The start of the window that `at` (epoch ms) falls into. */
export function windowStart(at: number, windowMs: number = WINDOW_MS): number {
  return Math.floor(at / windowMs) * windowMs;
}

export function formatObjectKey({ server, windowAt, n }: BatchKey): string {
  const iso = new Date(windowAt).toISOString();
  const suffix = n === 0 ? '' : `.${n}`;
  return `${serverDayPrefix(server, iso.slice(0, 10))}${iso.slice(11, 13)}-${iso.slice(14, 16)}${suffix}.json.gz`;
}

/** The inverse of `formatObjectKey`; `undefined` for a key that is none of ours. */
export function parseObjectKey(key: string): BatchKey | undefined {
  const match = KEY_PATTERN.exec(key);
  const server = match === null ? undefined : parseServerName(match[1]!);
  if (match === null || server === undefined) return undefined;
  const windowAt = Date.parse(`${match[2]}-${match[3]}-${match[4]}T${match[5]}:${match[6]}:00.000Z`);
  if (Number.isNaN(windowAt)) return undefined;
  const parsed: BatchKey = { server, windowAt, n: match[7] === undefined ? 0 : Number(match[7]) };
  return formatObjectKey(parsed) === key ? parsed : undefined;
}

/** The prefix, ending in `/`, under which one server's batches of one UTC day stand. `day` is `YYYY-MM-DD`. */
export function serverDayPrefix(server: ServerName, day: string): string {
  return `logs/${server}/${day}/`;
}

/** Where a revision of the configuration that was rolled out stands. `sha`: the commit's whole one; what was no commit has its revision's name. */
export function configSnapshotKey(sha: string): string {
  return `configs/snapshots/${sha}.tar.gz`;
}
