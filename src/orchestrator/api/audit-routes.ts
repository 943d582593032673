import { Type } from '@sinclair/typebox';
import type { AuditAnswer } from '../../contract/audit.ts';
import { readAudit, readNewestAudit } from '../database/queries/read-audit.ts';
import type { App, ServerDeps } from './app.ts';
import { requireAdmin } from './principal.ts';

const Sequence = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** `GET /api/v1/audit`: who did what, for admins. */
export function auditRoutes(app: App, deps: ServerDeps): void {
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
        }),
      },
    },
    async (request): Promise<AuditAnswer> => {
      const { after, before, limit } = request.query;
      await deps.refusals.flush();
      return after === undefined
        ? readNewestAudit(deps.database, { before, limit })
        : readAudit(deps.database, { after, limit });
    },
  );
}
