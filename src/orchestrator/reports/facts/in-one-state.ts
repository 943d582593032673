import { NervesysError } from '../../../platform/errors.ts';
import type { Database, Queryable } from '../../database/database.ts';

/** A large fleet's month is millions of rows; whatever takes longer than this is cut, and tried again by whoever asked. */
const STATEMENT_TIMEOUT_MS = 600_000;
/** Of this one connection: sorts of a thousand AI agents' day then stay in memory. */
const WORK_MEMORY = '32MB';

/**
 * What is read within is all of one state of the database, and nothing is changed. Rejects with what the database says, or the signal's reason.
 */
export async function inOneState<T>(
  database: Pick<Database, 'transaction'>,
  signal: AbortSignal,
  read: (database: Queryable) => Promise<T>,
): Promise<T> {
  const reading = database.transaction(async (transaction) => {
    await transaction.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    await transaction.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    await transaction.query(`SET LOCAL work_mem = '${WORK_MEMORY}'`);
    // Compiling these statements takes longer than running them.
    await transaction.query('SET LOCAL jit = off');
    return read(oneByOne(transaction, signal));
  });
  return reading.catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}

/**
 * One statement after the other, as one connection takes them. Each may take as long as Postgres lets it; those that nobody waits for any more
 * aren't begun, nor waited for: an abort ends the connection, for its other end may have gone without a word.
 */
function oneByOne(database: Queryable, signal: AbortSignal): Queryable {
  let last: Promise<unknown> = Promise.resolve();
  return {
    query: (text, params, options) => {
      const next = last.then(() => {
        signal.throwIfAborted();
        return orGivenUp(database.query<never>(text, params, { ...options, patient: true }), signal);
      });
      last = next.catch(() => undefined); // whoever asked hears of it
      return next;
    },
  };
}

async function orGivenUp<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const onAbort = () =>
    reject(
      // By this code nobody rolls back, which would wait behind the statement.
      new NervesysError('NSV_DATABASE_UNREACHABLE', 'gather facts: a statement was given up', {
        retryable: true,
        cause: signal.reason,
      }),
    );
  signal.addEventListener('abort', onAbort, { once: true });
  answer.catch(() => undefined); // its connection ends
  try {
    return await Promise.race([answer, givenUp]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
