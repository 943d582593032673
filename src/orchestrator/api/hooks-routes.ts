import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { sha256Hex } from '../../platform/digest.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import type { App, ServerDeps } from './app.ts';
import { ENROLMENT_LIMITS, RefusalLimit } from './refusal-limit.ts';

/** GitHub sends up to 25 MB; what it says is not read, so the beginning of a large one would be as good, but its signature is over the whole. */
const BODY_BYTES_MAX = 26 * 1024 * 1024;
/** From an address with too many wrong ones: most pushes are smaller. */
const LIMITED_BODY_BYTES_MAX = 1024 * 1024;

const Looking = Type.Object({ looking: Type.Boolean() }, { title: 'PushTold' });

/** A push is told by GitHub or GitLab: the repository is looked at, at once. What the message says counts for nothing; only that it came. */
export function hooksRoutes(app: App, { webhook, clock, logger, refusals }: ServerDeps): void {
  if (webhook === undefined) return;
  const { secret, onPush } = webhook;
  const limit = new RefusalLimit(clock, ENROLMENT_LIMITS, {
    code: 'NSV_WEBHOOK_TRIES',
    message: 'too many webhooks with a wrong signature were refused; try again later',
  });
  const refuse = (request: FastifyRequest): never => {
    limit.refused(request.clientAddress);
    refusals.note(actorOf(request), 'access.refused', `POST ${request.routeOptions.url ?? ''}`);
    throw new NervesysError('NSV_UNAUTHORIZED', 'the signature of this webhook is not right', {
      hint: 'give both sides the same secret: NERVESYS_WEBHOOK_SECRET here, and the webhook’s own there',
    });
  };
  // Everybody's webhooks come from the same few addresses of GitHub or GitLab: wrong ones, of whoever has named us there, hold up no right one.
  const limited = (request: FastifyRequest): NervesysError | undefined => {
    try {
      limit.check(request.clientAddress);
      return undefined;
    } catch (error) {
      return error as NervesysError;
    }
  };
  const refuseOrWait = (request: FastifyRequest): never => {
    limit.check(request.clientAddress);
    return refuse(request);
  };
  const pushed = (from: string) => {
    logger.info('a push was told', { from });
    onPush();
    return { looking: true };
  };

  const signatureOf = (request: FastifyRequest): Buffer =>
    Buffer.from(
      /^sha256=([0-9a-f]{64})$/.exec(String(request.headers['x-hub-signature-256'] ?? ''))?.[1] ??
        refuseOrWait(request),
      'hex',
    );

  // A scope of its own, whose bodies come as streams, of any type: GitHub sends forms unless it is told otherwise. What they say is
  // not read, so no more of one is held than its hash: anybody may send 26 MB, and many at once.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post(
      '/api/v1/hooks/github',
      {
        config: { open: true }, // the signature is what opens it
        onRequest: async (request) => {
          signatureOf(request); // who shows none need not send the rest
        },
        schema: {
          tags: ['hooks'],
          summary: 'A webhook of GitHub, signed with NERVESYS_WEBHOOK_SECRET',
          security: [],
          response: { 200: Looking },
        },
      },
      async (request) => {
        const hmac = createHmac('sha256', secret);
        const tooMany = limited(request);
        let bytes = 0;
        for await (const chunk of (request.body as Readable | undefined) ?? []) {
          bytes += (chunk as Buffer).length;
          if (tooMany !== undefined && bytes > LIMITED_BODY_BYTES_MAX) throw tooMany;
          if (bytes > BODY_BYTES_MAX) throw new NervesysError('NSV_BODY_TOO_LARGE', 'a webhook of this size is none');
          hmac.update(chunk as Buffer);
        }
        if (!timingSafeEqual(signatureOf(request), hmac.digest())) refuseOrWait(request);
        return pushed('github');
      },
    );
  });
  app.post(
    '/api/v1/hooks/gitlab',
    {
      config: { open: true }, // the token is what opens it
      bodyLimit: BODY_BYTES_MAX,
      onRequest: async (request) => {
        // Both hashed: equal lengths, whatever was sent.
        const given = sha256Hex(String(request.headers['x-gitlab-token'] ?? ''));
        if (!timingSafeEqual(Buffer.from(given), Buffer.from(sha256Hex(secret)))) refuseOrWait(request);
      },
      schema: {
        tags: ['hooks'],
        summary: 'A webhook of GitLab, with NERVESYS_WEBHOOK_SECRET as its token',
        security: [],
        response: { 200: Looking },
      },
    },
    async () => pushed('gitlab'),
  );
}
