import type { AlertSeverity } from '../../contract/alert.ts';
import type { AlertView } from '../../contract/fleet.ts';
import type { AgentId, ServerName } from '../../contract/ids.ts';
import type { Database, Queryable } from '../database/database.ts';
import { recordAlerts, type StoredReport } from '../database/queries/record-alerts.ts';
import { type AlertName, resolveAlerts } from '../database/queries/resolve-alerts.ts';
import { holdable, storable } from '../database/storable.ts';
import { type EventHub, publishAlerts } from '../fleet/event-hub.ts';

/** What is about no server but the orchestrator itself is told under this name. */
export const ORCHESTRATOR_ALERTS_SERVER = 'orchestrator' as ServerName;

/** A trouble that the orchestrator has found, about a server or about itself. */
export interface OwnTrouble {
  readonly server: string;
  readonly agentId: string | null;
  /** Names the trouble on this server: found again it counts up. */
  readonly dedupKey: string;
  readonly kind: string;
  readonly severity: AlertSeverity;
  readonly title: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Opens alerts, or counts up and changes those that are open; within a transaction. Publish what it answers after the commit. */
export async function raiseAlerts(
  transaction: Queryable,
  troubles: readonly OwnTrouble[],
  at: Date,
): Promise<AlertView[]> {
  const reports = new Map<string, StoredReport>();
  for (const { server, agentId, dedupKey, kind, severity, title, detail } of troubles) {
    const key = nameOf(dedupKey);
    reports.set(`${server}\n${key}`, {
      dedup_key: key,
      severity,
      server: server as ServerName,
      agent_id: agentId as AgentId | null,
      kind,
      title: holdable(title.slice(0, 500)),
      detail: storable(detail) ?? {}, // it nests too deeply for anybody to read
      at: at.toISOString(),
      count: 1,
    });
  }
  return recordAlerts(transaction, [...reports.values()], at, 'orchestrator');
}

/** Resolves alerts that the orchestrator itself has raised; within a transaction. Answers those that weren't over yet. */
export async function settleAlerts(
  transaction: Queryable,
  names: readonly AlertName[],
  at: Date,
): Promise<AlertView[]> {
  if (names.length === 0) return [];
  return resolveAlerts(
    transaction,
    {
      origin: 'orchestrator',
      names: names.map(({ server, dedupKey }) => ({ server, dedupKey: nameOf(dedupKey) })),
    },
    at,
  );
}

/** As it is stored: found again by the same. */
function nameOf(dedupKey: string): string {
  return holdable(dedupKey.slice(0, 200));
}

/** Where alerts that stand by themselves are stored and told. */
export interface AlertDesk {
  readonly database: Pick<Database, 'transaction'>;
  readonly hub: Pick<EventHub, 'publish'>;
}

/** Raises alerts in a transaction of their own, and tells of them. */
export async function raiseNow({ database, hub }: AlertDesk, troubles: readonly OwnTrouble[], at: Date): Promise<void> {
  publishAlerts(hub, await database.transaction((transaction) => raiseAlerts(transaction, troubles, at)));
}

/** The same for resolving them. */
export async function settleNow({ database, hub }: AlertDesk, names: readonly AlertName[], at: Date): Promise<void> {
  publishAlerts(hub, await database.transaction((transaction) => settleAlerts(transaction, names, at)));
}
