import type { Random } from './random.ts';

export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The wait before attempt `attempt + 1` (the first failure is attempt 1): exponential with "equal jitter", so that a fleet
 * that failed together doesn't return together. Always in [half, whole] of min(maxMs, baseMs·2^(attempt-1)).
 */
export function backoffMs(attempt: number, policy: BackoffPolicy, random: Random): number {
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}

/** The wait a `Retry-After` header asks for (RFC 9110 §10.2.3: seconds or an HTTP date), in ms; `undefined` when absent or unreadable. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
