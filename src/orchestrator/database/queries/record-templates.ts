import { NEW_TEMPLATES_PER_SERVER_DAY_MAX } from '../../../contract/fleet-templates.ts';
import type { TemplateReport } from '../../../contract/triage.ts';
import type { TakenAiWork } from '../../triage/check-ai-work.ts';
import type { Queryable } from '../database.ts';
import { recordAiWork } from './record-ai-work.ts';

/** So many of a server's latest requests are known again: it tells one after the other, and a few may be on their way. */
const REQUEST_IDS_KEPT = 32;
/** Of one template, over the whole fleet. More are of no use to anybody who looks for it. */
const ALIASES_KEPT_MAX = 256;
/** `last_seen_at` is moved on by no less, so that a fleet that tells the same templates all the time changes few rows. */
const SEEN_STEP_MS = 60_000;

export interface SenderRequest {
  readonly server: string;
  readonly id: string;
  /** UTC, by the orchestrator's clock. */
  readonly day: string;
}

/** What became of a request: it came before, or these of its templates were not taken, for they are too many new ones. */
export type RecordedTemplates = 'repeated' | ReadonlySet<string>;

/**
 * Stores what a server tells of its templates, one report a template, and adds their lines up, and what its AI agents did; once, however often
 * the request comes. To be called within a transaction. Rows are taken in the order of ids, as everybody does, so that no two servers wait for each other.
 */
export async function recordTemplates(
  transaction: Queryable,
  request: SenderRequest,
  reports: readonly TemplateReport[],
  work: readonly TakenAiWork[] = [],
): Promise<RecordedTemplates> {
  const sender = await takeTurn(transaction, request);
  if (sender.request_ids.includes(request.id)) return 'repeated';
  const told = [...reports].sort((a, b) => (a.template < b.template ? -1 : 1));
  const { rows: known } = await transaction.query<{ template: string }>(
    'SELECT template FROM templates WHERE template = ANY($1::text[])',
    [told.map(({ template }) => template)],
  );
  const isKnown = new Set(known.map(({ template }) => template));
  const unknown = told.filter(({ template }) => !isKnown.has(template));
  const room = Math.max(0, NEW_TEMPLATES_PER_SERVER_DAY_MAX - sender.new_today);
  const refused = new Set(unknown.slice(room).map(({ template }) => template as string));
  await insertTemplates(transaction, unknown.slice(0, room));
  await updateTemplates(
    transaction,
    told.filter(({ template }) => isKnown.has(template)),
  );
  const taken = told.filter(({ template }) => !refused.has(template));
  await insertAliases(transaction, taken);
  await addCounts(transaction, taken);
  await addHours(transaction, taken);
  await recordAiWork(transaction, request.server, work);
  await transaction.query('UPDATE template_senders SET request_ids = $2, day = $3, new_today = $4 WHERE server = $1', [
    request.server,
    [...sender.request_ids, request.id].slice(-REQUEST_IDS_KEPT),
    request.day,
    sender.new_today + unknown.length - refused.size,
  ]);
  return refused;
}

interface Sender {
  readonly request_ids: readonly string[];
  readonly new_today: number;
}

/** A server's requests come one after the other. */
async function takeTurn(transaction: Queryable, { server, day }: SenderRequest): Promise<Sender> {
  await transaction.query(
    `INSERT INTO template_senders (server, request_ids, day, new_today) VALUES ($1, '{}', $2, 0) ON CONFLICT DO NOTHING`,
    [server, day],
  );
  const { rows } = await transaction.query<Sender>(
    `SELECT request_ids, CASE WHEN day = $2::date THEN new_today ELSE 0 END AS new_today FROM template_senders
     WHERE server = $1 FOR UPDATE`,
    [server, day],
  );
  return rows[0]!;
}

async function insertTemplates(transaction: Queryable, told: readonly TemplateReport[]): Promise<void> {
  if (told.length === 0) return;
  // Another server may have told the same one meanwhile: what ours adds to it comes with its next report.
  await transaction.query(
    `INSERT INTO templates (template, text, first_seen_at, last_seen_at, is_alert, score)
     SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::boolean[], $6::real[])
     ON CONFLICT DO NOTHING`,
    columns(told),
  );
}

