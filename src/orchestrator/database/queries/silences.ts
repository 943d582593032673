import type { SilenceView } from '../../../contract/fleet.ts';
import type { Queryable } from '../database.ts';

interface SilenceRow {
  readonly id: number;
  readonly server: string | null;
  readonly agent_id: string | null;
  readonly kind: string | null;
  readonly alert_id: number | null;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: Date;
  readonly ended_by: string | null;
}

const COLUMNS = 'id, server, agent_id, kind, alert_id, starts_at, ends_at, reason, created_by, created_at, ended_by';
/** People make them by hand; past this the oldest aren't looked at, and the API refuses to make more. */
export const SILENCES_MAX = 1_000;

/** Silences that end after an instant, those that end first first; or one by its id. */
export async function readSilences(
  database: Queryable,
  which: { readonly endingAfter: Date } | { readonly id: string },
): Promise<SilenceView[]> {
  const { rows } = await database.query<SilenceRow>(
    'id' in which
      ? `SELECT ${COLUMNS} FROM silences WHERE id = $1::bigint`
      : `SELECT ${COLUMNS} FROM silences WHERE ends_at > $1 ORDER BY ends_at, id LIMIT ${SILENCES_MAX}`,
    ['id' in which ? which.id : which.endingAfter],
  );
  return rows.map(toSilenceView);
}

export async function insertSilence(
  transaction: Queryable,
  silence: Omit<SilenceView, 'id' | 'ended_by'>,
): Promise<SilenceView> {
  const { rows } = await transaction.query<SilenceRow>(
    `INSERT INTO silences (server, agent_id, kind, alert_id, starts_at, ends_at, reason, created_by, created_at)
     VALUES ($1, $2, $3, $4::bigint, $5, $6, $7, $8, $9) RETURNING ${COLUMNS}`,
    [
      silence.server,
      silence.agent_id,
      silence.kind,
      silence.alert_id,
      silence.starts_at,
      silence.ends_at,
      silence.reason,
      silence.created_by,
      silence.created_at,
    ],
  );
  return toSilenceView(rows[0]!);
}

/** Ends a silence now; what it held back is told unless it is over by itself. `undefined`: there is none that hasn't ended. */
export async function endSilence(
  transaction: Queryable,
  id: string,
  by: string,
  now: Date,
): Promise<SilenceView | undefined> {
  const { rows } = await transaction.query<SilenceRow>(
    `UPDATE silences SET starts_at = least(starts_at, $2), ends_at = $2, ended_by = $3 WHERE id = $1::bigint AND ends_at > $2
     RETURNING ${COLUMNS}`,
    [id, now, by],
  );
  if (rows[0] === undefined) return undefined;
  await transaction.query(
    "UPDATE notifications SET due_at = least(due_at, $1) WHERE state = 'waiting' AND held = 'silenced'",
    [now],
  );
  return toSilenceView(rows[0]);
}

function toSilenceView(row: SilenceRow): SilenceView {
  return {
    ...row,
    id: String(row.id),
    alert_id: row.alert_id === null ? null : String(row.alert_id),
    starts_at: row.starts_at.toISOString(),
    ends_at: row.ends_at.toISOString(),
    created_at: row.created_at.toISOString(),
  };
}
