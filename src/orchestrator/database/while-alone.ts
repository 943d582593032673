import type { Database, Queryable } from './database.ts';

/**
 * Does `work` in a transaction unless another replica is at the same; resolves with `undefined` then, `work` not begun. `lock` is a number of its own.
 * The claim ends with the connection: a replica that is killed stands in nobody's way, and one that only lost its connection may be overlapped,
 * so what `work` does outside of the transaction must be idempotent.
 */
export async function whileAlone<T>(
  database: Database,
  lock: number,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T | undefined> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [
      lock,
    ]);
    return rows[0]?.taken === true ? work(transaction) : undefined;
  });
}
