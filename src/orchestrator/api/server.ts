import { STATUS_CODES } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyRequest, type FastifyServerOptions } from 'fastify';
import { PROBLEM_CONTENT_TYPE, type Problem, problem } from '../../contract/problem.ts';
import { NervesysError } from '../../platform/errors.ts';
import { answerPlainHttp } from '../tls/plain-http-answer.ts';
import type { ServerCertificate } from '../tls/server-certificate.ts';
import { AgentAdmission } from './agent-admission.ts';
import { agentFilesRoutes } from './agent-files-routes.ts';
import { alertsRoutes } from './alerts-routes.ts';
import { apiKeysRoutes } from './api-keys-routes.ts';
import type { App, ServerDeps } from './app.ts';
import { archiveRoutes } from './archive-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { backupsRoutes } from './backups-routes.ts';
import { batchesRoutes } from './batches-routes.ts';
import { channelsRoutes } from './channels-routes.ts';
import { knowClients } from './client-address.ts';
import { configRoutes } from './config-routes.ts';
import { credentialsRoutes } from './credentials-routes.ts';
import { dashboardRoutes } from './dashboard-routes.ts';
import { API_DESCRIPTION, describeRoutes, finishDescription } from './describe-api.ts';
import { enrolRoutes } from './enrol-routes.ts';
import { eventsRoutes } from './events-routes.ts';
import { expiryRoutes } from './expiry-routes.ts';
import { fleetRoutes } from './fleet-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { heartbeatsRoutes } from './heartbeats-routes.ts';
import { hooksRoutes } from './hooks-routes.ts';
import { keysRoutes } from './keys-routes.ts';
import { logsRoutes } from './logs-routes.ts';
import { MethodTable } from './method-table.ts';
import { peopleRoutes } from './people-routes.ts';
import { problemHandler, sendProblem, toProblem } from './problems.ts';
import { reindexRoutes } from './reindex-routes.ts';
import { reportsRoutes } from './reports-routes.ts';
import { rolloutRoutes } from './rollout-routes.ts';
import { schemasRoutes } from './schemas-routes.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { serviceRoutes } from './service-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { sessionsRoutes } from './sessions-routes.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { silencesRoutes } from './silences-routes.ts';
import { templatesRoutes } from './templates-routes.ts';
import { timelineRoutes } from './timeline-routes.ts';
import { tokensRoutes } from './tokens-routes.ts';
import { triageRoutes } from './triage-routes.ts';
import { upgradesRoutes } from './upgrades-routes.ts';
import { uploadsRoutes } from './uploads-routes.ts';
import { compileValidator } from './validator.ts';

/** Every route of the orchestrator, one file a subject. */
const ROUTES: readonly ((app: App, deps: ServerDeps) => void)[] = [
  healthRoutes,
  enrolRoutes,
  keysRoutes,
  agentFilesRoutes,
  upgradesRoutes,
  heartbeatsRoutes,
  configRoutes,
  rolloutRoutes,
  alertsRoutes,
  templatesRoutes,
  triageRoutes,
  silencesRoutes,
  channelsRoutes,
  batchesRoutes,
  credentialsRoutes,
  uploadsRoutes,
  archiveRoutes,
  reindexRoutes,
  expiryRoutes,
  backupsRoutes,
  reportsRoutes,
  logsRoutes,
  fleetRoutes,
  serviceRoutes,
  timelineRoutes,
  eventsRoutes,
  tokensRoutes,
  sessionRoutes,
  signInRoutes,
  sessionsRoutes,
  peopleRoutes,
  apiKeysRoutes,
  auditRoutes,
  hooksRoutes,
  schemasRoutes,
  dashboardRoutes,
];

/** No call of ours needs more unless its route says so (`bodyLimit`); past it the answer is 413 before the rest is read. */
const BODY_BYTES_MAX = 1024 * 1024;
/** A client that sends its request slower than this is cut off: it would hold a socket for nothing. */
const REQUEST_TIMEOUT_MS = 60_000;

