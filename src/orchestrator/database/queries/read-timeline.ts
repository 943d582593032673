import type { AgentState } from '../../../contract/heartbeat.ts';
import { secondsByState, type Timeline, type TransitionView } from '../../../contract/timeline.ts';
import type { Database, Queryable } from '../database.ts';

/** Two weeks of one that is late every twenty minutes; who asks for more goes on from there. */
export const TRANSITIONS_MAX = 1_000;

export interface TimelineRequest {
  readonly server: string;
  /** Null: the server itself. */
  readonly agentId: string | null;
  readonly since: Date;
  /** Not later than now. */
  readonly until: Date;
}

interface Row {
  readonly from_state: AgentState | null;
  readonly to_state: AgentState;
  readonly reason: string;
  readonly at: Date;
}

/** The states of one server or AI agent over some time. `undefined`: there is none of that name. */
export async function readTimeline(database: Database, request: TimelineRequest): Promise<Timeline | undefined> {
  // In one snapshot: a transition between the questions would be told of by half.
  return database.transaction(async (transaction) => {
    await transaction.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    return read(transaction, request);
  });
}

async function read(database: Queryable, request: TimelineRequest): Promise<Timeline | undefined> {
  const { server, agentId, since } = request;
  const own = agentId === null ? 'agent_id IS NULL' : 'agent_id = $2';
  const subject = agentId === null ? [server] : [server, agentId];
  const [n, m] = [subject.length + 1, subject.length + 2];
  const known = await database.query<{ state: AgentState; state_at: Date | null }>(
    agentId === null
      ? 'SELECT state, state_at FROM servers WHERE server = $1'
      : 'SELECT state, state_at FROM agents_latest WHERE server = $1 AND agent_id = $2',
    subject,
  );
  const current = known.rows[0];
  if (current === undefined) return undefined;
  const before = await database.query<Row>(
    `SELECT from_state, to_state, reason, at FROM transitions WHERE server = $1 AND ${own} AND at < $${n}
     ORDER BY at DESC, id DESC LIMIT 1`,
    [...subject, since],
  );
  const { rows } = await database.query<Row>(
    `SELECT from_state, to_state, reason, at FROM transitions WHERE server = $1 AND ${own} AND at >= $${n} AND at < $${m}
     ORDER BY at, id LIMIT ${TRANSITIONS_MAX + 1}`,
    [...subject, since, request.until],
  );
  const more = rows[TRANSITIONS_MAX];
  const transitions = rows.slice(0, TRANSITIONS_MAX).map(toView);
  const line = {
    server,
    agent_id: agentId,
    since: since.toISOString(),
    until: (more?.at ?? request.until).toISOString(),
    state: before.rows[0]?.to_state ?? stateWithout(rows[0], current, since),
    transitions,
  };
  return {
    ...line,
    seconds: secondsByState(line),
    ...(more === undefined ? {} : { next_since: line.until }),
  };
}

/** Its state at `since` where no transition before tells it. */
function stateWithout(
  first: Row | undefined,
  current: { readonly state: AgentState; readonly state_at: Date | null },
  since: Date,
): AgentState | null {
  if (first !== undefined) return first.from_state;
  return current.state_at !== null && current.state_at <= since ? current.state : null;
}

function toView({ from_state: from, to_state: to, reason, at }: Row): TransitionView {
  return { from, to, reason, at: at.toISOString() };
}
