import { LINES_BEFORE_MAX } from '../../../contract/alert.ts';
import { isLevel } from '../../../contract/record.ts';
import {
  CRITICAL_ALERTS_MAX,
  type CriticalAlertFacts,
  type CriticalFacts,
  type FactsPeriod,
} from '../../../contract/report-facts.ts';
import type { Queryable } from '../../database/database.ts';
import { type AlertRow, alertOf } from './alert-row.ts';

/** The end of a long story is what matters. */
const EVENTS_MAX = 100;
const DELIVERIES_MAX = 100;
/** A line says what it is about in its beginning; the archive has all of it. */
const TEXT_LENGTH_MAX = 2_000;
const WORD_LENGTH_MAX = 500;

/**
 * The alerts that opened as critical on a local day, or became critical on it, in the order of time, as they stand at `now` (epoch ms): the report
 * of a day is renewed as its alerts go on. What an alert's detail holds came from servers and may be anything.
 */
export async function gatherCriticalFacts(
  database: Queryable,
  period: FactsPeriod,
  now: number,
): Promise<Omit<CriticalFacts, 'version'>> {
  const { rows } = await database.query<CriticalRow>(
    `WITH risen AS (
       SELECT alert_id, min(at) AS at FROM alert_events
       WHERE at >= $1 AND at < $2 AND severity = 'critical' AND event IN ('opened', 'reopened', 'worsened') GROUP BY alert_id
     ), all_of_them AS (
       SELECT count(*) AS total, count(*) FILTER (WHERE state <> 'resolved') AS open FROM risen JOIN alerts ON id = alert_id
     )
     SELECT alerts.id, kind, title, server, agent_id, count, first_at, last_at, state, detail, acknowledged_at, acknowledged_by, resolved_at, resolved_by,
       coalesce((SELECT min(at) FROM alert_events WHERE alert_events.alert_id = alerts.id AND event = 'opened'), first_at) < $1 AS from_before,
       total, open
     FROM all_of_them, risen JOIN alerts ON id = alert_id
     ORDER BY risen.at, id LIMIT ${CRITICAL_ALERTS_MAX}`,
    [period.starts_at, period.ends_at],
  );
  const ids = rows.map(({ id }) => id);
  const [timelines, deliveries] = await Promise.all([readTimelines(database, ids), readDeliveries(database, ids)]);
  return {
    form: 1,
    kind: 'critical',
    period,
    gathered_at: new Date(now).toISOString(),
    gaps: now < Date.parse(period.ends_at) ? [{ kind: 'unfinished' }] : [],
    alerts: rows.map((row) => toFacts(row, timelines.get(row.id) ?? [], deliveries.get(row.id) ?? [])),
    total: rows[0]?.total ?? 0,
    open: rows[0]?.open ?? 0,
  };
}

interface CriticalRow extends AlertRow {
  readonly state: CriticalAlertFacts['state'];
  readonly detail: unknown;
  readonly from_before: boolean;
  readonly total: number;
  readonly open: number;
}

type Timeline = CriticalAlertFacts['timeline'];
type Deliveries = CriticalAlertFacts['deliveries'];

function toFacts(row: CriticalRow, timeline: Timeline, deliveries: Deliveries): CriticalAlertFacts {
  const detail = isGroup(row.detail) ? row.detail : {};
  return {
    ...alertOf(row),
    severity: 'critical', // it was on this day, whatever it eased to since: its timeline tells that
    from_before: row.from_before,
    state: row.state,
    reason: wordIn(detail, 'reason') ?? wordIn(detail, 'description'),
    rule: wordIn(detail, 'rule'),
    revision: wordIn(detail, 'revision'),
    lines: linesIn(detail),
    timeline,
    deliveries,
  };
}

