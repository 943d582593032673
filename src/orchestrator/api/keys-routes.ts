import { Type } from '@sinclair/typebox';
import type { RotateAnswer } from '../../contract/enrolment.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import type { AgentKeyState } from '../database/queries/find-principal.ts';
import { addSuccessor, askForRotation } from '../database/queries/rotate-key.ts';
import type { App, ServerDeps } from './app.ts';
import { agentOf, personOf, requireAdmin, requireAgent } from './principal.ts';
import { RotateAnswerSchema } from './schemas/agents.ts';
import { noBody, ServerNameSchema } from './schemas.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** Whether a server should exchange its key: somebody asked for it, or it has had its time. */
export function isDue(
  key: AgentKeyState,
  now: number,
  { keyRotateAfterMs }: Pick<ServerDeps, 'keyRotateAfterMs'>,
): boolean {
  return key.rotationAsked || now - key.createdAt.getTime() >= keyRotateAfterMs();
}

/** Servers exchange their keys, when they are due. */
export function keysRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, authenticator, metrics, logger } = deps;

  app.post(
    '/api/v1/enroll/rotate',
    {
      onRequest: requireAgent,
      bodyLimit: 1024,
      schema: {
        tags: ['agents'],
        summary: 'Exchange the key that opens this call for its successor; both open until the new one is first used',
        response: { 200: RotateAnswerSchema },
      },
    },
    async (request): Promise<RotateAnswer> => {
      const { server } = agentOf(request);
      const old = request.agentKey!; // requireAgent: an agent is known by its key
      // Not at any time: a stolen key must not be turned into one of the thief's own by the thief's choice.
      if (!isDue(old, clock.now(), deps))
        throw new NervesysError('NSV_KEY_NOT_DUE', `the key of ${server} need not be exchanged now`);
      const key = newSecret();
      await addSuccessor(database, old.sha256, hashSecret(key), new Date(clock.now()));
      metrics.add('nervesys_key_rotations_total', {});
      logger.info('a server asked for a new key', { server });
      return { key };
    },
  );

  app.post(
    '/api/v1/servers/:server/rotate-key',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['fleet'],
        summary: 'Ask a server to exchange its key; it does so with its next heartbeat',
        params: Type.Object({ server: ServerNameSchema }),
        response: { 202: noBody('It is asked to') },
      },
    },
    async (request, reply) => {
      const { server } = request.params;
      const at = new Date(clock.now());
      await database.transaction(async (transaction) => {
        if (!(await askForRotation(transaction, server, at)))
          throw new NervesysError('NSV_NOT_FOUND', `there is no server ${server} with a key that opens`);
        await appendAudit(transaction, { at, by: actorOf(request), action: 'server.rotation_asked', subject: server });
      });
      await authenticator.forget();
      logger.info('a key is to be exchanged', { server, by: personOf(request).name });
      return reply.code(202).send();
    },
  );
}
