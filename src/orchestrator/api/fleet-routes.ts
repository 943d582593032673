import { Type } from '@sinclair/typebox';
import type { AgentDetail, FleetAnswer, HistoryAnswer, ServerDetail } from '../../contract/fleet.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { readAgents, readServers } from '../database/queries/read-fleet.ts';
import { readFleetConfig } from '../database/queries/read-fleet-config.ts';
import { readBeats, readRollup } from '../database/queries/read-history.ts';
import { revokeServer } from '../database/queries/revoke-server.ts';
import { chooseResolution } from '../history/resolutions.ts';
import type { App, ServerDeps } from './app.ts';
import { personOf, requireAdmin, requirePerson } from './principal.ts';
import { AgentDetailSchema, FleetAnswerSchema, HistoryAnswerSchema, ServerDetailSchema } from './schemas/fleet.ts';
import { AgentIdSchema, NO_CONTENT, ServerNameSchema } from './schemas.ts';

/** Ten years, as long as days are kept. */
const MINUTES_MAX = 3_660 * 1_440;

/** How the fleet is, for people. */
export function fleetRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, history, hub, authenticator, logger, hearing, stateWatch, transitions } = deps;

  app.get(
    '/api/v1/fleet',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary: 'Every server and AI agent with its latest state',
        querystring: Type.Object({ server: Type.Optional(ServerNameSchema) }),
        response: { 200: FleetAnswerSchema },
      },
    },
    async (request): Promise<FleetAnswer> => {
      const { server } = request.query;
      const [servers, agents, config] = await Promise.all([
        readServers(database, server === undefined ? undefined : [server]),
        readAgents(database, { server }),
        server === undefined ? readFleetConfig(database) : undefined,
      ]);
      const now = new Date(hearing.now()).toISOString();
      return { now, servers, agents, ...(config === undefined ? {} : { config }) };
    },
  );

  app.get(
    '/api/v1/servers/:server',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary: 'One server, and how each AI agent on it is',
        params: Type.Object({ server: ServerNameSchema }),
        response: { 200: ServerDetailSchema },
      },
    },
    async (request): Promise<ServerDetail> => {
      const { server } = request.params;
      const [found, agents] = await Promise.all([readServers(database, [server]), readAgents(database, { server })]);
      if (found[0] === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no server ${server}`);
      return { now: new Date(hearing.now()).toISOString(), ...found[0], ai_agents: agents };
    },
  );

  app.get(
    '/api/v1/agents/:agent_id',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary: 'One AI agent: on the server that is named, or where it was heard last',
        params: Type.Object({ agent_id: AgentIdSchema }),
        querystring: Type.Object({ server: Type.Optional(ServerNameSchema) }),
        response: { 200: AgentDetailSchema },
      },
    },
    async (request): Promise<AgentDetail> => {
      const { server } = request.query;
      const { agent_id: agentId } = request.params;
      const all = await readAgents(database, { agentId });
      const candidates = server === undefined ? all : all.filter((one) => one.server === server);
      const one = candidates.toSorted((a, b) => b.received_at.localeCompare(a.received_at))[0];
      if (one === undefined)
        throw new NervesysError(
          'NSV_NOT_FOUND',
          `there is no AI agent ${agentId}${server === undefined ? '' : ` on ${server}`}`,
        );
      const elsewhere = all.filter((other) => other.server !== one.server);
      return { now: new Date(hearing.now()).toISOString(), ...one, elsewhere };
    },
  );

  app.get(
    '/api/v1/agents/:agent_id/history',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary: "One AI agent's vitals, oldest first: beats of the last hours, roll-ups of longer times",
        params: Type.Object({ agent_id: AgentIdSchema }),
        querystring: Type.Object({
          server: ServerNameSchema,
          minutes: Type.Integer({ minimum: 1, maximum: MINUTES_MAX, default: 60 }),
        }),
        response: { 200: HistoryAnswerSchema },
      },
    },
    async (request): Promise<HistoryAnswer> => {
      const { server, minutes } = request.query;
      const question = {
        agentId: request.params.agent_id,
        server,
        now: clock.now(),
        spanMs: minutes * 60_000,
        intervalMs: history.intervalMs(),
      };
      const rollup = chooseResolution(question.spanMs, question.intervalMs, history.keep());
      return rollup === undefined
        ? { resolution: 'beat', points: await readBeats(database, question) }
        : { resolution: rollup.name, points: await readRollup(database, rollup, question) };
    },
  );

  app.post(
    '/api/v1/servers/:server/revoke',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['fleet'],
        summary: "Take a server's key away",
        params: Type.Object({ server: ServerNameSchema }),
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      const { server } = request.params;
      const { name } = personOf(request);
      if (!(await revokeServer(database, transitions, server, name, new Date(hearing.now()), actorOf(request))))
        throw new NervesysError('NSV_NOT_FOUND', `there is no server ${server}`);
      await authenticator.forget();
      stateWatch.nudge(); // for its AI agents
      logger.info('server revoked', { server, by: name });
      for (const data of await readServers(database, [server])) hub.publish({ type: 'server', data });
      return reply.code(204).send();
    },
  );
}
