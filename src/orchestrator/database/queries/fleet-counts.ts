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
  readonly deliveriesWaiting: number;
  /** When the last good backup was begun, epoch ms; null: there is none. */
  readonly lastBackupAt: number | null;
}

/** Reads one row an AI agent and a server, and one for each alert that is not resolved: not to be asked with every scrape. */
export async function readFleetCounts(database: Queryable): Promise<FleetCounts> {
  const { rows } = await database.query<{ of: string; state: string; severity: string; value: number | null }>(
    `SELECT 'agents' AS of, state, '' AS severity, count(*) AS value FROM agents_latest GROUP BY state
     UNION ALL SELECT 'servers', state, '', count(*) FROM servers GROUP BY state
     UNION ALL SELECT 'alerts', state, severity, count(*) FROM alerts WHERE state <> 'resolved' GROUP BY state, severity
     UNION ALL SELECT 'refusing', '', '', count(*) FROM servers WHERE revoked_at IS NULL AND config_error IS NOT NULL
     UNION ALL SELECT 'waiting', '', '', count(*) FROM notifications WHERE state = 'waiting'
     UNION ALL SELECT 'backup', '', '', (extract(epoch FROM max(started_at)) * 1000)::bigint FROM backups WHERE state = 'done'`,
  );
  const of = <Labels>(which: string, labels: (row: (typeof rows)[number]) => unknown): Count<Labels>[] =>
    rows.filter((row) => row.of === which).map((row) => ({ labels: labels(row) as Labels, value: row.value ?? 0 }));
  const one = (which: string) => rows.find((row) => row.of === which)?.value;
  return {
    agents: of('agents', ({ state }) => ({ state })),
    servers: of('servers', ({ state }) => ({ state })),
    alerts: of('alerts', ({ state, severity }) => ({ state, severity })),
    refusing: one('refusing') ?? 0,
    deliveriesWaiting: one('waiting') ?? 0,
    lastBackupAt: one('backup') ?? null,
  };
}
