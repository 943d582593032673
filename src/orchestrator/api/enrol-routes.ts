import { timingSafeEqual } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import type { EnrolAnswer } from '../../contract/enrolment.ts';
import { parseServerName, type ServerName } from '../../contract/ids.ts';
import { renameProof } from '../../contract/rename-proof.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { enrolServer } from '../database/queries/enrol-server.ts';
import { readServers } from '../database/queries/read-fleet.ts';
import type { App, ServerDeps } from './app.ts';
import { ServerNameSchema } from './schemas.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** A server joins by a token's secret and gets its own key, which is shown this once. */
export function enrolRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, hub, authenticator, metrics, policy, logger } = deps;

  app.post(
    '/api/v1/enroll',
    {
      config: { open: true }, // the token's secret is what opens it
      bodyLimit: 16 * 1024,
      schema: {
        tags: ['agents'],
        summary: 'Join the fleet with a token',
        security: [],
        body: Type.Object({
          secret: Type.String({ minLength: 1, maxLength: 200 }),
          server: ServerNameSchema,
          agent_version: Type.String({ minLength: 1, maxLength: 50 }),
          boot_id: Type.Union([Type.String({ maxLength: 100 }), Type.Null()]),
          former: Type.Optional(
            Type.Object(
              { server: ServerNameSchema, proof: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
              { description: 'The former name of a server that got another, and the proof that it holds its key.' },
            ),
          ),
        }),
      },
    },
    async (request): Promise<EnrolAnswer> => {
      const { secret, agent_version: agentVersion, boot_id: bootId } = request.body;
      const server = parseServerName(request.body.server);
      if (server === undefined) throw new NervesysError('NSV_BODY_INVALID', 'body/server is not a server name');
      const former = request.body.former;
      const key = newSecret();
      const now = clock.now();
      try {
        const proven = await enrolServer(database, {
          secretSha256: hashSecret(secret),
          server,
          agentVersion,
          bootId,
          keySha256: hashSecret(key),
          now: new Date(now),
          nextJudgedAt: new Date(now + policy.lateAfterMs),
          former: former && {
            server: former.server,
            isProvenBy: (keySha256) =>
              timingSafeEqual(
                Buffer.from(former.proof, 'hex'),
                Buffer.from(
                  renameProof({ keySha256, former: former.server as ServerName, server, tokenSecret: secret }),
                  'hex',
                ),
              ),
          },
        });
        if (former !== undefined && proven)
          logger.info('a server has got another name', { server, former: former.server });
        else if (former !== undefined)
          logger.warn('a server did not prove its former name: what it sealed under that stays with it', {
            server,
            former: former.server,
          });
      } catch (error) {
        metrics.add('nervesys_enrolments_total', { outcome: errorCode(error) });
        throw error;
      }
      metrics.add('nervesys_enrolments_total', { outcome: 'enrolled' });
      logger.info('server enrolled', { server, agentVersion });
      await authenticator.forget(); // the server's earlier key, if it had one
      for (const data of await readServers(database, [server])) hub.publish({ type: 'server', data });
      return { key, server };
    },
  );
}
