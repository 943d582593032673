import { type AlertSeverity, severityRank } from '../../contract/alert.ts';

/** A trouble that comes back within this time of its end is the same alert, open again. */
export const REOPEN_WITHIN_MS = 10 * 60_000;

/** The newest alert of a dedup_key, as it is stored. */
export interface KnownAlert {
  readonly state: 'open' | 'acknowledged' | 'resolved';
  readonly severity: AlertSeverity;
  readonly reportId: string | null;
  /** Epoch ms; null: it isn't over. */
  readonly resolvedAt: number | null;
}

export interface ToldAgain {
  readonly severity: AlertSeverity;
  /** The agent's own number of this report; null: it gives none. */
  readonly reportId: string | null;
  /** 0: it tells only what more is known. */
  readonly count: number;
}

/**
 * What a report does to what is known of its trouble. `repeat`: it was counted before, or says more of what is over. `again`: counts up. `worse`: counts up and is told,
 * also where somebody has acknowledged the milder alert. `milder`: counts up and is noted.
 */
export type Taken = 'open' | 'reopen' | 'again' | 'worse' | 'milder' | 'repeat';

export function takeReport(known: KnownAlert | undefined, told: ToldAgain, now: number): Taken {
  if (told.count === 0 && (known === undefined || known.state === 'resolved')) return 'repeat';
  if (known === undefined) return 'open';
  if (told.reportId !== null && told.reportId === known.reportId) return 'repeat';
  if (known.state === 'resolved')
    return known.resolvedAt !== null && now - known.resolvedAt <= REOPEN_WITHIN_MS ? 'reopen' : 'open';
  const difference = severityRank(told.severity) - severityRank(known.severity);
  return difference > 0 ? 'worse' : difference < 0 ? 'milder' : 'again';
}
