/**
 * SQL, a list of CTEs that ends in `piece`: in which state each AI agent and server (`agent_id` null) was, from $1 up to $2, without a hole:
 * `server, agent_id, judged_state, state, reason, from_at, until_at, seconds`. What is not known is the state `unknown`.
 *
 * $3, a tstzmultirange as text: when nobody was heard. What was judged before it says nothing of how it went on then, but for those that are
 * down until they are heard, and those out of service; `judged_state` has it all the same.
 *
 * The state at $1 is that of the last transition until then; where there is none that from which the first one afterwards led away; and where
 * there is none at all the present one, if it holds for that long. So it comes out the same whenever it is asked.
 */
export const STATE_PIECES = `beginning AS (
    ${beginningOf('agents_latest', 'agent_id', 'transitions.agent_id = known.agent_id')}
    UNION ALL ${beginningOf('servers', 'NULL::varchar AS agent_id', 'transitions.agent_id IS NULL')}
  ), mark AS (
    SELECT server, agent_id, $1::timestamptz AS at, 0::bigint AS id, state, reason FROM beginning
    UNION ALL SELECT server, agent_id, at, id, to_state, reason FROM transitions WHERE at > $1 AND at < $2
  ), judged AS (
    SELECT server, agent_id, coalesce(state, 'unknown') AS state, CASE WHEN state IS NULL THEN '' ELSE reason END AS reason,
      tstzrange(at, lead(at, 1, $2::timestamptz) OVER (PARTITION BY server, agent_id ORDER BY at, id)) AS held
    FROM mark
  ), doubted AS (
    SELECT *, CASE WHEN state IN ('up', 'degraded', 'late') THEN $3::tstzmultirange ELSE '{}' END AS unheard FROM judged WHERE NOT isempty(held)
  ), held AS (
    SELECT server, agent_id, state AS judged_state, state, reason, unnest(tstzmultirange(held) - unheard) AS held FROM doubted
    UNION ALL SELECT server, agent_id, state, 'unknown', '', unnest(tstzmultirange(held) * unheard) FROM doubted
  ), piece AS (
    SELECT server, agent_id, judged_state, state, reason, lower(held) AS from_at, upper(held) AS until_at,
      extract(epoch FROM upper(held) - lower(held))::float8 AS seconds
    FROM held
  )`;

/** SQL: whether it is in service then, so that it counts: not in a state that somebody has put it into. */
export function inService(state: 'state' | 'judged_state'): string {
  return `${state} IN ('up', 'degraded', 'late', 'down')`;
}

/** A multirange as Postgres reads it. Instants in order, without overlap. */
export function multirange(stretches: readonly { readonly from: Date; readonly to: Date }[]): string {
  return `{${stretches.map(({ from, to }) => `[${from.toISOString()},${to.toISOString()})`).join(',')}}`;
}

function beginningOf(table: string, agent: string, own: string): string {
  const mine = `transitions.server = known.server AND ${own}`;
  return `SELECT known.server, ${agent.replace(/^agent_id$/, 'known.agent_id')},
      CASE WHEN before.to_state IS NOT NULL THEN before.to_state WHEN later.to_state IS NOT NULL THEN later.from_state
        WHEN known.state_at <= $1 THEN known.state END AS state,
      CASE WHEN before.to_state IS NOT NULL THEN before.reason WHEN later.to_state IS NULL THEN known.reason ELSE '' END AS reason
    FROM ${table} known
    LEFT JOIN LATERAL (SELECT to_state, reason FROM transitions WHERE ${mine} AND at <= $1 ORDER BY at DESC, id DESC LIMIT 1) before ON true
    LEFT JOIN LATERAL (SELECT from_state, to_state FROM transitions WHERE ${mine} AND at > $1 AND before.to_state IS NULL
      ORDER BY at, id LIMIT 1) later ON true`;
}
