/** Every channel before a strict stand-in of its provider: one suite for all. */
import type { ChannelSettings, ChannelType } from '../../../../src/config/index.ts';
import type { Channel } from '../../../../src/orchestrator/alerts/channels/channel.ts';
import { EmailChannel } from '../../../../src/orchestrator/alerts/channels/email/email-channel.ts';
import { isUnconfigured, openChannel } from '../../../../src/orchestrator/alerts/channels/open-channel.ts';
import { createAuthority, issueServerCertificate } from '../../../../src/orchestrator/tls/issue-certificate.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { NtfyServer, ntfyText } from '../../../servers/ntfy-server.ts';
import { PagerDutyServer, pagerDutyText } from '../../../servers/pagerduty-server.ts';
import type { ProviderAnswer, ProviderRequest, ProviderServer } from '../../../servers/provider-server.ts';
import { SlackServer, slackText } from '../../../servers/slack-server.ts';
import { SmtpServer } from '../../../servers/smtp-server.ts';
import { TeamsServer, teamsText } from '../../../servers/teams-server.ts';
import { parseHtml, TelegramServer } from '../../../servers/telegram-server.ts';
import { WebhookReceiver } from '../../../servers/webhook-receiver.ts';
import { channelConformance, type ProviderUnderTest } from '../../../suites/channel-conformance.ts';
import { channelSettings } from '../../../support/channel-settings.ts';

const DEPS = { clock: systemClock, logger: silentLogger };
const now = systemClock.now();
const authority = await createAuthority(now);
const certificate = await issueServerCertificate(authority, ['localhost', '127.0.0.1'], now);

function opened(settings: ChannelSettings, secret: string): Channel {
  const channel = openChannel(settings, secret, DEPS);
  if (isUnconfigured(channel)) throw new Error(channel.problem);
  return channel;
}

interface OverHttp {
  readonly server: ProviderServer;
  readonly settings: ChannelSettings;
  readonly secret: string;
  readonly wrongSecret: string;
  readonly secrets: readonly string[];
  readonly text: (request: ProviderRequest) => string;
  readonly busy: ProviderAnswer;
  readonly refuse: ProviderAnswer;
}

