import type { LossFacts } from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import { rollupOf } from './archive-facts.ts';
import type { FactsWindow } from './facts-window.ts';

export interface ServerLosses {
  readonly server: string;
  /** Given up when the buffer was full, with a receipt in the archive. */
  readonly lost: number;
  /** Dropped as the configuration says, or for being no records. */
  readonly dropped: number;
}

/**
 * What each server lost and dropped in the period, by names; servers that told nothing are not there. Its counters are told alike by each of its
 * AI agents, so of each bucket the most that any tells is what it was: one that was told later tells less of it.
 */
export async function lossesByServer(
  database: Queryable,
  window: Pick<FactsWindow, 'startsAt' | 'endsAt'>,
): Promise<ServerLosses[]> {
  const { rows } = await database.query<ServerLosses>(
    `SELECT server, sum(lost)::bigint AS lost, sum(dropped)::bigint AS dropped
     FROM (SELECT server, bucket, max(lost) AS lost, max(dropped) AS dropped FROM ${await rollupOf(database, window)}
       WHERE bucket >= $1 AND bucket < $2 GROUP BY server, bucket) AS told
     GROUP BY server ORDER BY server COLLATE "C"`,
    [window.startsAt, window.endsAt],
  );
  return rows;
}

/** Those that lost records, the one that lost most first. */
export function lossFacts(losses: readonly ServerLosses[]): LossFacts[] {
  return losses
    .filter(({ lost }) => lost > 0)
    .map(({ server, lost }) => ({ server, lost_records: lost }))
    .sort((a, b) => b.lost_records - a.lost_records || (a.server < b.server ? -1 : 1));
}
