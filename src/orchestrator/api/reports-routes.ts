import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditAction } from '../../contract/audit.ts';
import type { AnyFacts } from '../../contract/report-facts.ts';
import {
  REPORT_FORMATS,
  REPORT_LANGUAGES,
  REPORT_MEDIA_TYPES,
  type ReportDetail,
  type ReportFormat,
  type ReportKind,
  type ReportLanguage,
  type ReportsAnswer,
  type ReportView,
  reportPath,
} from '../../contract/reports.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import type { App, ServerDeps } from './app.ts';
import { requireAdmin, requirePerson } from './principal.ts';
import {
  ReportDetailSchema,
  ReportFactsSchema,
  ReportKindSchema,
  ReportsAnswerSchema,
  ReportViewSchema,
} from './schemas/reports.ts';
import { noBody, textAnswer } from './schemas.ts';

const REPORTS_DEFAULT = 50;
const REPORTS_MAX = 200;

const PERIOD_SHAPE: Readonly<Record<ReportKind, RegExp>> = {
  daily: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
  weekly: /^\d{4}-W(?:0[1-9]|[1-4]\d|5[0-3])$/,
  monthly: /^\d{4}-(?:0[1-9]|1[0-2])$/,
  critical: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
};

const params = {
  kind: ReportKindSchema,
  period: Type.String({ description: '2025-12-10 for a day, 2025-W50 for an ISO week, 2025-12 for a month' }),
};
const versionQuery = {
  version: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'left out: the newest' })),
};

/** What people read of the fleet: the list of reports, their facts and files; made anew and sent again by admins. */
export function reportsRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, desired, reports } = deps;
  if (reports === undefined) return;

  app.get(
    '/api/v1/reports',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['reports'],
        summary: 'Reports, the newest period first; when the next ones are due, and the shelves they go to',
        querystring: Type.Object({
          kind: Type.Optional(ReportKindSchema),
          limit: Type.Integer({ minimum: 1, maximum: REPORTS_MAX, default: REPORTS_DEFAULT }),
          cursor: Type.Optional(
            Type.String({ minLength: 1, maxLength: 200, description: '`next` of the page before' }),
          ),
        }),
        response: { 200: ReportsAnswerSchema },
      },
    },
    (request): Promise<ReportsAnswer> => reports.list(request.query),
  );

  app.get(
    '/api/v1/reports/:kind/:period',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['reports'],
        summary: 'One report: its versions, its files, and how they fare on each shelf',
        params: Type.Object(params),
        response: { 200: ReportDetailSchema },
      },
    },
    (request): Promise<ReportDetail> => reports.detail(request.params.kind, periodOf(request.params)),
  );

  app.get(
    '/api/v1/reports/:kind/:period/facts',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['reports'],
        summary: 'What a report says, in numbers (docs/API.md); a version never changes',
        params: Type.Object(params),
        querystring: Type.Object(versionQuery),
        response: { 200: ReportFactsSchema, 304: noBody('As in If-None-Match') },
      },
    },
    async (request, reply): Promise<AnyFacts> => {
      const facts = await reports.facts(request.params.kind, periodOf(request.params), request.query.version);
      if (isKnown(request, reply, String(facts.version))) return reply.code(304).send() as never;
      return facts;
    },
  );

  app.get(
    '/api/v1/reports/:kind/:period/:file',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['reports'],
        summary: 'A file of a report; the same bytes whenever it is asked for',
        params: Type.Object({ ...params, file: Type.String({ description: 'language and format: en.pdf, he.xlsx' }) }),
        querystring: Type.Object({
          ...versionQuery,
          download: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 1, description: '1: to be kept, not shown; workbooks always are' }),
          ),
        }),
        response: {
          200: {
            description: 'The file',
            content: Object.assign(
              {},
              ...REPORT_FORMATS.map((format) => textAnswer(REPORT_MEDIA_TYPES[format], '').content),
            ) as ReturnType<typeof textAnswer>['content'],
          },
          304: noBody('As in If-None-Match'),
        },
      },
    },
    async (request, reply) => {
      const { kind } = request.params;
      const period = periodOf(request.params);
      const { lang, format } = fileOf(request.params.file);
      const { bytes, sha256 } = await reports.file(kind, period, lang, format, request.query.version);
      const name = fileName(kind, period, format, lang, desired.own?.orchestrator.reports?.languages[0] ?? 'en');
      const isShown = format === 'pdf' && request.query.download !== 1;
      // Whatever is in a file, it runs nothing, loads nothing and stands in no frame, ours included (`SECURITY_HEADERS`): browsers show a
      // PDF in a tab of its own under that.
      reply.header('content-disposition', `${isShown ? 'inline' : 'attachment'}; filename="${name}"`);
      if (isKnown(request, reply, sha256)) return reply.code(304).send();
      return reply.type(REPORT_MEDIA_TYPES[format]).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  );

  const audited = (request: FastifyRequest, action: AuditAction, subject: string, detail: Record<string, string>) =>
    database.transaction((transaction) =>
      appendAudit(transaction, { at: new Date(clock.now()), by: actorOf(request), action, subject, detail }),
    );

  app.post(
    '/api/v1/reports/:kind/:period',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['reports'],
        summary: 'Make a report now, or again; it goes on by itself. The same facts stay the same version',
        params: Type.Object(params),
        response: { 202: ReportViewSchema },
      },
    },
    async (request, reply): Promise<ReportView> => {
      const { kind } = request.params;
      const view = await reports.make(kind, periodOf(request.params));
      await audited(request, 'report.asked', `${kind} ${view.period}`, {});
      reply.code(202);
      return view;
    },
  );

  app.post(
    '/api/v1/reports/:kind/:period/send',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['reports'],
        summary:
          'Put the newest version on every shelf again, or on one; what stands there is replaced, never doubled, but for a report that knows more',
        params: Type.Object(params),
        body: Type.Object(
          {
            shelf: Type.Optional(Type.String({ minLength: 1, maxLength: 50, description: 'left out: all' })),
            replace: Type.Optional(
              Type.Boolean({ description: 'also in the place of a report that knows more than this database' }),
            ),
          },
          { default: {} },
        ),
        response: { 202: ReportViewSchema },
      },
    },
    async (request, reply): Promise<ReportView> => {
      const { kind } = request.params;
      const { shelf, replace = false } = request.body;
      const view = await reports.sendAgain(kind, periodOf(request.params), shelf, replace);
      await audited(request, 'report.sent_again', `${kind} ${view.period}`, {
        ...(shelf === undefined ? {} : { shelf }),
        ...(replace ? { replace: 'true' } : {}),
      });
      reply.code(202);
      return view;
    },
  );
}

