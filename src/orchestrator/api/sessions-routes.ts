import { Type } from '@sinclair/typebox';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { endSessions, listSessions, type SessionView } from '../database/queries/sessions.ts';
import type { App, ServerDeps } from './app.ts';
import { personOf, requirePerson, requireSession } from './principal.ts';
import { SessionsAnswerSchema } from './schemas/people.ts';
import { NO_CONTENT } from './schemas.ts';
import { clearSessionCookie, isSecure } from './session-cookie.ts';

/** A person's own sessions: where am I signed in, and out again. */
export function sessionsRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, authenticator, publicUrl } = deps;

  app.get(
    '/api/v1/sessions',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['session'],
        summary: 'Browsers that are signed in as me',
        response: { 200: SessionsAnswerSchema },
      },
    },
    async (request): Promise<{ sessions: SessionView[] }> => {
      const { type, name } = personOf(request);
      // A key may have a person's name; it has no sessions for that.
      return { sessions: type === 'person' ? await listSessions(database, name, new Date(clock.now())) : [] };
    },
  );

  app.delete(
    '/api/v1/sessions',
    {
      onRequest: requireSession,
      schema: {
        tags: ['session'],
        summary: 'Sign me out everywhere',
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      await end(request);
      clearSessionCookie(reply, isSecure(request, publicUrl()));
      return reply.code(204).send();
    },
  );

  app.delete(
    '/api/v1/sessions/:id',
    {
      onRequest: requireSession,
      schema: {
        tags: ['session'],
        summary: 'Sign one of my browsers out',
        params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{12}$' }) }),
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      await end(request, request.params.id);
      return reply.code(204).send();
    },
  );

  async function end(request: Parameters<typeof personOf>[0], id?: string): Promise<void> {
    const { name } = personOf(request);
    const at = new Date(clock.now());
    await database.transaction(async (transaction) => {
      const ended = await endSessions(transaction, name, id);
      if (ended === 0) throw new NervesysError('NSV_NOT_FOUND', 'you have no such session');
      const entry = {
        at,
        by: actorOf(request),
        action: 'sessions.ended' as const,
        subject: name,
        detail: { sessions: ended },
      };
      await appendAudit(transaction, entry);
    });
    await authenticator.forget();
  }
}
