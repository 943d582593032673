import { Type } from '@sinclair/typebox';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { type ApiKeyView, createApiKey, listApiKeys, revokeApiKey } from '../database/queries/api-keys.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import type { App, ServerDeps } from './app.ts';
import { personOf, requireAdmin } from './principal.ts';
import { ApiKeyMadeSchema, ApiKeysAnswerSchema } from './schemas/people.ts';
import { NO_CONTENT, PersonNameSchema, RoleSchema } from './schemas.ts';
import { hashSecret, newSecret } from './secrets.ts';

const EXPIRES_SECONDS_MAX = 5 * 365 * 24 * 3_600;

/** Keys for scripts: for admins. */
export function apiKeysRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, authenticator } = deps;

  app.get(
    '/api/v1/keys',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['people'],
        summary: 'The newest API keys, without their secrets',
        response: { 200: ApiKeysAnswerSchema },
      },
    },
    async (): Promise<{ keys: ApiKeyView[] }> => ({ keys: await listApiKeys(database, new Date(clock.now())) }),
  );

  app.post(
    '/api/v1/keys',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['people'],
        summary: 'Make a key for a script; it is shown this once',
        body: Type.Object({
          name: PersonNameSchema,
          role: RoleSchema,
          expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: EXPIRES_SECONDS_MAX })),
        }),
        response: { 201: ApiKeyMadeSchema },
      },
    },
    async (request, reply) => {
      const { name, role, expires_in_seconds: seconds } = request.body;
      const key = newSecret();
      const createdAt = new Date(clock.now());
      const expiresAt = seconds === undefined ? null : new Date(createdAt.getTime() + seconds * 1_000);
      const createdBy = personOf(request).name;
      const id = await database.transaction(async (transaction) => {
        const sha256 = hashSecret(key);
        const made = await createApiKey(transaction, { sha256, name, role, createdBy, createdAt, expiresAt });
        const detail = { name, role, expires_at: expiresAt?.toISOString() ?? null };
        await appendAudit(transaction, {
          at: createdAt,
          by: actorOf(request),
          action: 'key.created',
          subject: made,
          detail,
        });
        return made;
      });
      return reply.code(201).send({ id, key, name, role, expires_at: expiresAt?.toISOString() ?? null });
    },
  );

  app.delete(
    '/api/v1/keys/:id',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['people'],
        summary: 'Close a key',
        params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{12}$' }) }),
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const at = new Date(clock.now());
      await database.transaction(async (transaction) => {
        if (!(await revokeApiKey(transaction, id, at)))
          throw new NervesysError('NSV_NOT_FOUND', `there is no open key ${id}`);
        await appendAudit(transaction, { at, by: actorOf(request), action: 'key.revoked', subject: id });
      });
      await authenticator.forget();
      return reply.code(204).send();
    },
  );
}
