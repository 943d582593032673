import { Type } from '@sinclair/typebox';
import type { ExpiryAnswer } from '../../contract/expiry.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import type { App, ServerDeps } from './app.ts';
import { requireAdmin } from './principal.ts';
import { ExpiryAnswerSchema } from './schemas/backups.ts';

/** `POST /api/v1/archive/expire`: says which logs are past their retention, and has them removed now unless it is a dry run. */
export function expiryRoutes(app: App, deps: ServerDeps): void {
  const { database, clock, expiry } = deps;

  app.post(
    '/api/v1/archive/expire',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['archive'],
        summary: 'Remove logs past their retention now, by the job that does so anyway; a dry run only counts them',
        body: Type.Object({ dry_run: Type.Optional(Type.Boolean()) }, { default: {} }),
        response: { 200: ExpiryAnswerSchema },
      },
    },
    async (request): Promise<ExpiryAnswer> => {
      const dryRun = request.body.dry_run === true;
      const found = await expiry.preview();
      if (!dryRun) {
        const by = actorOf(request);
        const detail = { objects: found.objects, before: found.before };
        await database.transaction((transaction) =>
          appendAudit(transaction, {
            at: new Date(clock.now()),
            by,
            action: 'logs.expiry_asked',
            subject: null,
            detail,
          }),
        );
        expiry.nudge();
      }
      return { dry_run: dryRun, ...found };
    },
  );
}
