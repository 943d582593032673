import type { AlertFact } from '../../../contract/report-facts.ts';

/** An alert as a part of the facts reads it, whatever else that part asks of it. */
export interface AlertRow {
  readonly id: number;
  readonly kind: string;
  readonly title: string;
  readonly server: string;
  readonly agent_id: string | null;
  readonly count: number;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly acknowledged_at: Date | null;
  readonly acknowledged_by: string | null;
  readonly resolved_at: Date | null;
  readonly resolved_by: string | null;
}

/** What every part tells of an alert alike. */
export function alertOf(row: AlertRow): Omit<AlertFact, 'severity' | 'from_before'> {
  return {
    id: String(row.id),
    kind: row.kind,
    title: row.title,
    server: row.server,
    agent_id: row.agent_id,
    count: row.count,
    first_at: row.first_at.toISOString(),
    last_at: row.last_at.toISOString(),
    acknowledged_at: row.acknowledged_at?.toISOString() ?? null,
    acknowledged_by: row.acknowledged_by,
    resolved_at: row.resolved_at?.toISOString() ?? null,
    resolved_by: row.resolved_by,
  };
}
