import { emptyLevelCounts, type Level } from '../../../contract/record.ts';
import {
  type FactsGap,
  type FactsPeriod,
  TEMPLATES_TOP_MAX,
  type TemplateFact,
  type TemplateFacts,
} from '../../../contract/report-facts.ts';
import type { TemplateId } from '../../../contract/triage.ts';
import { DAY_MS } from '../../../platform/zone-offset.ts';
import type { Queryable } from '../../database/database.ts';
import { previousPeriod } from '../period.ts';
import type { FactsWindow } from './facts-window.ts';
import { wholeHours } from './whole-hours.ts';

const AGENTS_LISTED_MAX = 5;

/**
 * What log lines of the period looked like, from counts by the hour; of a zone that is half an hour beside them, from the nearest whole ones. Where
 * hours are not known of all lines (they are kept for some days, and older agents don't tell them), from UTC days of the same names, which the
 * gap says. Nothing was told at all: totals are null.
 */
export async function gatherTemplates(
  database: Queryable,
  window: FactsWindow,
): Promise<{ readonly facts: TemplateFacts; readonly gap: FactsGap | undefined }> {
  const own = await countsOf(database, stretchOf(window, window.period));
  const before = own && (await countsBefore(database, window, own));
  if (own === undefined) return { facts: NOTHING, gap: undefined };
  const { lists, total, newTotal } = await chooseTemplates(database, own, window);
  const chosen = [...new Set([...lists.top, ...lists.errors, ...lists.new])];
  const facts = await describe(database, chosen, own, before);
  const of = (ids: readonly string[]) => ids.flatMap((id) => facts.get(id) ?? []);
  return {
    facts: {
      top: of(lists.top),
      errors: of(lists.errors),
      new: of(lists.new),
      total,
      new_total: newTotal,
    },
    gap: own.by === 'days' ? { kind: 'templates_by_utc_day' } : undefined,
  };
}

const NOTHING: TemplateFacts = { top: [], errors: [], new: [], total: null, new_total: null };

