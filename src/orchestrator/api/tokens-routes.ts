import { Type } from '@sinclair/typebox';
import { formatToken } from '../../contract/enrolment.ts';
import type { TokenAnswer, TokenView } from '../../contract/fleet.ts';
import { parseServerPattern } from '../../contract/server-pattern.ts';
import { NervesysError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/random.ts';
import { actorOf, SYSTEM_ACTOR } from '../audit/refusals.ts';
import { type AuditActor, appendAudit } from '../database/queries/append-audit.ts';
import { createToken, listTokens, revokeToken } from '../database/queries/tokens.ts';
import type { App, ServerDeps } from './app.ts';
import { personOf, requireOperator } from './principal.ts';
import { TokenAnswerSchema, TokensAnswerSchema } from './schemas/people.ts';
import { NO_CONTENT, ServerPatternSchema } from './schemas.ts';
import { hashSecret, newSecret } from './secrets.ts';

export interface TokenRequest {
  /** Bound to this server, or to those that a pattern takes in (`AIGARDEN*`); any server when absent. */
  readonly server?: string | undefined;
  /** Null: any number of servers may join with it, until it expires. */
  readonly uses?: number | null | undefined;
  readonly expiresInSeconds?: number | undefined;
}

const USES_DEFAULT = 1;
const EXPIRES_SECONDS_DEFAULT = 24 * 3_600;
const EXPIRES_SECONDS_MAX = 365 * 24 * 3_600;

/** Makes an enrolment token in the name of `createdBy`. */
export async function issueToken(
  deps: Pick<ServerDeps, 'database' | 'clock' | 'publicUrl' | 'fingerprint' | 'agentFiles'>,
  request: TokenRequest,
  createdBy: string,
  by: AuditActor = SYSTEM_ACTOR,
): Promise<TokenAnswer> {
  const secret = newSecret();
  const id = randomHex(6);
  const createdAt = new Date(deps.clock.now());
  const expiresAt = new Date(createdAt.getTime() + (request.expiresInSeconds ?? EXPIRES_SECONDS_DEFAULT) * 1_000);
  const server = request.server ?? null;
  const usesMax = request.uses === undefined ? USES_DEFAULT : request.uses;
  await deps.database.transaction(async (transaction) => {
    await createToken(transaction, {
      id,
      secretSha256: hashSecret(secret),
      server,
      usesMax,
      createdBy,
      createdAt,
      expiresAt,
    });
    const detail = { server, uses: usesMax, expires_at: expiresAt.toISOString() };
    await appendAudit(transaction, { at: createdAt, by, action: 'token.created', subject: id, detail });
  });
  const [url, fingerprint] = [deps.publicUrl(), deps.fingerprint?.() ?? null];
  return {
    id,
    token: formatToken({ url, secret, fingerprint }),
    expires_at: expiresAt.toISOString(),
    url,
    fingerprint,
    bootstrap_sha256: (await deps.agentFiles?.bootstrapSha256()) ?? null,
  };
}

/** Enrolment tokens, for operators. */
export function tokensRoutes(app: App, deps: ServerDeps): void {
  const { database, clock, logger } = deps;

  app.post(
    '/api/v1/tokens',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['tokens'],
        summary: 'Make a token that lets a server join',
        body: Type.Object({
          server: Type.Optional(ServerPatternSchema),
          uses: Type.Optional(
            Type.Union([Type.Integer({ minimum: 1, maximum: 100_000 }), Type.Null({ description: 'any number' })]),
          ),
          expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: EXPIRES_SECONDS_MAX })),
        }),
        response: { 201: TokenAnswerSchema },
      },
    },
    async (request, reply): Promise<TokenAnswer> => {
      const { uses, expires_in_seconds: expiresInSeconds } = request.body;
      const server = request.body.server === undefined ? undefined : parseServerPattern(request.body.server);
      if (server === undefined && request.body.server !== undefined)
        throw new NervesysError('NSV_BODY_INVALID', 'body/server is neither a server name nor a pattern of one');
      const { name } = personOf(request);
      const answer = await issueToken(deps, { server, uses, expiresInSeconds }, name, actorOf(request));
      logger.info('token created', { tokenId: answer.id, by: name });
      reply.code(201);
      return answer;
    },
  );

  app.get(
    '/api/v1/tokens',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['tokens'],
        summary: 'The newest tokens, without their secrets',
        response: { 200: TokensAnswerSchema },
      },
    },
    async (): Promise<{ tokens: TokenView[] }> => ({ tokens: await listTokens(database, new Date(clock.now())) }),
  );

  app.delete(
    '/api/v1/tokens/:id',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['tokens'],
        summary: 'Close a token; servers that used it stay',
        params: Type.Object({ id: Type.String({ maxLength: 32 }) }),
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      const at = new Date(clock.now());
      const subject = request.params.id;
      await database.transaction(async (transaction) => {
        if (!(await revokeToken(transaction, subject, at)))
          throw new NervesysError('NSV_NOT_FOUND', `there is no token ${subject}`);
        await appendAudit(transaction, { at, by: actorOf(request), action: 'token.revoked', subject });
      });
      logger.info('token revoked', { tokenId: request.params.id, by: personOf(request).name });
      return reply.code(204).send();
    },
  );
}
