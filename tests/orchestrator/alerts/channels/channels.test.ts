import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelSettings } from '../../../../src/config/index.ts';
import { Channels } from '../../../../src/orchestrator/alerts/channels/channels.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import { type Logger, silentLogger } from '../../../../src/platform/logger.ts';
import { channelSettings } from '../../../support/channel-settings.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { notification } from '../../../support/notification.ts';

const NEVER = new AbortController().signal;

function channelsWith(settings: readonly ChannelSettings[], secrets: Record<string, string | undefined>) {
  const now = { settings };
  const logged: { message: string; fields: Record<string, unknown> }[] = [];
  const logger = {
    ...silentLogger,
    warn: (message: string, fields: Record<string, unknown>) => void logged.push({ message, fields }),
  } as unknown as Logger;
  const channels = new Channels({
    settings: () => now.settings,
    channelSecret: (name) => secrets[name],
    clock: new FakeClock(),
    logger,
  });
  return { channels, now, logged };
}

const SLACK = 'https://hooks.slack.com/services/T0/B0/x';

test('a channel without its secret is told as unconfigured, and the others go on', async () => {
  const { channels, logged } = channelsWith(
    [channelSettings({ type: 'slack', name: 'chat' }), channelSettings({ type: 'teams', name: 'office-il' })],
    { chat: SLACK },
  );

  assert.deepEqual(
    channels.list().map(({ settings, unconfigured }) => [settings.name, unconfigured?.problem]),
    [
      ['chat', undefined],
      ['office-il', 'its secret is missing: the address of its webhook'],
    ],
  );
  assert.match(channels.list()[1]!.unconfigured!.hint, /NERVESYS_CHANNEL_OFFICE_IL_SECRET/);
  await assert.rejects(channels.get('office-il')!.tell(notification(), NEVER), {
    code: 'NSV_CHANNEL_UNCONFIGURED',
    retryable: false,
  });
  assert.equal(channels.get('nobody'), undefined);
  channels.look();
  channels.look();
  assert.deepEqual(
    logged.map(({ fields }) => fields['channel']),
    ['office-il'],
  );
});

test('a new revision, and a secret that was rotated, hold from the next message on', () => {
  const chat = channelSettings({ type: 'slack', name: 'chat' });
  const secrets: Record<string, string | undefined> = { chat: SLACK };
  const { channels, now } = channelsWith([chat], secrets);

  const first = channels.get('chat');
  assert.equal(channels.get('chat'), first);
  now.settings = [structuredClone(chat)];
  assert.equal(channels.get('chat'), first, 'the same settings from another revision');
  secrets['chat'] = `${SLACK}2`;
  const second = channels.get('chat');
  assert.notEqual(second, first);
  now.settings = [{ ...chat, lang: 'he' }];
  assert.notEqual(channels.get('chat'), second);
  now.settings = [];
  assert.equal(channels.get('chat'), undefined);
  assert.deepEqual(channels.list(), []);
});

test('a secret that cannot be read is one channel’s trouble', () => {
  const { channels } = channelsWith([channelSettings({ type: 'slack' })], {});
  const broken = new Channels({
    settings: () => [channelSettings({ type: 'slack' })],
    channelSecret: () => {
      throw new NervesysError('NSV_SETTING_INVALID', 'X_FILE: cannot read /x (EACCES)', {
        hint: 'give a readable file',
      });
    },
    clock: new FakeClock(),
    logger: silentLogger,
  });

  assert.equal(channels.list().length, 1);
  assert.deepEqual(broken.list()[0]!.unconfigured, {
    problem: 'its secret cannot be read: X_FILE: cannot read /x (EACCES)',
    hint: 'give a readable file',
  });
});

const NOT_A_SECRET: readonly (readonly [settings: ChannelSettings, secret: string, problem: RegExp])[] = [
  [channelSettings({ type: 'slack' }), ['xoxb', 'not-an-address'].join('-'), /is no address/],
  [channelSettings({ type: 'slack' }), 'http://hooks.slack.com/services/x', /is http/],
  [channelSettings({ type: 'teams' }), 'https://contoso.webhook.office.com/webhookb2/x', /Office connector/],
  [
    channelSettings({ type: 'telegram', chatId: '1', threadId: undefined, url: 'https://api.telegram.org' }),
    'bot/../x',
    /no token/,
  ],
  [channelSettings({ type: 'webhook', url: 'https://example.com' }), 'tiny-key', /too short/],
  [channelSettings({ type: 'webhook', url: 'https://example.com' }), 'whsec_c2hvcnQ=', /too short/],
  [
    channelSettings({ type: 'ntfy', url: 'https://ntfy.sh', topic: 'x', access: 'token' }),
    'tk_a\r\nX: y',
    /no access token/,
  ],
];

for (const [settings, secret, problem] of NOT_A_SECRET) {
  test(`a ${settings.type} channel says why ${JSON.stringify(secret).slice(0, 12)}… is no secret of it, without naming it`, () => {
    const { channels } = channelsWith([settings], { oncall: secret });

    const { unconfigured } = channels.list()[0]!;
    assert.match(unconfigured!.problem, problem);
    assert.ok(!JSON.stringify(unconfigured).includes(secret));
  });
}

test('mail without a user needs no password, an open topic no token', () => {
  const mail = channelSettings({
    type: 'email',
    host: 'localhost',
    port: 25,
    tls: 'none',
    user: undefined,
    from: { name: undefined, address: 'a@example.com' },
    to: ['b@example.com'],
  });
  const { channels } = channelsWith(
    [mail, channelSettings({ type: 'ntfy', name: 'phone', url: 'https://ntfy.sh', topic: 'x', access: 'open' })],
    {},
  );

  assert.deepEqual(
    channels.list().map(({ unconfigured }) => unconfigured),
    [undefined, undefined],
  );
});
