import type { AgentState } from '../../contract/heartbeat.ts';
import type { FleetModel } from './fleet-model.ts';

/** The strip of numbers on top of the page. */
export interface FleetSummary {
  readonly agents: number;
  readonly byState: Readonly<Record<AgentState, number>>;
  readonly servers: number;
  readonly openAlerts: number;
  /** Records that are kept on servers and not yet archived. */
  readonly waitingRecords: number;
}

export function summarize(model: FleetModel): FleetSummary {
  const byState: Record<AgentState, number> = { up: 0, degraded: 0, late: 0, down: 0, revoked: 0, retired: 0 };
  let waitingRecords = 0;
  for (const agent of model.agents.values()) {
    byState[agent.state] += 1;
    waitingRecords += agent.backlog_records;
  }
  return {
    agents: model.agents.size,
    byState,
    servers: model.servers.size,
    openAlerts: model.alerts.filter((alert) => alert.state === 'open').length,
    waitingRecords,
  };
}
