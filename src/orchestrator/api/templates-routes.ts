import { Type } from '@sinclair/typebox';
import {
  TEMPLATES_BODY_BYTES_MAX,
  type TemplateDetail,
  type TemplatesAnswer,
  type TemplatesTaken,
  type TemplateView,
} from '../../contract/fleet-templates.ts';
import { LEVELS } from '../../contract/record.ts';
import { AI_WORK_PER_REQUEST_MAX, TEMPLATES_PER_REQUEST_MAX, type TemplateReport } from '../../contract/triage.ts';
import { NervesysError } from '../../platform/errors.ts';
import { parseInstant } from '../catalog/log-filter.ts';
import { orderOf, readTemplate, readTemplates } from '../database/queries/read-templates.ts';
import { recordTemplates } from '../database/queries/record-templates.ts';
import { AiWorkCountSchema, checkAiWork } from '../triage/check-ai-work.ts';
import {
  checkTemplate,
  dayOf,
  TemplateIdSchema,
  TemplateReportSchema,
  TOO_MANY_NEW,
} from '../triage/check-template.ts';
import type { App, ServerDeps } from './app.ts';
import { DESCRIBED_BY } from './describe-api.ts';
import { agentOf, requireAgent, requirePerson } from './principal.ts';
import { TemplateDetailSchema, TemplatesAnswerSchema, TemplatesTakenSchema } from './schemas/triage.ts';
import { AgentIdSchema, oneOf } from './schemas.ts';

const DAY_MS = 86_400_000;
/** Lines are counted over the last week unless another time is asked for. */
const SINCE_DEFAULT = '7d';
const SinceSchema = Type.String({
  maxLength: 40,
  default: SINCE_DEFAULT,
  description: 'From when on lines are counted, by whole days (UTC): an ISO 8601 instant or date, or how long ago: 7d.',
});