function overHttp(type: ChannelType, start: (lang: 'en' | 'he') => Promise<OverHttp>): void {
  channelConformance(type, async (t, lang): Promise<ProviderUnderTest> => {
    const { server, settings, secret, wrongSecret, secrets, text, busy, refuse } = await start(lang);
    t.after(() => server.stop().catch(() => undefined));
    return {
      channel: opened(settings, secret),
      stranger: opened(settings, wrongSecret),
      secrets: [secret, wrongSecret, ...secrets],
      told: () => server.taken.map(text),
      saysWhen: true,
      meet: (trouble) => {
        if (trouble === 'silence') server.next('silence');
        else
          server.next(
            { busy, refuse, broken: { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad' } }[
              trouble
            ],
          );
      },
      stop: () => server.stop(),
    };
  });
}

overHttp('slack', async (lang) => {
  const server = await SlackServer.start();
  return {
    server,
    settings: channelSettings({ type: 'slack', lang }),
    secret: server.webhook,
    wrongSecret: `${server.url}/services/T0000/B0000/removed`,
    secrets: [server.path, 'XXsecretXX'],
    text: slackText,
    busy: { status: 429, headers: { 'retry-after': '30' }, body: 'rate_limited' },
    refuse: { status: 400, body: `invalid_blocks ${server.path}` },
  };
});

overHttp('telegram', async (lang) => {
  const server = await TelegramServer.start();
  return {
    server,
    settings: channelSettings({ type: 'telegram', lang, url: server.url, chatId: '-1001', threadId: undefined }),
    secret: server.token,
    wrongSecret: '123456789:AAwrong-token',
    secrets: ['AAE-secret'],
    text: ({ json }) => parseHtml(json.text)!,
    busy: {
      status: 429,
      body: {
        ok: false,
        error_code: 429,
        description: 'Too Many Requests: retry after 30',
        parameters: { retry_after: 30 },
      },
    },
    refuse: {
      status: 400,
      body: { ok: false, error_code: 400, description: `Bad Request: bot${server.token} is wrong` },
    },
  };
});

overHttp('teams', async (lang) => {
  const server = await TeamsServer.start();
  return {
    server,
    settings: channelSettings({ type: 'teams', lang }),
    secret: server.webhook,
    wrongSecret: server.webhook.replace(server.signature, 'wrong-signature'),
    secrets: [server.path, server.signature, 'wrong-signature'],
    text: teamsText,
    busy: {
      status: 429,
      headers: { 'retry-after': '30' },
      body: { error: { code: 'TooManyRequests', message: 'slow' } },
    },
    refuse: { status: 400, body: { error: { code: 'BadRequest', message: `no: ${server.signature}` } } },
  };
});

overHttp('pagerduty', async (lang) => {
  const server = await PagerDutyServer.start();
  return {
    server,
    settings: channelSettings({ type: 'pagerduty', lang, url: server.url }),
    secret: server.key,
    wrongSecret: 'ffffffffffffffffffffffffffffffff',
    secrets: [],
    text: pagerDutyText,
    busy: {
      status: 429,
      headers: { 'retry-after': '30' },
      body: {
        status: 'throttle exceeded',
        message: 'Requests for this service are arriving too quickly.  Please retry later.',
      },
    },
    refuse: {
      status: 400,
      body: { status: 'invalid event', message: 'Event object is invalid', errors: [`not ${server.key}`] },
    },
  };
});

overHttp('ntfy', async (lang) => {
  const server = await NtfyServer.start();
  return {
    server,
    settings: channelSettings({ type: 'ntfy', lang, url: server.url, topic: server.topic, access: 'token' }),
    secret: server.token,
    wrongSecret: 'tk_wrongwrongwrongwrongwrongwron',
    secrets: [],
    text: ntfyText,
    busy: {
      status: 429,
      headers: { 'retry-after': '30' },
      body: { code: 42901, http: 429, error: 'limit reached: too many requests, please be nice' },
    },
    refuse: { status: 400, body: { code: 40017, http: 400, error: `invalid request: ${server.token}` } },
  };
});

overHttp('webhook', async (lang) => {
  const server = await WebhookReceiver.start(() => systemClock.now());
  return {
    server,
    settings: channelSettings({ type: 'webhook', lang, url: `${server.url}/hook` }),
    secret: server.secret,
    wrongSecret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    secrets: [],
    // Data for programs: its raw texts are checked to be well-formed alone, so only what is for people is looked at here.
    text: ({ json }) =>
      [json.data.headline, json.data.summary, JSON.stringify(json.data.alerts).isWellFormed()].join('\n') +
      whereOf(json),
    busy: { status: 429, headers: { 'retry-after': '30' } },
    refuse: { status: 422, body: `no ${server.secret}` },
  };
});

function whereOf(json: ProviderRequest['json']): string {
  return json.data.alerts.some((one: { server: string }) => one.server === 'AIGARDEN01') ? '\nAIGARDEN01' : '';
}

channelConformance('email', async (t, lang): Promise<ProviderUnderTest> => {
  const server = await SmtpServer.start({
    certificate,
    mode: 'starttls',
    user: 'alerts',
    password: 'correct horse battery',
  });
  t.after(() => server.stop().catch(() => undefined));
  const settings = channelSettings({
    type: 'email',
    lang,
    host: 'localhost',
    port: server.port,
    tls: 'starttls',
    user: 'alerts',
    from: { name: 'Nervesys – דני', address: 'alerts@example.com' },
    to: ['dana@example.com', 'uri@example.com'],
  });
  const open = (password: string) =>
    new EmailChannel(settings, password, { ...DEPS, authority: authority.certificate });
  return {
    channel: open('correct horse battery'),
    stranger: open('wrong horse'),
    secrets: ['correct horse battery', 'wrong horse'],
    told: () =>
      server.mails.map(({ headers, text, html }) =>
        `${headers.get('subject')}\n${text}\n${html}`.replaceAll('\r\n', '\n'),
      ),
    saysWhen: false,
    meet: (trouble) => {
      if (trouble === 'silence') server.silence();
      if (trouble === 'busy') server.next('MAIL', '450 4.7.1 greylisted, come again later');
      if (trouble === 'broken') server.next('CONNECT', '421 4.3.0 service not available');
      if (trouble === 'refuse') server.next('MAIL', '553 5.7.1 not allowed, not even with correct horse battery');
    },
    stop: () => server.stop(),
  };
});
