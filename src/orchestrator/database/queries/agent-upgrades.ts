import type { UpgradeOrder, UpgradeReport, UpgradeView } from '../../../contract/agent-upgrade.ts';
import type { Queryable } from '../database.ts';

/** Agents that are at it at the same time: a fleet doesn't restart at once, and what is wrong shows on a few. */
export const UPGRADES_AT_ONCE_MAX = 10;
/** An agent that was told and says nothing has had its turn after this. */
const TURN_MS = 900_000;
/** So many that went back are no accident of one host. */
export const FAILURES_MAX = 3;

/**
 * Asks the servers that `isMeant` picks to run what is handed out; what one was asked before is forgotten, and those revoked or out of service are left out.
 * Answers their names.
 */
export async function askForUpgrade(
  database: Queryable,
  isMeant: (server: string) => boolean,
  order: UpgradeOrder,
  by: string,
  now: Date,
): Promise<string[]> {
  const all = await database.query<{ server: string }>(
    'SELECT server FROM servers WHERE revoked_at IS NULL AND retired_at IS NULL',
  );
  const servers = all.rows.map(({ server }) => server).filter(isMeant);
  const { rows } = await database.query<{ server: string }>(
    `INSERT INTO agent_upgrades (server, version, bundle_sha256, bundle_bytes, state, asked_by, asked_at)
     SELECT server, $2, $3, $4, 'asked', $5, $6 FROM servers WHERE server = ANY($1) ORDER BY server
     ON CONFLICT (server) DO UPDATE SET version = excluded.version, bundle_sha256 = excluded.bundle_sha256,
       bundle_bytes = excluded.bundle_bytes, state = 'asked', reason = NULL, asked_by = excluded.asked_by,
       asked_at = excluded.asked_at, offered_at = NULL, finished_at = NULL
     RETURNING server`,
    [servers, order.version, order.bundle_sha256, order.bundle_bytes, by, now],
  );
  return rows.map(({ server }) => server);
}

/** Takes back what was asked of servers whose turn has not come. Answers their names. */
export async function cancelUpgrades(database: Queryable): Promise<string[]> {
  const { rows } = await database.query<{ server: string }>(
    `DELETE FROM agent_upgrades WHERE state = 'asked' RETURNING server`,
  );
  return rows.map(({ server }) => server);
}

/** Servers that are still to be told, or were told and are at it. */
export async function serversToUpgrade(database: Queryable): Promise<string[]> {
  const { rows } = await database.query<{ server: string }>(
    `SELECT server FROM agent_upgrades WHERE state IN ('asked', 'offered')`,
  );
  return rows.map(({ server }) => server);
}

/**
 * A server's turn: true when it may go on to what is handed out now (`order`, which may be newer than what was asked for). One that was
 * told already is told again.
 */
export async function offerUpgrade(
  database: Queryable,
  server: string,
  order: UpgradeOrder,
  now: Date,
): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE agent_upgrades SET state = 'offered', offered_at = coalesce(offered_at, $2), version = $3, bundle_sha256 = $4, bundle_bytes = $5
     WHERE server = $1 AND (state = 'offered' OR (state = 'asked'
       AND (SELECT count(*) FROM agent_upgrades WHERE state = 'offered' AND offered_at > $6) < $7
       AND (SELECT count(*) FROM agent_upgrades WHERE state = 'failed' AND bundle_sha256 = $4) < $8))`,
    [
      server,
      now,
      order.version,
      order.bundle_sha256,
      order.bundle_bytes,
      new Date(now.getTime() - TURN_MS),
      UPGRADES_AT_ONCE_MAX,
      FAILURES_MAX,
    ],
  );
  return count > 0;
}

/** Notes how it went; false: nobody had asked this server for it. */
export async function finishUpgrade(
  database: Queryable,
  server: string,
  report: UpgradeReport,
  now: Date,
): Promise<boolean> {
  const { count } = await database.query(
    `UPDATE agent_upgrades SET state = $2, reason = $3, finished_at = $4
     WHERE server = $1 AND bundle_sha256 = $5 AND state IN ('asked', 'offered')`,
    [server, report.outcome, report.reason, now, report.bundle_sha256],
  );
  return count > 0;
}

/** Every server's latest upgrade, by name. */
export async function readUpgrades(database: Queryable): Promise<UpgradeView[]> {
  const { rows } = await database.query<
    Omit<UpgradeView, 'asked_at' | 'finished_at'> & { readonly asked_at: Date; readonly finished_at: Date | null }
  >(
    `SELECT server, state, version, bundle_sha256, reason, asked_by, asked_at, finished_at FROM agent_upgrades ORDER BY server`,
  );
  return rows.map((row) => ({
    ...row,
    asked_at: row.asked_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  }));
}
