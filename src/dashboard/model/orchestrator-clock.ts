/**
 * Ages are counted from the orchestrator's clock: a reader whose own clock is ten minutes off must not see
 * "10 min ago" for an agent that has just reported.
 */
export interface OrchestratorClock {
  /** The orchestrator's clock now, epoch ms, as well as we know it. */
  now(): number;
}

/** What to add to the reader's clock to get the orchestrator's, from one answer; half of the way is assumed each way. */
export function clockOffsetMs(orchestratorNow: string, sentAt: number, receivedAt: number): number {
  const at = Date.parse(orchestratorNow);
  return Number.isNaN(at) ? 0 : at - (sentAt + receivedAt) / 2;
}

export type AgeUnit = 'seconds' | 'minutes' | 'hours' | 'days';

/** An age in the largest unit that it fills; never negative. Minutes begin at 90 s, since "60 s" and "90 s" tell more than "1 min". */
export function splitAge(ageMs: number): { readonly unit: AgeUnit; readonly count: number } {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 90) return { unit: 'seconds', count: seconds };
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return { unit: 'minutes', count: minutes };
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return { unit: 'hours', count: hours };
  return { unit: 'days', count: Math.floor(hours / 24) };
}
