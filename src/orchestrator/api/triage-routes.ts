import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { writeCorrectionRules } from '../../config/correction-rules.ts'; // not by the door: agents have no use for it
import type { CorrectionsView, MarkAnswer } from '../../contract/fleet-templates.ts';
import type { CorrectionsAnswer } from '../../contract/triage.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import type { Queryable } from '../database/database.ts';
import { readAlerts } from '../database/queries/read-alerts.ts';
import { findTemplate } from '../database/queries/read-templates.ts';
import { publishAlerts } from '../fleet/event-hub.ts';
import { TemplateIdSchema } from '../triage/check-template.ts';
import { type Mark, type MarkedBy, markTemplate, unmarkTemplate } from '../triage/mark-template.ts';
import { templateOfAlert } from '../triage/template-of-alert.ts';
import type { App, ServerDeps } from './app.ts';
import { personOf, principalOf, requireAny, requireOperator, requirePerson } from './principal.ts';
import { CorrectionsAnswerSchema, CorrectionsViewSchema, MarkAnswerSchema, MarkSchema } from './schemas/triage.ts';
import { IdSchema, NO_CONTENT, noBody, textAnswer } from './schemas.ts';

const MarkBody = Type.Object({
  mark: MarkSchema,
  note: Type.Optional(Type.String({ maxLength: 500, description: 'why' })),
});

const YAML = 'application/yaml; charset=utf-8';

/** What people say of templates, and how servers learn of it. */
export function triageRoutes(app: App, deps: ServerDeps): void {
  const { clock, corrections, database, hub } = deps;

  app.get(
    '/api/v1/triage/corrections',
    {
      onRequest: requireAny,
      schema: {
        tags: ['triage'],
        summary: 'What people said of templates; for a server 304 while it has that (ETag)',
        response: {
          200: Type.Union([CorrectionsAnswerSchema, CorrectionsViewSchema]),
          304: noBody('The same hold as before'),
        },
      },
    },
    async (request, reply): Promise<CorrectionsAnswer | CorrectionsView> => {
      const isAgent = principalOf(request).type === 'agent';
      const { tag } = corrections;
      reply.header('cache-control', 'no-store').header('etag', `"${tag}"`);
      if (isAgent && tagsOf(request.headers['if-none-match']).includes(tag)) return reply.code(304).send();
      return isAgent ? corrections.answer : corrections.view;
    },
  );

  app.get(
    '/api/v1/triage/corrections.yaml',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['triage'],
        summary: 'What people said of templates, as rules for the configuration',
        response: { 200: textAnswer(YAML, 'The `rules:` of a settings file') },
      },
    },
    async (_request, reply) => reply.type(YAML).send(Buffer.from(writeCorrectionRules(corrections.view.corrections))),
  );

  const mark = async (
    request: FastifyRequest,
    what: (transaction: Queryable) => Promise<Omit<Mark, 'mark' | 'note'>>,
    body: { readonly mark: Mark['mark']; readonly note?: string },
  ): Promise<MarkAnswer> => {
    const { answer, alerts } = await database.transaction(async (transaction) =>
      markTemplate(
        transaction,
        { ...(await what(transaction)), mark: body.mark, note: noteOf(body.note) },
        markedBy(request),
      ),
    );
    publishAlerts(hub, alerts);
    await corrections.changed();
    return answer;
  };

  const markedBy = (request: FastifyRequest): MarkedBy => ({
    name: personOf(request).name,
    actor: actorOf(request),
    at: new Date(clock.now()),
  });

  app.put(
    '/api/v1/triage/corrections/:template',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['triage'],
        summary: 'Say of a template what it is, on all servers; what is open of an ordinary one is resolved',
        params: Type.Object({ template: TemplateIdSchema }),
        body: MarkBody,
        response: { 200: MarkAnswerSchema },
      },
    },
    (request) => {
      const { template } = request.params;
      return mark(
        request,
        async (transaction) => {
          const found = await findTemplate(transaction, template);
          if (found !== undefined) return found;
          throw new NervesysError('NSV_TEMPLATE_UNKNOWN', `no server has told of template ${template}`);
        },
        request.body,
      );
    },
  );

  app.delete(
    '/api/v1/triage/corrections/:template',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['triage'],
        summary: 'Take back what was said of a template',
        params: Type.Object({ template: TemplateIdSchema }),
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      await database.transaction((transaction) =>
        unmarkTemplate(transaction, request.params.template, markedBy(request)),
      );
      await corrections.changed();
      return reply.code(204).send();
    },
  );

  app.post(
    '/api/v1/alerts/:id/mark',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['alerts'],
        summary: 'Say of the template that an alert was made from what it is: not an alert, or always one',
        params: Type.Object({ id: IdSchema }),
        body: MarkBody,
        response: { 200: MarkAnswerSchema },
      },
    },
    (request) => {
      const { id } = request.params;
      return mark(
        request,
        async (transaction) => {
          const [alert] = await readAlerts(transaction, { ids: [id] });
          if (alert === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no alert ${id}`);
          const { template, text } = templateOfAlert(alert);
          // Servers tell of templates every few minutes, and of an alert at once: it brings its text along.
          const found = await findTemplate(transaction, template);
          if (found !== undefined) return found;
          if (text !== undefined) return { template, text };
          throw new NervesysError(
            'NSV_TEMPLATE_UNKNOWN',
            `alert ${id} is of template ${template}, whose text nobody has told yet`,
          );
        },
        request.body,
      );
    },
  );
}

function noteOf(given: string | undefined): string | null {
  const note = given?.trim().replaceAll('\0', '\ufffd').toWellFormed() ?? '';
  return note === '' ? null : note;
}

/** `"abc", W/"def"` → abc, def. */
function tagsOf(header: string | undefined): string[] {
  return [...(header ?? '').slice(0, 1_000).matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
}
