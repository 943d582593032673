import type { AgentState } from './heartbeat.ts';

/** A change of state, as it was judged once and for all. */
export interface TransitionView {
  /** Null: it was not known before. */
  readonly from: AgentState | null;
  readonly to: AgentState;
  readonly reason: string;
  /** From when on it holds, by the orchestrator's clock. */
  readonly at: string;
}

/** `GET /api/v1/servers/<server>/timeline` and `GET /api/v1/agents/<agent_id>/timeline?server=`. */
export interface Timeline {
  readonly server: string;
  readonly agent_id: string | null;
  readonly since: string;
  /** Where it ends: as was asked for, or now, or where there is more. */
  readonly until: string;
  /** Its state at `since`; null: it was not known then. */
  readonly state: AgentState | null;
  /** Oldest first. */
  readonly transitions: readonly TransitionView[];
  /** Seconds of this time in each state that occurs. */
  readonly seconds: Readonly<Partial<Record<AgentState | 'unknown', number>>>;
  /** There is more: ask again with `since` here. */
  readonly next_since?: string;
}

/** How long it was in which state from `since` to `until`. Pure. */
export function secondsByState(line: Pick<Timeline, 'since' | 'until' | 'state' | 'transitions'>): Timeline['seconds'] {
  const seconds: Partial<Record<AgentState | 'unknown', number>> = {};
  let state = line.state;
  let from = Date.parse(line.since);
  const spend = (until: number) => {
    if (until <= from) return; // a clock that was set back: what is told later holds
    const key = state ?? 'unknown';
    seconds[key] = (seconds[key] ?? 0) + (until - from) / 1_000;
    from = until;
  };
  for (const { to, at } of line.transitions) {
    spend(Math.min(Date.parse(at), Date.parse(line.until)));
    state = to;
  }
  spend(Date.parse(line.until));
  return seconds;
}
