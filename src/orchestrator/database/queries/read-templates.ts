import type { TemplateDetail, TemplateView } from '../../../contract/fleet-templates.ts';
import { emptyLevelCounts, type Level, type LevelCounts } from '../../../contract/record.ts';
import type { TemplateId, TemplateMark } from '../../../contract/triage.ts';
import type { Queryable } from '../database.ts';
import { readCorrectionOf } from './corrections.ts';

export interface TemplateFilter {
  /** First seen since then: the newest first. Absent: all, the one seen last first. */
  readonly newSince?: Date | undefined;
  /** A part of the text, in any case. */
  readonly text?: string | undefined;
  /** With lines of this AI agent, of this level, since `day`. */
  readonly agentId?: string | undefined;
  readonly level?: Level | undefined;
  /** Whether people are told of it: by what they said of it themselves, else by what the agents think. */
  readonly isAlert?: boolean | undefined;
  /** From which day on lines are counted, UTC. */
  readonly day: string;
  /** Those that follow this one. */
  readonly after?: { readonly at: string; readonly template: string } | undefined;
  readonly limit: number;
}

interface TemplateRow {
  readonly template: TemplateId;
  readonly text: string;
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
  readonly is_alert: boolean;
  readonly score: number;
}

const COLUMNS = 'template, text, first_seen_at, last_seen_at, is_alert, score';

/** A page of templates with their lines by level. */
export async function readTemplates(database: Queryable, filter: TemplateFilter): Promise<TemplateView[]> {
  const order = orderOf(filter);
  const marks = filter.isAlert === undefined ? undefined : await readMarks(database);
  const marked = (as: TemplateMark) => [...(marks ?? [])].flatMap(([template, mark]) => (mark === as ? template : []));
  const { rows } = await database.query<TemplateRow>(
    `SELECT ${COLUMNS} FROM templates
     WHERE ($1::timestamptz IS NULL OR first_seen_at >= $1)
       AND ($2::text IS NULL OR text ILIKE $2)
       AND ($3::boolean IS NULL OR ((is_alert AND template <> ALL($10::text[])) OR template = ANY($11::text[])) = $3)
       AND (($4::text IS NULL AND $5::text IS NULL) OR EXISTS (
         SELECT FROM template_counts counted WHERE counted.template = templates.template AND counted.day >= $6::date
           AND ($4::text IS NULL OR counted.agent_id = $4) AND ($5::text IS NULL OR counted.level = $5)))
       AND ($7::timestamptz IS NULL OR (${order}, template) < ($7, $8))
     ORDER BY ${order} DESC, template DESC LIMIT $9`,
    [
      filter.newSince ?? null,
      filter.text === undefined ? null : `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`,
      filter.isAlert ?? null,
      filter.agentId ?? null,
      filter.level ?? null,
      filter.day,
      filter.after?.at ?? null,
      filter.after?.template ?? null,
      filter.limit,
      marked('ordinary'),
      marked('alert'),
    ],
  );
  const ids = rows.map(({ template }) => template);
  const [counts, marksOfPage] = await Promise.all([
    countLines(database, ids, filter.day),
    marks ?? readMarks(database, ids),
  ]);
  return rows.map((row) => toView(row, marksOfPage.get(row.template), counts.get(row.template)));
}

/** What people said of these templates, or of all: of each itself, else of one of its older forms, the latest word. */
async function readMarks(database: Queryable, of?: readonly string[]): Promise<Map<string, TemplateMark>> {
  const { rows } = await database.query<{ template: string; mark: TemplateMark }>(
    `SELECT DISTINCT ON (template) template, mark FROM (
       SELECT template, mark, marked_at, true AS is_own FROM triage_corrections WHERE $1::text[] IS NULL OR template = ANY($1)
       UNION ALL SELECT template_aliases.template, mark, marked_at, false
         FROM triage_corrections JOIN template_aliases ON alias = triage_corrections.template
         WHERE $1::text[] IS NULL OR template_aliases.template = ANY($1)) AS said
     ORDER BY template, is_own DESC, marked_at DESC`,
    [of ?? null],
  );
  return new Map(rows.map(({ template, mark }) => [template, mark]));
}

/** By what a page is ordered, and the next one begins. */
export function orderOf({ newSince }: Pick<TemplateFilter, 'newSince'>): 'first_seen_at' | 'last_seen_at' {
  return newSince === undefined ? 'last_seen_at' : 'first_seen_at';
}

/** The template of an id, be it an older one: the one seen last, where it has become several. `undefined`: there is none. */
export async function findTemplate(
  database: Queryable,
  id: string,
): Promise<{ readonly template: TemplateId; readonly text: string } | undefined> {
  const { rows } = await database.query<{ template: TemplateId; text: string }>(
    `SELECT template, text FROM templates
     WHERE template IN (SELECT $1::text UNION ALL SELECT template FROM template_aliases WHERE alias = $1)
     ORDER BY template = $1 DESC, last_seen_at DESC, template LIMIT 1`,
    [id],
  );
  return rows[0];
}

