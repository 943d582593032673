import { ALERT_SEVERITIES, type AlertSeverity } from '../../../contract/alert.ts';
import { ALERTS_LISTED_MAX, type AlertFact, type AlertsFacts } from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import { ALERT_LIVES } from './alert-lives.ts';
import { type AlertRow, alertOf } from './alert-row.ts';
import type { FactsWindow } from './facts-window.ts';
import { knownSince } from './known-since.ts';

type Stretch = Pick<FactsWindow, 'startsAt' | 'endsAt'>;

/** Kinds are few; a farm with more has rules that make them up. */
const KINDS_MAX = 100;

/** Alerts as they stood at the end of the period. Of one that eased or worsened in it, the severity is the worst it had in it. */
export async function gatherAlerts(database: Queryable, { startsAt, endsAt }: Stretch): Promise<AlertsFacts> {
  const [summary, kinds, list] = await Promise.all([
    readSummary(database, startsAt, endsAt),
    readKinds(database, startsAt, endsAt),
    readList(database, startsAt, endsAt),
  ]);
  return {
    opened: summary.opened,
    resolved: summary.resolved,
    open_at_end: summary.open_at_end,
    by_severity: { info: summary.info, warning: summary.warning, critical: summary.critical },
    by_kind: kinds,
    acknowledge_seconds_median: summary.acknowledge_seconds,
    resolve_seconds_median: summary.resolve_seconds,
    list,
    total: summary.total,
  };
}

interface SummaryRow {
  readonly opened: number;
  readonly resolved: number;
  readonly open_at_end: number;
  readonly info: number;
  readonly warning: number;
  readonly critical: number;
  readonly acknowledge_seconds: number | null;
  readonly resolve_seconds: number | null;
  readonly total: number;
}

async function readSummary(database: Queryable, startsAt: Date, endsAt: Date): Promise<SummaryRow> {
  const bySeverity = ALERT_SEVERITIES.map(
    (severity, index) => `count(*) FILTER (WHERE is_risen AND rank = ${index + 1}) AS ${severity}`,
  );
  const medianOf = (until: string) =>
    `percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ${until} - opened_at)::double precision)
       FILTER (WHERE is_new AND ${until} IS NOT NULL)`;
  const { rows } = await database.query<SummaryRow>(
    `WITH ${ALERT_LIVES}
     SELECT count(*) AS total, count(*) FILTER (WHERE is_new) AS opened, count(*) FILTER (WHERE resolved_at >= $1) AS resolved,
       count(*) FILTER (WHERE is_open) AS open_at_end, ${bySeverity.join(', ')},
       ${medianOf('first_acknowledged_at')} AS acknowledge_seconds, ${medianOf('resolved_at')} AS resolve_seconds
     FROM life`,
    [startsAt, endsAt],
  );
  return rows[0]!;
}

async function readKinds(database: Queryable, startsAt: Date, endsAt: Date): Promise<AlertsFacts['by_kind']> {
  const { rows } = await database.query<{ kind: string; count: number }>(
    `WITH ${ALERT_LIVES}
     SELECT kind, count(*) AS count FROM life WHERE is_new
     GROUP BY kind ORDER BY count DESC, kind COLLATE "C" LIMIT ${KINDS_MAX}`,
    [startsAt, endsAt],
  );
  return rows;
}

interface AlertLifeRow extends AlertRow {
  readonly rank: number;
  readonly is_new: boolean;
}

async function readList(database: Queryable, startsAt: Date, endsAt: Date): Promise<AlertFact[]> {
  const { rows } = await database.query<AlertLifeRow>(
    `WITH ${ALERT_LIVES}, listed AS (SELECT * FROM life ORDER BY rank DESC, opened_at, id LIMIT ${ALERTS_LISTED_MAX})
     SELECT listed.id, rank, kind, coalesce(told.title, listed.title) AS title, server, agent_id, greatest(told.count, 1)::bigint AS count,
       first_at, greatest(told.last_at, first_at) AS last_at,
       acknowledged_at, acknowledged_by, resolved_at, resolved_by, is_new
     FROM listed
     CROSS JOIN LATERAL (SELECT sum(count) AS count, max(last_at) AS last_at, (array_agg(alert_tellings.title ORDER BY bucket DESC))[1] AS title
       FROM alert_tellings WHERE alert_id = listed.id AND bucket < $2) AS told
     ORDER BY rank DESC, opened_at, id`,
    [startsAt, endsAt],
  );
  return rows.map(toAlertFact);
}

function toAlertFact(row: AlertLifeRow): AlertFact {
  return { ...alertOf(row), severity: ALERT_SEVERITIES[row.rank - 1]!, from_before: !row.is_new };
}

/** Of one AI agent (`agentId`; null: those of the server as a whole). */
export interface AgentAlerts {
  readonly server: string;
  readonly agentId: string | null;
  /** Opened in the period. */
  readonly opened: number;
  /** Opened as critical, or became critical, in the period. */
  readonly critical: number;
  /** The same of warnings. */
  readonly warning: number;
  /** Not over at its end, as bad as they are then. */
  readonly criticalOpen: number;
  readonly warningOpen: number;
}

/** Those that have any, in the order of names. */
export async function alertsByAgent(database: Queryable, { startsAt, endsAt }: Stretch): Promise<AgentAlerts[]> {
  const risen = (severity: AlertSeverity) =>
    `count(*) FILTER (WHERE is_risen AND rank = ${ALERT_SEVERITIES.indexOf(severity) + 1})`;
  const open = (severity: AlertSeverity) =>
    `count(*) FILTER (WHERE is_open AND rank_at_end = ${ALERT_SEVERITIES.indexOf(severity) + 1})`;
  const { rows } = await database.query<AgentAlerts>(
    `WITH ${ALERT_LIVES}
     SELECT server, agent_id AS "agentId", count(*) FILTER (WHERE is_new) AS opened,
       ${risen('critical')} AS critical, ${risen('warning')} AS warning,
       ${open('critical')} AS "criticalOpen", ${open('warning')} AS "warningOpen"
     FROM life GROUP BY server, agent_id ORDER BY server COLLATE "C", agent_id COLLATE "C" NULLS FIRST`,
    [startsAt, endsAt],
  );
  return rows;
}

export interface DayStretch extends Stretch {
  readonly day: string;
}

export interface AlertTotals {
  readonly opened: number;
  /** As `AlertsFacts.by_severity` has them: opened as critical, or became critical. */
  readonly critical: number;
}

/** Of each day, in the order given; null: nothing was known yet. */
export async function alertTotalsByDay(
  database: Queryable,
  days: readonly DayStretch[],
): Promise<(AlertTotals | null)[]> {
  const known = await knownSince(database);
  const { rows } = await database.query<AlertTotals>(
    `SELECT coalesce(opened, 0) AS opened, coalesce(critical, 0) AS critical
     FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS days (starts_at, ends_at, n)
     CROSS JOIN LATERAL (
       SELECT count(DISTINCT alert_id) FILTER (WHERE event = 'opened') AS opened,
         count(DISTINCT alert_id) FILTER (WHERE severity = 'critical') AS critical
       FROM alert_events WHERE at >= days.starts_at AND at < days.ends_at AND event IN ('opened', 'reopened', 'worsened')
     ) AS told
     ORDER BY n`,
    [days.map(({ startsAt }) => startsAt), days.map(({ endsAt }) => endsAt)],
  );
  return days.map(({ endsAt }, index) => (known !== undefined && known < endsAt ? rows[index]! : null));
}