/** A TLS handshake takes a few round trips; whoever takes longer holds a socket for nothing. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

type JsonParser = ReturnType<App['getDefaultJsonParser']>;

/** Builds the HTTP server (HTTPS with a certificate) with every route; it doesn't listen yet. The caller closes it. */
export async function buildServer(deps: ServerDeps, certificate?: ServerCertificate): Promise<App> {
  const fastify = Fastify({
    ...(certificate === undefined ? {} : tlsOptions(certificate)),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, _request, reply) => sendProblem(reply.headers(SECURITY_HEADERS), toProblem(error)),
    clientErrorHandler: refuseMalformed,
  });
  const app: App = fastify.withTypeProvider<TypeBoxTypeProvider>();
  if (certificate !== undefined) answerPlainHttp(app.server as unknown as HttpsServer);
  const methods = new MethodTable(app);

  app.setValidatorCompiler(compileValidator);
  const [refusing, removing, taking] = (['error', 'remove', 'ignore'] as const).map((what) =>
    app.getDefaultJsonParser(what, what),
  ) as [JsonParser, JsonParser, JsonParser];
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    const { holdsRecords, holdsNames } = request.routeOptions.config;
    return (holdsNames === true ? taking : holdsRecords === true ? removing : refusing)(request, body, done);
  });
  // Schemas of answers describe them, and the compiler holds handlers to them. What fastify would make of a schema drops silently what isn't
  // in it, and is slower than this.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.decorateRequest('principal', null);
  app.decorateRequest('agentKey', null);
  knowClients(app, deps.trustedProxies, deps.logger);
  const admission = new AgentAdmission(deps);
  app.setErrorHandler(problemHandler(deps.logger));
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.allowed(request.url);
    if (allowed.length === 0) throw new NervesysError('NSV_NOT_FOUND', 'there is nothing at this address');
    reply.header('allow', allowed.join(', '));
    throw new NervesysError('NSV_METHOD_NOT_ALLOWED', `this address answers to ${allowed.join(', ')}`);
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (deps.publicUrl().startsWith('https:')) reply.header('strict-transport-security', 'max-age=31536000');
    // Default deny: whatever isn't marked open needs a principal, an address that doesn't exist included.
    if (isOpen(request)) return;
    request.principal = await deps.authenticator.authenticate(request);
    if (request.principal === null) throw new NervesysError('NSV_UNAUTHORIZED', 'this call needs a key or a session');
    if (request.principal.type === 'agent' && request.agentKey !== null)
      await admission.admit(request.principal.server, request.agentKey, request.headers);
  });
  app.addHook('onError', async (request, _reply, error) => deps.refusals.noteRequest(request, error));
  app.addHook('onResponse', async (request, reply) => {
    const outcome = classOf(reply.statusCode);
    deps.metrics.add('nervesys_http_requests_total', { class: outcome });
    const { config, url, method } = request.routeOptions;
    if (config?.held === true) return;
    const labels = { method: url === undefined ? 'any' : String(method), route: url ?? 'none', class: outcome };
    deps.metrics.observe('nervesys_http_request_duration_seconds', labels, reply.elapsedTime / 1_000);
  });

  await app.register(swagger, {
    openapi: API_DESCRIPTION,
    transformObject: (document) =>
      finishDescription(('openapiObject' in document ? document.openapiObject : {}) as Record<string, unknown>),
  });
  await app.register(swaggerUi, {
    routePrefix: DOCS_PREFIX,
    staticCSP: "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  });
  describeRoutes(app);
  for (const routes of ROUTES) routes(app, deps);
  app.get('/api/v1/openapi.json', { config: { open: true }, schema: { hide: true } }, async () => app.swagger());
  return app;
}

/** Typed as what plain HTTP takes: routes see no difference, and `App` stays one type. */
function tlsOptions({ chain, key }: ServerCertificate): FastifyServerOptions {
  const https = { cert: chain, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
  return { https } as FastifyServerOptions;
}

const DOCS_PREFIX = '/docs';

function classOf(status: number): '2xx' | '3xx' | '4xx' | '5xx' {
  if (status < 300) return '2xx';
  if (status < 400) return '3xx';
  return status < 500 ? '4xx' : '5xx';
}

function isOpen(request: FastifyRequest): boolean {
  const { config, url } = request.routeOptions;
  if (config?.open === true) return true;
  // The description of the API is no secret; what it describes asks for a key.
  if (url !== undefined && (url === DOCS_PREFIX || url.startsWith(`${DOCS_PREFIX}/`))) return true;
  return request.is404 && !request.url.startsWith('/api/'); // outside the API a wrong address tells nothing
}

/** What isn't even HTTP is answered on the bare socket; a handshake that failed is not, for nothing can be written into it. */
export function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (!/^(HPE|ERR_HTTP)_/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer = malformedProblem(error.code);
  const body = JSON.stringify(answer);
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function malformedProblem(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem('NSV_HEADERS_TOO_LARGE', 'the request headers are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem('NSV_REQUEST_TIMEOUT', `the request was not here whole after ${REQUEST_TIMEOUT_MS / 1_000} s`);
    default:
      return problem('NSV_BODY_INVALID', 'this is not an HTTP request');
  }
}
