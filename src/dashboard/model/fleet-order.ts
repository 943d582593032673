import type { FleetAgent } from '../../contract/fleet.ts';
import type { AgentState } from '../../contract/heartbeat.ts';

export const SORT_KEYS = ['state', 'agent', 'server', 'cpu', 'ram', 'disk', 'buffer'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface FleetOrder {
  readonly by: SortKey;
  readonly descending: boolean;
}

export interface FleetFilter {
  /** Words that must all occur in an agent's name, server, state, status or last action. */
  readonly text: string;
  /** Undefined: any, but for those out of service, which are shown where they are sought by name or state. */
  readonly state: AgentState | undefined;
}

/** What needs eyes first; an agent that was put away comes last. */
const URGENCY: Readonly<Record<AgentState, number>> = { down: 0, late: 1, degraded: 2, up: 3, revoked: 4, retired: 5 };

/** Natural order: AIGARDEN2 before AIGARDEN10. One collator for all, since making one is dear. */
const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The order after a click on a column: the other way round for the same column, the useful way for a new one. */
export function nextOrder(order: FleetOrder, by: SortKey): FleetOrder {
  if (order.by === by) return { by, descending: !order.descending };
  return { by, descending: by === 'cpu' || by === 'ram' || by === 'disk' || by === 'buffer' };
}

/** Filtered and sorted; ties are broken by agent and server, so that rows never trade places without a reason. */
export function arrangeFleet(agents: Iterable<FleetAgent>, filter: FleetFilter, order: FleetOrder): FleetAgent[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = [...agents].filter(
    (agent) =>
      (filter.state === undefined ? agent.state !== 'retired' || words.length > 0 : agent.state === filter.state) &&
      holdsAll(agent, words),
  );
  const direction = order.descending ? -1 : 1;
  return chosen.sort((a, b) => direction * compare(a, b, order.by) || compareNames(a, b));
}

function holdsAll(agent: FleetAgent, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text =
    `${agent.agent_id}\n${agent.server}\n${agent.state}\n${agent.status}\n${agent.last_action ?? ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function compare(a: FleetAgent, b: FleetAgent, by: SortKey): number {
  switch (by) {
    case 'state':
      return URGENCY[a.state] - URGENCY[b.state];
    case 'agent':
      return byName.compare(a.agent_id, b.agent_id);
    case 'server':
      return byName.compare(a.server, b.server);
    case 'cpu':
      return a.metrics.cpu_percent - b.metrics.cpu_percent;
    case 'ram':
      return a.metrics.ram_percent - b.metrics.ram_percent;
    case 'disk':
      return a.metrics.disk_percent - b.metrics.disk_percent;
    case 'buffer':
      return a.metrics.buffer_size_mb - b.metrics.buffer_size_mb;
    default:
      return by satisfies never;
  }
}

function compareNames(a: FleetAgent, b: FleetAgent): number {
  return byName.compare(a.agent_id, b.agent_id) || byName.compare(a.server, b.server);
}
