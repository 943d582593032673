import type { RolloutSettings } from '../../../config/index.ts';
import type { RolloutFinding, RolloutState, RolloutView } from '../../../contract/rollout.ts';
import type { Reach, RolloutStage } from '../../gitops/rollout-plan.ts';
import type { Queryable } from '../database.ts';

/** A rollout as it is stored. */
export interface Rollout {
  readonly id: number;
  readonly revision: string;
  readonly previous: string;
  readonly state: RolloutState;
  readonly seed: string;
  readonly stages: readonly RolloutStage[];
  readonly stage: number;
  readonly reach: Reach;
  readonly waitMs: number;
  readonly haltOn: RolloutSettings['haltOn'];
  readonly hold: string | null;
  readonly findings: readonly RolloutFinding[];
  readonly reason: string | null;
  readonly endedBy: string | null;
  readonly startedAt: number;
  readonly stageAt: number;
  readonly endedAt: number | null;
}

interface RolloutRow {
  readonly id: number;
  readonly revision: string;
  readonly previous: string;
  readonly state: RolloutState;
  readonly seed: string;
  readonly stages: readonly RolloutStage[];
  readonly stage: number;
  readonly reach: Reach;
  readonly wait_ms: number;
  readonly halt_on: RolloutSettings['haltOn'];
  readonly hold: string | null;
  readonly findings: readonly RolloutFinding[] | null;
  readonly reason: string | null;
  readonly ended_by: string | null;
  readonly started_at: Date;
  readonly stage_at: Date;
  readonly ended_at: Date | null;
}

const COLUMNS = `id, revision, previous, state, seed, stages, stage, reach, wait_ms, halt_on, hold, findings, reason, ended_by,
  started_at, stage_at, ended_at`;

/** The one under way. */
export async function readActiveRollout(database: Queryable): Promise<Rollout | undefined> {
  const { rows } = await database.query<RolloutRow>(
    `SELECT ${COLUMNS} FROM config_rollouts WHERE state IN ('rolling', 'paused')`,
  );
  return rows[0] && toRollout(rows[0]);
}

/** The newest ones: all, or those of a revision. */
export async function readRollouts(database: Queryable, limit: number, revision?: string): Promise<Rollout[]> {
  const { rows } = await database.query<RolloutRow>(
    `SELECT ${COLUMNS} FROM config_rollouts WHERE $2::text IS NULL OR revision = $2 ORDER BY id DESC LIMIT $1`,
    [limit, revision ?? null],
  );
  return rows.map(toRollout);
}

/** What everybody ran before `revision` came to everybody, and whether it is remembered as bad; `undefined`: it was the first. */
export async function readRevisionBefore(
  database: Queryable,
  revision: string,
): Promise<{ readonly revision: string; readonly isBad: boolean } | undefined> {
  const { rows } = await database.query<{ revision: string; isBad: boolean }>(
    `SELECT previous AS revision, before.state = 'rolled_back' AS "isBad"
     FROM config_rollouts JOIN config_revisions before ON before.revision = previous
     WHERE config_rollouts.revision = $1 AND config_rollouts.state = 'done' ORDER BY id DESC LIMIT 1`,
    [revision],
  );
  return rows[0];
}

/** Of a row of `config_revisions`: every server was to run it, outside of a rollout, at some time. */
export const WAS_EVERYWHERE = `EXISTS (SELECT FROM config_rollouts
  WHERE previous = config_revisions.revision OR (config_rollouts.revision = config_revisions.revision AND state = 'done'))`;

export async function insertRollout(
  transaction: Queryable,
  rollout: Pick<Rollout, 'revision' | 'previous' | 'seed' | 'stages' | 'reach' | 'waitMs' | 'haltOn'>,
  now: Date,
): Promise<void> {
  await transaction.query(
    `INSERT INTO config_rollouts (revision, previous, state, seed, stages, stage, reach, wait_ms, halt_on, started_at, stage_at)
     VALUES ($1, $2, 'rolling', $3, $4, 0, $5, $6, $7, $8, $8)`,
    [
      rollout.revision,
      rollout.previous,
      rollout.seed,
      JSON.stringify(rollout.stages),
      JSON.stringify(rollout.reach),
      rollout.waitMs,
      JSON.stringify(rollout.haltOn),
      now,
    ],
  );
}

