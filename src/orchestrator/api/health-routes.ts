import { NERVESYS_VERSION } from '../../contract/version.ts';
import { withDeadline } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { App, ServerDeps } from './app.ts';
import { formatLabels } from './metrics.ts';
import { requirePerson } from './principal.ts';

const DATABASE_ANSWER_MS = 2_000;

/** For those who watch the orchestrator itself. */
export function healthRoutes(app: App, deps: ServerDeps): void {
  const { database, clock, metrics, closing, listeningSince } = deps;

  app.get(
    '/healthz',
    { config: { open: true }, schema: { tags: ['health'], summary: 'The process lives', security: [] } },
    async () => ({ status: 'ok', version: NERVESYS_VERSION }),
  );

  app.get(
    '/readyz',
    { config: { open: true }, schema: { tags: ['health'], summary: 'It can serve: Postgres answers', security: [] } },
    async () => {
      if (closing.aborted) throw new NervesysError('NSV_SHUTTING_DOWN', 'the orchestrator is closing');
      await withDeadline(clock, DATABASE_ANSWER_MS, closing, (signal) => {
        const late = new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(
              new NervesysError('NSV_DATABASE_UNREACHABLE', `Postgres gave no answer in ${DATABASE_ANSWER_MS} ms`),
            );
          });
        });
        return Promise.race([database.query('SELECT 1'), late]);
      });
      return { status: 'ready' };
    },
  );

  app.get(
    '/metrics',
    { onRequest: requirePerson, schema: { tags: ['health'], summary: 'Prometheus text', produces: ['text/plain'] } },
    async (_request, reply) => {
      const gauges = new Map<string, number>();
      const agents = await database.query<{ state: string; count: number }>(
        'SELECT state, count(*) AS count FROM agents_latest GROUP BY state',
      );
      for (const row of agents.rows) gauges.set(`nervesys_agents${formatLabels({ state: row.state })}`, row.count);
      const alerts = await database.query<{ severity: string; count: number }>(
        "SELECT severity, count(*) AS count FROM alerts WHERE state = 'open' GROUP BY severity",
      );
      for (const row of alerts.rows)
        gauges.set(`nervesys_alerts_open${formatLabels({ severity: row.severity })}`, row.count);
      gauges.set('nervesys_uptime_seconds', Math.max(0, Math.round((clock.now() - listeningSince()) / 1_000)));
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render(gauges));
    },
  );
}
