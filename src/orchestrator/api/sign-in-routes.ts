import { Type } from '@sinclair/typebox';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { findPassword, holdPassword } from '../database/queries/people.ts';
import { createSession } from '../database/queries/sessions.ts';
import { SignInLimits } from '../people/sign-in-limits.ts';
import type { App, ServerDeps } from './app.ts';
import { refuseForeignOrigin } from './authenticator.ts';
import { NO_CONTENT, PersonNameSchema } from './schemas.ts';
import { hashSecret, newSecret } from './secrets.ts';
import { isSecure, SESSION_MS, setSessionCookie } from './session-cookie.ts';

/** `POST /api/v1/session`: a person signs in with name and password. */
export function signInRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, passwords, publicUrl, refusals } = deps;
  const limits = new SignInLimits(clock);

  app.post(
    '/api/v1/session',
    {
      config: { open: true }, // the password is what opens it
      bodyLimit: 4 * 1024,
      // Also here only our own page: another one could sign a browser in under a name of its own, and watch what it does.
      onRequest: async (request) => refuseForeignOrigin(request),
      schema: {
        tags: ['session'],
        summary: 'Sign in with a password; the answer sets the session cookie',
        security: [],
        body: Type.Object({ name: PersonNameSchema, password: Type.String({ minLength: 1, maxLength: 1_000 }) }),
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      const { name, password } = request.body;
      const { clientAddress: address } = request;
      const heldUp = (error: unknown): never => {
        if (errorCode(error) !== 'NSV_SIGN_IN_BUSY') throw error;
        refusals.note(actorOf(request), 'sign_in.held_up', null);
        const seconds = error instanceof NervesysError ? error.facts?.['retryAfterSeconds'] : undefined;
        reply.header('retry-after', String(seconds ?? 2));
        throw error;
      };
      const refuse = (): never => {
        // The name isn't told: people type passwords into its field.
        refusals.note(actorOf(request), 'sign_in.refused', null);
        throw new NervesysError('NSV_SIGN_IN_REFUSED', 'this name and password do not go together');
      };

      let signedInBy: string | undefined;
      try {
        // Nothing is waited for before its place in the queue is taken: what isn't looked at isn't counted either, and takes no room among
        // what is remembered of others.
        limits.check(address, name);
        passwords.refuseWhileBusy();
        limits.begin(address, name);
        signedInBy = await passwords.matching(password, () => findPassword(database, name));
      } catch (error) {
        return heldUp(error);
      }
      if (signedInBy === undefined) return refuse();
      const stored = signedInBy;
      const session = newSecret();
      const createdAt = new Date(clock.now());
      const expiresAt = new Date(createdAt.getTime() + SESSION_MS);
      const signedIn = await database.transaction(async (transaction) => {
        if (!(await holdPassword(transaction, name, stored))) return false;
        await createSession(transaction, name, { sha256: hashSecret(session), createdAt, expiresAt, address });
        const by = { type: 'person', name, address } as const;
        await appendAudit(transaction, {
          at: createdAt,
          by,
          action: 'sign_in',
          subject: name,
          detail: { by: 'password' },
        });
        return true;
      });
      if (!signedIn) return refuse();
      limits.succeeded(address, name);
      setSessionCookie(reply, session, isSecure(request, publicUrl()));
      return reply.code(204).send();
    },
  );
}
