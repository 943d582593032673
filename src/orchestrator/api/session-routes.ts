import { Type } from '@sinclair/typebox';
import { actorOf, SYSTEM_ACTOR } from '../audit/refusals.ts';
import { type AuditActor, appendAudit } from '../database/queries/append-audit.ts';
import { createSignInCode, endSession, ensurePerson, redeemSignInCode } from '../database/queries/sign-in.ts';
import type { App, ServerDeps } from './app.ts';
import { sessionCookie } from './authenticator.ts';
import { plainPage } from './plain-page.ts';
import { type Principal, principalOf, requireAdmin, requireAny } from './principal.ts';
import { PrincipalSchema, SignInLinkSchema } from './schemas/people.ts';
import { NO_CONTENT } from './schemas.ts';
import { hashSecret, looksLikeSecret, newSecret } from './secrets.ts';
import { clearSessionCookie, isSecure, SESSION_MS, setSessionCookie } from './session-cookie.ts';

/** A link that opens the page once. */
export interface SignInLink {
  readonly url: string;
  readonly expires_at: string;
}

/** Who uses the one-machine page; people with names of their own come with their own sign-in. */
const OWNER = 'owner';
const CODE_MS = 600_000;

/** Makes a one-time sign-in link below `baseUrl`; it works for ten minutes. */
export async function issueSignInLink(
  deps: Pick<ServerDeps, 'database' | 'clock'>,
  baseUrl: string,
  by: AuditActor = SYSTEM_ACTOR,
): Promise<SignInLink> {
  const createdAt = new Date(deps.clock.now());
  const expiresAt = new Date(createdAt.getTime() + CODE_MS);
  const code = newSecret();
  await ensurePerson(deps.database, OWNER, 'admin', createdAt);
  await deps.database.transaction(async (transaction) => {
    await createSignInCode(transaction, { sha256: hashSecret(code), person: OWNER, createdAt, expiresAt });
    await appendAudit(transaction, { at: createdAt, by, action: 'sign_in_link.created', subject: OWNER });
  });
  return { url: `${baseUrl}/sign-in?code=${code}`, expires_at: expiresAt.toISOString() };
}

/** Signing in and out of the page, and who I am. */
export function sessionRoutes(app: App, deps: ServerDeps): void {
  const { database, clock, authenticator, publicUrl, refusals } = deps;

  app.get(
    '/sign-in',
    {
      config: { open: true },
      schema: { hide: true, querystring: Type.Object({ code: Type.Optional(Type.String()) }) },
    },
    async (request, reply) => {
      const code = request.query.code ?? '';
      const session = newSecret();
      const createdAt = new Date(clock.now());
      const expiresAt = new Date(createdAt.getTime() + SESSION_MS);
      const signedIn =
        looksLikeSecret(code) &&
        (await redeemSignInCode(database, hashSecret(code), {
          sha256: hashSecret(session),
          createdAt,
          expiresAt,
          address: request.clientAddress,
        }));
      reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer');
      if (!signedIn) {
        if (code !== '') refusals.note(actorOf(request), 'sign_in.refused', null, { by: 'link' });
        return plainPage(reply, 401, 'This sign-in link does not work', [
          'A link works once, for ten minutes.',
          'Make a new one on the machine where Nervesys runs: nervesys sign-in',
        ]);
      }
      setSessionCookie(reply, session, isSecure(request, publicUrl()));
      return reply.redirect('/', 303);
    },
  );

  app.post(
    '/api/v1/sign-in-links',
    {
      onRequest: requireAdmin,
      schema: { tags: ['session'], summary: 'Make a one-time sign-in link', response: { 201: SignInLinkSchema } },
    },
    async (request, reply): Promise<SignInLink> => {
      reply.code(201);
      return issueSignInLink(deps, publicUrl(), actorOf(request));
    },
  );

  app.get(
    '/api/v1/session',
    { onRequest: requireAny, schema: { tags: ['session'], summary: 'Who I am', response: { 200: PrincipalSchema } } },
    async (request): Promise<Principal> => {
      const principal = principalOf(request);
      return principal.type === 'agent'
        ? { type: principal.type, server: principal.server }
        : { type: principal.type, name: principal.name, role: principal.role };
    },
  );

  app.delete(
    '/api/v1/session',
    { onRequest: requireAny, schema: { tags: ['session'], summary: 'Sign out', response: { 204: NO_CONTENT } } },
    async (request, reply) => {
      const session = sessionCookie(request.headers.cookie);
      // Told to all replicas, each of which asks anew for everybody: not for whoever has no session to end.
      if (session !== undefined && (await endSession(database, hashSecret(session)))) await authenticator.forget();
      clearSessionCookie(reply, isSecure(request, publicUrl()));
      return reply.code(204).send();
    },
  );
}
