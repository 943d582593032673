import type { AgentState, AgentStatus } from '../../../contract/heartbeat.ts';
import type { Judged, Judgement } from '../../fleet/judge-state.ts';
import type { Transition, Transitions } from '../../fleet/transitions.ts';
import type { Database } from '../database.ts';

/** Rows of one round; what is more is due in the next, which follows at once. */
export const DUE_MAX = 1_000;

export type Verdict = Judgement & {
  /** Epoch ms. */
  readonly nextJudgedAt: number;
};

export interface Round {
  readonly now: number;
  readonly judge: (known: Judged) => Verdict;
  readonly transitions: Transitions;
}

export interface JudgedSubject {
  readonly server: string;
  readonly agentId: string | null;
}

/** What both tables have. */
interface Row {
  readonly server: string;
  readonly agent_id: string | null;
  readonly status: AgentStatus;
  readonly received_at: Date;
  readonly seen_at: Date | null;
  readonly oldest_unarchived_seconds: number;
  readonly lost_lately: number;
  readonly revoked_at: Date | null;
  readonly retired_at: Date | null;
  readonly reinstated_at: Date | null;
  readonly state: AgentState;
  readonly reason: string;
  readonly state_at: Date | null;
}

const AGENTS = {
  select: `SELECT latest.server, latest.agent_id, latest.status, latest.received_at, latest.seen_at, latest.oldest_unarchived_seconds,
      latest.lost_lately, latest.retired_at, latest.reinstated_at, latest.state, latest.reason, latest.state_at,
      (SELECT servers.revoked_at FROM servers WHERE servers.server = latest.server) AS revoked_at
    FROM agents_latest latest`,
  // What a first beat says of the time before it can't be held against anything: the clock may have been set.
  update: `UPDATE agents_latest latest SET received_at = least(latest.received_at, $8),
    seen_at = CASE WHEN latest.state_at IS NULL AND latest.seen_at IS NOT NULL THEN least(latest.received_at, $8) ELSE latest.seen_at END,`,
  own: 'AND latest.agent_id = verdict.agent_id',
} as const;

const SERVERS = {
  select: `SELECT server, NULL AS agent_id, 'healthy' AS status, coalesce(last_seen_at, enrolled_at) AS received_at, NULL AS seen_at,
      0 AS oldest_unarchived_seconds, 0 AS lost_lately, retired_at, reinstated_at, state, reason, state_at, revoked_at
    FROM servers latest`,
  update: `UPDATE servers latest SET last_seen_at = CASE WHEN latest.last_seen_at > $8 THEN $8 ELSE latest.last_seen_at END,`,
  own: '',
} as const;

/** Judges the AI agents whose time has come, see `judgeDue`. */
export function judgeDueAgents(database: Database, round: Round) {
  return judgeDue(database, AGENTS, round);
}

/** The same for servers. */
export function judgeDueServers(database: Database, round: Round) {
  return judgeDue(database, SERVERS, round);
}

/**
 * Judges those whose time has come and stores the verdicts, with the transitions among them; another replica takes others meanwhile
 * (SKIP LOCKED), so each transition is found once. Answers whose state or reason changed, and how many were due.
 */
async function judgeDue(
  database: Database,
  table: typeof AGENTS | typeof SERVERS,
  { now, judge, transitions }: Round,
): Promise<{ readonly changed: readonly JudgedSubject[]; readonly due: number }> {
  const at = new Date(now);
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<Row>(
      `${table.select} WHERE latest.next_judged_at <= $1
       ORDER BY latest.next_judged_at LIMIT ${DUE_MAX} FOR UPDATE OF latest SKIP LOCKED`,
      [at],
    );
    if (rows.length === 0) return { changed: [], due: 0 };
    const judged = rows.map((row) => ({ row, verdict: judge(toJudged(row, now)) }));
    const moved = judged.flatMap(({ row, verdict }) => toTransition(row, verdict, now) ?? []);
    const movedAt = new Map(moved.map((one) => [nameOf(one.server, one.agentId), one.at]));
    await transaction.query(
      // Another orchestrator's clock may have run ahead for a moment: what it has dated is no later than now.
      `${table.update}
         state = verdict.state, reason = verdict.reason, next_judged_at = verdict.next_judged_at,
         state_at = coalesce(verdict.state_at, latest.state_at),
         retired_at = CASE WHEN verdict.state = 'retired' THEN latest.retired_at END,
         reinstated_at = CASE WHEN verdict.is_awaited THEN latest.reinstated_at END
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::boolean[])
         AS verdict (server, agent_id, state, reason, next_judged_at, state_at, is_awaited)
       WHERE latest.server = verdict.server ${table.own}`,
      [
        judged.map(({ row }) => row.server),
        judged.map(({ row }) => row.agent_id),
        judged.map(({ verdict }) => verdict.state),
        judged.map(({ verdict }) => verdict.reason),
        judged.map(({ verdict }) => new Date(verdict.nextJudgedAt)),
        judged.map(({ row }) => movedAt.get(nameOf(row.server, row.agent_id)) ?? null),
        judged.map(({ row }) => row.reinstated_at !== null && row.reinstated_at > row.received_at),
        at,
      ],
    );
    const restated = judged.flatMap(({ row, verdict }) => toRestatement(row, verdict, at) ?? []);
    await transitions.record(transaction, [...moved, ...restated]);
    const changed = judged
      .filter(
        ({ row, verdict }) => row.state !== verdict.state || row.reason !== verdict.reason || row.state_at === null,
      )
      .map(({ row }) => ({ server: row.server, agentId: row.agent_id }));
    return { changed, due: rows.length };
  });
}

function toJudged(row: Row, now: number): Judged {
  const receivedAt = Math.min(row.received_at.getTime(), now);
  return {
    agentId: row.agent_id,
    status: row.status,
    receivedAt,
    seenAt: row.seen_at && (row.state_at === null ? receivedAt : Math.min(row.seen_at.getTime(), receivedAt)),
    oldestUnarchivedSeconds: row.oldest_unarchived_seconds,
    lostLately: row.lost_lately,
    revokedAt: row.revoked_at?.getTime() ?? null,
    retiredAt: row.retired_at?.getTime() ?? null,
    reinstatedAt: row.reinstated_at?.getTime() ?? null,
    state: row.state,
    reason: row.reason,
  };
}

/** One that is judged for the first time comes from nowhere; what it was until now was a guess of its first beat. */
function toTransition(row: Row, { state, reason, at }: Verdict, now: number): Transition | undefined {
  const from = row.state_at === null ? null : row.state;
  if (from === state) return undefined;
  return { server: row.server, agentId: row.agent_id, from, to: state, reason, at: new Date(Math.min(at, now)) };
}

/** In the same state, and for another reason; being well needs none. */
function toRestatement(
  { server, agent_id: agentId, ...row }: Row,
  { state, reason }: Verdict,
  at: Date,
): Transition | undefined {
  if (row.state_at === null || row.state !== state || state === 'up' || row.reason === reason) return undefined;
  return { server, agentId, from: state, to: state, reason, at };
}

function nameOf(server: string, agentId: string | null): string {
  return `${server}\n${agentId ?? ''}`;
}
