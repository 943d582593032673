import { timingSafeEqual } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import type { EnrolAnswer } from '../../contract/enrolment.ts';
import { parseServerName, type ServerName } from '../../contract/ids.ts';
import { renameProof } from '../../contract/rename-proof.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields } from '../../platform/logger.ts';
import { type OwnTrouble, raiseNow } from '../alerts/raise.ts';
import { enrolServer } from '../database/queries/enrol-server.ts';
import { readServers } from '../database/queries/read-fleet.ts';
import type { App, ServerDeps } from './app.ts';
import { contractObstacle } from './contract-check.ts';
import { RefusalLimit } from './refusal-limit.ts';
import { EnrolAnswerSchema } from './schemas/agents.ts';
import { ServerNameSchema } from './schemas.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** A server joins by a token's secret and gets its own key, which is shown this once. */
export function enrolRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, hub, authenticator, metrics, logger, stateWatch } = deps;
  const limit = new RefusalLimit(clock);

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
          now: Type.Optional(Type.String({ maxLength: 40, description: 'the clock of the host, ISO 8601' })),
          former: Type.Optional(
            Type.Object(
              { server: ServerNameSchema, proof: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
              { description: 'The former name of a server that got another, and the proof that it holds its key.' },
            ),
          ),
        }),
        response: { 200: EnrolAnswerSchema },
      },
      // Before the body is read: who tried too often costs us nothing more.
      onRequest: async (request, reply) => {
        try {
          limit.check(request.clientAddress);
        } catch (error) {
          metrics.add('nervesys_enrolments_total', { outcome: errorCode(error) });
          logger.warn('too many enrolments are refused', {
            address: request.clientAddress,
            errorCode: errorCode(error),
          });
          const { retryAfterMs } = (error as NervesysError).facts;
          reply.header('retry-after', String(Math.ceil(Number(retryAfterMs) / 1_000)));
          throw error;
        }
      },
    },
    async (request): Promise<EnrolAnswer> => {
      const { secret, agent_version: agentVersion, boot_id: bootId } = request.body;
      const skewMs = clockSkewMs(request.body.now, clock.now());
      const server = parseServerName(request.body.server);
      if (server === undefined) throw new NervesysError('NSV_BODY_INVALID', 'body/server is not a server name');
      const former = request.body.former;
      const key = newSecret();
      const now = deps.hearing.now();
      try {
        const proven = await enrolServer(database, {
          secretSha256: hashSecret(secret),
          server,
          agentVersion,
          bootId,
          keySha256: hashSecret(key),
          now: new Date(now),
          address: request.clientAddress,
          obstacle: contractObstacle(request.headers),
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
        if (error instanceof NervesysError && !error.retryable) {
          limit.refused(request.clientAddress);
          await tellRefusal(deps, { error, server, address: request.clientAddress, skewMs });
        }
        throw error;
      }
      metrics.add('nervesys_enrolments_total', { outcome: 'enrolled' });
      logger.info('server enrolled', { server, agentVersion });
      stateWatch.nudge();
      await authenticator.forget(); // the server's earlier key, if it had one
      for (const data of await readServers(database, [server])) hub.publish({ type: 'server', data });
      return { key, server, ...(skewMs === undefined ? {} : { clock_skew_ms: skewMs }) };
    },
  );
}

interface Refusal {
  readonly error: NervesysError;
  readonly server: ServerName;
  readonly address: string;
  readonly skewMs: number | undefined;
}

/**
 * A refused enrolment is in the log each time. As an alert people hear only of one whose token we did give out: whoever makes up secrets
 * must not be able to fill their list.
 */
async function tellRefusal(deps: ServerDeps, { error, server, address, skewMs }: Refusal): Promise<void> {
  const { clock, database, hub, logger } = deps;
  const { tokenId } = error.facts;
  const clockSkewMs = skewMs ?? null;
  // Each of them, so not a warning, of which repeats are left out; the limit bounds how many there can be.
  logger.info('enrolment refused', { server, address, tokenId, clockSkewMs, errorCode: error.code });
  if (typeof tokenId !== 'string') return;
  try {
    const trouble: OwnTrouble = {
      server,
      agentId: null,
      dedupKey: `enrolment:${tokenId}:${error.code}`,
      kind: 'enrolment.refused',
      severity: 'warning',
      title: `${server} could not join: ${error.message}`,
      detail: { code: error.code, token_id: tokenId, address, clock_skew_ms: clockSkewMs },
    };
    await raiseNow({ database, hub }, [trouble], new Date(clock.now()));
  } catch (failure) {
    logger.error('an alert could not be stored', { kind: 'enrolment.refused', server, ...errorFields(failure) });
  }
}

/** How far the host's clock is ahead of ours; nothing is judged by it. */
function clockSkewMs(said: string | undefined, now: number): number | undefined {
  const theirs = Date.parse(said ?? '');
  return Number.isNaN(theirs) ? undefined : Math.round(theirs - now);
}
