import { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import { LEVELS } from '../../contract/record.ts';
import { errorFields } from '../../platform/logger.ts';
import { PATTERN_LENGTH_MAX, parseInstant } from '../catalog/log-filter.ts';
import { searchLogs } from '../catalog/search-logs.ts';
import type { App, ServerDeps } from './app.ts';
import { closedSignal } from './closed-signal.ts';
import { requirePerson } from './principal.ts';
import { textAnswer } from './schemas.ts';

const RECORDS_DEFAULT = 10_000;
const RECORDS_MAX = 10_000_000;

/** `GET /api/v1/logs`: archived records as NDJSON, oldest first, streamed. */
export function logsRoutes(app: App, deps: ServerDeps): void {
  app.get(
    '/api/v1/logs',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['archive'],
        summary: 'Archived records as NDJSON, oldest first',
        response: { 200: textAnswer('application/x-ndjson', 'One record a line (docs/FORMATS.md)') },
        querystring: Type.Object({
          server: Type.Optional(Type.String({ maxLength: 100 })),
          agent_id: Type.Optional(Type.String({ maxLength: 50 })),
          level: Type.Optional(
            Type.Union(
              LEVELS.map((level) => Type.Literal(level)),
              { description: 'This level and above.' },
            ),
          ),
          since: Type.Optional(Type.String({ description: 'An ISO 8601 instant or date, or how long ago: 1h, 7d.' })),
          until: Type.Optional(Type.String({ description: 'As `since`; records of this instant are left out.' })),
          grep: Type.Optional(
            Type.String({
              description: 'A regular expression, looked for in action, message and context.',
              minLength: 1,
              maxLength: PATTERN_LENGTH_MAX,
            }),
          ),
          limit: Type.Integer({ minimum: 1, maximum: RECORDS_MAX, default: RECORDS_DEFAULT }),
        }),
      },
    },
    async (request, reply) => {
      const { server, agent_id: agentId, level, since, until, grep, limit } = request.query;
      const now = deps.clock.now();
      const query = {
        server,
        agentId,
        level,
        grep,
        limit,
        since: since === undefined ? undefined : parseInstant('since', since, now),
        until: until === undefined ? undefined : parseInstant('until', until, now),
      };
      const signal = closedSignal(reply);
      const { database, archive } = deps;
      const expiredBefore = deps.expiry.horizon;
      const lines = searchLogs({ database, archive, query, expiredBefore, now: () => deps.clock.now(), signal });
      const first = await lines.next(); // what is wrong from the start is still answered as a problem
      const chunks = joinLines(first, lines, (error) => {
        if (!signal.aborted) deps.logger.warn('a search in the archive broke off', errorFields(error));
      });
      return reply.type('application/x-ndjson; charset=utf-8').send(Readable.from(chunks, { objectMode: false }));
    },
  );
}

/** Lines are sent together in chunks of about this many characters. */
const CHUNK_LENGTH = 64 * 1024;

async function* joinLines(
  first: IteratorResult<string>,
  lines: AsyncGenerator<string>,
  onBroken: (error: unknown) => void,
): AsyncGenerator<Buffer> {
  try {
    let chunk = '';
    for (let next = first; !next.done; next = await lines.next()) {
      chunk += `${next.value}\n`;
      if (chunk.length < CHUNK_LENGTH) continue;
      yield Buffer.from(chunk);
      chunk = '';
    }
    if (chunk !== '') yield Buffer.from(chunk);
  } catch (error) {
    onBroken(error);
    throw error; // the connection is cut: a reader must not take half an answer for the whole
  } finally {
    await lines.return(undefined);
  }
}
