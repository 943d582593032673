import { errorCode, NervesysError } from '../../platform/errors.ts';

/**
 * SQLSTATEs that mean "not now" rather than "wrong": shutdown, crash, start-up, too many connections, and a server that has become a standby
 * (25006): its successor is reached by a new connection.
 */
const UNREACHABLE_SQLSTATES: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '53300', '25006']);
const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT', // the Unix socket of an embedded server that is gone
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** `NSV_DATABASE_UNREACHABLE` (retryable) in place of an error that means so; every other error as it is. */
export function translate(error: unknown): unknown {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : '';
  const unreachable =
    UNREACHABLE_CODES.has(code) ||
    UNREACHABLE_SQLSTATES.has(code) ||
    code.startsWith('08') ||
    // pg gives these without a code
    /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after/.test(
      message,
    );
  if (!unreachable) return error;
  return new NervesysError('NSV_DATABASE_UNREACHABLE', 'Postgres did not answer', { cause: error, retryable: true });
}
