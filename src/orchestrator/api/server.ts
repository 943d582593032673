import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyRequest } from 'fastify';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { App, ServerDeps } from './app.ts';
import { MethodTable } from './method-table.ts';
import { problemHandler, sendProblem, toProblem } from './problems.ts';

/** No call of ours needs more unless its route says so (`bodyLimit`); past it the answer is 413 before the rest is read. */
const BODY_BYTES_MAX = 1024 * 1024;
/** A client that sends its request slower than this is cut off: it would hold a socket for nothing. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Builds the HTTP server with every route; it doesn't listen yet. The caller closes it. */
export async function buildServer(deps: ServerDeps): Promise<App> {
  const fastify = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, _request, reply) => sendProblem(reply, toProblem(error)),
  });
  const app: App = fastify.withTypeProvider<TypeBoxTypeProvider>();
  const methods = new MethodTable(app);

  app.decorateRequest('principal', null);
  app.setErrorHandler(problemHandler(deps.logger));
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.allowed(request.url);
    if (allowed.length === 0) throw new NervesysError('NSV_NOT_FOUND', 'there is nothing at this address');
    reply.header('allow', allowed.join(', '));
    throw new NervesysError('NSV_METHOD_NOT_ALLOWED', `this address answers to ${allowed.join(', ')}`);
  });
  // Default deny: whatever isn't marked open needs a principal, an address that doesn't exist included.
  app.addHook('onRequest', async (request) => {
    if (isOpen(request)) return;
    request.principal = await deps.authenticator.authenticate(request);
    if (request.principal === null) throw new NervesysError('NSV_UNAUTHORIZED', 'this call needs a key or a session');
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Nervesys orchestrator', version: NERVESYS_VERSION },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
  });

  // Routes, one file a subject: `xRoutes(app, deps)`.
  return app;
}

function isOpen(request: FastifyRequest): boolean {
  if (request.routeOptions.config?.open === true) return true;
  return request.is404 && !request.url.startsWith('/api/'); // outside the API a wrong address tells nothing
}
