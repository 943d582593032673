import { Type } from '@sinclair/typebox';
import type { AuditAnswer, AuditVerdict } from '../../contract/audit.ts';
import { verifyAudit } from '../../contract/audit-chain.ts';
import { readAudit, readNewestAudit } from '../database/queries/read-audit.ts';
import type { App, ServerDeps } from './app.ts';
import { requireAdmin } from './principal.ts';
import { AuditAnswerSchema, AuditVerdictSchema } from './schemas/people.ts';

const Sequence = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** `GET /api/v1/audit`: who did what, and whether the log is as it was written; for admins. */
export function auditRoutes(app: App, deps: ServerDeps): void {
  const { closing, database, refusals } = deps;

  app.get(
    '/api/v1/audit',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['audit'],
        summary: 'Who did what, when, from where: newest first, or with `after` oldest first',
        querystring: Type.Object({
          after: Type.Optional(Sequence),
          before: Type.Optional(Sequence),
          limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 200 }),
          actions: Type.Optional(
            Type.String({ maxLength: 1_000, description: 'newest first: only these, as sign_in,sign_in.refused' }),
          ),
          text: Type.Optional(
            Type.String({ minLength: 1, maxLength: 100, description: 'newest first: only where it says this' }),
          ),
        }),
        response: { 200: AuditAnswerSchema },
      },
    },
    async (request): Promise<AuditAnswer> => {
      const { after, before, limit, text } = request.query;
      await refusals.flush();
      return after === undefined
        ? readNewestAudit(database, { before, limit, text, actions: request.query.actions?.split(',') })
        : readAudit(database, { after, limit });
    },
  );

  // The walk takes half a second for 100,000 entries: whoever asks meanwhile waits for the same one.
  let walk: Promise<AuditVerdict> | undefined;
  app.get(
    '/api/v1/audit/verdict',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['audit'],
        summary: 'Whether every entry is as it was written: all hashes, computed anew',
        response: { 200: AuditVerdictSchema },
      },
    },
    async (): Promise<AuditVerdict> => {
      await refusals.flush();
      walk ??= verifyAudit((after, limit) => {
        closing.throwIfAborted();
        return readAudit(database, { after, limit });
      }).finally(() => {
        walk = undefined;
      });
      return walk;
    },
  );
}
