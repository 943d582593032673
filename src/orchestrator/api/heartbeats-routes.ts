import { Type } from '@sinclair/typebox';
import type { HeartbeatsAnswer } from '../../contract/heartbeat.ts';
import { errorCode } from '../../platform/errors.ts';
import { errorFields } from '../../platform/logger.ts';
import { actorOf } from '../audit/refusals.ts';
import { readServers } from '../database/queries/read-fleet.ts';
import type { ReceivedHeartbeat } from '../database/queries/record-heartbeats.ts';
import { checkHeartbeat, HeartbeatSchema } from '../fleet/heartbeat-check.ts';
import { HeartbeatWriter } from '../fleet/heartbeat-writer.ts';
import { judgeBeat } from '../fleet/judge-state.ts';
import type { App, ServerDeps } from './app.ts';
import { DESCRIBED_BY } from './describe-api.ts';
import { isDue } from './keys-routes.ts';
import { agentOf, requireAgent } from './principal.ts';
import { HeartbeatsAnswerSchema } from './schemas/agents.ts';

/** All AI agents of one server; more on one host means a runaway naming its agents at random. */
const HEARTBEATS_MAX = 1_000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** Beats come in, are in Postgres before the answer, and on the page at once. */
export function heartbeatsRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, desired, hub, metrics, hearing, logger, rolloutWatch, thresholdWatch } = deps;
  const writer = new HeartbeatWriter(database, ({ received, agents, changedServers, due }) => {
    if (due) deps.stateWatch.nudge();
    thresholdWatch.see(received);
    for (const data of agents) hub.publish({ type: 'fleet', data });
    if (changedServers.length === 0) return;
    readServers(database, changedServers).then(
      (servers) => {
        for (const data of servers) hub.publish({ type: 'server', data });
        if (servers.some((one) => one.config?.error)) rolloutWatch.nudge();
      },
      // The beats are committed; the page sees the server with its next fetch.
      (error: unknown) => logger.warn('changed servers not shown', errorFields(error)),
    );
  });

  app.post(
    '/api/v1/heartbeats',
    {
      onRequest: requireAgent,
      // One beat may come as it is.
      preValidation: async (request) => {
        const body = request.body as Record<string, unknown> | null;
        if (typeof body === 'object' && body !== null && 'agent_id' in body && !('heartbeats' in body))
          (request as { body: unknown }).body = { heartbeats: [body] };
      },
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags: ['agents'],
        summary: 'Tell how the AI agents of a server are; good ones are kept, bad ones named, repeats count once',
        // Each beat is checked by itself (`HeartbeatSchema`), so that one bad beat doesn't take the others with it.
        body: Type.Object({
          heartbeats: Type.Array(Type.Unknown({ [DESCRIBED_BY]: HeartbeatSchema }), { maxItems: HEARTBEATS_MAX }),
        }),
        response: { 200: HeartbeatsAnswerSchema },
      },
    },
    async (request): Promise<HeartbeatsAnswer> => {
      const { server } = agentOf(request);
      const now = hearing.now();
      const policy = deps.policy(); // it follows the configuration
      const accepted: ReceivedHeartbeat[] = [];
      const rejected: HeartbeatsAnswer['rejected'][number][] = [];
      for (const [index, value] of request.body.heartbeats.entries()) {
        const checked = checkHeartbeat(value, server);
        if (!('beat' in checked)) {
          rejected.push({ index, ...checked });
          if (checked.code === 'NSV_FORBIDDEN')
            deps.refusals.note(actorOf(request), 'access.refused', "another server's heartbeat");
          continue;
        }
        const { beat } = checked;
        accepted.push({ beat, receivedAt: new Date(now), judgement: judgeBeat(beat, policy, now) });
      }
      try {
        await writer.write(accepted);
      } catch (error) {
        if (errorCode(error) === 'NSV_DATABASE_UNREACHABLE') hearing.notTaken();
        throw error;
      }
      metrics.add('nervesys_heartbeats_total', { outcome: 'accepted' }, accepted.length);
      if (rejected.length > 0) metrics.add('nervesys_heartbeats_total', { outcome: 'rejected' }, rejected.length);
      const revision = desired.revisionFor(server);
      return {
        accepted: accepted.length,
        rejected,
        now: new Date(clock.now()).toISOString(),
        ...(request.agentKey !== null && isDue(request.agentKey, clock.now(), deps) ? { rotate_key: true } : {}),
        ...(deps.upgrades.has(server) ? { upgrade: true } : {}),
        ...(revision === undefined ? {} : { config_revision: revision }),
        triage_corrections: deps.corrections.tag,
      };
    },
  );
}
