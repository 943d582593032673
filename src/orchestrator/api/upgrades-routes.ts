import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import {
  UPGRADE_OUTCOMES,
  UPGRADE_REASON_LENGTH_MAX,
  type UpgradeAnswer,
  type UpgradeOrder,
  type UpgradeReport,
  type UpgradesAnswer,
} from '../../contract/agent-upgrade.ts';
import type { ServerName } from '../../contract/ids.ts';
import { matchesServerPattern, parseServerPattern } from '../../contract/server-pattern.ts';
import { NervesysError } from '../../platform/errors.ts';
import { type OwnTrouble, raiseAlerts } from '../alerts/raise.ts';
import { actorOf } from '../audit/refusals.ts';
import {
  askForUpgrade,
  cancelUpgrades,
  FAILURES_MAX,
  finishUpgrade,
  offerUpgrade,
  readUpgrades,
} from '../database/queries/agent-upgrades.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import { publishAlerts } from '../fleet/event-hub.ts';
import type { App, ServerDeps } from './app.ts';
import { agentOf, personOf, requireAdmin, requirePerson } from './principal.ts';
import { AskedSchema, CancelledSchema, UpgradeAnswerSchema, UpgradesAnswerSchema } from './schemas/agents.ts';
import { NO_CONTENT, ServerPatternSchema } from './schemas.ts';

/** Agents go on to the one-file agent that is handed out here, when people ask for it. */
export function upgradesRoutes(app: App, deps: ServerDeps): void {
  const { agentFiles, authenticator, clock, database, hub, logger, upgrades } = deps;
  if (agentFiles === undefined) return;

  const handedOut = async (): Promise<UpgradeOrder> => {
    const { version, bundle_sha256, bundle_bytes } = await agentFiles.manifest();
    return { version, bundle_sha256, bundle_bytes };
  };
  /** Without the look at the contract that it speaks: an agent that is too old for everything else is here for the cure. */
  const requireKnownAgent = async (request: FastifyRequest): Promise<void> => {
    request.principal = await authenticator.authenticate(request);
    agentOf(request);
  };

  app.get(
    '/api/v1/agent/upgrade',
    {
      config: { open: true },
      onRequest: requireKnownAgent,
      schema: {
        tags: ['agents'],
        summary: 'What the asking agent is to become, if anything',
        security: [{ server: [] }],
        response: { 200: UpgradeAnswerSchema },
      },
    },
    async (request): Promise<UpgradeAnswer> => {
      const { server } = agentOf(request);
      if (!upgrades.has(server)) return { order: null };
      const order = await handedOut();
      const isItsTurn = await offerUpgrade(database, server, order, new Date(clock.now()));
      return { order: isItsTurn ? order : null };
    },
  );

  app.post(
    '/api/v1/agent/upgrade',
    {
      config: { open: true },
      onRequest: requireKnownAgent,
      bodyLimit: 8 * 1024,
      schema: {
        tags: ['agents'],
        summary: 'Tell how an upgrade went',
        body: Type.Object({
          bundle_sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          outcome: Type.Union(UPGRADE_OUTCOMES.map((outcome) => Type.Literal(outcome))),
          reason: Type.Union([Type.String({ maxLength: UPGRADE_REASON_LENGTH_MAX }), Type.Null()]),
        }),
        security: [{ server: [] }],
        response: { 204: NO_CONTENT },
      },
    },
    async (request, reply) => {
      const { server } = agentOf(request);
      const report: UpgradeReport = {
        ...request.body,
        reason: request.body.reason?.replaceAll('\0', '\ufffd') ?? null,
      };
      const at = new Date(clock.now());
      const alerts = await database.transaction(async (transaction) => {
        if (!(await finishUpgrade(transaction, server, report, at))) return [];
        const told = report.outcome === 'done' ? [] : await raiseAlerts(transaction, [unhappyEnd(server, report)], at);
        const detail = { outcome: report.outcome, sha256: report.bundle_sha256, reason: report.reason };
        await appendAudit(transaction, { at, by: actorOf(request), action: 'agent.upgraded', subject: server, detail });
        return told;
      });
      publishAlerts(hub, alerts);
      logger.info('an agent tells how its upgrade went', { server, outcome: report.outcome, reason: report.reason });
      await upgrades.changed();
      return reply.code(204).send();
    },
  );

  app.post(
    '/api/v1/upgrades',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['fleet'],
        summary: 'Ask servers to run the agent that is handed out here; they do so a few at a time',
        body: Type.Object({ server: ServerPatternSchema }),
        response: { 202: AskedSchema },
      },
    },
    async (request, reply): Promise<{ asked: string[] }> => {
      const pattern = parseServerPattern(request.body.server);
      if (pattern === undefined)
        throw new NervesysError('NSV_BODY_INVALID', 'body/server is neither a server name nor a pattern of one');
      const order = await handedOut();
      const at = new Date(clock.now());
      const asked = await database.transaction(async (transaction) => {
        const isMeant = (server: string) => matchesServerPattern(pattern, server);
        const names = await askForUpgrade(transaction, isMeant, order, personOf(request).name, at);
        if (names.length === 0)
          throw new NervesysError('NSV_NOT_FOUND', `there is no server ${pattern} with a key that opens`);
        const detail = { servers: names.length, version: order.version, sha256: order.bundle_sha256 };
        await appendAudit(transaction, {
          at,
          by: actorOf(request),
          action: 'agent.upgrade_asked',
          subject: pattern,
          detail,
        });
        return names;
      });
      await upgrades.changed();
      reply.code(202);
      return { asked };
    },
  );

  app.delete(
    '/api/v1/upgrades',
    {
      onRequest: requireAdmin,
      schema: {
        tags: ['fleet'],
        summary: 'Take back what was asked of servers whose turn has not come',
        response: { 200: CancelledSchema },
      },
    },
    async (request): Promise<{ cancelled: string[] }> => {
      const at = new Date(clock.now());
      const cancelled = await database.transaction(async (transaction) => {
        const names = await cancelUpgrades(transaction);
        const detail = { servers: names.length };
        await appendAudit(transaction, {
          at,
          by: actorOf(request),
          action: 'agent.upgrade_cancelled',
          subject: null,
          detail,
        });
        return names;
      });
      await upgrades.changed();
      return { cancelled };
    },
  );

  app.get(
    '/api/v1/upgrades',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary: 'What is handed out, and how far each server is',
        response: { 200: UpgradesAnswerSchema },
      },
    },
    async (): Promise<UpgradesAnswer> => {
      const [bundle, views] = await Promise.all([handedOut(), readUpgrades(database)]);
      const failures = views.filter((one) => one.state === 'failed' && one.bundle_sha256 === bundle.bundle_sha256);
      return { bundle, halted: failures.length >= FAILURES_MAX, upgrades: views };
    },
  );
}

function unhappyEnd(server: ServerName, { outcome, reason, bundle_sha256 }: UpgradeReport): OwnTrouble {
  return {
    server,
    agentId: null,
    dedupKey: `agent.upgrade:${bundle_sha256}`,
    kind: 'agent.upgrade',
    severity: 'warning',
    title:
      outcome === 'failed'
        ? `The new agent did not work on ${server}: it runs what it ran before`
        : `${server} did not try the new agent`,
    detail: { reason, sha256: bundle_sha256 },
  };
}
