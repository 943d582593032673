import type { FleetAgent } from '../../../contract/fleet.ts';
import type { AgentState } from '../../../contract/heartbeat.ts';
import type { Judgement } from '../../fleet/judge-state.ts';
import type { Database } from '../database.ts';
import { AGENT_COLUMNS, type AgentRow, toFleetAgent } from './read-fleet.ts';

/** Rows of one round; what is more is due in the next, which follows at once. */
export const DUE_MAX = 1_000;

export type Verdict = Judgement & { readonly nextJudgedAt: Date };

/**
 * Judges the AI agents whose time has come and stores the verdicts; another replica takes others meanwhile (SKIP LOCKED), so
 * a change is told once. Answers the agents whose state changed, and how many were due.
 */
export async function judgeDueAgents(
  database: Database,
  now: Date,
  judge: (row: AgentRow) => Verdict,
): Promise<{ changed: FleetAgent[]; due: number }> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<AgentRow>(
      `SELECT ${AGENT_COLUMNS}, EXISTS (SELECT FROM servers
         WHERE servers.server = latest.server AND servers.revoked_at IS NOT NULL) AS revoked
       FROM agents_latest latest WHERE latest.next_judged_at <= $1
       ORDER BY latest.next_judged_at LIMIT ${DUE_MAX} FOR UPDATE OF latest SKIP LOCKED`,
      [now],
    );
    if (rows.length === 0) return { changed: [], due: 0 };
    const judged = rows.map((row) => ({ row, verdict: judge(row) }));
    await transaction.query(
      `UPDATE agents_latest SET state = verdict.state, reason = verdict.reason, next_judged_at = verdict.next_judged_at
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
         AS verdict (server, agent_id, state, reason, next_judged_at)
       WHERE agents_latest.server = verdict.server AND agents_latest.agent_id = verdict.agent_id`,
      [
        judged.map(({ row }) => row.server),
        judged.map(({ row }) => row.agent_id),
        judged.map(({ verdict }) => verdict.state),
        judged.map(({ verdict }) => verdict.reason),
        judged.map(({ verdict }) => verdict.nextJudgedAt),
      ],
    );
    const changed = judged
      .filter(({ row, verdict }) => row.state !== verdict.state || row.reason !== verdict.reason)
      .map(({ row, verdict }) => toFleetAgent({ ...row, state: verdict.state, reason: verdict.reason }));
    return { changed, due: rows.length };
  });
}

export interface ServerRow {
  readonly server: string;
  readonly state: AgentState;
  readonly enrolled_at: Date;
  readonly last_seen_at: Date | null;
  readonly revoked: boolean;
}

/** The same for servers: answers the names of those whose state changed, and how many were due. */
export async function judgeDueServers(
  database: Database,
  now: Date,
  judge: (row: ServerRow) => { readonly state: AgentState; readonly nextJudgedAt: Date },
): Promise<{ changed: string[]; due: number }> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<ServerRow>(
      `SELECT server, state, enrolled_at, last_seen_at, revoked_at IS NOT NULL AS revoked FROM servers
       WHERE next_judged_at <= $1 ORDER BY next_judged_at LIMIT ${DUE_MAX} FOR UPDATE SKIP LOCKED`,
      [now],
    );
    if (rows.length === 0) return { changed: [], due: 0 };
    const judged = rows.map((row) => ({ row, verdict: judge(row) }));
    await transaction.query(
      `UPDATE servers SET state = verdict.state, next_judged_at = verdict.next_judged_at
       FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS verdict (server, state, next_judged_at)
       WHERE servers.server = verdict.server`,
      [
        judged.map(({ row }) => row.server),
        judged.map(({ verdict }) => verdict.state),
        judged.map(({ verdict }) => verdict.nextJudgedAt),
      ],
    );
    const changed = judged.filter(({ row, verdict }) => row.state !== verdict.state).map(({ row }) => row.server);
    return { changed, due: rows.length };
  });
}
