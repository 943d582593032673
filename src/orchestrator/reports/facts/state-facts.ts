import type { AgentState } from '../../../contract/heartbeat.ts';
import type { AgentFacts, StateSpan } from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import { inService, multirange, STATE_PIECES } from './state-rows.ts';
import { boundSpans } from './state-spans.ts';

/** What transitions tell over a period: who was in which state for how long. */

export interface StateStretch {
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** When nobody was heard, in order. */
  readonly unheard: readonly { readonly from: Date; readonly to: Date }[];
}

export type Seconds = AgentFacts['seconds'];

export interface SubjectStates {
  readonly server: string;
  /** Null: the server itself. */
  readonly agentId: string | null;
  readonly seconds: Seconds;
  /** At some time; else it was out of service, or wasn't there yet. */
  readonly isInService: boolean;
  /** At the end; null: not known. */
  readonly state: AgentState | null;
  /** Times that it was down; one that was going on when the period began is one too. */
  readonly outages: number;
  readonly longestOutageSeconds: number;
  /** How many spans in all. */
  readonly spans: number;
}

interface SubjectRow {
  readonly server: string;
  readonly agent_id: string | null;
  readonly state: AgentState | 'unknown';
  readonly seconds: number;
  readonly spans: number;
  readonly longest: number;
  readonly at_end: boolean;
  readonly in_service: boolean;
}

/** Of all that are known, also those that weren't there yet, which are unknown all the time. */
export async function readStates(database: Queryable, stretch: StateStretch): Promise<SubjectStates[]> {
  const { rows } = await database.query<SubjectRow>(
    `WITH ${STATE_PIECES}
     SELECT server, agent_id, state, sum(seconds) AS seconds, count(*) AS spans, max(seconds) AS longest, bool_or(until_at = $2) AS at_end,
       bool_or(${inService('judged_state')}) AS in_service
     FROM piece GROUP BY server, agent_id, state ORDER BY server, agent_id, state`,
    stateParams(stretch),
    { patient: true },
  );
  const subjects = new Map<string, SubjectStates>();
  for (const row of rows) {
    const { server, agent_id: agentId, state, seconds, spans, longest, at_end: isAtEnd } = row;
    const name = nameOf(server, agentId);
    const known = subjects.get(name);
    subjects.set(name, {
      server,
      agentId,
      seconds: { ...known?.seconds, [state]: toMs(seconds) },
      isInService: row.in_service || known?.isInService === true,
      state: isAtEnd && state !== 'unknown' ? state : (known?.state ?? null),
      outages: state === 'down' ? spans : (known?.outages ?? 0),
      longestOutageSeconds: state === 'down' ? toMs(longest) : (known?.longestOutageSeconds ?? 0),
      spans: (known?.spans ?? 0) + spans,
    });
  }
  return [...subjects.values()];
}

/** Seconds of these AI agents in each state, by the place of the slot. */
export async function readSlotStates(
  database: Queryable,
  stretch: StateStretch,
  slots: readonly { readonly startsAt: Date; readonly endsAt: Date }[],
  agents: readonly { readonly server: string; readonly agentId: string }[],
): Promise<readonly Seconds[]> {
  const { rows } = await database.query<{ n: number; state: AgentState | 'unknown'; seconds: number }>(
    `WITH ${STATE_PIECES}
     SELECT n, state, sum(extract(epoch FROM least(until_at, slot.ends_at) - greatest(from_at, slot.starts_at)))::float8 AS seconds
     FROM piece JOIN unnest($6::text[], $7::text[]) AS listed (server, agent_id) USING (server, agent_id)
     JOIN unnest($4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY AS slot (starts_at, ends_at, n)
       ON slot.starts_at < until_at AND slot.ends_at > from_at
     GROUP BY n, state ORDER BY n, state`,
    [
      ...stateParams(stretch),
      slots.map(({ startsAt }) => startsAt),
      slots.map(({ endsAt }) => endsAt),
      agents.map(({ server }) => server),
      agents.map(({ agentId }) => agentId),
    ],
    { patient: true },
  );
  const seconds: Partial<Record<AgentState | 'unknown', number>>[] = slots.map(() => ({}));
  for (const row of rows) seconds[row.n - 1]![row.state] = toMs(row.seconds);
  return seconds;
}

/** More of one AI agent are drawn together before they come here: one that changes its state all the time makes thousands. */
const SPANS_READ_MAX = 300;

export interface AgentSpans {
  readonly server: string;
  readonly agentId: string;
  /** In the order of time, at most `STATE_SPANS_MAX`. */
  readonly spans: readonly StateSpan[];
}