/** The stage begins, or begins again with a wider reach. */
export async function enterStage(
  transaction: Queryable,
  id: number,
  stage: number,
  reach: Reach,
  now: Date,
): Promise<void> {
  await transaction.query(
    'UPDATE config_rollouts SET stage = $2, reach = $3, stage_at = $4, hold = NULL WHERE id = $1',
    [id, stage, JSON.stringify(reach), now],
  );
}

export async function setHold(transaction: Queryable, id: number, hold: string | null): Promise<void> {
  await transaction.query('UPDATE config_rollouts SET hold = $2 WHERE id = $1', [id, hold]);
}

/** Paused, or going on. The time of the stage counts anew when it goes on: what nobody watched proves nothing. */
export async function setPaused(
  transaction: Queryable,
  id: number,
  paused: boolean,
  { reason, by }: { readonly reason: string | null; readonly by: string | null },
  now: Date,
): Promise<void> {
  await transaction.query(
    `UPDATE config_rollouts SET state = $2::varchar, reason = $3, ended_by = $5, stage_at = CASE WHEN $2::varchar = 'rolling' THEN $4 ELSE stage_at END
     WHERE id = $1`,
    [id, paused ? 'paused' : 'rolling', reason, now, by],
  );
}

export async function endRollout(
  transaction: Queryable,
  id: number,
  end: {
    readonly state: Exclude<RolloutState, 'rolling' | 'paused'>;
    readonly reason?: string | null;
    readonly by?: string | null;
    readonly findings?: readonly RolloutFinding[];
  },
  now: Date,
): Promise<void> {
  await transaction.query(
    `UPDATE config_rollouts SET state = $2, reason = $3, ended_by = $4, findings = $5, hold = NULL, ended_at = $6 WHERE id = $1`,
    [
      id,
      end.state,
      end.reason ?? null,
      end.by ?? null,
      end.findings === undefined ? null : JSON.stringify(end.findings),
      now,
    ],
  );
}

/** Servers that ask here for their configuration. */
export interface Followers {
  /** How many there are, those that are away included: they will ask when they are back. */
  readonly count: number;
  /** Those that can be reached now. */
  readonly there: readonly string[];
}

export async function readFollowers(database: Queryable): Promise<Followers> {
  const { rows } = await database.query<{ server: string; there: boolean }>(
    `SELECT server, state IN ('up', 'degraded') AS there FROM servers
     WHERE revoked_at IS NULL AND retired_at IS NULL AND config_offered IS NOT NULL`,
  );
  return { count: rows.length, there: rows.filter(({ there }) => there).map(({ server }) => server) };
}

export function toRolloutView(rollout: Rollout): RolloutView {
  const iso = (at: number) => new Date(at).toISOString();
  const goesOn = rollout.state === 'rolling';
  return {
    id: String(rollout.id),
    revision: rollout.revision,
    previous: rollout.previous,
    state: rollout.state,
    stage: rollout.stage + 1,
    stages: rollout.stages.map(sayStage),
    started_at: iso(rollout.startedAt),
    stage_at: iso(rollout.stageAt),
    next_at: goesOn ? iso(rollout.stageAt + rollout.waitMs) : null,
    hold: rollout.hold,
    findings: rollout.findings,
    reason: rollout.reason,
    ended_by: rollout.endedBy,
    ended_at: rollout.endedAt === null ? null : iso(rollout.endedAt),
  };
}

/** Of a thousand names nobody reads more. */
const NAMES_SAID_MAX = 10;

function sayStage(stage: RolloutStage): string {
  if ('share' in stage) return `${Math.round(stage.share * 1_000) / 10}%`;
  const more = stage.servers.length - NAMES_SAID_MAX;
  return `${stage.servers.slice(0, NAMES_SAID_MAX).join(', ')}${more > 0 ? `, +${more}` : ''}`;
}

function toRollout(row: RolloutRow): Rollout {
  return {
    id: row.id,
    revision: row.revision,
    previous: row.previous,
    state: row.state,
    seed: row.seed,
    stages: row.stages,
    stage: row.stage,
    reach: row.reach,
    waitMs: row.wait_ms,
    haltOn: row.halt_on,
    hold: row.hold,
    findings: row.findings ?? [],
    reason: row.reason,
    endedBy: row.ended_by,
    startedAt: row.started_at.getTime(),
    stageAt: row.stage_at.getTime(),
    endedAt: row.ended_at?.getTime() ?? null,
  };
}
