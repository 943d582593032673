import { Type } from '@sinclair/typebox';
import { ALERT_COUNT_MAX, ALERT_SEVERITIES, type AlertReport, DEDUP_KEY_LENGTH_MAX } from '../../contract/alert.ts';
import type { AuditAction } from '../../contract/audit.ts';
import type { AlertDetail, AlertView } from '../../contract/fleet.ts';
import { NervesysError } from '../../platform/errors.ts';
import { mergeReports } from '../alerts/merge-reports.ts';
import { actorOf } from '../audit/refusals.ts';
import type { Queryable } from '../database/database.ts';
import { acknowledgeAlert } from '../database/queries/acknowledge-alert.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { readAlertDetail } from '../database/queries/read-alert-detail.ts';
import { readAlerts } from '../database/queries/read-alerts.ts';
import { recordAlerts } from '../database/queries/record-alerts.ts';
import { resolveAlerts } from '../database/queries/resolve-alerts.ts';
import { storable } from '../database/storable.ts';
import { publishAlerts } from '../fleet/event-hub.ts';
import type { Corrections } from '../triage/corrections.ts';
import { templateIdIn } from '../triage/template-of-alert.ts';
import type { App, ServerDeps } from './app.ts';
import { agentOf, personOf, requireAgent, requireOperator, requirePerson } from './principal.ts';
import { AlertDetailSchema, AlertsAnswerSchema, AlertViewSchema } from './schemas/fleet.ts';
import { AgentIdSchema, CountSchema, IdSchema, ServerNameSchema } from './schemas.ts';

const ALERTS_MAX = 100;

const SeveritySchema = Type.Union(ALERT_SEVERITIES.map((severity) => Type.Literal(severity)));
const ReportSchema = Type.Object({
  dedup_key: Type.String({ minLength: 1, maxLength: DEDUP_KEY_LENGTH_MAX }),
  severity: SeveritySchema,
  server: ServerNameSchema,
  agent_id: Type.Union([AgentIdSchema, Type.Null()]),
  kind: Type.String({ minLength: 1, maxLength: 100 }),
  title: Type.String({ minLength: 1, maxLength: 500 }),
  detail: Type.Record(Type.String(), Type.Unknown()),
  at: Type.String({ maxLength: 40, description: 'ISO 8601, UTC' }),
  id: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: 'of this report: told again it is counted once' }),
  ),
  count: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: ALERT_COUNT_MAX,
      description: 'how often since it was told before; 0: only something more is known of it',
    }),
  ),
  resolved: Type.Optional(Type.Boolean({ description: 'the trouble is over' })),
});
const NoteSchema = Type.Object(
  { note: Type.Optional(Type.String({ maxLength: 500, description: 'for whoever reads the timeline' })) },
  { default: {} },
);

const CALLED_NONE = { by: null, note: 'its template is marked as not an alert' };

/** One that stands for many says of one template only what the latest was. */
function isCalledNone({ detail }: AlertView, corrections: Pick<Corrections, 'isOrdinary'>): boolean {
  const template = detail['of_many'] === true ? undefined : templateIdIn(detail);
  return template !== undefined && corrections.isOrdinary(template);
}

