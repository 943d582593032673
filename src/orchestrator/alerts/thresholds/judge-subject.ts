import type { Thresholds } from '../../../config/index.ts';
import type { OwnTrouble } from '../raise.ts';
import { dedupKeyOf, toTrouble } from './breach-alert.ts';
import { findBreaches, type ThresholdKey, type ThresholdValues } from './find-breaches.ts';
import { type Breach, type BreachEvent, nextChangeAt, stepBreach, toldOf } from './step-breach.ts';

/** A server or an AI agent, how it stands and what is known of its breaches. */
export interface Judged {
  readonly server: string;
  /** `null`: the whole server. */
  readonly agentId: string | null;
  /** Of one that is not expected any more, all is over. `undefined` and not gone: there is no news. */
  readonly gone: boolean;
  readonly news: { readonly values: ThresholdValues; readonly receivedAt: number } | undefined;
  readonly limits: Thresholds;
  readonly breaches: ReadonlyMap<ThresholdKey, Breach>;
}

export interface Verdict {
  readonly threshold: ThresholdKey;
  readonly breach: Breach | undefined;
  readonly nextAt: number | undefined;
  readonly event: BreachEvent['type'] | undefined;
  /** What people are told from now on. */
  readonly raise: OwnTrouble | undefined;
  /** The name of what they need not hear of any more. */
  readonly settle: string | undefined;
}

/** What becomes of each breach of one subject; those that stay as they are aren't among them. Pure. */
export function judgeSubject(judged: Judged, now: number, newsMaxMs: number): Verdict[] {
  const { agentId, gone, news, limits, breaches } = judged;
  if (gone) return [...breaches].map(([threshold, breach]) => over(threshold, breach, agentId));
  if (news === undefined) return [];
  const { values, receivedAt } = news;
  const found = findBreaches(values, limits).map(({ threshold }) => threshold);
  return [...new Set([...breaches.keys(), ...found])].flatMap((threshold) => {
    const value = values[threshold];
    const before = breaches.get(threshold);
    // Not of this subject any more, as after a threshold has changed hands between versions.
    if (value === undefined) return before === undefined ? [] : [over(threshold, before, agentId)];
    const limit = limits[threshold];
    const { breach, event } = stepBreach(before, { value, receivedAt }, limit, now, newsMaxMs);
    if (JSON.stringify(breach) === JSON.stringify(before)) return [];
    const isTold = event !== undefined && event.type !== 'clear';
    const raise = isTold
      ? toTrouble({ ...judged, threshold, value, limit: limit[event.level], level: event.level, since: event.since })
      : undefined;
    const settle = event?.type === 'clear' ? dedupKeyOf(threshold, agentId) : undefined;
    const nextAt = breach && nextChangeAt(breach, limit);
    return [{ threshold, breach, nextAt, event: event?.type, raise, settle }];
  });
}

function over(threshold: ThresholdKey, breach: Breach, agentId: string | null): Verdict {
  const wasTold = toldOf(breach) !== undefined;
  return {
    threshold,
    breach: undefined,
    nextAt: undefined,
    event: wasTold ? 'clear' : undefined,
    raise: undefined,
    settle: wasTold ? dedupKeyOf(threshold, agentId) : undefined,
  };
}
