import type { AlertView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';
import { appendAlertEvents } from './alert-events.ts';
import { ALERT_COLUMNS, type AlertRow, toAlertView } from './read-alerts.ts';
import { type AlertOrigin, lockAlerts } from './record-alerts.ts';

/** How whoever found a trouble calls it. */
export interface AlertName {
  readonly server: string;
  readonly dedupKey: string;
}

/** Which alerts are over: all of a kind, those with these names, or those with these ids. */
export type OverAlerts =
  | { readonly server: string; readonly origin: AlertOrigin; readonly kind: string }
  | { readonly origin: AlertOrigin; readonly names: readonly AlertName[] }
  | { readonly ids: readonly string[] }
  /** Those made from a template, or from one of its older forms. */
  | { readonly template: string };

/**
 * The trouble is over: by itself, or because somebody (`by`) says so. Answers the alerts that weren't resolved until now. To be called within a
 * transaction.
 */
export async function resolveAlerts(
  transaction: Queryable,
  which: OverAlerts,
  now: Date,
  { by, note }: { readonly by: string | null; readonly note: string | null } = { by: null, note: null },
): Promise<AlertView[]> {
  const [condition, params] = conditionOf(which);
  if ('origin' in which) {
    // Nearly always nothing is to be resolved, and then nobody need wait.
    const found = await transaction.query(
      `SELECT FROM alerts WHERE state <> 'resolved' AND ${condition.replaceAll(/\$(\d)/g, (_, n) => `$${Number(n) - 2}`)} LIMIT 1`,
      params,
    );
    if (found.count === 0) return [];
    const server = 'names' in which ? which.names[0]!.server : which.server;
    await lockAlerts(transaction, which.origin, server);
  }
  const { rows } = await transaction.query<AlertRow>(
    // Locked in the order of ids, as everybody does who changes several.
    `WITH over AS (SELECT id FROM alerts WHERE state <> 'resolved' AND ${condition} ORDER BY id FOR NO KEY UPDATE)
     UPDATE alerts SET state = 'resolved', resolved_at = $1, resolved_by = $2
     WHERE id IN (SELECT id FROM over) RETURNING ${ALERT_COLUMNS}`,
    [now, by, ...params],
  );
  await appendAlertEvents(
    transaction,
    rows.map(({ id, severity }) => ({
      alertId: id,
      at: now,
      event: 'resolved',
      severity,
      by,
      note,
    })),
  );
  return rows.map(toAlertView);
}

function conditionOf(which: OverAlerts): readonly [string, readonly unknown[]] {
  if ('ids' in which) return ['id = ANY($3::bigint[])', [which.ids]];
  if ('template' in which)
    return [
      // One that tells of many names only the last of them.
      `detail ? 'template' AND NOT detail ? 'of_many' AND (detail ->> 'template' = $3
         OR detail ->> 'template' IN (SELECT alias FROM template_aliases WHERE template_aliases.template = $3))`,
      [which.template],
    ];
  if ('kind' in which) return ['server = $3 AND origin = $4 AND kind = $5', [which.server, which.origin, which.kind]];
  return [
    'origin = $3 AND (server, dedup_key) IN (SELECT * FROM unnest($4::text[], $5::text[]))',
    [which.origin, which.names.map(({ server }) => server), which.names.map(({ dedupKey }) => dedupKey)],
  ];
}
