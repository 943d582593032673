import {
  type ConfigRefusal,
  type FleetConfig,
  REFUSALS_LISTED_MAX,
  type ServerConfigView,
} from '../../../contract/rollout.ts';
import type { Queryable } from '../database.ts';
import { readConfigHead } from './config-head.ts';
import { FLEET_ROWS_MAX } from './read-fleet.ts';
import { readActiveRollout, toRolloutView } from './rollouts.ts';

/** Which revisions the fleet runs, in short. */
export async function readFleetConfig(database: Queryable): Promise<FleetConfig> {
  const [head, rollout, running, refused] = await Promise.all([
    readConfigHead(database),
    readActiveRollout(database),
    database.query<{ revision: string | null; servers: number }>(
      `SELECT config_running AS revision, count(*) AS servers FROM servers WHERE revoked_at IS NULL AND retired_at IS NULL
       GROUP BY config_running ORDER BY count(*) DESC, config_running`,
    ),
    database.query<ConfigRefusal & { all: number }>(
      `SELECT server, config_desired AS revision, config_error AS reason, count(*) OVER () AS all FROM servers
       WHERE revoked_at IS NULL AND retired_at IS NULL AND config_error IS NOT NULL ORDER BY server LIMIT ${REFUSALS_LISTED_MAX}`,
    ),
  ]);
  const view = rollout && toRolloutView(rollout);
  return {
    desired: view?.revision ?? head.settled,
    rollout: view === undefined ? null : pick(view),
    servers: running.rows.reduce((sum, row) => sum + row.servers, 0),
    running: running.rows,
    refused: refused.rows.map(({ server, revision, reason }) => ({ server, revision, reason })),
    refused_more: Math.max(0, (refused.rows[0]?.all ?? 0) - refused.rows.length),
  };
}

function pick({ revision, previous, state, stage, stages, next_at, hold }: NonNullable<FleetConfig['rollout']>) {
  return { revision, previous, state, stage, stages, next_at, hold };
}

/** What each server whose key opens says of its configuration; `asks`: it is for the orchestrator to say what it is to run. */
export async function readServerConfigs(
  database: Queryable,
): Promise<(Omit<ServerConfigView, 'desired'> & { readonly asks: boolean })[]> {
  const { rows } = await database.query<Omit<ServerConfigView, 'desired'> & { asks: boolean }>(
    `SELECT server, config_running AS running, config_error AS error, config_offered IS NOT NULL OR config_running IS NULL AS asks
     FROM servers WHERE revoked_at IS NULL AND retired_at IS NULL ORDER BY server LIMIT ${FLEET_ROWS_MAX}`,
  );
  return rows;
}