/** By its shape; whether there is such a day or week is the desk's to say. Nothing else ever becomes a part of a path or a query. */
function periodOf({ kind, period }: { readonly kind: ReportKind; readonly period: string }): string {
  if (PERIOD_SHAPE[kind].test(period)) return period;
  throw new NervesysError(
    'NSV_REPORT_PERIOD_INVALID',
    `${JSON.stringify(period.slice(0, 40).toWellFormed())} is no period of a ${kind} report`,
    { hint: `it looks like ${kind === 'weekly' ? '2025-W50' : kind === 'monthly' ? '2025-12' : '2025-12-10'}` },
  );
}

function fileOf(file: string): { readonly lang: ReportLanguage; readonly format: ReportFormat } {
  const [lang, format, ...more] = file.split('.');
  const found = {
    lang: REPORT_LANGUAGES.find((one) => one === lang),
    format: REPORT_FORMATS.find((one) => one === format),
  };
  if (found.lang === undefined || found.format === undefined || more.length > 0)
    throw new NervesysError(
      'NSV_REPORT_NOT_FOUND',
      `a report has no file ${JSON.stringify(file.slice(0, 40).toWellFormed())}`,
      { hint: 'its files are named en.pdf, he.pdf, en.xlsx and he.xlsx' },
    );
  return { lang: found.lang, format: found.format };
}

/** As it is called on a shelf: the first language has the plain name. */
function fileName(
  kind: ReportKind,
  period: string,
  format: ReportFormat,
  lang: ReportLanguage,
  firstLanguage: ReportLanguage,
): string {
  return reportPath(kind, period, format, lang === firstLanguage ? undefined : lang)
    .split('/')
    .at(-1)!;
}

/** Marks the answer with its tag, and says whether the asker has it already. A browser asks anew each time: keeping is its own affair. */
function isKnown(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('etag', `"${tag}"`).header('cache-control', 'private, no-cache');
  return (request.headers['if-none-match'] ?? '')
    .split(',')
    .some((one) => one.trim().replace(/^W\//, '') === `"${tag}"`);
}
