import type { FleetAgent } from '../../contract/fleet.ts';
import type { AgentState } from '../../contract/heartbeat.ts';
import { NERVESYS_AGENT_ID } from '../../contract/ids.ts';
import type { FleetModel } from './fleet-model.ts';

/** The strip of numbers on top of the page. */
export interface FleetSummary {
  readonly agents: number;
  /**
   * Those that gave a sign of life themselves: neither the lean agents, which beat too, nor AI agents that are only
   * configured. None means that nobody uses the fleet yet.
   */
  readonly heardAgents: number;
  readonly byState: Readonly<Record<AgentState, number>>;
  readonly servers: number;
  readonly openAlerts: number;
  /** Records that are kept on servers and not yet archived. */
  readonly waitingRecords: number;
}

export function summarize(model: FleetModel): FleetSummary {
  const byState: Record<AgentState, number> = { up: 0, degraded: 0, late: 0, down: 0, revoked: 0, retired: 0 };
  let heardAgents = 0;
  // Every beat of a server tells the backlog of its whole buffer: the latest one of each server counts.
  const latest = new Map<string, FleetAgent>();
  for (const agent of model.agents.values()) {
    byState[agent.state] += 1;
    if (agent.state === 'retired') continue; // what waits there, nobody waits for
    if (agent.agent_id !== NERVESYS_AGENT_ID && agent.last_seen_at !== null) heardAgents += 1;
    const known = latest.get(agent.server);
    if (known === undefined || Date.parse(agent.received_at) > Date.parse(known.received_at)) {
      latest.set(agent.server, agent);
    }
  }
  let waitingRecords = 0;
  for (const agent of latest.values()) waitingRecords += agent.backlog_records;
  return {
    agents: model.agents.size,
    heardAgents,
    byState,
    servers: [...model.servers.values()].filter(({ state }) => state !== 'retired').length,
    openAlerts: model.alerts.filter((alert) => alert.state === 'open').length,
    waitingRecords,
  };
}
