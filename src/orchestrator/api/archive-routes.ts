import { Type } from '@sinclair/typebox';
import { listObjects } from '../catalog/list-objects.ts';
import type { App, ServerDeps } from './app.ts';
import { requirePerson } from './principal.ts';
import { ArchiveAnswerSchema } from './schemas/fleet.ts';

const OBJECTS_DEFAULT = 100;
const OBJECTS_MAX = 1_000;

/** `GET /api/v1/archive`: the catalog, newest objects first; `POST …/reindex` (reindex-routes.ts) rebuilds it. */
export function archiveRoutes(app: App, deps: ServerDeps): void {
  app.get(
    '/api/v1/archive',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['archive'],
        summary: 'Objects in the archive, newest first',
        querystring: Type.Object({
          server: Type.Optional(Type.String({ maxLength: 100 })),
          limit: Type.Integer({ minimum: 1, maximum: OBJECTS_MAX, default: OBJECTS_DEFAULT }),
        }),
        response: { 200: ArchiveAnswerSchema },
      },
    },
    async (request) => ({ objects: await listObjects(deps.database, request.query) }),
  );
}
