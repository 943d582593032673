import type { Transition } from '../../fleet/transitions.ts';
import type { Queryable } from '../database.ts';

/** Adds to the history of states. Whoever calls it holds the rows of those whose state changes. */
export async function recordTransitions(transaction: Queryable, transitions: readonly Transition[]): Promise<void> {
  await transaction.query(
    `INSERT INTO transitions (server, agent_id, from_state, to_state, reason, at)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])`,
    [
      transitions.map(({ server }) => server),
      transitions.map(({ agentId }) => agentId),
      transitions.map(({ from }) => from),
      transitions.map(({ to }) => to),
      transitions.map(({ reason }) => reason),
      transitions.map(({ at }) => at),
    ],
  );
}
