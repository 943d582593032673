import type { Queryable } from '../database.ts';

/** Whether there is an alert of this name, be it resolved: who tells something once asks first. */
export async function wasTold(
  database: Queryable,
  { server, kind, dedupKey }: { readonly server: string; readonly kind: string; readonly dedupKey: string },
): Promise<boolean> {
  const { count } = await database.query(
    'SELECT FROM alerts WHERE server = $1 AND kind = $2 AND dedup_key = $3 LIMIT 1',
    [server, kind, dedupKey],
  );
  return count > 0;
}