/** What went wrong: told by agents, read, acknowledged and resolved by people. */
export function alertsRoutes(app: App, deps: ServerDeps): void {
  const { clock, corrections, database, hub, metrics } = deps;

  app.post(
    '/api/v1/alerts',
    {
      onRequest: requireAgent,
      // Among them are the lines before an alert: whoever writes such a key into a log must not keep the alert away by it.
      config: { holdsRecords: true },
      schema: {
        tags: ['agents'],
        summary: 'Tell alerts; one that is told again counts up',
        body: Type.Object({ alerts: Type.Array(ReportSchema, { minItems: 1, maxItems: ALERTS_MAX }) }),
        response: { 200: Type.Object({ accepted: CountSchema }, { title: 'AlertsTaken' }) },
      },
    },
    async (request): Promise<{ accepted: number }> => {
      const { server } = agentOf(request);
      const reports = storable(request.body.alerts) as readonly AlertReport[] | undefined;
      if (reports === undefined) throw new NervesysError('NSV_BODY_INVALID', 'body/alerts nest too deeply');
      const now = new Date(clock.now());
      const { told, over } = mergeReports(reports, server, now.getTime());
      const views = await database.transaction(async (transaction) => {
        const recorded = await recordAlerts(transaction, told, now, 'agent');
        // Told before the server knew that people call it none: nobody is notified, and nobody need resolve it again.
        const none = recorded.filter((view) => isCalledNone(view, corrections)).map(({ id }) => id);
        if (over.length === 0 && none.length === 0) return recorded;
        const resolved = [
          ...(over.length === 0
            ? []
            : await resolveAlerts(
                transaction,
                { origin: 'agent', names: over.map((dedupKey) => ({ server, dedupKey })) },
                now,
              )),
          ...(none.length === 0 ? [] : await resolveAlerts(transaction, { ids: none }, now, CALLED_NONE)),
        ];
        return [...recorded.filter(({ id }) => !resolved.some((view) => view.id === id)), ...resolved];
      });
      metrics.add('nervesys_alerts_told_total', {}, reports.length);
      publishAlerts(hub, views);
      return { accepted: reports.length };
    },
  );

  app.get(
    '/api/v1/alerts',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['alerts'],
        summary: 'Alerts, the one told last first',
        querystring: Type.Object({
          server: Type.Optional(ServerNameSchema),
          agent_id: Type.Optional(AgentIdSchema),
          kind: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
          severity: Type.Optional({ ...SeveritySchema, description: 'at least so bad' }),
          state: Type.Optional(
            Type.Union(
              (['open', 'acknowledged', 'resolved', 'unresolved'] as const).map((state) => Type.Literal(state)),
              { description: 'unresolved: open or acknowledged' },
            ),
          ),
          text: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 100,
              pattern: '^[^\\u0000]*$',
              description: 'a part of the name of the server or the AI agent, or of the title',
            }),
          ),
          before: Type.Optional(
            Type.String({
              pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,6})?Z$',
              description: 'last told before this instant: the page that follows',
            }),
          ),
          before_id: Type.Optional({
            ...IdSchema,
            description: 'with before: and those last told at that very instant that come after this alert',
          }),
          limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 200 }),
        }),
        response: { 200: AlertsAnswerSchema },
      },
    },
    async (request): Promise<{ alerts: AlertView[] }> => {
      const { agent_id: agentId, before_id: beforeId, ...query } = request.query;
      return { alerts: await readAlerts(database, { ...query, agentId, beforeId }) };
    },
  );

  app.get(
    '/api/v1/alerts/:id',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['alerts'],
        summary: 'One alert: what happened to it, and whom it was told to',
        params: Type.Object({ id: IdSchema }),
        response: { 200: AlertDetailSchema },
      },
    },
    async (request): Promise<AlertDetail> => {
      const detail = await readAlertDetail(database, request.params.id, new Date(clock.now()));
      if (detail === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no alert ${request.params.id}`);
      return detail;
    },
  );

  type Change = (
    transaction: Queryable,
    id: string,
    by: { readonly by: string; readonly note: string | null },
    now: Date,
  ) => Promise<AlertView | undefined>;

  const changeRoute = (verb: string, summary: string, action: AuditAction, change: Change) =>
    app.post(
      `/api/v1/alerts/:id/${verb}`,
      {
        onRequest: requireOperator,
        schema: {
          tags: ['alerts'],
          summary,
          params: Type.Object({ id: IdSchema }),
          body: NoteSchema,
          response: { 200: AlertViewSchema },
        },
      },
      async (request): Promise<AlertView> => {
        const { id: subject } = request.params;
        const at = new Date(clock.now());
        const by = { by: personOf(request).name, note: noteOf(request.body) };
        const view = await database.transaction(async (transaction) => {
          const changed = await change(transaction, subject, by, at);
          if (changed !== undefined)
            await appendAudit(transaction, { at, by: actorOf(request), action, subject, detail: { note: by.note } });
          return changed;
        });
        if (view === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no open alert ${subject}`);
        hub.publish({ type: 'alert', data: view });
        return view;
      },
    );
  changeRoute('acknowledge', 'Say that an alert was seen', 'alert.acknowledged', acknowledgeAlert);
  changeRoute('resolve', 'Say that the trouble is over', 'alert.resolved', async (transaction, id, by, now) => {
    const [resolved] = await resolveAlerts(transaction, { ids: [id] }, now, by);
    return resolved;
  });
}

function noteOf(body: { readonly note?: string }): string | null {
  const note = body.note?.trim().replaceAll('\0', '\ufffd').toWellFormed() ?? '';
  return note === '' ? null : note;
}
