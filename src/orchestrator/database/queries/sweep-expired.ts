import type { Queryable } from '../database.ts';

/** States are told of the last two years. */
const TRANSITIONS_KEPT_MS = 2 * 366 * 86_400_000;
/** In an hour no fleet makes so many; where more wait, the next hour goes on. */
const TRANSITIONS_AT_ONCE_MAX = 50_000;

/** What was over for so long is told of by nobody any more: a year, and a month to compare it with. */
const ALERTS_KEPT_MS = 396 * 86_400_000;
const ALERTS_AT_ONCE_MAX = 10_000;

/** Removes codes and sessions past their time, which open nothing any more, and old transitions, alerts and what was told of them. */
export async function sweepExpired(database: Queryable, now: Date): Promise<void> {
  await database.query('DELETE FROM sign_in_codes WHERE expires_at < $1', [now]);
  await database.query('DELETE FROM sessions WHERE expires_at < $1', [now]);
  await database.query(
    `DELETE FROM transitions WHERE id IN (SELECT id FROM transitions WHERE at < $1 ORDER BY at LIMIT ${TRANSITIONS_AT_ONCE_MAX})`,
    [new Date(now.getTime() - TRANSITIONS_KEPT_MS)],
  );
  const before = [new Date(now.getTime() - ALERTS_KEPT_MS)];
  await database.query(
    `DELETE FROM alerts WHERE id IN (
       SELECT id FROM alerts WHERE state = 'resolved' AND resolved_at < $1 ORDER BY id LIMIT ${ALERTS_AT_ONCE_MAX})`,
    before,
  );
  await database.query(
    `DELETE FROM alert_groups WHERE id IN (
       SELECT id FROM alert_groups WHERE closed_at < $1 ORDER BY id LIMIT ${ALERTS_AT_ONCE_MAX})`,
    before,
  );
  await database.query('DELETE FROM silences WHERE ends_at < $1', before);
}
