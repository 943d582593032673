/** What each channel owes to its own provider, beyond what all of them share. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ChannelSettings } from '../../../../src/config/index.ts';
import type { Channel } from '../../../../src/orchestrator/alerts/channels/channel.ts';
import { EmailChannel } from '../../../../src/orchestrator/alerts/channels/email/email-channel.ts';
import { isUnconfigured, openChannel } from '../../../../src/orchestrator/alerts/channels/open-channel.ts';
import { dedupKey } from '../../../../src/orchestrator/alerts/channels/pagerduty/pagerduty-channel.ts';
import { createAuthority, issueServerCertificate } from '../../../../src/orchestrator/tls/issue-certificate.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import type { NervesysError } from '../../../../src/platform/errors.ts';
import { silentLogger } from '../../../../src/platform/logger.ts';
import { NtfyServer } from '../../../servers/ntfy-server.ts';
import { PagerDutyServer } from '../../../servers/pagerduty-server.ts';
import { SlackServer } from '../../../servers/slack-server.ts';
import { SmtpServer } from '../../../servers/smtp-server.ts';
import { TeamsServer } from '../../../servers/teams-server.ts';
import { TelegramServer } from '../../../servers/telegram-server.ts';
import { WebhookReceiver } from '../../../servers/webhook-receiver.ts';
import { channelSettings } from '../../../support/channel-settings.ts';
import { notification, notifiedAlert } from '../../../support/notification.ts';

const NEVER = new AbortController().signal;
const DEPS = { clock: systemClock, logger: silentLogger };
const now = systemClock.now();
const authority = await createAuthority(now);
const certificate = await issueServerCertificate(authority, ['localhost', '127.0.0.1'], now);

function open(settings: ChannelSettings, secret?: string): Channel {
  const channel = openChannel(settings, secret, DEPS);
  if (isUnconfigured(channel)) throw new Error(channel.problem);
  return channel;
}

async function failure(told: Promise<unknown>): Promise<NervesysError> {
  return told.then(
    () => assert.fail('it was taken'),
    (error) => error,
  );
}

function closing<T extends { stop(): Promise<void> }>(t: TestContext, server: T): T {
  t.after(() => server.stop().catch(() => undefined));
  return server;
}

test('webhook: a repeated attempt has the id of the first, and the time of its own', async (t) => {
  let at = Date.parse('2026-01-15T10:03:00.000Z');
  const receiver = closing(t, await WebhookReceiver.start(() => at));
  const clock = { ...systemClock, now: () => at };
  const settings = channelSettings({ type: 'webhook', url: `${receiver.url}/hook` });
  const channel = openChannel(settings, receiver.secret, { clock, logger: silentLogger }) as Channel;
  receiver.next({ status: 500 });

  await failure(channel.tell(notification(), NEVER));
  at += 3_600_000;
  await channel.tell(notification(), NEVER);

  assert.deepEqual([...receiver.ids], ['event-1:oncall']);
  assert.deepEqual(
    receiver.asked.map(({ headers }) => headers['webhook-timestamp']),
    ['1768471380', '1768474980'],
  );
  const { type, timestamp, data } = receiver.taken[0]!.json;
  assert.deepEqual([type, timestamp], ['alert.opened', '2026-01-15T10:03:00.000Z']);
  assert.equal(data.headline, 'GROK on AIGARDEN01 – silent');
  assert.deepEqual(data.alerts[0].lines, notifiedAlert().lines);
});

test('webhook: a redirect is not followed', async (t) => {
  const receiver = closing(t, await WebhookReceiver.start(() => systemClock.now()));
  receiver.next({ status: 307, headers: { location: `${receiver.url}/elsewhere` } });

  const settings = channelSettings({ type: 'webhook', url: `${receiver.url}/hook` });
  const error = await failure(open(settings, receiver.secret).tell(notification(), NEVER));

  assert.equal(error.code, 'NSV_CHANNEL_REFUSED');
  assert.match(error.hint!, /redirects are not followed/);
  assert.equal(receiver.asked.length, 1);
});

test('a provider that asks to come again in a year is asked again within the hour', async (t) => {
  const receiver = closing(t, await WebhookReceiver.start(() => systemClock.now()));
  receiver.next({ status: 503, headers: { 'retry-after': '31536000' } });

  const settings = channelSettings({ type: 'webhook', url: `${receiver.url}/hook` });
  const error = await failure(open(settings, receiver.secret).tell(notification(), NEVER));

  assert.equal(error.facts['retryAfterMs'], 3_600_000);
});

test('slack: names and lines are never read as markup', async (t) => {
  const server = closing(t, await SlackServer.start());
  const alert = notifiedAlert({ title: '<!channel> *bold*', agent_id: '*GROK*', lines: ['```', '<@U1> & ``` more'] });

  await open(channelSettings({ type: 'slack' }), server.webhook).tell(notification({ alerts: [alert] }), NEVER);

  const { text, blocks } = server.taken[0]!.json;
  assert.match(text, /\*GROK\* on AIGARDEN01/);
  assert.deepEqual(
    blocks.map((one: { type: string; text?: { type: string } }) => `${one.type} ${one.text?.type ?? ''}`),
    ['header plain_text', 'section plain_text', 'section mrkdwn', 'context '],
  );
  assert.match(blocks[2].text.text, /&lt;@U1&gt; &amp; /);
  assert.match(
    blocks[3].elements[0].text,
    /^<https:\/\/nervesys\.example\.com\/alerts\?[^|]*&amp;[^|]*\|Open in Nervesys> · /,
  );
});

test('slack: a webhook that was removed says what to do', async (t) => {
  const server = closing(t, await SlackServer.start());

  const told = open(channelSettings({ type: 'slack' }), `${server.url}/services/gone`).tell(notification(), NEVER);

  assert.match((await failure(told)).hint!, /make a new one/);
});

test('telegram: a group that became a supergroup is told there, and from then on', async (t) => {
  const server = closing(t, await TelegramServer.start());
  server.chats = ['-1009'];
  server.migrated.set('-5', -1009);
  const settings = channelSettings({ type: 'telegram', url: server.url, chatId: '-5', threadId: 3 });
  const channel = open(settings, server.token);

  assert.deepEqual(await channel.tell(notification(), NEVER), { providerId: '1' });
  assert.deepEqual(await channel.tell(notification(), NEVER), { providerId: '2' });

  assert.deepEqual(
    server.asked.map(({ json }) => [json.chat_id, json.message_thread_id]),
    [
      ['-5', 3],
      ['-1009', 3],
      ['-1009', 3],
    ],
  );
});

test('telegram: a chat that is not found says what to do', async (t) => {
  const server = closing(t, await TelegramServer.start());
  const settings = channelSettings({ type: 'telegram', url: server.url, chatId: '42', threadId: undefined });

  const error = await failure(open(settings, server.token).tell(notification(), NEVER));

  assert.equal(error.code, 'NSV_CHANNEL_DENIED');
  assert.match(error.message, /chat not found/);
  assert.match(error.hint!, /must have started the bot/);
});

test('teams: a Hebrew card runs from right to left, its lines from left to right', async (t) => {
  const server = closing(t, await TeamsServer.start());

  const told = await open(channelSettings({ type: 'teams', lang: 'he' }), server.webhook).tell(notification(), NEVER);

  assert.deepEqual(told, { providerId: '08584' });
  const card = server.taken[0]!.json.attachments[0].content;
  assert.equal(card.rtl, true);
  assert.equal(card.body[0].horizontalAlignment, 'Right');
  const line = card.body.find((one: { inlines: { text: string }[] }) => one.inlines[0]!.text.startsWith('ERROR'));
  assert.equal(line.horizontalAlignment, 'Left');
});

test('pagerduty: one trouble is one incident, from its opening to its end', async (t) => {
  const server = closing(t, await PagerDutyServer.start());
  const channel = open(channelSettings({ type: 'pagerduty', url: server.url }), server.key);
  const incident = () => server.incidents.get('agent.silent/AIGARDEN01');

  await channel.tell(notification(), NEVER);
  await channel.tell(notification({ event: 'escalated', id: '2' }), NEVER);
  assert.equal(incident(), 'triggered');
  await channel.tell(notification({ event: 'acknowledged', id: '3' }), NEVER);
  assert.equal(incident(), 'acknowledged');
  await channel.tell(notification({ event: 'resolved', id: '4' }), NEVER);
  assert.equal(incident(), 'resolved');
  assert.equal(server.incidents.size, 1);
});

test('pagerduty: a test leaves nobody with an incident', async (t) => {
  const server = closing(t, await PagerDutyServer.start());
  const channel = open(channelSettings({ type: 'pagerduty', url: server.url }), server.key);

  await channel.tell(notification({ event: 'test', alerts: [], total: 0, groupKey: 'test-1' }), NEVER);

  assert.deepEqual([...server.incidents], [['test-1', 'resolved']]);
});

test('pagerduty: long keys are shortened, and stay apart', () => {
  const long = 'x'.repeat(300);

  assert.equal(dedupKey('short'), 'short');
  assert.equal(dedupKey(`${long}a`).length, 245);
  assert.notEqual(dedupKey(`${long}a`), dedupKey(`${long}b`));
});

test('ntfy: what is told later of a trouble takes the place of what was told before', async (t) => {
  const server = closing(t, await NtfyServer.start());
  const settings = channelSettings({ type: 'ntfy', url: server.url, topic: server.topic, access: 'token' });
  const channel = open(settings, server.token);

  await channel.tell(notification(), NEVER);
  await channel.tell(notification({ event: 'resolved', id: '2' }), NEVER);

  const [first, second] = server.taken.map(({ json }) => json);
  assert.equal(first.sequence_id, second.sequence_id);
  assert.deepEqual(
    [first.priority, first.tags, second.priority, second.tags],
    [5, ['red_circle'], 3, ['white_check_mark']],
  );
  assert.equal(first.click, new URL(notification().link).href);
});

test('ntfy: an open topic is told without a token', async (t) => {
  const server = closing(t, await NtfyServer.start());
  const settings = channelSettings({ type: 'ntfy', url: server.url, topic: 'open', access: 'open' });

  await open(settings).tell(notification(), NEVER);

  assert.equal(server.taken[0]!.headers.authorization, undefined);
});

const MAIL = {
  host: 'localhost',
  user: 'alerts',
  from: { name: 'Nervesys', address: 'alerts@example.com' },
  to: ['dana@example.com', 'uri@example.com'],
} as const;

async function mailServer(t: TestContext, mode: 'starttls' | 'implicit' | 'plain' = 'starttls') {
  const server = await SmtpServer.start({ certificate, mode, user: 'alerts', password: 'pw' });
  return closing(t, server);
}

function mailChannel(
  server: SmtpServer,
  tls: 'starttls' | 'implicit' | 'none',
  lang: 'en' | 'he' = 'en',
  trusted = true,
) {
  const settings = channelSettings({ type: 'email', ...MAIL, port: server.port, tls, lang });
  return new EmailChannel(settings, 'pw', { ...DEPS, ...(trusted ? { authority: authority.certificate } : {}) });
}

test('email: Hebrew is right in the subject, in the text and from right to left in HTML', async (t) => {
  const server = await mailServer(t);

  await mailChannel(server, 'starttls', 'he').tell(notification(), NEVER);

  const mail = server.mails[0]!;
  assert.equal(mail.secure, true);
  assert.equal(
    mail.headers.get('subject')!.replace(/[\u2068\u2069]/g, ''),
    '🔴 סוכן GROK בשרת AIGARDEN01 – אין ממנו סימן חיים',
  );
  assert.match(mail.raw, /^Subject: =\?UTF-8\?/m);
  assert.match(mail.html, /<html lang="he" dir="rtl">/);
  assert.match(mail.html, /<pre dir="ltr"[^>]*>ERROR connection to the model lost\r?\nWARN/);
  assert.match(mail.text, /חומרה: קריטי/);
  assert.deepEqual(mail.to, ['dana@example.com', 'uri@example.com']);
});

test('email: all that is told of a trouble is one thread, and an attempt that is repeated has the same Message-ID', async (t) => {
  const server = await mailServer(t, 'implicit');
  const channel = mailChannel(server, 'implicit');

  const first = await channel.tell(notification(), NEVER);
  const again = await channel.tell(notification(), NEVER);
  const end = await channel.tell(notification({ event: 'resolved', id: 'event-2:oncall' }), NEVER);
  await channel.tell(notification({ groupKey: 'another', id: 'event-3:oncall' }), NEVER);

  assert.equal(first.providerId, again.providerId);
  assert.notEqual(first.providerId, end.providerId);
  const threads = server.mails.map(({ headers }) => [headers.get('references'), headers.get('in-reply-to')]);
  assert.deepEqual(threads[0], threads[2]);
  assert.notDeepEqual(threads[0], threads[3]);
  assert.match(threads[0]![0]!, /^<nervesys\.trouble\.[0-9a-f]{32}@example\.com>$/);
  assert.equal(server.mails[0]!.headers.get('auto-submitted'), 'auto-generated');
});

test('email: nothing from outside can add a header or a recipient', async (t) => {
  const server = await mailServer(t);
  const evil = 'x\r\nBcc: evil@example.com\r\n\r\nbody';
  const alert = notifiedAlert({ kind: 'rule', title: evil, agent_id: evil, server: evil });

  await mailChannel(server, 'starttls').tell(notification({ alerts: [alert], groupKey: evil, id: evil }), NEVER);

  const mail = server.mails[0]!;
  assert.deepEqual(mail.to, ['dana@example.com', 'uri@example.com']);
  assert.equal(mail.headers.has('bcc'), false);
  assert.match(mail.headers.get('subject')!, /x Bcc: evil@example\.com body/);
});

test('email: without TLS nothing is sent, and no password', async (t) => {
  const server = await mailServer(t, 'plain');

  const error = await failure(mailChannel(server, 'starttls').tell(notification(), NEVER));

  assert.equal(error.code, 'NSV_CHANNEL_REFUSED');
  assert.match(error.message, /offers no TLS/);
  assert.equal(error.retryable, false);
  assert.deepEqual(server.mails, []);
});

test('email: a server whose certificate nobody vouches for gets nothing', async (t) => {
  for (const mode of ['starttls', 'implicit'] as const) {
    const server = await mailServer(t, mode);

    const error = await failure(mailChannel(server, mode, 'en', false).tell(notification(), NEVER));

    assert.match(error.message, /certificate is not trusted/, error.message);
    assert.deepEqual(server.mails, []);
  }
});

test('email: on this machine it goes without TLS where that is said', async (t) => {
  const server = await mailServer(t, 'plain');

  await mailChannel(server, 'none').tell(notification(), NEVER);

  assert.equal(server.mails[0]!.secure, false);
});

test('email: one recipient that is gone does not keep the others from being told', async (t) => {
  const server = await mailServer(t);
  server.unknown.add('uri@example.com');
  const channel = mailChannel(server, 'starttls');

  await channel.tell(notification(), NEVER);
  assert.deepEqual(server.mails[0]!.to, ['dana@example.com']);
  server.unknown.add('dana@example.com');
  const error = await failure(channel.tell(notification(), NEVER));

  assert.equal(error.code, 'NSV_CHANNEL_REFUSED');
  assert.match(error.message, /no such user/);
  assert.match(error.hint!, /do the recipients exist/);
});
