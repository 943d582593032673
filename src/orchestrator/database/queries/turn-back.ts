import type { Queryable } from '../database.ts';

/**
 * The clock was set back to `now`, and what it dated before lies ahead of us: brought to right before now, so that it is the past, and
 * everybody is due to be judged. A whole fleet at once, and hardly ever.
 */
export async function turnBack(transaction: Queryable, now: Date): Promise<void> {
  const before = new Date(now.getTime() - 1);
  await transaction.query(
    `UPDATE agents_latest SET ${['state_at', 'retired_at', 'reinstated_at', 'received_at'].map(notAfter).join(', ')},
       seen_at = seen_at - CASE WHEN received_at > $1 THEN received_at - $1 ELSE '0' END, next_judged_at = $2`,
    [before, now],
  );
  await transaction.query(
    `UPDATE servers SET ${['state_at', 'retired_at', 'reinstated_at', 'last_seen_at', 'enrolled_at'].map(notAfter).join(', ')},
       next_judged_at = $2`,
    [before, now],
  );
}

/** Not by `least`, which takes the other for a null. */
function notAfter(column: string): string {
  return `${column} = CASE WHEN ${column} > $1 THEN $1 ELSE ${column} END`;
}
