import { ALERT_COUNT_MAX, type AlertReport, type AlertSeverity } from '../../../contract/alert.ts';
import type { AlertView } from '../../../contract/fleet.ts';
import { type KnownAlert, type Taken, takeReport } from '../../alerts/take-report.ts';
import type { Queryable } from '../database.ts';
import { type AlertEvent, appendAlertEvents } from './alert-events.ts';
import { ALERT_COLUMNS, type AlertRow, toAlertView } from './read-alerts.ts';

export type AlertOrigin = 'agent' | 'orchestrator';

/** An alert as it is stored: `count` times told since the request before, `at` no later than the orchestrator's now. */
export interface StoredReport extends Omit<AlertReport, 'resolved'> {
  readonly count: number;
}

/** Two that tell the same trouble make one alert. */
const RECORD_LOCK = 0x6e73_7639; // "nsv9"

const EVENT_OF: Readonly<Partial<Record<Taken, AlertEvent>>> = {
  open: 'opened',
  reopen: 'reopened',
  worse: 'worsened',
  milder: 'eased',
};

interface KnownRow {
  readonly id: number;
  readonly server: string;
  readonly dedup_key: string;
  readonly state: KnownAlert['state'];
  readonly severity: AlertSeverity;
  readonly report_id: string | null;
  readonly resolved_at: Date | null;
}

/**
 * Stores alerts, one report a server and `dedup_key`, within a transaction of the caller's; those of agents are of one server. One that isn't
 * over counts up under the same `dedup_key`; one that was over a moment ago is open again. What is news is noted as an event, from which
 * notifications are planned. Answers the alerts as they are now, without those that were told before (a repeat after a lost answer).
 */
export async function recordAlerts(
  transaction: Queryable,
  reports: readonly StoredReport[],
  now: Date,
  origin: AlertOrigin,
): Promise<AlertView[]> {
  if (reports.length === 0) return [];
  await lockAlerts(transaction, origin, reports[0]!.server);
  const known = await lockKnown(transaction, origin, reports);
  const taken = reports.map((report) => {
    const row = known.get(nameOf(report));
    const again = { severity: report.severity, reportId: report.id ?? null, count: report.count };
    return { report, row, taken: takeReport(row && toKnown(row), again, now.getTime()) };
  });
  const opened = taken.filter((one) => one.taken === 'open');
  const changed = taken.filter((one) => one.taken !== 'open' && one.taken !== 'repeat');
  const rows = [
    ...(await insertAlerts(
      transaction,
      origin,
      opened.map(({ report }) => report),
      now,
    )),
    ...(await updateAlerts(
      transaction,
      changed.map(({ report, row, taken: how }) => ({ report, id: row!.id, how })),
      now,
    )),
  ];
  const byName = new Map(rows.map((row) => [nameOf(row), row]));
  await noteTellings(
    transaction,
    taken.flatMap(({ report, taken: how }) => {
      const row = byName.get(nameOf(report));
      return how === 'repeat' || row === undefined ? [] : [{ report, id: row.id }];
    }),
    now,
  );
  await appendAlertEvents(
    transaction,
    taken.flatMap(({ report, taken: how }) => {
      const event = EVENT_OF[how];
      const row = byName.get(nameOf(report));
      return event === undefined || row === undefined
        ? []
        : [{ alertId: row.id, at: now, event, severity: row.severity, by: null, note: null }];
    }),
  );
  return rows.map(toAlertView);
}

/**
 * Whoever changes several alerts by their names comes one after the other until the transaction ends: those of an agent's server, or all of the
 * orchestrator's. To be taken before any of their rows, so that nobody waits in a circle; whoever plans takes rows without waiting.
 */
export async function lockAlerts(transaction: Queryable, origin: AlertOrigin, server: string): Promise<void> {
  const name = origin === 'agent' ? server : '';
  await transaction.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [RECORD_LOCK, name]);
}

type RecordedRow = AlertRow & { readonly dedup_key: string };

/** The newest alert of each name. Locked in the order of ids, as everybody does who changes several: so nobody waits for each other. */
async function lockKnown(
  transaction: Queryable,
  origin: AlertOrigin,
  reports: readonly StoredReport[],
): Promise<Map<string, KnownRow>> {
  const { rows } = await transaction.query<KnownRow>(
    `SELECT id, server, dedup_key, state, severity, report_id, resolved_at FROM alerts WHERE id IN (
       SELECT newest.id FROM unnest($2::text[], $3::text[]) AS told (server, dedup_key)
       CROSS JOIN LATERAL (SELECT id FROM alerts
         WHERE alerts.server = told.server AND origin = $1 AND alerts.dedup_key = told.dedup_key ORDER BY id DESC LIMIT 1) newest)
     ORDER BY id FOR NO KEY UPDATE`,
    [origin, reports.map(({ server }) => server), reports.map((report) => report.dedup_key)],
  );
  return new Map(rows.map((row) => [nameOf(row), row]));
}

