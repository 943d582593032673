import type { AgentState } from '../../../contract/heartbeat.ts';
import type { Transition } from '../../fleet/transitions.ts';
import type { Queryable } from '../database.ts';

/** An AI agent on a server; without `agentId` the server itself, with all that runs on it. */
export interface Subject {
  readonly server: string;
  readonly agentId?: string | undefined;
}

type Judgement = Pick<Transition, 'to' | 'reason'>;

const RETIRED: Judgement = { to: 'retired', reason: 'taken out of service' };
const REVOKED: Judgement = { to: 'revoked', reason: "the server's key was revoked" };
/** As the watch judges it too, from then on (judge-state.ts). */
const AWAITED: Judgement = { to: 'late', reason: 'back in service, and not heard since' };

/**
 * Takes a server or an AI agent out of service: nobody is alarmed by its silence, its history stays. Answers the transitions, for whoever holds
 * the transaction to record; none where it was out of service already. `undefined`: there is none of that name.
 */
export async function retire(transaction: Queryable, subject: Subject, now: Date): Promise<Transition[] | undefined> {
  const server = await lockServer(transaction, subject.server);
  if (server === undefined || !(await isKnown(transaction, subject))) return undefined;
  const agents = await moveAgents(transaction, subject, now, RETIRED);
  if (subject.agentId !== undefined || server.retiredAt !== null) return agents;
  return [await moveServer(transaction, server, now, RETIRED), ...agents];
}

/** Puts it back: it is expected from `now` on. With a server come those of its AI agents that were taken out with it, or later. */
export async function reinstate(
  transaction: Queryable,
  subject: Subject,
  now: Date,
): Promise<Transition[] | undefined> {
  const server = await lockServer(transaction, subject.server);
  if (server === undefined || !(await isKnown(transaction, subject))) return undefined;
  const to = server.isRevoked ? REVOKED : AWAITED;
  if (subject.agentId !== undefined) return moveAgents(transaction, subject, now, to);
  if (server.retiredAt === null) return [];
  const agents = await moveAgents(transaction, subject, now, to, server.retiredAt);
  return [await moveServer(transaction, server, now, to), ...agents];
}

interface LockedServer {
  readonly server: string;
  /** Null: not judged yet. */
  readonly state: AgentState | null;
  readonly retiredAt: Date | null;
  readonly isRevoked: boolean;
}

/** Always before its AI agents, so that two who change them at once don't wait for each other. */
async function lockServer(transaction: Queryable, name: string): Promise<LockedServer | undefined> {
  const { rows } = await transaction.query<LockedServer>(
    `SELECT server, CASE WHEN state_at IS NOT NULL THEN state END AS state, retired_at AS "retiredAt", revoked_at IS NOT NULL AS "isRevoked"
     FROM servers WHERE server = $1 FOR UPDATE`,
    [name],
  );
  return rows[0];
}

async function isKnown(transaction: Queryable, { server, agentId }: Subject): Promise<boolean> {
  if (agentId === undefined) return true;
  const { count } = await transaction.query('SELECT 1 FROM agents_latest WHERE server = $1 AND agent_id = $2', [
    server,
    agentId,
  ]);
  return count > 0;
}

const MOVE = `state = $2::text, reason = $3, state_at = $4::timestamptz, next_judged_at = $4::timestamptz,
  retired_at = CASE WHEN $2::text = 'retired' THEN $4::timestamptz END, reinstated_at = CASE WHEN $2::text <> 'retired' THEN $4::timestamptz END`;

async function moveServer(
  transaction: Queryable,
  { server, state }: LockedServer,
  at: Date,
  { to, reason }: Judgement,
): Promise<Transition> {
  await transaction.query(`UPDATE servers SET ${MOVE} WHERE server = $1`, [server, to, reason, at]);
  return { server, agentId: null, from: state, to, reason, at };
}

/** Those that aren't there yet; where `since` is given only those that were taken out of service from then on. */
async function moveAgents(
  transaction: Queryable,
  { server, agentId }: Subject,
  at: Date,
  { to, reason }: Judgement,
  since?: Date,
): Promise<Transition[]> {
  const { rows } = await transaction.query<{ agentId: string; from: AgentState | null }>(
    `WITH known AS (
       SELECT agent_id, CASE WHEN state_at IS NOT NULL THEN state END AS before FROM agents_latest
       WHERE server = $1 AND ($5::text IS NULL OR agent_id = $5) AND (retired_at IS NULL) = ($2::text = 'retired')
         AND ($6::timestamptz IS NULL OR retired_at >= $6)
       ORDER BY agent_id FOR UPDATE)
     UPDATE agents_latest latest SET ${MOVE} FROM known
     WHERE latest.server = $1 AND latest.agent_id = known.agent_id
     RETURNING latest.agent_id AS "agentId", known.before AS "from"`,
    [server, to, reason, at, agentId ?? null, since ?? null],
  );
  return rows.map((row) => ({ server, ...row, to, reason, at }));
}
