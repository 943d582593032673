import { Type } from '@sinclair/typebox';
import { NervesysError } from '../../platform/errors.ts';
import { ScopedPermits } from '../credentials/scoped-permits.ts';
import type { App, ServerDeps } from './app.ts';
import { closedSignal } from './closed-signal.ts';
import { agentOf, requireAgent } from './principal.ts';

const CredentialsAnswer = Type.Object({
  type: Type.Literal('scoped'),
  access_key: Type.String(),
  secret_key: Type.String(),
  session_token: Type.Optional(Type.String({ description: 'To be sent, signed, as x-amz-security-token.' })),
  bucket: Type.String(),
  endpoint: Type.String(),
  region: Type.String(),
  addressing: Type.Union([Type.Literal('path'), Type.Literal('virtual_host')]),
  logs_expire_after_seconds: Type.Optional(
    Type.Number({ description: 'After how long objects are to end by themselves (x-amz-meta-object-expires).' }),
  ),
  prefixes: Type.Array(Type.String(), { description: 'What may be written below: logs/AIGARDEN01/' }),
  expires_at: Type.String({ format: 'date-time' }),
  now: Type.String({ format: 'date-time', description: "The orchestrator's clock." }),
});

/** `POST /api/v1/credentials`: an agent asks for credentials for its own prefix in the archive. */
export function credentialsRoutes(app: App, deps: ServerDeps): void {
  const { scoped } = deps;
  const permits = scoped === undefined ? undefined : new ScopedPermits({ ...deps, ...scoped });

  app.post(
    '/api/v1/credentials',
    {
      onRequest: requireAgent,
      bodyLimit: 1024,
      schema: {
        tags: ['archive'],
        summary: "Keys that may put objects below the asking server's prefix, and nothing else, until they expire",
        response: { 200: CredentialsAnswer },
      },
    },
    async (request, reply) => {
      const { server } = agentOf(request);
      reply.header('cache-control', 'no-store');
      if (permits === undefined)
        throw new NervesysError(
          'NSV_CREDENTIALS_UNAVAILABLE',
          'this orchestrator permits each object by itself (credentials: presigned)',
          { hint: 'Say credentials: scoped in its storage.yaml too, or presigned in that of the server.' },
        );
      try {
        const { prefixes, ...credentials } = await permits.issue(server, request.clientAddress, closedSignal(reply));
        return { ...credentials, prefixes: [...prefixes] };
      } catch (error) {
        const { retryAfterMs } = error instanceof NervesysError ? error.facts : {};
        if (typeof retryAfterMs === 'number') reply.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
        throw error;
      }
    },
  );
}