function nameOf({ server, dedup_key: key }: { readonly server: string; readonly dedup_key: string }): string {
  return `${server}\n${key}`;
}

function toKnown(row: KnownRow): KnownAlert {
  return {
    state: row.state,
    severity: row.severity,
    reportId: row.report_id,
    resolvedAt: row.resolved_at?.getTime() ?? null,
  };
}

async function insertAlerts(
  transaction: Queryable,
  origin: AlertOrigin,
  reports: readonly StoredReport[],
  now: Date,
): Promise<RecordedRow[]> {
  if (reports.length === 0) return [];
  const { rows } = await transaction.query<RecordedRow>(
    `INSERT INTO alerts (origin, server, dedup_key, agent_id, severity, kind, title, detail, count, first_at, last_at, heard_at, report_id)
     SELECT $1, told.server, told.dedup_key, told.agent_id, told.severity, told.kind, told.title, told.detail, told.count, told.at, told.at,
       $12, told.report_id
     FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::int[], $10::timestamptz[],
       $11::text[]) AS told (server, dedup_key, agent_id, severity, kind, title, detail, count, at, report_id)
     RETURNING dedup_key, ${ALERT_COLUMNS}`,
    [origin, reports.map(({ server }) => server), ...columns(reports), now],
  );
  return rows;
}

/** As `withModelOf`, of what is stored. */
const KEPT_DETAIL = `CASE
  WHEN told.count = 0 THEN alerts.detail || jsonb_build_object('model', coalesce(told.detail -> 'model', alerts.detail -> 'model'))
  WHEN jsonb_typeof(alerts.detail -> 'model') = 'object' AND NOT told.detail ? 'model' AND alerts.detail -> 'template' = told.detail -> 'template'
    THEN told.detail || jsonb_build_object('model', alerts.detail -> 'model')
  ELSE told.detail END`;

async function updateAlerts(
  transaction: Queryable,
  changes: readonly { readonly report: StoredReport; readonly id: number; readonly how: Taken }[],
  now: Date,
): Promise<RecordedRow[]> {
  if (changes.length === 0) return [];
  const { rows } = await transaction.query<RecordedRow>(
    `UPDATE alerts SET
       count = least(alerts.count::bigint + told.count, ${ALERT_COUNT_MAX}), last_at = greatest(alerts.last_at, told.at), heard_at = $12, severity = told.severity, kind = told.kind,
       title = told.title, detail = ${KEPT_DETAIL}, report_id = told.report_id,
       state = CASE WHEN told.how IN ('reopen', 'worse') THEN 'open' ELSE alerts.state END,
       acknowledged_by = CASE WHEN told.how IN ('reopen', 'worse') THEN NULL ELSE alerts.acknowledged_by END,
       acknowledged_at = CASE WHEN told.how IN ('reopen', 'worse') THEN NULL ELSE alerts.acknowledged_at END,
       reopened = alerts.reopened + CASE told.how WHEN 'reopen' THEN 1 ELSE 0 END,
       resolved_at = NULL, resolved_by = NULL
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::int[], $8::timestamptz[], $9::text[],
       $10::bigint[], $11::text[]) AS told (dedup_key, agent_id, severity, kind, title, detail, count, at, report_id, id, how)
     WHERE alerts.id = told.id
     RETURNING alerts.dedup_key, ${ALERT_COLUMNS.replaceAll(/[a-z_]+/g, 'alerts.$&')}`,
    [...columns(changes.map(({ report }) => report)), changes.map(({ id }) => id), changes.map(({ how }) => how), now],
  );
  return rows;
}

/** How each stands in this quarter-hour, for whoever asks later how it stood then. */
async function noteTellings(
  transaction: Queryable,
  tellings: readonly { readonly report: StoredReport; readonly id: number }[],
  now: Date,
): Promise<void> {
  if (tellings.length === 0) return;
  await transaction.query(
    `INSERT INTO alert_tellings AS known (alert_id, bucket, count, last_at, title)
     SELECT id, date_bin('15 minutes', $5::timestamptz, 'epoch'), count, at, title
     FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[]) AS told (id, count, at, title)
     ON CONFLICT (alert_id, bucket) DO UPDATE
     SET count = known.count + excluded.count, last_at = greatest(known.last_at, excluded.last_at), title = excluded.title`,
    [
      tellings.map(({ id }) => id),
      tellings.map(({ report }) => report.count),
      tellings.map(({ report }) => report.at),
      tellings.map(({ report }) => report.title),
      now,
    ],
  );
}

function columns(reports: readonly StoredReport[]): unknown[] {
  return [
    reports.map((report) => report.dedup_key),
    reports.map((report) => report.agent_id),
    reports.map((report) => report.severity),
    reports.map((report) => report.kind),
    reports.map((report) => report.title),
    reports.map((report) => JSON.stringify(report.detail)),
    reports.map((report) => report.count),
    reports.map((report) => report.at),
    reports.map((report) => report.id ?? null),
  ];
}