async function readTimelines(database: Queryable, ids: readonly number[]): Promise<ReadonlyMap<number, Timeline>> {
  const { rows } = await database.query<
    Omit<Timeline[number], 'at'> & { readonly alert_id: number; readonly at: Date }
  >(
    `SELECT wanted.alert_id, at, event, severity, by, note FROM unnest($1::bigint[]) AS wanted (alert_id)
     CROSS JOIN LATERAL (SELECT id, at, event, severity, by_whom AS by, note FROM alert_events
       WHERE alert_events.alert_id = wanted.alert_id ORDER BY id DESC LIMIT ${EVENTS_MAX}) AS told
     ORDER BY id`,
    [ids],
  );
  return grouped(rows, ({ alert_id: _, at, ...event }) => ({ at: at.toISOString(), ...event }));
}

async function readDeliveries(database: Queryable, ids: readonly number[]): Promise<ReadonlyMap<number, Deliveries>> {
  const { rows } = await database.query<
    Omit<Deliveries[number], 'at'> & { readonly alert_id: number; readonly at: Date | null }
  >(
    `SELECT wanted.alert_id, channel, state, at, error FROM unnest($1::bigint[]) AS wanted (alert_id)
     CROSS JOIN LATERAL (SELECT notifications.id, channel, state, ended_at AS at, error
       FROM notification_alerts JOIN notifications ON notifications.id = notification_id
       WHERE notification_alerts.alert_id = wanted.alert_id ORDER BY notifications.id DESC LIMIT ${DELIVERIES_MAX}) AS told
     ORDER BY told.id`,
    [ids],
  );
  return grouped(rows, ({ alert_id: _, at, ...delivery }) => ({ ...delivery, at: at?.toISOString() ?? null }));
}

function grouped<Row extends { readonly alert_id: number }, T>(
  rows: readonly Row[],
  toOne: (row: Row) => T,
): ReadonlyMap<number, readonly T[]> {
  return new Map([...Map.groupBy(rows, (row) => row.alert_id)].map(([id, own]) => [id, own.map(toOne)]));
}

type Group = Readonly<Record<string, unknown>>;

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text, or a number as text; of an object its `name`. Null: there is none. */
function wordIn(detail: Group, key: string): string | null {
  const value = Object.hasOwn(detail, key) ? detail[key] : undefined;
  const word = isGroup(value) ? value['name'] : value;
  if (typeof word === 'number') return String(word);
  return typeof word === 'string' && word.trim() !== '' ? cut(word, WORD_LENGTH_MAX) : null;
}

/** `lines_before`, records in archive form, then the line itself, where the detail is of a line. */
function linesIn(detail: Group): CriticalAlertFacts['lines'] {
  const given = detail['lines_before'];
  const before = (Array.isArray(given) ? given : []).slice(-LINES_BEFORE_MAX - 1).flatMap((one) => lineOf(one, false));
  // An archive's refusal has a message of another kind; a rule's and the triage's come with the level of their line.
  const [own] = isLevel(detail['level']) ? lineOf(detail, true) : [];
  if (own === undefined) return before.slice(-LINES_BEFORE_MAX);
  const last = before.at(-1);
  const isThere = last?.text === own.text && last.at === own.at;
  return [...(isThere ? before.slice(0, -1) : before).slice(-LINES_BEFORE_MAX), own];
}

function lineOf(record: unknown, isCause: boolean): CriticalAlertFacts['lines'][number][] {
  if (!isGroup(record)) return [];
  const { timestamp, level, message } = record;
  if (typeof message !== 'string') return [];
  return [
    {
      at: instantOf(timestamp),
      level: isLevel(level) ? level : null,
      text: cut(message, TEXT_LENGTH_MAX),
      is_cause: isCause,
    },
  ];
}

/** ISO 8601 with ms, whatever a source wrote; null: it is no instant. */
function instantOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 40) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

function cut(text: string, lengthMax: number): string {
  const whole = text.toWellFormed();
  return whole.length <= lengthMax ? whole : `${whole.slice(0, lengthMax - 1).toWellFormed()}…`;
}