async function updateTemplates(transaction: Queryable, told: readonly TemplateReport[]): Promise<void> {
  if (told.length === 0) return;
  await transaction.query(
    `WITH told AS (
       SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::boolean[], $6::real[])
         AS told (template, text, first_seen_at, last_seen_at, is_alert, score)
     ), changed AS (
       SELECT template FROM templates JOIN told USING (template)
       WHERE told.first_seen_at < templates.first_seen_at OR told.last_seen_at > templates.last_seen_at + $7 * interval '1 ms'
         OR told.is_alert <> templates.is_alert
       ORDER BY template FOR NO KEY UPDATE OF templates
     )
     UPDATE templates SET first_seen_at = least(templates.first_seen_at, told.first_seen_at),
       last_seen_at = greatest(templates.last_seen_at, told.last_seen_at), is_alert = told.is_alert, score = told.score
     FROM told WHERE templates.template = told.template AND told.template IN (SELECT template FROM changed)`,
    [...columns(told), SEEN_STEP_MS],
  );
}

async function insertAliases(transaction: Queryable, told: readonly TemplateReport[]): Promise<void> {
  const pairs = told.flatMap(({ template, aliases }) => aliases.map((alias) => ({ alias, template })));
  if (pairs.length === 0) return;
  await transaction.query(
    `INSERT INTO template_aliases (alias, template)
     SELECT alias, template FROM unnest($1::text[], $2::text[]) AS told (alias, template)
     WHERE (SELECT count(*) FROM template_aliases known WHERE known.template = told.template) < ${ALIASES_KEPT_MAX}
     ORDER BY alias, template ON CONFLICT DO NOTHING`,
    [pairs.map(({ alias }) => alias), pairs.map(({ template }) => template)],
  );
}

async function addCounts(transaction: Queryable, told: readonly TemplateReport[]): Promise<void> {
  const counts = told.flatMap(({ template, counts: some }) => some.map((count) => ({ template, ...count })));
  if (counts.length === 0) return;
  await transaction.query(
    `INSERT INTO template_counts AS known (template, day, agent_id, level, lines)
     SELECT template, day, agent_id, level, least(sum(lines), ${Number.MAX_SAFE_INTEGER})
     FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::bigint[]) AS told (template, day, agent_id, level, lines)
     GROUP BY template, day, agent_id, level ORDER BY template, day, agent_id, level
     ON CONFLICT (template, day, agent_id, level)
     DO UPDATE SET lines = least(known.lines::numeric + excluded.lines, ${Number.MAX_SAFE_INTEGER})`,
    [
      counts.map(({ template }) => template),
      counts.map(({ day }) => day),
      counts.map((count) => count.agent_id),
      counts.map(({ level }) => level),
      counts.map(({ lines }) => lines),
    ],
  );
}

/** The same by hours, where they are told, with what is thought of the template then: a local day is made of those. */
async function addHours(transaction: Queryable, told: readonly TemplateReport[]): Promise<void> {
  const counts = told.flatMap(({ template, is_alert: isAlert, counts: some }) =>
    some.flatMap(({ hour, ...count }) => {
      const at = `${count.day}T${String(hour).padStart(2, '0')}:00:00Z`;
      return hour === undefined ? [] : [{ template, isAlert, at, ...count }];
    }),
  );
  if (counts.length === 0) return;
  await transaction.query(
    `INSERT INTO template_hours AS known (template, hour, agent_id, level, lines, is_alert)
     SELECT template, hour, agent_id, level, least(sum(lines), ${Number.MAX_SAFE_INTEGER}), bool_or(is_alert)
     FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[], $6::boolean[])
       AS told (template, hour, agent_id, level, lines, is_alert)
     GROUP BY template, hour, agent_id, level ORDER BY template, hour, agent_id, level
     ON CONFLICT (template, hour, agent_id, level)
     DO UPDATE SET lines = least(known.lines::numeric + excluded.lines, ${Number.MAX_SAFE_INTEGER}), is_alert = known.is_alert OR excluded.is_alert`,
    [
      counts.map(({ template }) => template),
      counts.map(({ at }) => at),
      counts.map((count) => count.agent_id),
      counts.map(({ level }) => level),
      counts.map(({ lines }) => lines),
      counts.map(({ isAlert }) => isAlert),
    ],
  );
}

function columns(told: readonly TemplateReport[]): unknown[] {
  return [
    told.map(({ template }) => template),
    told.map(({ text }) => text),
    told.map((report) => report.first_seen_at),
    told.map((report) => report.last_seen_at),
    told.map((report) => report.is_alert),
    told.map(({ score }) => score),
  ];
}