/** Of these AI agents. */
export async function readSpans(
  database: Queryable,
  stretch: StateStretch,
  agents: readonly { readonly server: string; readonly agentId: string }[],
): Promise<AgentSpans[]> {
  const { rows } = await database.query<{ server: string; agent_id: string; spans: StateSpan[] }>(
    // Where there are too many, those that begin in the same part of the period are one, in the state of the longest of them.
    `WITH ${STATE_PIECES}, counted AS (
       SELECT piece.*, count(*) OVER (PARTITION BY server, agent_id) AS count FROM piece
       JOIN unnest($4::text[], $5::text[]) AS listed (server, agent_id) USING (server, agent_id)
     ), parted AS (
       SELECT *, CASE WHEN count <= ${SPANS_READ_MAX} THEN row_number() OVER (PARTITION BY server, agent_id ORDER BY from_at)
         ELSE floor(extract(epoch FROM from_at - $1) * ${SPANS_READ_MAX} / extract(epoch FROM $2::timestamptz - $1)) END AS part
       FROM counted
     ), drawn AS (
       SELECT server, agent_id, min(from_at) AS from_at, max(until_at) AS until_at,
         (array_agg(state ORDER BY seconds DESC, from_at))[1] AS state, (array_agg(reason ORDER BY seconds DESC, from_at))[1] AS reason
       FROM parted GROUP BY server, agent_id, part)
     SELECT server, agent_id, json_agg(json_build_object('from', ${inMs('from_at')}, 'to', ${inMs('until_at')}, 'state', state,
       'reason', reason) ORDER BY from_at) AS spans
     FROM drawn GROUP BY server, agent_id`,
    [...stateParams(stretch), agents.map(({ server }) => server), agents.map(({ agentId }) => agentId)],
    { patient: true },
  );
  return rows.map((row) => ({ server: row.server, agentId: row.agent_id, spans: boundSpans(row.spans) }));
}

/** What a fleet was over one of several stretches of time; null: it was not known. */
export interface FleetStates {
  readonly servers: number | null;
  readonly agents: number | null;
  readonly seconds: Seconds;
}

/** Over stretches that follow on each other, in their order. One statement, however many they are. */
export async function readFleetStates(
  database: Queryable,
  units: readonly { readonly startsAt: Date; readonly endsAt: Date }[],
): Promise<readonly FleetStates[]> {
  const [first, last] = [units[0], units.at(-1)];
  if (first === undefined || last === undefined) return [];
  const { rows } = await database.query<
    { n: number; servers: number; agents: number } & Readonly<Record<(typeof SUMMED)[number], number | null>>
  >(
    `WITH ${STATE_PIECES}, part AS (
       SELECT server, agent_id, state, n, extract(epoch FROM least(until_at, unit.ends_at) - greatest(from_at, unit.starts_at))::float8 AS seconds
       FROM piece JOIN unnest($4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY AS unit (starts_at, ends_at, n)
         ON unit.starts_at < until_at AND unit.ends_at > from_at
       WHERE ${inService('state')})
     SELECT n, count(DISTINCT server) AS servers, count(DISTINCT (server, agent_id)) FILTER (WHERE agent_id IS NOT NULL) AS agents,
       ${SUMMED.map((state) => `sum(seconds) FILTER (WHERE agent_id IS NOT NULL AND state = '${state}') AS ${state}`).join(', ')}
     FROM part GROUP BY n`,
    [
      ...stateParams({ startsAt: first.startsAt, endsAt: last.endsAt, unheard: [] }),
      units.map(({ startsAt }) => startsAt),
      units.map(({ endsAt }) => endsAt),
    ],
    { patient: true },
  );
  const told = new Map(rows.map((row) => [row.n - 1, row]));
  return units.map((_, index) => {
    const row = told.get(index);
    if (row === undefined) return { servers: null, agents: null, seconds: {} };
    const seconds = SUMMED.flatMap((state) => (row[state] === null ? [] : [[state, toMs(row[state])] as const]));
    return { servers: row.servers, agents: row.agents, seconds: Object.fromEntries(seconds) };
  });
}

const SUMMED = ['up', 'degraded', 'late', 'down'] as const;

/** Of the time in which it could be judged the share that it was up or degraded; null: it never could. */
export function availabilityOf({ up = 0, degraded = 0, late = 0, down = 0 }: Seconds): number | null {
  const judged = up + degraded + late + down;
  return judged === 0 ? null : (up + degraded) / judged;
}

function stateParams({ startsAt, endsAt, unheard }: StateStretch): unknown[] {
  return [startsAt, endsAt, multirange(unheard)];
}

/** As `Date.toISOString` has it. */
function inMs(time: string): string {
  return `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Seconds to the millisecond: sums of what isn't binary would show how they were added up. */
function toMs(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}

function nameOf(server: string, agentId: string | null): string {
  return agentId === null ? server : `${server}\n${agentId}`;
}
