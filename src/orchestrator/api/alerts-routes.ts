import { Type } from '@sinclair/typebox';
import { ALERT_SEVERITIES, type AlertReport } from '../../contract/alert.ts';
import type { AlertView } from '../../contract/fleet.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { acknowledgeAlert } from '../database/queries/acknowledge-alert.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { readAlerts } from '../database/queries/read-alerts.ts';
import { recordAlerts, type StoredReport } from '../database/queries/record-alerts.ts';
import { storable } from '../database/storable.ts';
import type { App, ServerDeps } from './app.ts';
import { agentOf, personOf, requireAgent, requireOperator, requirePerson } from './principal.ts';
import { AgentIdSchema, IdSchema, ServerNameSchema } from './schemas.ts';

const ALERTS_MAX = 100;

const ReportSchema = Type.Object({
  dedup_key: Type.String({ minLength: 1, maxLength: 200 }),
  severity: Type.Union(ALERT_SEVERITIES.map((severity) => Type.Literal(severity))),
  server: ServerNameSchema,
  agent_id: Type.Union([AgentIdSchema, Type.Null()]),
  kind: Type.String({ minLength: 1, maxLength: 100 }),
  title: Type.String({ minLength: 1, maxLength: 500 }),
  detail: Type.Record(Type.String(), Type.Unknown()),
  at: Type.String({ maxLength: 40, description: 'ISO 8601, UTC' }),
});

/** What went wrong: told by agents, read and acknowledged by people. */
export function alertsRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, hub, metrics } = deps;

  app.post(
    '/api/v1/alerts',
    {
      onRequest: requireAgent,
      schema: {
        tags: ['agents'],
        summary: 'Tell alerts; one that is told again counts up',
        body: Type.Object({ alerts: Type.Array(ReportSchema, { minItems: 1, maxItems: ALERTS_MAX }) }),
      },
    },
    async (request): Promise<{ accepted: number }> => {
      const { server } = agentOf(request);
      const reports = storable(request.body.alerts) as readonly AlertReport[] | undefined;
      if (reports === undefined) throw new NervesysError('NSV_BODY_INVALID', 'body/alerts nest too deeply');
      const views = await recordAlerts(database, server, merge(reports, server, clock.now()));
      metrics.add('nervesys_alerts_told_total', {}, reports.length);
      for (const data of views) hub.publish({ type: 'alert', data });
      return { accepted: reports.length };
    },
  );

  app.get(
    '/api/v1/alerts',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['alerts'],
        summary: 'Alerts, newest first',
        querystring: Type.Object({
          server: Type.Optional(ServerNameSchema),
          state: Type.Optional(Type.Union(['open', 'acknowledged', 'resolved'].map((state) => Type.Literal(state)))),
          limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 200 }),
        }),
      },
    },
    async (request): Promise<{ alerts: AlertView[] }> => ({ alerts: await readAlerts(database, request.query) }),
  );

  app.post(
    '/api/v1/alerts/:id/acknowledge',
    {
      onRequest: requireOperator,
      schema: { tags: ['alerts'], summary: 'Say that an alert was seen', params: Type.Object({ id: IdSchema }) },
    },
    async (request): Promise<AlertView> => {
      const { name } = personOf(request);
      const { id: subject } = request.params;
      const at = new Date(clock.now());
      const view = await database.transaction(async (transaction) => {
        const acknowledged = await acknowledgeAlert(transaction, subject, name, at);
        if (acknowledged !== undefined)
          await appendAudit(transaction, { at, by: actorOf(request), action: 'alert.acknowledged', subject });
        return acknowledged;
      });
      if (view === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no open alert ${request.params.id}`);
      hub.publish({ type: 'alert', data: view });
      return view;
    },
  );
}

/** One report a `dedup_key`: the last one's words, counted. An instant from the future would stay newest for ever, so it becomes now. */
function merge(reports: readonly AlertReport[], server: string, now: number): StoredReport[] {
  const merged = new Map<string, StoredReport>();
  for (const report of reports) {
    if (report.server !== server)
      throw new NervesysError(
        'NSV_FORBIDDEN',
        `alert ${report.dedup_key} is of another server; this key is for ${server}`,
      );
    const at = Date.parse(report.at);
    if (Number.isNaN(at))
      throw new NervesysError('NSV_BODY_INVALID', `alert ${report.dedup_key}: at is not an instant`);
    const count = (merged.get(report.dedup_key)?.count ?? 0) + 1;
    merged.set(report.dedup_key, { ...report, at: new Date(Math.min(at, now)).toISOString(), count });
  }
  return [...merged.values()];
}
