import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { SilenceView } from '../../contract/fleet.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { readAlerts } from '../database/queries/read-alerts.ts';
import { endSilence, insertSilence, readSilences, SILENCES_MAX } from '../database/queries/silences.ts';
import type { App, ServerDeps } from './app.ts';
import { personOf, requireOperator, requirePerson } from './principal.ts';
import { SilencesAnswerSchema, SilenceViewSchema } from './schemas/fleet.ts';
import { IdSchema, ServerPatternSchema } from './schemas.ts';

const SECONDS_MIN = 60;
const SECONDS_MAX = 365 * 86_400;
const STARTS_SECONDS_MAX = 365 * 86_400;

const PatternSchema = (lengthMax: number, description: string) =>
  Type.String({ minLength: 1, maxLength: lengthMax, pattern: '^[^\\u0000-\\u001f\\u007f]*$', description });

/** Which alerts, and for how long. */
interface Which {
  readonly server?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly kind?: string | undefined;
  readonly alert_id?: string | undefined;
  readonly seconds: number;
  readonly starts_in_seconds?: number | undefined;
}

/** Quiet on purpose: alerts that match are kept and shown, and told to nobody meanwhile. */
export function silencesRoutes(app: App, deps: ServerDeps): void {
  const { clock, database } = deps;

  /** @throws NervesysError `NSV_NOT_FOUND` (no such alert), `NSV_TOO_MANY_SILENCES` */
  const create = (request: FastifyRequest, which: Which, reason: string): Promise<SilenceView> => {
    const now = clock.now();
    const startsAt = now + (which.starts_in_seconds ?? 0) * 1_000;
    return database.transaction(async (transaction) => {
      if (which.alert_id !== undefined && (await readAlerts(transaction, { ids: [which.alert_id] })).length === 0)
        throw new NervesysError('NSV_NOT_FOUND', `there is no alert ${which.alert_id}`);
      if ((await readSilences(transaction, { endingAfter: new Date(now) })).length >= SILENCES_MAX)
        throw new NervesysError('NSV_TOO_MANY_SILENCES', `there are ${SILENCES_MAX} silences already`);
      const made = await insertSilence(transaction, {
        server: which.server ?? null,
        agent_id: which.agent_id ?? null,
        kind: which.kind ?? null,
        alert_id: which.alert_id ?? null,
        starts_at: new Date(startsAt).toISOString(),
        ends_at: new Date(startsAt + which.seconds * 1_000).toISOString(),
        reason: reason.toWellFormed().replaceAll('\0', '\ufffd'),
        created_by: personOf(request).name,
        created_at: new Date(now).toISOString(),
      });
      await appendAudit(transaction, {
        at: new Date(now),
        by: actorOf(request),
        action: 'silence.created',
        subject: made.id,
        detail: {
          server: made.server,
          agent_id: made.agent_id,
          kind: made.kind,
          alert_id: made.alert_id,
          starts_at: made.starts_at,
          ends_at: made.ends_at,
          reason: made.reason,
        },
      });
      return made;
    });
  };

  app.get(
    '/api/v1/silences',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['alerts'],
        summary: 'Silences that hold, or are to come; those that end first first',
        response: { 200: SilencesAnswerSchema },
      },
    },
    async (): Promise<{ silences: SilenceView[] }> => ({
      silences: await readSilences(database, { endingAfter: new Date(clock.now()) }),
    }),
  );

  app.post(
    '/api/v1/silences',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['alerts'],
        summary: 'Tell nobody of alerts that match, for a time: now, or for a maintenance to come',
        body: Type.Object({
          server: Type.Optional(ServerPatternSchema),
          agent_id: Type.Optional(PatternSchema(50, 'an AI agent, or a pattern with * and ?')),
          kind: Type.Optional(PatternSchema(100, 'a kind of alert, or a pattern: threshold.*')),
          alert_id: Type.Optional({ ...IdSchema, description: 'this alert alone' }),
          everything: Type.Optional(Type.Literal(true, { description: 'all alerts; to be said in so many words' })),
          seconds: Type.Integer({ minimum: SECONDS_MIN, maximum: SECONDS_MAX }),
          starts_in_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: STARTS_SECONDS_MAX })),
          reason: Type.String({ minLength: 1, maxLength: 500 }),
        }),
        response: { 201: SilenceViewSchema },
      },
    },
    async (request, reply): Promise<SilenceView> => {
      const { body } = request;
      const narrows = [body.server, body.agent_id, body.kind, body.alert_id].some((one) => one !== undefined);
      if (!narrows && body.everything !== true)
        throw new NervesysError('NSV_BODY_INVALID', 'body says neither which alerts nor everything', {
          hint: 'name server, agent_id, kind or alert_id, or say "everything": true',
        });
      const silence = await create(request, body, body.reason);
      reply.code(201);
      return silence;
    },
  );

  app.post(
    '/api/v1/alerts/:id/silence',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['alerts'],
        summary: 'Tell nobody of this alert for a time, an hour where none is named',
        params: Type.Object({ id: IdSchema }),
        body: Type.Object(
          {
            seconds: Type.Integer({ minimum: SECONDS_MIN, maximum: SECONDS_MAX, default: 3_600 }),
            reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
          },
          { default: {} },
        ),
        response: { 201: SilenceViewSchema },
      },
    },
    async (request, reply): Promise<SilenceView> => {
      const { id } = request.params;
      const { seconds, reason } = request.body;
      const silence = await create(request, { alert_id: id, seconds }, reason ?? `alert ${id}`);
      reply.code(201);
      return silence;
    },
  );

  app.delete(
    '/api/v1/silences/:id',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['alerts'],
        summary: 'End a silence now; what it held back is told unless it is over by itself',
        params: Type.Object({ id: IdSchema }),
        response: { 200: SilenceViewSchema },
      },
    },
    async (request): Promise<SilenceView> => {
      const { id } = request.params;
      const at = new Date(clock.now());
      const ended = await database.transaction(async (transaction) => {
        const silence = await endSilence(transaction, id, personOf(request).name, at);
        if (silence !== undefined)
          await appendAudit(transaction, { at, by: actorOf(request), action: 'silence.ended', subject: id });
        return silence;
      });
      if (ended === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no silence ${id} that holds`);
      return ended;
    },
  );
}
