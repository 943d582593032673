import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { COMMIT_PATTERN, REVISION_PATTERN } from '../../contract/config-delivery.ts';
import type { RevisionDetail, RevisionView, RolloutAnswer } from '../../contract/rollout.ts';
import { NervesysError } from '../../platform/errors.ts';
import { actorOf } from '../audit/refusals.ts';
import type { Queryable } from '../database/database.ts';
import { readConfigHead } from '../database/queries/config-head.ts';
import { readFleetConfig, readServerConfigs } from '../database/queries/read-fleet-config.ts';
import { findRevisionOf, listRevisions, readRevision } from '../database/queries/read-revisions.ts';
import { readRollouts, toRolloutView } from '../database/queries/rollouts.ts';
import { storable } from '../database/storable.ts';
import { pauseRollout, type RolloutWish, resumeRollout, rollBack } from '../gitops/steer-rollout.ts';
import type { App, ServerDeps } from './app.ts';
import { requireOperator, requirePerson } from './principal.ts';
import { RevisionDetailSchema, RevisionsAnswerSchema, RolloutAnswerSchema } from './schemas/rollout.ts';

const ROLLOUTS_OF_A_REVISION_MAX = 20;

const RevisionSchema = Type.String({
  pattern: `${REVISION_PATTERN.source}|${COMMIT_PATTERN.source}`,
  description: 'a revision, as the fleet names it (12 hex digits), or the whole SHA of a commit that it was found in',
});
const ReasonSchema = Type.String({ minLength: 1, maxLength: 500, description: 'why, for people' });

/** @throws NervesysError `NSV_NOT_FOUND` where it is the SHA of a commit in which none was found. */
async function revisionNamed(database: Queryable, name: string): Promise<string> {
  const revision = COMMIT_PATTERN.test(name) ? await findRevisionOf(database, name) : name;
  if (revision === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no revision of commit ${name}`);
  return revision;
}

async function wishedRevision(database: Queryable, body: { readonly revision?: string }): Promise<string | undefined> {
  return body.revision === undefined ? undefined : revisionNamed(database, body.revision);
}

/** Revisions of the configuration, and how one reaches the fleet: seen by everybody, steered by operators. */
export function rolloutRoutes(app: App, deps: ServerDeps): void {
  const { database, desired, hearing, logger } = deps;

  const answer = async (): Promise<RolloutAnswer> => {
    const [config, found, rollouts, servers] = await Promise.all([
      readFleetConfig(database),
      readFound(database),
      readRollouts(database, 1),
      readServerConfigs(database),
    ]);
    return {
      now: new Date(hearing.now()).toISOString(),
      config,
      found,
      rollout: rollouts[0] === undefined ? null : toRolloutView(rollouts[0]),
      servers: servers.map(({ asks, ...one }) => {
        const revision = desired.revisionFor(one.server) ?? null;
        // Who was started with what is desired has never been given it, and asks all the same.
        return { ...one, desired: asks || one.running === revision ? revision : null };
      }),
    };
  };
  const steer = async (
    request: FastifyRequest,
    reason: string | undefined,
    work: (transaction: Queryable, wish: RolloutWish) => Promise<unknown>,
  ): Promise<RolloutAnswer> => {
    const told = reason === undefined ? null : (storable(reason) ?? null);
    const wish = { by: actorOf(request), reason: told, now: new Date(hearing.now()) };
    await database.transaction((transaction) => work(transaction, wish));
    logger.info('a rollout was steered', { route: request.routeOptions.url, by: wish.by.name });
    await desired.changed();
    return answer();
  };

  app.get(
    '/api/v1/revisions',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['configuration'],
        summary: 'Revisions of the configuration and what became of them, the one found last first',
        querystring: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }) }),
        response: { 200: RevisionsAnswerSchema },
      },
    },
    async (request): Promise<{ revisions: RevisionView[] }> => ({
      revisions: await listRevisions(database, request.query.limit),
    }),
  );

  app.get(
    '/api/v1/revisions/:revision',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['configuration'],
        summary: 'One revision: its files, what the check has found, how it was rolled out',
        params: Type.Object({ revision: RevisionSchema }),
        response: { 200: RevisionDetailSchema },
      },
    },
    async (request): Promise<RevisionDetail> => {
      const revision = await revisionNamed(database, request.params.revision);
      const found = await readRevision(database, revision);
      if (found === undefined) throw new NervesysError('NSV_NOT_FOUND', `there is no revision ${revision}`);
      const rollouts = await readRollouts(database, ROLLOUTS_OF_A_REVISION_MAX, revision);
      const { view, complaints, files } = found;
      return { ...view, complaints, files, rollouts: rollouts.map(toRolloutView) };
    },
  );

  app.get(
    '/api/v1/rollout',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['configuration'],
        summary: 'The rollout under way, or the last one, and what each server runs',
        response: { 200: RolloutAnswerSchema },
      },
    },
    answer,
  );

  app.post(
    '/api/v1/rollout/pause',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['configuration'],
        summary: 'No next stage begins until it is resumed',
        body: Type.Object({ reason: Type.Optional(ReasonSchema) }, { default: {} }),
        response: { 200: RolloutAnswerSchema },
      },
    },
    (request) => steer(request, request.body.reason, pauseRollout),
  );

  app.post(
    '/api/v1/rollout/resume',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['configuration'],
        summary: 'Go on with the paused rollout, or begin again with a revision that was rolled back',
        body: Type.Object(
          { revision: Type.Optional(RevisionSchema), reason: Type.Optional(ReasonSchema) },
          { default: {} },
        ),
        response: { 200: RolloutAnswerSchema },
      },
    },
    (request) =>
      steer(request, request.body.reason, async (transaction, wish) =>
        resumeRollout(transaction, wish, await wishedRevision(transaction, request.body)),
      ),
  );

  app.post(
    '/api/v1/rollout/rollback',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['configuration'],
        summary: 'The revision before, or the one that is named, is desired again by everybody',
        body: Type.Object(
          { revision: Type.Optional(RevisionSchema), reason: Type.Optional(ReasonSchema) },
          { default: {} },
        ),
        response: { 200: RolloutAnswerSchema },
      },
    },
    (request) =>
      steer(request, request.body.reason, async (transaction, wish) =>
        rollBack(transaction, wish, await wishedRevision(transaction, request.body)),
      ),
  );
}

async function readFound(database: Queryable): Promise<NonNullable<RolloutAnswer['found']> | null> {
  const { found } = await readConfigHead(database);
  const view = found === null ? undefined : (await readRevision(database, found))?.view;
  return view === undefined ? null : { revision: view.revision, state: view.state, reason: view.reason };
}
