import { type Static, Type } from '@sinclair/typebox';
import type { Timeline } from '../../contract/timeline.ts';
import { NervesysError } from '../../platform/errors.ts';
import { parseInstant } from '../catalog/log-filter.ts';
import { readTimeline } from '../database/queries/read-timeline.ts';
import type { App, ServerDeps } from './app.ts';
import { requirePerson } from './principal.ts';
import { TimelineSchema } from './schemas/fleet.ts';
import { AgentIdSchema, ServerNameSchema } from './schemas.ts';

const DAY_MS = 86_400_000;
/** Transitions are kept for two years; who asks for more is answered for these. */
const SPAN_MAX_MS = 2 * 366 * DAY_MS;
const Span = {
  since: Type.Optional(
    Type.String({ maxLength: 40, description: 'An ISO 8601 instant or date, or how long ago: 1h, 7d.' }),
  ),
  until: Type.Optional(Type.String({ maxLength: 40, description: 'As `since`.' })),
};

/** How servers and AI agents were, and for how long. */
export function timelineRoutes(app: App, deps: ServerDeps): void {
  const { database, hearing } = deps;

  const answer = async (
    server: string,
    agentId: string | null,
    query: Static<typeof SpanSchema>,
  ): Promise<Timeline> => {
    const now = hearing.now();
    const until = query.until === undefined ? now : Math.min(now, parseInstant('until', query.until, now));
    const asked = query.since === undefined ? until - DAY_MS : parseInstant('since', query.since, now);
    const since = Math.max(asked, now - SPAN_MAX_MS);
    if (since > until) throw new NervesysError('NSV_BODY_INVALID', 'querystring/since is after until, or after now');
    const timeline = await readTimeline(database, { server, agentId, since: new Date(since), until: new Date(until) });
    if (timeline !== undefined) return timeline;
    throw new NervesysError(
      'NSV_NOT_FOUND',
      agentId === null ? `there is no server ${server}` : `there is no AI agent ${agentId} on ${server}`,
    );
  };

  app.get(
    '/api/v1/servers/:server/timeline',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary: "A server's states over some time (default: the last day), oldest first, and how long it was in each",
        params: Type.Object({ server: ServerNameSchema }),
        querystring: SpanSchema,
        response: { 200: TimelineSchema },
      },
    },
    (request) => answer(request.params.server, null, request.query),
  );

  app.get(
    '/api/v1/agents/:agent_id/timeline',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary: "An AI agent's states on one server over some time (default: the last day), oldest first",
        params: Type.Object({ agent_id: AgentIdSchema }),
        querystring: Type.Object({ server: ServerNameSchema, ...Span }),
        response: { 200: TimelineSchema },
      },
    },
    (request) => answer(request.query.server, request.params.agent_id, request.query),
  );
}

const SpanSchema = Type.Object(Span);