/** What log lines of the fleet look like: told by the triage of servers, searched by people. */
export function templatesRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, metrics } = deps;

  app.post(
    '/api/v1/templates',
    {
      onRequest: requireAgent,
      bodyLimit: TEMPLATES_BODY_BYTES_MAX,
      schema: {
        tags: ['agents'],
        summary:
          'Tell templates of log lines, how many lines they had since, and what AI agents did; good ones are kept, repeats count once',
        body: Type.Object({
          id: Type.String({
            minLength: 1,
            maxLength: 64,
            pattern: '^[0-9A-Za-z._-]+$',
            description: 'of this request: <epoch>-<n>',
          }),
          // Each is checked by itself, so that one bad template doesn't take the others with it.
          templates: Type.Array(Type.Unknown({ [DESCRIBED_BY]: TemplateReportSchema }), {
            maxItems: TEMPLATES_PER_REQUEST_MAX,
          }),
          ai_work: Type.Optional(
            Type.Array(Type.Unknown({ [DESCRIBED_BY]: AiWorkCountSchema }), {
              maxItems: AI_WORK_PER_REQUEST_MAX,
              description: 'what AI agents did with models since',
            }),
          ),
        }),
        response: { 200: TemplatesTakenSchema },
      },
    },
    async (request): Promise<TemplatesTaken> => {
      const { server } = agentOf(request);
      const { id, templates, ai_work: toldWork = [] } = request.body;
      const now = clock.now();
      const work = toldWork.flatMap((value) => checkAiWork(value, now) ?? []);
      const told = new Map<string, { readonly index: number; readonly report: TemplateReport }>();
      const rejected: TemplatesTaken['rejected'][number][] = [];
      for (const [index, value] of templates.entries()) {
        const checked = checkTemplate(value, now);
        if (!('report' in checked)) rejected.push({ index, ...checked });
        else if (told.has(checked.report.template))
          rejected.push({ index, code: 'NSV_TEMPLATE_INVALID', message: 'template: is told twice in this request' });
        else told.set(checked.report.template, { index, report: checked.report });
      }
      const reports = [...told.values()].map(({ report }) => report);
      const sender = { server, id, day: dayOf(now) };
      const recorded = await database.transaction((transaction) => recordTemplates(transaction, sender, reports, work));
      const repeated = recorded === 'repeated';
      if (!repeated)
        for (const template of recorded) rejected.push({ index: told.get(template)!.index, ...TOO_MANY_NEW });
      const accepted = templates.length - rejected.length;
      if (!repeated) metrics.add('nervesys_templates_told_total', { outcome: 'accepted' }, accepted);
      if (!repeated && rejected.length > 0)
        metrics.add('nervesys_templates_told_total', { outcome: 'rejected' }, rejected.length);
      const workRejected = toldWork.length - work.length;
      return {
        accepted,
        rejected: rejected.sort((a, b) => a.index - b.index),
        repeated,
        ...(workRejected > 0 ? { ai_work_rejected: workRejected } : {}),
      };
    },
  );

  app.get(
    '/api/v1/templates',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['triage'],
        summary: 'Templates of log lines, the one seen last first; new ones the newest first',
        querystring: Type.Object({
          new: Type.Optional(
            Type.String({
              maxLength: 40,
              description:
                'Only those first seen since: an ISO 8601 instant or date, or how long ago: 24h. `true`: 24h.',
            }),
          ),
          q: Type.Optional(
            Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$', description: 'a part of the text' }),
          ),
          agent_id: Type.Optional(AgentIdSchema),
          level: Type.Optional(oneOf(LEVELS, 'with lines of this level')),
          alert: Type.Optional(Type.Boolean({ description: 'whether people are told of it' })),
          since: SinceSchema,
          limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
          cursor: Type.Optional(Type.String({ pattern: CURSOR.source, description: '`next` of the page before' })),
        }),
        response: { 200: TemplatesAnswerSchema },
      },
    },
    async (request): Promise<TemplatesAnswer> => {
      const { new: isNew, q, agent_id: agentId, level, alert, since, limit, cursor } = request.query;
      const now = clock.now();
      const filter = {
        newSince: newSinceOf(isNew, now),
        text: q?.toWellFormed(),
        agentId: agentId?.toWellFormed(),
        level,
        isAlert: alert,
        day: dayOf(parseInstant('since', since, now)),
        after: cursor === undefined ? undefined : afterOf(cursor),
      };
      const found = await readTemplates(database, { ...filter, limit: limit + 1 });
      const templates = found.slice(0, limit);
      const next = found.length > limit ? { next: cursorOf(templates.at(-1)!, orderOf(filter)) } : {};
      return { templates, since: filter.day, ...next };
    },
  );

  app.get(
    '/api/v1/templates/:id',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['triage'],
        summary: 'One template, by its id or an older one: its lines by day, by level and by AI agent',
        params: Type.Object({ id: TemplateIdSchema }),
        querystring: Type.Object({ since: { ...SinceSchema, default: '30d' } }),
        response: { 200: TemplateDetailSchema },
      },
    },
    async (request): Promise<TemplateDetail> => {
      const { id } = request.params;
      const day = dayOf(parseInstant('since', request.query.since, clock.now()));
      const detail = await readTemplate(database, id, day);
      if (detail === undefined) throw new NervesysError('NSV_TEMPLATE_UNKNOWN', `no server has told of template ${id}`);
      return detail;
    },
  );
}

/** The instant and the template that a page ended with. */
const CURSOR = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z_[0-9a-f]{16}$/;

function cursorOf(view: TemplateView, order: 'first_seen_at' | 'last_seen_at'): string {
  return `${view[order]}_${view.template}`;
}

function afterOf(cursor: string): { readonly at: string; readonly template: string } {
  const [at = '', template = ''] = cursor.split('_');
  return { at, template };
}

/** `undefined`: all are asked for. */
function newSinceOf(text: string | undefined, now: number): Date | undefined {
  if (text === undefined || text === 'false') return undefined;
  return new Date(text === 'true' ? now - DAY_MS : parseInstant('new', text, now));
}
