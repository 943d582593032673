import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_CODES } from '../../contract/error-codes.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { App, ServerDeps } from './app.ts';
import { type DashboardFile, DashboardFiles } from './dashboard-files.ts';
import { plainPage } from './plain-page.ts';

/** Nothing but our own files, no inline script, nobody's frame. Whatever text an agent sends can't become a program here. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page. Its files are open: they hold no data; what they show comes from the API, which asks for a session. */
export function dashboardRoutes(app: App, deps: ServerDeps): void {
  const files = new DashboardFiles(deps.dashboardDir);
  const options = { config: { open: true }, schema: { hide: true } };

  app.route({
    ...options,
    method: ['GET', 'HEAD'],
    url: '/',
    handler: async (request, reply) => {
      const index = await files.index();
      if (index === undefined) {
        const { meaning, remedy } = ERROR_CODES.NSV_DASHBOARD_NOT_BUILT;
        return plainPage(reply, 503, meaning, [remedy, 'Everything else works: the API is described at /docs.']);
      }
      // Always asked for anew: it names the assets of the present build.
      return sendFile(request, reply, index, 'no-cache');
    },
  });

  app.route({
    ...options,
    method: ['GET', 'HEAD'],
    url: '/assets/*',
    schema: { hide: true, params: Type.Object({ '*': Type.String() }) },
    handler: async (request, reply) => {
      const { '*': name } = request.params as { '*': string };
      const file = await files.find(`assets/${name}`);
      if (file === undefined) throw new NervesysError('NSV_NOT_FOUND', 'the page has no such file');
      // Names carry a hash of the content: what a name stands for never changes.
      return sendFile(request, reply, file, 'public, max-age=31536000, immutable');
    },
  });
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: DashboardFile,
  cacheControl: string,
): FastifyReply {
  reply
    .header('cache-control', cacheControl)
    .header('etag', file.etag)
    .header('vary', 'accept-encoding')
    .header('content-security-policy', CONTENT_SECURITY_POLICY);
  if (request.headers['if-none-match']?.includes(file.etag) === true) return reply.code(304).send();
  const gzipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') ? file.gzipped : undefined;
  if (gzipped !== undefined) reply.header('content-encoding', 'gzip');
  return reply.type(file.type).send(gzipped ?? file.content);
}
