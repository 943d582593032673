import { Type } from '@sinclair/typebox';
import type { ChannelSettings } from '../../config/index.ts';
import type { ChannelsAnswer, ChannelTested, ChannelView } from '../../contract/channels.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/random.ts';
import type { ChannelState } from '../alerts/channels/channels.ts';
import type { Notification } from '../alerts/notification.ts';
import { actorOf } from '../audit/refusals.ts';
import { appendAudit } from '../database/queries/append-audit.ts';
import type { App, ServerDeps } from './app.ts';
import { requireOperator, requirePerson } from './principal.ts';
import { ChannelsAnswerSchema, ChannelTestedSchema } from './schemas/channels.ts';

const NameSchema = Type.String({ minLength: 1, maxLength: 40, description: 'as in orchestrator.yaml' });

/** The channels by which people are told: seen by everybody, tried by operators. */
export function channelsRoutes(app: App, deps: ServerDeps): void {
  const { clock, database, closing, logger } = deps;

  app.get(
    '/api/v1/channels',
    {
      onRequest: requirePerson,
      schema: {
        tags: ['alerts'],
        summary: 'Channels by which people are told, and whether each can be used',
        response: { 200: ChannelsAnswerSchema },
      },
    },
    async (): Promise<ChannelsAnswer> => ({
      channels: deps.channels?.list().map(viewOf) ?? [],
      dead_man: deps.deadMan?.() ?? null,
    }),
  );

  app.post(
    '/api/v1/channels/:name/test',
    {
      onRequest: requireOperator,
      schema: {
        tags: ['alerts'],
        summary: 'Send a test by a channel, and answer what its provider says',
        params: Type.Object({ name: NameSchema }),
        response: { 200: ChannelTestedSchema },
      },
    },
    async (request): Promise<ChannelTested> => {
      const { name } = request.params;
      const channel = deps.channels?.get(name);
      if (channel === undefined)
        throw new NervesysError('NSV_NOT_FOUND', `there is no channel ${name}`, {
          hint: 'channels are set up in orchestrator.yaml; GET /api/v1/channels lists them',
        });
      const at = clock.now();
      const startedAt = clock.monotonic();
      let result = 'told';
      try {
        const { providerId } = await channel.tell(testNotification(name, at, deps.publicUrl()), closing);
        const tookMs = Math.round(clock.monotonic() - startedAt);
        return { name, type: channel.type, provider_id: providerId, took_ms: tookMs };
      } catch (error) {
        result = errorCode(error);
        throw error;
      } finally {
        const entry = { at: new Date(at), by: actorOf(request), action: 'channel.tested', subject: name } as const;
        logger.info('a channel was tested', { channel: name, result });
        await database.transaction((transaction) => appendAudit(transaction, { ...entry, detail: { result } }));
      }
    },
  );
}

function testNotification(channel: string, at: number, publicUrl: string): Notification {
  const id = randomHex(12);
  return {
    id: `test-${id}`,
    event: 'test',
    groupKey: `test-${channel}-${id}`,
    severity: 'info',
    alerts: [],
    total: 0,
    at: new Date(at).toISOString(),
    link: publicUrl,
  };
}

function viewOf({ settings, unconfigured }: ChannelState): ChannelView {
  return {
    name: settings.name,
    type: settings.type,
    target: targetOf(settings),
    lang: settings.lang,
    time_zone: settings.timeZone,
    severity: settings.severity,
    resolved: settings.resolved,
    state: unconfigured === undefined ? 'ready' : 'unconfigured',
    problem: unconfigured?.problem ?? null,
    hint: unconfigured?.hint ?? null,
  };
}

function targetOf(settings: ChannelSettings): string | null {
  switch (settings.type) {
    case 'email':
      return settings.to.join(', ');
    case 'ntfy':
      return `${settings.url}/${settings.topic}`;
    case 'telegram':
      return settings.chatId;
    case 'webhook':
      return settings.url;
    case 'pagerduty':
    case 'slack':
    case 'teams':
      return null;
    default:
      return settings satisfies never;
  }
}
