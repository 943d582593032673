import { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import { parseServerName } from '../../contract/ids.ts';
import type { ReindexLine } from '../../contract/reindex.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields } from '../../platform/logger.ts';
import { parseInstant } from '../catalog/log-filter.ts';
import { type ReindexOptions, reindexArchive } from '../catalog/reindex.ts';
import type { App, ServerDeps } from './app.ts';
import { closedSignal } from './closed-signal.ts';
import { requireAdmin } from './principal.ts';
import { toProblem } from './problems.ts';
import { ServerNameSchema, textAnswer } from './schemas.ts';

/** `POST /api/v1/archive/reindex`: rebuilds the catalog from the archive, and tells how far it is while it does. */
export function reindexRoutes(app: App, deps: ServerDeps): void {
  const { database, archive, clock, logger } = deps;
  // One at a time in this process: a second one would only ask the store for the same. Two replicas at it get the same result, slower.
  let running = false;

  app.post(
    '/api/v1/archive/reindex',
    {
      onRequest: requireAdmin,
      bodyLimit: 4 * 1024,
      schema: {
        tags: ['archive'],
        summary: 'Rebuild the catalog from the archive; progress and result as NDJSON',
        response: { 200: textAnswer('application/x-ndjson', 'Lines of progress, the last one the result or an error') },
        body: Type.Object({
          server: Type.Optional(ServerNameSchema),
          since: Type.Optional(
            Type.String({ maxLength: 40, description: 'Only windows from this ISO 8601 instant on.' }),
          ),
        }),
      },
    },
    async (request, reply) => {
      const server = request.body.server === undefined ? undefined : parseServerName(request.body.server);
      if (request.body.server !== undefined && server === undefined) {
        throw new NervesysError('NSV_BODY_INVALID', 'body/server is not a server name');
      }
      const { since } = request.body;
      const sinceAt = since === undefined ? undefined : parseInstant('since', since, clock.now());
      if (running)
        throw new NervesysError('NSV_REINDEX_RUNNING', 'reindex the archive: this orchestrator is at it already');
      running = true;
      const signal = AbortSignal.any([closedSignal(reply), deps.closing]);
      const lines = toLines(
        { database, archive, clock, server, sinceAt, expiredBefore: deps.expiry.horizon, signal },
        (error) => {
          if (!signal.aborted) logger.warn('a reindex of the archive broke off', errorFields(error));
        },
      );
      logger.info('the archive is being reindexed', { server: server ?? null });
      const body = Readable.from(lines, { objectMode: false });
      body.once('close', () => {
        running = false;
      });
      return reply.type('application/x-ndjson; charset=utf-8').send(body);
    },
  );
}

async function* toLines(options: ReindexOptions, onBroken: (error: unknown) => void): AsyncGenerator<Buffer> {
  const line = (value: ReindexLine) => Buffer.from(`${JSON.stringify(value)}\n`);
  const steps = reindexArchive(options);
  try {
    for (let step = await steps.next(); ; step = await steps.next()) {
      if (step.done) return yield line({ result: step.value });
      yield line({ progress: step.value });
    }
  } catch (error) {
    onBroken(error);
    // The head of the answer is out: its last line says what went wrong, in the words of a problem document.
    const { code, detail, title } = toProblem(error);
    yield line({ error: { code, message: detail ?? title } });
  }
}
