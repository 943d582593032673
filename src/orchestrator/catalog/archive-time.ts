import { type Clock, withDeadline } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';

/**
 * Asks the archive while a caller waits. An agent gives a request 15 s: before that it must hear that it is the archive that
 * doesn't answer, not think so of the orchestrator. Rejects with `NSV_ARCHIVE_UNREACHABLE` (retryable) after `timeoutMs`.
 */
export async function withinArchiveTime<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withDeadline(clock, timeoutMs, signal, work);
  } catch (error) {
    if (signal.aborted || !(error instanceof Error && error.name === 'TimeoutError')) throw error;
    throw new NervesysError('NSV_ARCHIVE_UNREACHABLE', `the archive gave no answer within ${timeoutMs} ms`, {
      cause: error,
      retryable: true,
    });
  }
}
