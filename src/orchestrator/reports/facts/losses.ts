import type { LossFacts } from '../../../contract/report-facts.ts';

export interface ServerLosses {
  readonly server: string;
  /** Given up when the buffer was full, with a receipt in the archive. */
  readonly lost: number;
  /** Dropped as the configuration says, or for being no records. */
  readonly dropped: number;
}

/** Those that lost records, the one that lost most first. */
export function lossFacts(losses: readonly ServerLosses[]): LossFacts[] {
  return losses
    .filter(({ lost }) => lost > 0)
    .map(({ server, lost }) => ({ server, lost_records: lost }))
    .sort((a, b) => b.lost_records - a.lost_records || (a.server < b.server ? -1 : 1));
}
