import type { BatchAnnouncement, BatchConfirmation } from '../../contract/batch.ts';
import type { PlacedAnswer } from '../../contract/credentials.ts';
import type { ServerName } from '../../contract/ids.ts';
import { parseObjectKey } from '../../contract/object-key.ts';
import { NervesysError } from '../../platform/errors.ts';
import {
  AnnouncementBody,
  ConfirmationBody,
  checkAnnouncement,
  PermissionAnswer,
  PlacedAnswerBody,
  PlacedBody,
} from '../catalog/batch-schema.ts';
import { Catalog } from '../catalog/catalog.ts';
import { UploadPermits } from '../catalog/upload-permits.ts';
import { wentBy } from '../database/queries/server-renames.ts';
import type { App, ServerDeps } from './app.ts';
import { closedSignal } from './closed-signal.ts';
import { agentOf, requireAgent } from './principal.ts';

/**
 * `POST /api/v1/batches` and `…/confirm`: an agent asks where a batch belongs, and says what came of its attempt. `…/placed`: it has named a
 * batch by itself.
 */
export function batchesRoutes(app: App, deps: ServerDeps): void {
  const { database, archive, clock, logger, metrics } = deps;
  const catalog = new Catalog({
    database,
    archive,
    clock,
    logger,
    permits: new UploadPermits(database),
    onArchived: ({ bytes, records }) => {
      metrics.add('nervesys_batches_archived_total', {});
      metrics.add('nervesys_archived_bytes_total', {}, bytes);
      metrics.add('nervesys_archived_records_total', {}, records);
    },
  });

  /**
   * An agent archives under its own server's name, and under a former one what was sealed while that held. Whatever else it asks for is
   * another's: refused, and by that in the audit log.
   */
  const requireOwn = async (server: ServerName, name: string, windowAt: number | undefined): Promise<void> => {
    if (name === server) return;
    if (windowAt !== undefined && (await wentBy(database, server, name, windowAt))) return;
    logger.warn('a server asked for what belongs to another', { server, asked: name });
    throw new NervesysError('NSV_FORBIDDEN', `the key of ${server} opens nothing of another server`, {
      hint: `If this server was called ${name}: start it under that name once more, so that it sends what it sealed as ${name}, then let it join under the new one.`,
      facts: { asked: name },
    });
  };

  app.post(
    '/api/v1/batches',
    {
      onRequest: requireAgent,
      config: { holdsNames: true },
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
      const { server: name, window } = announcement.manifest;
      await requireOwn(server, name, Date.parse(window));
      metrics.add('nervesys_batches_announced_total', {});
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
      const { server } = agentOf(request);
      const tried = parseObjectKey(confirmation.key);
      const name = serverNamedBy(confirmation.key);
      if (name !== undefined) await requireOwn(server, name, tried?.windowAt);
      return catalog.confirm(tried?.server ?? server, confirmation, closedSignal(reply));
    },
  );

  app.post(
    '/api/v1/batches/placed',
    {
      onRequest: requireAgent,
      config: { holdsNames: true },
      schema: {
        tags: ['archive'],
        summary:
          'Say where a batch was put by scoped credentials, or ask what stands there; the archive itself is looked at',
        body: PlacedBody,
        response: { 200: PlacedAnswerBody },
      },
    },
    async (request, reply): Promise<PlacedAnswer> => {
      const announcement: BatchAnnouncement = checkAnnouncement(request.body);
      const { server } = agentOf(request);
      const { key } = request.body;
      // Former names aren't opened by scoped credentials, so nothing was placed under one.
      await requireOwn(server, announcement.manifest.server, undefined);
      await requireOwn(server, serverNamedBy(key) ?? server, undefined);
      return { standing: await catalog.place(announcement, key, closedSignal(reply)) };
    },
  );
}

/** Whose prefix a name lies below, be it a batch's or not. */
function serverNamedBy(key: string): string | undefined {
  return /^logs\/([^/]+)\//.exec(key)?.[1];
}
