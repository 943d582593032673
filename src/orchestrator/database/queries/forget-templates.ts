import type { Queryable } from '../database.ts';

/** What the search looks through while somebody waits. Of more, those go first that were not seen for longest. */
export const TEMPLATES_KEPT_MAX = 200_000;
/** In an hour no fleet loses so many; where more wait, the next hour goes on. */
const AT_ONCE_MAX = 50_000;

/**
 * Removes templates that no server has seen since `seenBefore`, and those that are too many, with their older ids; answers how many. Their
 * counts go with their months. What people said of a template stays.
 */
export async function forgetTemplates(database: Queryable, seenBefore: Date): Promise<number> {
  const { count } = await database.query(
    `DELETE FROM templates WHERE template IN (
       SELECT template FROM templates
       WHERE last_seen_at < greatest($1, (SELECT last_seen_at FROM templates ORDER BY last_seen_at DESC, template DESC OFFSET ${TEMPLATES_KEPT_MAX} LIMIT 1))
       ORDER BY last_seen_at LIMIT ${AT_ONCE_MAX} FOR UPDATE SKIP LOCKED)`,
    [seenBefore],
  );
  await database.query("DELETE FROM template_senders WHERE day < ($1::timestamptz AT TIME ZONE 'UTC')::date", [
    seenBefore,
  ]);
  return count;
}