/** Charts and tables of one template stay readable. */
const AGENTS_MAX = 100;
const RELATED_MAX = 100;

/** One template, by its id or an older one, with its lines since `day`. `undefined`: there is none. */
export async function readTemplate(database: Queryable, id: string, day: string): Promise<TemplateDetail | undefined> {
  const found = await findTemplate(database, id);
  if (found === undefined) return undefined;
  const { template } = found;
  const [{ rows }, aliases, related, days, agents, correction] = await Promise.all([
    database.query<TemplateRow>(`SELECT ${COLUMNS} FROM templates WHERE template = $1`, [template]),
    database.query<{ alias: TemplateId }>('SELECT alias FROM template_aliases WHERE template = $1 ORDER BY alias', [
      template,
    ]),
    database.query<{ template: TemplateId }>(
      `SELECT DISTINCT other.template FROM template_aliases other
       WHERE other.template <> $1
         AND other.alias IN (SELECT $1::text UNION ALL SELECT alias FROM template_aliases WHERE template = $1)
       UNION SELECT templates.template FROM templates JOIN template_aliases mine ON mine.alias = templates.template AND mine.template = $1
       ORDER BY 1 LIMIT ${RELATED_MAX}`,
      [template],
    ),
    database.query<CountRow & { day: string }>(
      `SELECT day::text AS day, level, sum(lines)::float8 AS lines FROM template_counts WHERE template = $1 AND day >= $2::date
       GROUP BY 1, 2 ORDER BY 1`,
      [template, day],
    ),
    database.query<CountRow & { agent_id: string }>(
      `SELECT agent_id, level, sum(lines)::float8 AS lines FROM template_counts WHERE template = $1 AND day >= $2::date
         AND agent_id IN (SELECT agent_id FROM template_counts WHERE template = $1 AND day >= $2::date
           GROUP BY agent_id ORDER BY sum(lines) DESC, agent_id LIMIT ${AGENTS_MAX})
       GROUP BY 1, 2`,
      [template, day],
    ),
    readCorrectionOf(database, template),
  ]);
  if (rows[0] === undefined) return undefined; // it was removed a moment ago
  const byDay = levelsBy(days.rows, (row) => row.day);
  const byAgent = levelsBy(agents.rows, (row) => row.agent_id);
  return {
    ...toView(rows[0], correction?.mark, total([...byDay.values()])),
    aliases: aliases.rows.map(({ alias }) => alias),
    related: related.rows.map((row) => row.template),
    correction: correction ?? null,
    days: [...byDay].map(([one, counts]) => ({ day: one, level_counts: counts })),
    agents: [...byAgent]
      .map(([agentId, counts]) => ({ agent_id: agentId, level_counts: counts }))
      .sort((a, b) => linesOf(b.level_counts) - linesOf(a.level_counts) || (a.agent_id < b.agent_id ? -1 : 1)),
  };
}

interface CountRow {
  readonly level: Level;
  readonly lines: number;
}

async function countLines(
  database: Queryable,
  templates: readonly string[],
  day: string,
): Promise<Map<string, LevelCounts>> {
  if (templates.length === 0) return new Map();
  const { rows } = await database.query<CountRow & { template: string }>(
    `SELECT template, level, sum(lines)::float8 AS lines FROM template_counts WHERE template = ANY($1::text[]) AND day >= $2::date
     GROUP BY template, level`,
    [templates, day],
  );
  return levelsBy(rows, (row) => row.template);
}

function levelsBy<Row extends CountRow>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, LevelCounts> {
  const found = new Map<string, Record<Level, number>>();
  for (const row of rows) {
    const counts = found.get(keyOf(row)) ?? emptyLevelCounts();
    counts[row.level] += row.lines;
    found.set(keyOf(row), counts);
  }
  return found;
}

function total(parts: readonly LevelCounts[]): LevelCounts {
  const sum = emptyLevelCounts();
  for (const part of parts) for (const level of Object.keys(sum) as Level[]) sum[level] += part[level];
  return sum;
}

function linesOf(counts: LevelCounts): number {
  return Object.values(counts).reduce((sum, lines) => sum + lines, 0);
}

function toView(
  row: TemplateRow,
  mark: TemplateMark | undefined,
  counts: LevelCounts = emptyLevelCounts(),
): TemplateView {
  return {
    template: row.template,
    text: row.text,
    first_seen_at: row.first_seen_at.toISOString(),
    last_seen_at: row.last_seen_at.toISOString(),
    is_alert: row.is_alert,
    score: row.score,
    mark: mark ?? null,
    level_counts: counts,
  };
}
