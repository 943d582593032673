import type { ArchivePrices } from '../../../config/index.ts';
import { type ArchiveFacts, type FactsGap, GAP_SERVERS_MAX } from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import { archiveCost } from './archive-cost.ts';
import type { FactsWindow } from './facts-window.ts';
import { knownSince } from './known-since.ts';

type Stretch = Pick<FactsWindow, 'startsAt' | 'endsAt'>;

const SERVERS_LISTED_MAX = 20;
/** A batch is uploaded within seconds of its announcement; one that has waited so long at the end of a period was kept from it. */
const WAITS_AFTER = `interval '10 minutes'`;
/** Records wait for the end of their window, an hour at most, and its jitter. */
const BEHIND_AFTER_SECONDS = 2 * 3_600;
/** Beats so shortly before the end say how a server stood then. */
const LATEST_BEATS = `interval '15 minutes'`;

/**
 * What came into the archive in the period (by the windows of arrival, so that what servers upload late is still of the day it is of), and what
 * stood there at its end. `prices` undefined: costs aren't known.
 */
export async function gatherArchive(
  database: Queryable,
  window: Stretch,
  prices: ArchivePrices | undefined,
): Promise<ArchiveFacts> {
  const [[totals], servers, waiting, peak] = await Promise.all([
    archiveTotalsByDay(database, [window], prices),
    archiveByServer(database, window),
    countWaiting(database, window.endsAt),
    bufferPeak(database, window),
  ]);
  return {
    objects: totals?.objects ?? null,
    records: totals?.records ?? null,
    bytes: totals?.bytes ?? null,
    text_bytes: totals?.textBytes ?? null,
    compression: totals && totals.bytes > 0 ? totals.textBytes / totals.bytes : null,
    standing_bytes: totals?.standingBytes ?? null,
    standing_objects: totals?.standingObjects ?? null,
    currency: prices?.currency ?? null,
    cost: totals?.cost ?? null,
    cost_month: totals?.costMonth ?? null,
    waiting_batches: totals ? waiting : null,
    buffer_peak: peak,
    by_server: [...(servers ?? [])]
      .map(([server, { bytes, textBytes, objects }]) => ({ server, bytes, text_bytes: textBytes, objects }))
      .slice(0, SERVERS_LISTED_MAX),
  };
}

export interface ArchiveTotals {
  readonly objects: number;
  readonly records: number;
  readonly bytes: number;
  readonly textBytes: number;
  readonly standingBytes: number;
  readonly standingObjects: number;
  /** Null: there are no prices. */
  readonly cost: number | null;
  readonly costMonth: number | null;
}

/** Of each day, in the order given; null: nothing was known yet. */
export async function archiveTotalsByDay(
  database: Queryable,
  days: readonly Stretch[],
  prices: ArchivePrices | undefined,
): Promise<(ArchiveTotals | null)[]> {
  const known = await knownSince(database);
  const { rows } = await database.query<Omit<ArchiveTotals, 'cost' | 'costMonth'>>(
    `SELECT came.*, stood.*
     FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS days (starts_at, ends_at, n)
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(objects), 0)::bigint AS objects, coalesce(sum(records), 0)::bigint AS records,
         coalesce(sum(bytes), 0)::bigint AS bytes, coalesce(sum(text_bytes), 0)::bigint AS "textBytes"
       FROM archive_arrivals WHERE bucket >= days.starts_at AND bucket < days.ends_at
     ) AS came
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(objects), 0)::bigint AS "standingObjects", coalesce(sum(bytes), 0)::bigint AS "standingBytes"
       FROM archive_standing WHERE bucket < days.ends_at
     ) AS stood
     ORDER BY n`,
    [days.map(({ startsAt }) => startsAt), days.map(({ endsAt }) => endsAt)],
  );
  return days.map(({ startsAt, endsAt }, index) => {
    if (known === undefined || known >= endsAt) return null;
    const row = rows[index]!;
    if (prices === undefined) return { ...row, cost: null, costMonth: null };
    const standing = { bytes: row.standingBytes, objects: row.standingObjects };
    return { ...row, ...archiveCost(standing, row.objects, (endsAt.getTime() - startsAt.getTime()) / 1_000, prices) };
  });
}

/** Bytes that came in each slot of the window, in order. */
export async function archivedBytesBySlot(database: Queryable, window: Pick<FactsWindow, 'slots'>): Promise<number[]> {
  const { rows } = await database.query<{ bytes: number }>(
    `SELECT (SELECT coalesce(sum(bytes), 0)::bigint FROM archive_arrivals WHERE bucket >= slots.starts_at AND bucket < slots.ends_at) AS bytes
     FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS slots (starts_at, ends_at, n) ORDER BY n`,
    [window.slots.map((slot) => slot.starts_at), window.slots.map((slot) => slot.ends_at)],
  );
  return rows.map(({ bytes }) => bytes);
}

