import { type Static, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { NEW_TEMPLATES_PER_SERVER_DAY_MAX, TEMPLATE_DAYS_BACK_MAX } from '../../contract/fleet-templates.ts';
import { AGENT_ID_LENGTH_MAX, parseAgentId } from '../../contract/ids.ts';
import { LEVELS } from '../../contract/record.ts';
import {
  COUNTS_PER_TEMPLATE_MAX,
  TEMPLATE_ALIASES_MAX,
  TEMPLATE_ID_PATTERN,
  TEMPLATE_LENGTH_MAX,
  type TemplateId,
  type TemplateReport,
} from '../../contract/triage.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { holdable } from '../database/storable.ts';

const Instant = Type.String({ maxLength: 40, description: 'ISO 8601, UTC' });
export const TemplateIdSchema = Type.String({
  pattern: TEMPLATE_ID_PATTERN.source,
  description: 'a template: the first 16 hex digits of the SHA-256 of its text',
});

/** A template as a server tells it. Unknown fields are let pass and not kept, so that a newer agent can talk to an older orchestrator. */
export const TemplateReportSchema = Type.Object(
  {
    template: TemplateIdSchema,
    text: Type.String({ maxLength: TEMPLATE_LENGTH_MAX, description: 'with <*> where its lines differ' }),
    aliases: Type.Array(TemplateIdSchema, { maxItems: TEMPLATE_ALIASES_MAX }),
    first_seen_at: Instant,
    last_seen_at: Instant,
    is_alert: Type.Boolean(),
    score: Type.Number({ minimum: 0, maximum: 1 }),
    counts: Type.Array(
      Type.Object({
        agent_id: Type.String({ minLength: 1, maxLength: AGENT_ID_LENGTH_MAX }),
        level: Type.Union(LEVELS.map((level) => Type.Literal(level))),
        day: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
        hour: Type.Optional(Type.Integer({ minimum: 0, maximum: 23, description: 'of that day, UTC' })),
        lines: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      }),
      { maxItems: COUNTS_PER_TEMPLATE_MAX },
    ),
  },
  { $id: 'TemplateReport' },
);

const checker = TypeCompiler.Compile(TemplateReportSchema);
const DAY_MS = 86_400_000;

export interface RefusedTemplate {
  readonly code: 'NSV_TEMPLATE_INVALID' | 'NSV_TOO_MANY_TEMPLATES';
  readonly message: string;
}

/**
 * One template as a server told it, checked; or what is wrong with it, naming the field. An instant from the future would stay newest for
 * ever, so it becomes `now` (epoch ms); a day that no clock can mean is today. Text keeps what Postgres can hold; its id is of the text as it was.
 */
export function checkTemplate(value: unknown, now: number): { readonly report: TemplateReport } | RefusedTemplate {
  if (!checker.Check(value)) {
    const first = checker.Errors(value).First();
    return invalid(first === undefined ? 'not a template' : `${first.path.slice(1) || 'template'}: ${first.message}`);
  }
  const told: Static<typeof TemplateReportSchema> = value;
  if (!isIdOf(told.template, told.text)) return invalid('template: is not the id of its text');
  for (const { agent_id: agentId, day } of told.counts) {
    if (parseAgentId(agentId) === undefined) return invalid('counts/agent_id: has control characters');
    if (!isDay(day)) return invalid('counts/day: is no day');
  }
  const [firstAt, lastAt] = [instantOf(told.first_seen_at), instantOf(told.last_seen_at)];
  if (firstAt === undefined || lastAt === undefined)
    return invalid('first_seen_at, last_seen_at: not ISO 8601 instants in UTC');
  const earliest = now - TEMPLATE_DAYS_BACK_MAX * DAY_MS;
  const [firstDay, today, lastDay] = [dayOf(earliest), dayOf(now), dayOf(now + DAY_MS)];
  // It was seen: what a clock of 1970 says of that must not have it forgotten at once.
  const seenAt = Math.max(earliest, Math.min(lastAt, now));
  const report = {
    template: told.template,
    text: holdable(told.text),
    aliases: [...new Set(told.aliases)].filter((alias) => alias !== told.template),
    first_seen_at: new Date(Math.max(0, Math.min(firstAt, seenAt))).toISOString(),
    last_seen_at: new Date(seenAt).toISOString(),
    is_alert: told.is_alert,
    score: told.score,
    counts: told.counts.map(({ agent_id: agentId, day, hour, level, lines }) => {
      const count = { level, lines, agent_id: holdable(agentId) };
      if (day < firstDay || day > lastDay) return { ...count, day: today }; // and its hour says as little
      return hour === undefined ? { ...count, day } : { ...count, day, hour };
    }),
  };
  return { report: report as unknown as TemplateReport };
}

/** Why a template that was well told is not taken. */
export const TOO_MANY_NEW: RefusedTemplate = {
  code: 'NSV_TOO_MANY_TEMPLATES',
  message: `more than ${NEW_TEMPLATES_PER_SERVER_DAY_MAX} templates on one day that nobody had told before`,
};

export function isIdOf(template: string, text: string): template is TemplateId {
  return sha256Hex(text).startsWith(template);
}

/** UTC, `YYYY-MM-DD`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function invalid(message: string): RefusedTemplate {
  return { code: 'NSV_TEMPLATE_INVALID', message };
}

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && dayOf(at) === text;
}

/** Epoch ms; `undefined`: it is no instant. */
function instantOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
