import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';

export interface Lease {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For so long others leave it alone; it is renewed three times within. */
  readonly leaseMs: number;
  /** The work takes no longer than this, or has something wrong with it. */
  readonly deadlineMs: number;
  /** What is done, for messages: `deliver daily/2025-12-10`. */
  readonly what: string;
  /** False: another replica has it. */
  readonly renew: (until: Date) => Promise<boolean>;
}

/**
 * Does `work` while its claim is renewed. Its signal aborts when the claim is lost, or could not be renewed for so long that it may be; and
 * when the caller's does. Rejects with whatever `work` rejects with, or with `NSV_REPORT_FAILED` where it was given up.
 */
export async function underLease<T>(
  lease: Lease,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const giveUp = new AbortController();
  const done = new AbortController();
  const renewing = keepRenewing(lease, giveUp, done.signal);
  try {
    return await work(AbortSignal.any([signal, giveUp.signal]));
  } catch (error) {
    throw giveUp.signal.aborted ? giveUp.signal.reason : error;
  } finally {
    done.abort();
    await renewing;
  }
}

/** Another replica has taken over; what was done here counts for nothing. */
export function leaseLost(what: string): NervesysError {
  return new NervesysError('NSV_REPORT_FAILED', `${what}: another replica has taken over`, {
    retryable: true,
    facts: { leaseLost: true },
  });
}

export function isLeaseLost(error: unknown): boolean {
  return error instanceof NervesysError && error.facts['leaseLost'] === true;
}

async function keepRenewing(
  { clock, logger, leaseMs, deadlineMs, what, renew }: Lease,
  giveUp: AbortController,
  done: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + deadlineMs;
  let renewedAt = clock.monotonic();
  for (;;) {
    await clock.sleep(leaseMs / 3, done).catch(() => undefined); // done: it is seen below
    if (done.aborted) return;
    if (clock.monotonic() > deadline)
      return giveUp.abort(
        new NervesysError('NSV_REPORT_FAILED', `${what}: not done after ${deadlineMs / 60_000} minutes`, {
          retryable: true,
        }),
      );
    const askedAt = clock.monotonic();
    try {
      if (!(await renew(new Date(clock.now() + leaseMs)))) return giveUp.abort(leaseLost(what));
      renewedAt = askedAt;
    } catch (error) {
      // The next time may be in time still.
      logger.warn('the claim of a report was not renewed', errorFields(error));
      if (clock.monotonic() - renewedAt >= leaseMs) return giveUp.abort(leaseLost(what));
    }
  }
}