export interface ServerArchive {
  readonly bytes: number;
  readonly textBytes: number;
  readonly objects: number;
}

/**
 * What came of each server that sent something, the one with most bytes first. `undefined`: logs of this time are past their retention, so that
 * whose they were isn't known any more, though how much they were in all is.
 */
export async function archiveByServer(
  database: Queryable,
  { startsAt, endsAt }: Stretch,
): Promise<ReadonlyMap<string, ServerArchive> | undefined> {
  const { rows } = await database.query<ServerArchive & { readonly server: string }>(
    `SELECT server, sum(bytes)::bigint AS bytes, sum(text_bytes)::bigint AS "textBytes", count(*) AS objects
     FROM archive_objects WHERE window_at >= $1 AND window_at < $2 AND state = 'archived'
     GROUP BY server ORDER BY bytes DESC, server COLLATE "C"`,
    [startsAt, endsAt],
  );
  const came = await database.query<{ objects: number }>(
    'SELECT coalesce(sum(objects), 0)::bigint AS objects FROM archive_arrivals WHERE bucket >= $1 AND bucket < $2',
    [startsAt, endsAt],
  );
  if (rows.reduce((sum, { objects }) => sum + objects, 0) < came.rows[0]!.objects) return undefined;
  return new Map(rows.map(({ server, ...archive }) => [server, archive]));
}

/** SQL: the server of each batch that waited at $1. Each part by an index of its own: the catalog has millions of rows. */
const WAITING = [`archived_at IS NULL`, `archived_at >= $1`]
  .map((when) => `SELECT server FROM archive_objects WHERE ${when} AND announced_at < $1::timestamptz - ${WAITS_AFTER}`)
  .join(' UNION ALL ');

async function countWaiting(database: Queryable, endsAt: Date): Promise<number> {
  const { rows } = await database.query<{ n: number }>(`SELECT count(*) AS n FROM (${WAITING}) AS waiting`, [endsAt]);
  return rows[0]!.n;
}

/** Servers of which something wasn't in the archive at the end of the period, though its time had come; `undefined`: there are none. */
export async function archiveBehind(
  database: Queryable,
  { endsAt }: Pick<Stretch, 'endsAt'>,
): Promise<FactsGap | undefined> {
  const { rows } = await database.query<{ server: string }>(
    `SELECT server FROM (${WAITING}) AS waiting
     UNION
     SELECT server FROM status_5m WHERE bucket >= $1::timestamptz - ${LATEST_BEATS} AND bucket < $1
     GROUP BY server HAVING max(oldest_unarchived_max) >= ${BEHIND_AFTER_SECONDS} AND max(backlog_max) > 0
     ORDER BY server`,
    [endsAt],
  );
  if (rows.length === 0) return undefined;
  const servers = rows.map(({ server }) => server).sort();
  return { kind: 'archive_behind', servers: servers.slice(0, GAP_SERVERS_MAX), count: servers.length };
}

/** Of roll-ups of 5 minutes, of hours where those are gone. A buffer is its server's: each of its AI agents tells the same of it. */
async function bufferPeak(database: Queryable, window: Stretch): Promise<ArchiveFacts['buffer_peak']> {
  const found = `${await rollupOf(database, window)} WHERE bucket >= $1 AND bucket < $2`;
  const { rows } = await database.query<{ server: string; mb: number; at: Date }>(
    // Where all are as full, as in a quiet fleet, putting them in order would take longer than reading them thrice.
    `SELECT server, round(buffer_max::numeric, 2)::float8 AS mb, bucket AS at FROM ${found}
       AND (buffer_max, bucket) = (SELECT buffer_max, min(bucket) FROM ${found} AND buffer_max = (SELECT max(buffer_max) FROM ${found})
         GROUP BY buffer_max)
     ORDER BY server COLLATE "C" LIMIT 1`,
    [window.startsAt, window.endsAt],
  );
  const [row] = rows;
  return row === undefined ? null : { server: row.server, mb: row.mb, at: row.at.toISOString() };
}

/** The finest roll-up that has anything of the beginning of the period; where neither has, the finest that has anything of it. */
async function rollupOf(database: Queryable, { startsAt, endsAt }: Stretch): Promise<'status_5m' | 'status_1h'> {
  const { rows } = await database.query<{ fine: boolean }>(
    `SELECT coalesce(
       (SELECT min(bucket) FROM status_5m WHERE bucket >= $1 AND bucket < $2)
         <= (SELECT min(bucket) FROM status_1h WHERE bucket >= $1 AND bucket < $2) + interval '1 hour',
       EXISTS (SELECT FROM status_5m WHERE bucket >= $1 AND bucket < $2)) AS fine`,
    [startsAt, endsAt],
  );
  return rows[0]!.fine ? 'status_5m' : 'status_1h';
}
