import { Type } from '@sinclair/typebox';
import type { DegradedDependency, HealthAnswer, ReadyAnswer } from '../../contract/health.ts';
import { problem } from '../../contract/problem.ts';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import { withDeadline } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { METRICS_CONTENT_TYPE } from '../../platform/metrics-text.ts';
import type { App, ServerDeps } from './app.ts';
import { describe } from './described.ts';
import { registerMetricSources } from './metric-sources.ts';
import { requirePerson } from './principal.ts';
import { PROBLEM_MEMBERS, problemAnswer, sendProblem, toProblem } from './problems.ts';
import { InstantSchema, textAnswer } from './schemas.ts';

const DATABASE_ANSWER_MS = 2_000;

const Health = describe<HealthAnswer>()(
  'HealthAnswer',
  Type.Object({ status: Type.Literal('ok'), version: Type.String() }),
);
const Degraded = describe<DegradedDependency>()(
  'DegradedDependency',
  Type.Object({
    name: Type.String({ description: 'archive, git, vault' }),
    code: Type.String({ description: 'docs/ERRORS.md' }),
    reason: Type.String({ description: 'in words, without addresses or secrets' }),
    since: InstantSchema,
  }),
);
const Ready = describe<ReadyAnswer>()(
  'ReadyAnswer',
  Type.Object({ status: Type.Literal('ready'), degraded: Type.Array(Degraded) }),
);
const NotReady = Type.Object(
  {
    ...PROBLEM_MEMBERS,
    dependency: Type.Union([Type.String(), Type.Null()], { description: 'what is away; null: the process is closing' }),
    since: Type.Optional(InstantSchema),
    degraded: Type.Array(Degraded),
  },
  { title: 'NotReadyProblem' },
);

/** For those who watch the orchestrator itself. */
export function healthRoutes(app: App, deps: ServerDeps): void {
  const { database, clock, dependencies, metrics, closing, lookAtDependencies } = deps;
  const sources = registerMetricSources(deps);
  app.addHook('onClose', async () => sources[Symbol.dispose]());

  app.get(
    '/healthz',
    {
      config: { open: true },
      schema: { tags: ['health'], summary: 'The process lives', security: [], response: { 200: Health } },
    },
    async (): Promise<HealthAnswer> => ({ status: 'ok', version: NERVESYS_VERSION }),
  );

  // Whoever asks while Postgres is being asked waits for the same answer: the call is open, and must cost one connection at most.
  let asking: Promise<void> | undefined;
  const askPostgres = async (): Promise<void> => {
    asking ??= withDeadline(clock, DATABASE_ANSWER_MS, closing, (signal) => {
      const late = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new NervesysError('NSV_DATABASE_UNREACHABLE', `Postgres gave no answer in ${DATABASE_ANSWER_MS} ms`));
        });
      });
      return Promise.race([database.query('SELECT 1'), late]);
    })
      .then(() => dependencies.note('postgres', undefined))
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };

  app.get(
    '/readyz',
    {
      config: { open: true },
      schema: {
        tags: ['health'],
        summary: 'It can serve: Postgres answers; what else is away is listed as degraded',
        security: [],
        response: { 200: Ready, 503: problemAnswer(NotReady, 'Postgres is away, or the process is closing') },
      },
    },
    async (_request, reply) => {
      lookAtDependencies();
      const others = () => dependencies.degraded.filter((one) => one.name !== 'postgres');
      try {
        if (closing.aborted) throw new NervesysError('NSV_SHUTTING_DOWN', 'the orchestrator is closing');
        await askPostgres();
      } catch (error) {
        reply.header('retry-after', '5');
        if (closing.aborted) {
          const closed = problem('NSV_SHUTTING_DOWN', 'the orchestrator is closing');
          return sendProblem(reply, closed, { dependency: null, degraded: others() });
        }
        dependencies.note('postgres', error);
        const since = dependencies.find('postgres')?.since;
        const said = { ...toProblem(error), status: 503 };
        return sendProblem(reply, said, { dependency: 'postgres', since, degraded: others() });
      }
      return reply.send({ status: 'ready', degraded: [...others()] });
    },
  );

  app.get(
    '/metrics',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['health'],
        summary: 'What this process counts and measures, in the Prometheus text format',
        response: { 200: textAnswer(METRICS_CONTENT_TYPE, 'Prometheus text, version 0.0.4') },
      },
    },
    async (_request, reply) => reply.type(METRICS_CONTENT_TYPE).send(await metrics.render()),
  );
}
