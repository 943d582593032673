import type { BackupsAnswer, BackupView } from '../../contract/backup.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { readBackups } from '../database/queries/backups.ts';
import type { App, ServerDeps } from './app.ts';
import { requireAdmin, requirePerson } from './principal.ts';
import { BackupsAnswerSchema, BackupViewSchema } from './schemas/backups.ts';

/** `GET /api/v1/backups`: the database's backups in the archive; `POST`: makes one now. */
export function backupsRoutes(app: App, deps: ServerDeps): void {
  const { database, clock, backups } = deps;

  app.get(
    '/api/v1/backups',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['archive'],
        summary: 'Backups of the database, newest first, and the one that is being made',
        response: { 200: BackupsAnswerSchema },
      },
    },
    async (): Promise<BackupsAnswer> => {
      const found = await readBackups(database);
      return {
        now: new Date(clock.now()).toISOString(),
        backups: found,
        last_good_at: found.find(({ state }) => state === 'done')?.started_at ?? null,
        enabled: backups.enabled,
      };
    },
  );

  app.post(
    '/api/v1/backups',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['archive'],
        summary: 'Back the database up now; it goes on by itself, GET tells how far it is',
        response: { 202: BackupViewSchema },
      },
    },
    async (request, reply): Promise<BackupView> => {
      const by = actorOf(request);
      const begun = await backups.begin(by.name ?? by.type);
      await database.transaction((transaction) =>
        appendAudit(transaction, { at: new Date(clock.now()), by, action: 'backup.asked', subject: begun.run }),
      );
      reply.code(202);
      return begun;
    },
  );
}
