import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG_WAIT_SECONDS_MAX, CORRECTIONS_HEADER } from '../../contract/config-delivery.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields } from '../../platform/logger.ts';
import { noteOffered } from '../database/queries/note-offered.ts';
import { findOpenKeys } from '../database/queries/open-keys.ts';
import { WAITING_AGENTS_MAX, type WaitingAgent, WaitingAgents } from '../gitops/waiting-agents.ts';
import type { App, ServerDeps } from './app.ts';
import { closedSignal } from './closed-signal.ts';
import { agentOf, requireAgent } from './principal.ts';
import { ConfigDeliverySchema } from './schemas/rollout.ts';
import { noBody } from './schemas.ts';

/** When nobody can be held any more, or there is nothing to hold for: an agent spreads itself over its own wait besides. */
const COME_AGAIN_SECONDS = 60;

/** What a server is to run: told at once, or when it is another and its turn. */
export function configRoutes(app: App, deps: ServerDeps): void {
  const { authenticator, clock, closing, corrections, database, desired, hearing, logger, metrics } = deps;
  const waiting = new WaitingAgents({
    clock,
    closing,
    revisionFor: (server) => desired.revisionFor(server),
    corrections: () => corrections.tag,
  });
  metrics.gauge('nervesys_config_waiting_agents', () => waiting.size);
  desired.onChange(() => waiting.desiredChanged());
  corrections.onChange(() => waiting.desiredChanged());
  authenticator.onForget((key) => {
    if (key !== '') return waiting.end(new Set([key]));
    if (waiting.size === 0) return;
    const keys = waiting.keys;
    findOpenKeys(database, keys).then(
      (open) => waiting.end(new Set(keys.filter((one) => !open.has(one)))),
      // What is released later is asked for its key again: nothing reaches a server whose key was taken away.
      (error: unknown) => logger.warn('waiting agents were not looked through', errorFields(error)),
    );
  });

  app.get(
    '/api/v1/config',
    {
      config: { held: true },
      onRequest: requireAgent,
      schema: {
        tags: ['agents'],
        summary: 'What the asking server is to run; 304 while it has that, or held until it is another',
        querystring: Type.Object({
          wait: Type.Integer({ minimum: 0, maximum: CONFIG_WAIT_SECONDS_MAX, default: 0, description: 'seconds' }),
          corrections: Type.Optional(
            Type.String({
              pattern: '^[0-9a-z]{1,64}$',
              description: 'tag of the corrections that the server has: a wait ends when others hold, too',
            }),
          ),
        }),
        response: { 200: ConfigDeliverySchema, 304: noBody('Nothing else is desired') },
      },
    },
    async (request, reply) => {
      const { server } = agentOf(request);
      const has = revisionOf(request.headers['if-none-match']);
      const { wait, corrections: hasCorrections } = request.query;
      // Who has nothing starts just now, and is told at once; who has something else waits for its turn like everybody.
      const waits = wait > 0 && (has !== undefined || desired.revisionFor(server) === undefined);
      const isItsTurn = waits
        ? await hold(request, reply, { revision: has ?? '', corrections: hasCorrections }, wait * 1_000)
        : true;
      reply.header(CORRECTIONS_HEADER, corrections.tag);
      const revision = desired.revisionFor(server);
      if (revision === undefined || (!isItsTurn && has === undefined)) {
        reply.header('retry-after', String(COME_AGAIN_SECONDS));
        throw new NervesysError('NSV_CONFIG_NONE', 'there is no configuration to serve yet', { retryable: true });
      }
      reply.header('cache-control', 'no-store');
      if (revision === has || !isItsTurn) {
        metrics.add('nervesys_config_answers_total', { outcome: 'unchanged' });
        return reply.header('etag', `"${has}"`).code(304).send();
      }
      const delivery = await desired.deliveryFor(server, revision);
      if (delivery === undefined)
        throw new NervesysError('NSV_CONFIG_NONE', `revision ${revision} is not kept any more`, { retryable: true });
      await noteOffered(database, server, revision, new Date(hearing.now())).catch((error: unknown) => {
        // It is served all the same; should it fall silent now, its silence is not counted against the revision.
        logger.warn('what a server was given is not noted', { server, revision, ...errorFields(error) });
      });
      metrics.add('nervesys_config_answers_total', { outcome: 'given' });
      return reply.header('etag', `"${revision}"`).send(delivery);
    },
  );

  /** Waits; false: its turn has not come. */
  const hold = async (
    request: FastifyRequest,
    reply: FastifyReply,
    has: Pick<WaitingAgent, 'revision' | 'corrections'>,
    waitMs: number,
  ): Promise<boolean> => {
    if (waiting.size >= WAITING_AGENTS_MAX) {
      reply.header('retry-after', String(COME_AGAIN_SECONDS));
      throw new NervesysError('NSV_TOO_BUSY', `${WAITING_AGENTS_MAX} agents wait already`, { retryable: true });
    }
    const { server } = agentOf(request);
    const keySha256 = request.agentKey!.sha256; // an agent is known by its key
    const end = await waiting.wait({ server, keySha256, ...has }, waitMs, closedSignal(reply));
    switch (end) {
      case 'turn':
        // The key may have been taken away while it waited.
        await authenticator.authenticate(request);
        return true;
      case 'closing':
        throw new NervesysError('NSV_SHUTTING_DOWN', 'the orchestrator is closing', { retryable: true });
      case 'time':
      case 'ended':
        return false;
      default:
        return end satisfies never;
    }
  };
}

/** `"abc"`, `W/"abc"` → abc. */
function revisionOf(header: string | undefined): string | undefined {
  return /^(?:W\/)?"([\w-]{1,40})"$/.exec(header?.trim() ?? '')?.[1];
}