/** A time, and the UTC days that stand for it. */
interface Stretch {
  readonly from: Date;
  readonly to: Date;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** Where lines of a time are counted: what `SQL_OF` makes of it chooses them. */
interface Counts {
  readonly by: 'hours' | 'days';
  readonly from: Date | string;
  /** `hours`: the first that isn't of it. `days`: the last. */
  readonly to: Date | string;
}

const SQL_OF = {
  hours: (from: string, to: string) =>
    `template_hours WHERE hour >= ${from}::timestamptz AND hour < ${to}::timestamptz`,
  days: (from: string, to: string) => `template_counts WHERE day >= ${from}::date AND day <= ${to}::date`,
} as const;

/** SQL: what servers thought of a template then. By days it isn't kept, and what they think now must do. */
const OPINION_OF = { hours: 'bool_or(is_alert)', days: 'NULL::boolean' } as const;

function stretchOf(times: { readonly startsAt: Date; readonly endsAt: Date }, period: FactsPeriod): Stretch {
  return { ...wholeHours(times), firstDay: period.first_day, lastDay: period.last_day };
}

/** `undefined`: nobody counted a line then, so far as is known. */
async function countsOf(database: Queryable, stretch: Stretch): Promise<Counts | undefined> {
  const days: Counts = { by: 'days', from: stretch.firstDay, to: stretch.lastDay };
  const hours: Counts = { by: 'hours', from: stretch.from, to: stretch.to };
  if (await areHoursWhole(database, stretch)) return (await hasAny(database, hours)) ? hours : undefined;
  return (await hasAny(database, days)) ? days : undefined;
}

/** Whether each line of the UTC days that a time touches is counted by its hour, too. */
async function areHoursWhole(database: Queryable, { from, to }: Stretch): Promise<boolean> {
  const first = new Date(Math.floor(from.getTime() / DAY_MS) * DAY_MS);
  const end = new Date(Math.ceil(to.getTime() / DAY_MS) * DAY_MS);
  const { rows } = await database.query<{ whole: boolean }>(
    `SELECT coalesce((SELECT sum(lines) FROM template_hours WHERE hour >= $1 AND hour < $2), 0)
       = coalesce((SELECT sum(lines) FROM template_counts WHERE day >= ($1::timestamptz AT TIME ZONE 'UTC')::date
         AND day < ($2::timestamptz AT TIME ZONE 'UTC')::date), 0) AS whole`,
    [first, end],
  );
  return rows[0]!.whole;
}

async function hasAny(database: Queryable, { by, from, to }: Counts): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM ${SQL_OF[by]('$1', '$2')}) AS found`,
    [from, to],
  );
  return rows[0]!.found;
}

/** Of the period before, in the same way; of weeks and months by days where their hours are gone, for edges weigh little there. */
async function countsBefore(database: Queryable, window: FactsWindow, own: Counts): Promise<Counts | undefined> {
  const period = previousPeriod(window.kind, window.period);
  const days: Counts = { by: 'days', from: period.first_day, to: period.last_day };
  if (own.by === 'days') return (await hasAny(database, days)) ? days : undefined;
  const times = { startsAt: new Date(period.starts_at), endsAt: new Date(period.ends_at) };
  const before = await countsOf(database, stretchOf(times, period));
  return before?.by === 'days' && window.kind === 'daily' ? undefined : before;
}

interface Chosen {
  readonly lists: { readonly top: string[]; readonly errors: string[]; readonly new: string[] };
  readonly total: number;
  readonly newTotal: number;
}

async function chooseTemplates(
  database: Queryable,
  counts: Counts,
  { startsAt, endsAt }: FactsWindow,
): Promise<Chosen> {
  const list = (name: string, where: string, order: string) =>
    `ARRAY(SELECT template::text FROM known WHERE ${where} ORDER BY ${order}, template LIMIT ${TEMPLATES_TOP_MAX}) AS ${name}`;
  const { rows } = await database.query<Chosen['lists'] & { total: number; new_total: number }>(
    `WITH counted AS (
       SELECT template, sum(lines) AS lines, coalesce(sum(lines) FILTER (WHERE level IN ('ERROR', 'CRITICAL')), 0) AS errors,
         coalesce(sum(lines) FILTER (WHERE level IN ('WARN', 'ERROR', 'CRITICAL')), 0) AS troubles
       FROM ${SQL_OF[counts.by]('$1', '$2')} GROUP BY template
     ), known AS MATERIALIZED (
       SELECT counted.*, first_seen_at >= $3 AND first_seen_at < $4 AS is_new FROM counted JOIN templates USING (template)
     )
     SELECT ${list('top', 'true', 'lines DESC')}, ${list('errors', 'errors > 0', 'errors DESC, lines DESC')},
       ${list('new', 'is_new', '(troubles > 0) DESC, troubles DESC, lines DESC')},
       (SELECT count(*) FROM known) AS total, (SELECT count(*) FROM known WHERE is_new) AS new_total`,
    [counts.from, counts.to, startsAt, endsAt],
  );
  const { total, new_total: newTotal, ...lists } = rows[0]!;
  return { lists, total, newTotal };
}

interface FactRow {
  readonly template: TemplateId;
  readonly text: string;
  readonly is_alert: boolean;
  readonly first_seen_at: Date;
  readonly levels: Readonly<Partial<Record<Level, number>>>;
  readonly agents: readonly string[];
  readonly agents_total: number;
}

/** By id. */
async function describe(
  database: Queryable,
  templates: readonly string[],
  own: Counts,
  before: Counts | undefined,
): Promise<ReadonlyMap<string, TemplateFact>> {
  if (templates.length === 0) return new Map();
  const [{ rows }, linesBefore] = await Promise.all([
    database.query<FactRow>(
      `WITH counted AS MATERIALIZED (
         SELECT template, agent_id, level, sum(lines)::float8 AS lines, ${OPINION_OF[own.by]} AS is_alert
         FROM ${SQL_OF[own.by]('$2', '$3')} AND template = ANY($1::text[]) GROUP BY 1, 2, 3
       ), levels AS (
         SELECT template, jsonb_object_agg(level, lines) AS levels
         FROM (SELECT template, level, sum(lines) AS lines FROM counted GROUP BY 1, 2) AS level GROUP BY template
       ), agents AS (
         SELECT template, (array_agg(agent_id ORDER BY lines DESC, agent_id COLLATE "C"))[:${AGENTS_LISTED_MAX}] AS agents, count(*) AS agents_total
         FROM (SELECT template, agent_id::text AS agent_id, sum(lines) AS lines FROM counted GROUP BY 1, 2) AS agent GROUP BY template
       )
       SELECT template, text, first_seen_at, levels, agents, agents_total,
         coalesce((SELECT bool_or(counted.is_alert) FROM counted WHERE counted.template = templates.template), templates.is_alert) AS is_alert
       FROM templates JOIN levels USING (template) JOIN agents USING (template)`,
      [templates, own.from, own.to],
    ),
    before && linesOf(database, templates, before),
  ]);
  return new Map(
    rows.map((row) => {
      const counts = { ...emptyLevelCounts(), ...row.levels };
      const fact: TemplateFact = {
        template: row.template,
        text: row.text,
        lines: Object.values(counts).reduce((sum, lines) => sum + lines, 0),
        level_counts: counts,
        agents: row.agents,
        agents_total: row.agents_total,
        is_alert: row.is_alert,
        first_seen_at: row.first_seen_at.toISOString(),
        lines_before: linesBefore === undefined ? null : (linesBefore.get(row.template) ?? 0),
      };
      return [row.template, fact];
    }),
  );
}

async function linesOf(
  database: Queryable,
  templates: readonly string[],
  { by, from, to }: Counts,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await database.query<{ template: string; lines: number }>(
    `SELECT template, sum(lines)::float8 AS lines FROM ${SQL_OF[by]('$2', '$3')} AND template = ANY($1::text[]) GROUP BY template`,
    [templates, from, to],
  );
  return new Map(rows.map(({ template, lines }) => [template, lines]));
}
