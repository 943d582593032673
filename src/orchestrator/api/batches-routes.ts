import type { BatchAnnouncement, BatchConfirmation } from '../../contract/batch.ts';
import { NervesysError } from '../../platform/errors.ts';
import { AnnouncementBody, ConfirmationBody, checkAnnouncement, PermissionAnswer } from '../catalog/batch-schema.ts';
import { Catalog } from '../catalog/catalog.ts';
import { UploadPermits } from '../catalog/upload-permits.ts';
import type { App, ServerDeps } from './app.ts';
import { closedSignal } from './closed-signal.ts';
import { agentOf, requireAgent } from './principal.ts';

/** `POST /api/v1/batches` and `…/confirm`: an agent asks where a batch belongs, and says what came of its attempt. */
export function batchesRoutes(app: App, deps: ServerDeps): void {
  const { database, archive, clock, logger } = deps;
  const catalog = new Catalog({ database, archive, clock, logger, permits: new UploadPermits(database) });

  app.post(
    '/api/v1/batches',
    {
      onRequest: requireAgent,
      schema: {
        tags: ['archive'],
        summary: 'Announce a sealed batch: its name in the archive and the permission to put it there',
        body: AnnouncementBody,
        response: { 200: PermissionAnswer },
      },
    },
    async (request, reply) => {
      const announcement: BatchAnnouncement = checkAnnouncement(request.body);
      const { server } = agentOf(request);
      if (announcement.manifest.server !== server) {
        throw new NervesysError('NSV_FORBIDDEN', `the key of ${server} may not announce for another server`);
      }
      return catalog.announce(announcement, closedSignal(reply));
    },
  );

  app.post(
    '/api/v1/batches/confirm',
    {
      onRequest: requireAgent,
      schema: {
        tags: ['archive'],
        summary: 'Say that a batch was put, or that its name was taken; the archive itself is looked at',
        body: ConfirmationBody,
        response: { 200: PermissionAnswer },
      },
    },
    async (request, reply) => {
      const confirmation = request.body as BatchConfirmation;
      return catalog.confirm(agentOf(request).server, confirmation, closedSignal(reply));
    },
  );
}
