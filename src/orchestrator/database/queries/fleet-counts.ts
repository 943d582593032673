import type { AlertSeverity } from '../../../contract/alert.ts';
import type { AgentState } from '../../../contract/heartbeat.ts';
import type { Queryable } from '../database.ts';

interface Count<Labels> {
  readonly labels: Labels;
  readonly value: number;
}

/** How many of what there are, for `GET /metrics`. */
export interface FleetCounts {
  readonly agents: readonly Count<{ readonly state: AgentState }>[];
  readonly servers: readonly Count<{ readonly state: AgentState }>[];
  readonly alerts: readonly Count<{ readonly state: 'open' | 'acknowledged'; readonly severity: AlertSeverity }>[];
  readonly refusing: number;
}

/** Reads one row an AI agent and a server, and one for each alert that is not resolved: not to be asked with every scrape. */
export async function readFleetCounts(database: Queryable): Promise<FleetCounts> {
  const { rows } = await database.query<{ of: string; state: string; severity: string; value: number }>(
    `SELECT 'agents' AS of, state, '' AS severity, count(*) AS value FROM agents_latest GROUP BY state
     UNION ALL SELECT 'servers', state, '', count(*) FROM servers GROUP BY state
     UNION ALL SELECT 'alerts', state, severity, count(*) FROM alerts WHERE state <> 'resolved' GROUP BY state, severity
     UNION ALL SELECT 'refusing', '', '', count(*) FROM servers WHERE revoked_at IS NULL AND config_error IS NOT NULL`,
  );
  const of = <Labels>(which: string, labels: (row: (typeof rows)[number]) => unknown): Count<Labels>[] =>
    rows.filter((row) => row.of === which).map((row) => ({ labels: labels(row) as Labels, value: row.value }));
  return {
    agents: of('agents', ({ state }) => ({ state })),
    servers: of('servers', ({ state }) => ({ state })),
    alerts: of('alerts', ({ state, severity }) => ({ state, severity })),
    refusing: rows.find((row) => row.of === 'refusing')?.value ?? 0,
  };
}
