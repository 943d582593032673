import { Type } from '@sinclair/typebox';
import type { AuditAction } from '../../contract/audit.ts';
import type { FleetAgent, FleetServer } from '../../contract/fleet.ts';
import { NERVESYS_AGENT_ID } from '../../contract/ids.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import type { AuditActor } from '../database/queries/append-audit.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { readAgents, readServers } from '../database/queries/read-fleet.ts';
import { reinstate, retire, type Subject } from '../database/queries/retire.ts';
import type { App, ServerDeps } from './app.ts';
import { requireOperator } from './principal.ts';
import { FleetAgentSchema, FleetServerSchema } from './schemas/fleet.ts';
import { AgentIdSchema, ServerNameSchema } from './schemas.ts';

const VERBS = [
  { verb: 'retire', move: retire, done: 'retired', text: 'out of service: nobody is alarmed by its silence' },
  { verb: 'reinstate', move: reinstate, done: 'reinstated', text: 'back into service: it is expected from now on' },
] as const;

/** Who belongs to the fleet and who did. What comes back by itself needs none of this: its next sign of life is enough. */
export function serviceRoutes(app: App, deps: ServerDeps): void {
  const { database, hub, hearing, stateWatch, transitions, logger } = deps;

  const change = async ({ move, done }: (typeof VERBS)[number], subject: Subject, by: AuditActor): Promise<void> => {
    const { server, agentId } = subject;
    const at = new Date(hearing.now());
    const name = agentId === undefined ? server : `${server}/${agentId}`;
    const moved = await database.transaction(async (transaction) => {
      const found = await move(transaction, subject, at);
      if (found === undefined)
        throw new NervesysError(
          'NSV_NOT_FOUND',
          agentId === undefined ? `there is no server ${server}` : `there is no AI agent ${agentId} on ${server}`,
        );
      if (found.length === 0) return found; // it was so before
      await transitions.record(transaction, found);
      const action: AuditAction = agentId === undefined ? `server.${done}` : `agent.${done}`;
      await appendAudit(transaction, { at, by, action, subject: name });
      return found;
    });
    if (moved.length === 0) return;
    stateWatch.nudge(); // to be looked at when its time comes
    logger.info(`${agentId === undefined ? 'server' : 'AI agent'} ${done}`, { server, agentId, by: by.name });
    const names = moved.flatMap((one) => (one.agentId === null ? [] : [{ server, agentId: one.agentId }]));
    for (const data of await readAgents(database, { names })) hub.publish({ type: 'fleet', data });
    for (const data of await readServers(database, [server])) hub.publish({ type: 'server', data });
  };

  for (const verb of VERBS) {
    app.post(
      `/api/v1/servers/:server/${verb.verb}`,
      {
        onRequest: requireOperator,
        schema: {
          tags: ['fleet'],
          summary: `Put a server and its AI agents ${verb.text}`,
          params: Type.Object({ server: ServerNameSchema }),
          response: { 200: FleetServerSchema },
        },
      },
      async (request): Promise<FleetServer> => {
        const { server } = request.params;
        await change(verb, { server }, actorOf(request));
        return (await readServers(database, [server]))[0]!;
      },
    );

    app.post(
      `/api/v1/agents/:agent_id/${verb.verb}`,
      {
        onRequest: requireOperator,
        schema: {
          tags: ['fleet'],
          summary: `Put an AI agent on one server ${verb.text}`,
          params: Type.Object({ agent_id: AgentIdSchema }),
          body: Type.Object({ server: ServerNameSchema }),
          response: { 200: FleetAgentSchema },
        },
      },
      async (request): Promise<FleetAgent> => {
        const { server } = request.body;
        const agentId = request.params.agent_id;
        if (agentId === NERVESYS_AGENT_ID)
          throw new NervesysError('NSV_BODY_INVALID', `${agentId} is the agent of ${server} itself`, {
            hint: `${verb.verb} the server`,
          });
        await change(verb, { server, agentId }, actorOf(request));
        return (await readAgents(database, { names: [{ server, agentId }] }))[0]!;
      },
    );
  }
}
