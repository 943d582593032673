import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChannelSettings, diffConfigs, loadConfig, serverPart } from '../../src/config/index.ts';
import { channelSecretName } from '../../src/contract/channels.ts';
import { complaintsOf, configFolder } from './folder.ts';

const ALL = `channels:
  oncall:
    type: telegram
    chat_id: -1001234567890
    thread_id: 7
    lang: he
    time_zone: Asia/Jerusalem
    severity: critical
    only: { agents: ['CHAT*'], servers: ['AIGARDEN0?'], kinds: ['threshold.*', agent.silent, my.own_kind] }
    resolved: false
    quiet_hours: { from: 22:00, to: "07:30", days: [sunday, monday], except: none }
    escalate: 15m
  public: { type: telegram, chat_id: "@nervesys_alerts" }
  mail: { type: email, host: smtp.example.com, user: alerts, from: Nervesys <alerts@example.com>, to: [dana@example.com, uri@דוגמה.ישראל] }
  mail-here: { type: email, host: localhost, tls: none, from: a@example.com, to: [b@example.com] }
  chat: { type: slack }
  office: { type: teams }
  pager: { type: pagerduty }
  phone: { type: ntfy, topic: nervesys_x, access: open }
  hook: { type: webhook, url: https://example.com/hooks/nervesys/ }
`;

async function channelsOf(t: Parameters<typeof configFolder>[0], text: string): Promise<readonly ChannelSettings[]> {
  const { config } = await loadConfig(await configFolder(t, { 'orchestrator.yaml': text }));
  return config.orchestrator.channels ?? [];
}

test('each type of channel is read with its defaults', async (t) => {
  const channels = await channelsOf(t, ALL);

  const common = {
    lang: 'en',
    timeZone: 'UTC',
    severity: 'warning',
    only: { agents: undefined, servers: undefined, kinds: undefined },
    resolved: true,
    quietHours: undefined,
    escalateAfterMs: undefined,
  };
  assert.deepEqual(channels, [
    {
      name: 'oncall',
      type: 'telegram',
      chatId: '-1001234567890',
      threadId: 7,
      url: 'https://api.telegram.org',
      lang: 'he',
      timeZone: 'Asia/Jerusalem',
      severity: 'critical',
      only: { agents: ['CHAT*'], servers: ['AIGARDEN0?'], kinds: ['threshold.*', 'agent.silent', 'my.own_kind'] },
      resolved: false,
      quietHours: { fromMinutes: 1320, toMinutes: 450, days: ['sunday', 'monday'], except: undefined },
      escalateAfterMs: 900_000,
    },
    {
      ...common,
      name: 'public',
      type: 'telegram',
      chatId: '@nervesys_alerts',
      threadId: undefined,
      url: 'https://api.telegram.org',
    },
    {
      ...common,
      name: 'mail',
      type: 'email',
      host: 'smtp.example.com',
      port: 587,
      tls: 'starttls',
      user: 'alerts',
      from: { name: 'Nervesys', address: 'alerts@example.com' },
      to: ['dana@example.com', 'uri@דוגמה.ישראל'],
    },
    {
      ...common,
      name: 'mail-here',
      type: 'email',
      host: 'localhost',
      port: 25,
      tls: 'none',
      user: undefined,
      from: { name: undefined, address: 'a@example.com' },
      to: ['b@example.com'],
    },
    { ...common, name: 'chat', type: 'slack' },
    { ...common, name: 'office', type: 'teams' },
    { ...common, name: 'pager', type: 'pagerduty', url: 'https://events.pagerduty.com' },
    { ...common, name: 'phone', type: 'ntfy', url: 'https://ntfy.sh', topic: 'nervesys_x', access: 'open' },
    { ...common, name: 'hook', type: 'webhook', url: 'https://example.com/hooks/nervesys' },
  ]);
});

test('without the section there are no channels, and a sign of life goes out each minute', async (t) => {
  const { config } = await loadConfig(await configFolder(t, {}));

  assert.deepEqual(config.orchestrator.channels, []);
  assert.deepEqual(config.orchestrator.deadMan, { intervalMs: 60_000 });
});

test('no server is served how people are told', async (t) => {
  const { config } = await loadConfig(await configFolder(t, { 'orchestrator.yaml': ALL }));

  const served = JSON.stringify(serverPart(config, 'AIGARDEN01'));
  assert.doesNotMatch(served, /api\.telegram|1001234567890|dana@example|channels/);
});

test('a changed channel is told as one change, by its name', async (t) => {
  const before = await loadConfig(await configFolder(t, { 'orchestrator.yaml': ALL }));
  const after = await loadConfig(
    await configFolder(t, { 'orchestrator.yaml': ALL.replace('thread_id: 7', 'thread_id: 8') }),
  );

  assert.deepEqual(
    diffConfigs(before.config, after.config).map(({ path }) => path),
    ['orchestrator.channels[oncall]'],
  );
});

test('the name of a channel’s secret is made of its name', () => {
  assert.equal(channelSecretName('mail-2_home'), 'NERVESYS_CHANNEL_MAIL_2_HOME_SECRET');
});

const REFUSED: readonly (readonly [channels: string, complaint: RegExp])[] = [
  ['a: { type: slak }', /orchestrator\.yaml:2:14: channels\.a\.type is "slak"; did you mean slack\?/],
  ['a: { type: discord }', /channels\.a\.type is "discord"; use one of email, ntfy, pagerduty/],
  ['a: { lang: he }', /channels\.a\.type is missing; use one of/],
  ['a: slack', /channels\.a is no group of keys; use a group with a type/],
  ['a: { type: [slack] }', /channels\.a\.type is a list of 1/],
  ['A: { type: slack }', /channels\.A is not a usable key; use a name of small letters/],
  ['"a b": { type: slack }', /is not a usable key/],
  ['a-b: { type: slack }\n  a_b: { type: slack }', /channels\.a_b and a-b would both read NERVESYS_CHANNEL_A_B_SECRET/],
  [
    'a: { type: slack, url: https://hooks.slack.com/services/T0/B0/x }',
    /channels\.a\.url is not known here; use one of/,
  ],
  ['a: { type: slack, secret: x }', /channels\.a\.secret is not known here; secrets never live in these files/],
  ['a: { type: telegram, chat_id: 1, bot_token: x }', /channels\.a\.bot_token is not known here; secrets never live/],
  ['a: { type: telegram }', /channels\.a\.chat_id is missing; use the number of a chat/],
  ['a: { type: telegram, chat_id: dana }', /channels\.a\.chat_id is "dana"; use the number of a chat/],
  ['a: { type: telegram, chat_id: 0 }', /channels\.a\.chat_id is 0/],
  [
    'a: { type: telegram, chat_id: 1, url: http://bots.example.com }',
    /channels\.a\.url is http: its secret would travel readable/,
  ],
  ['a: { type: slack, time_zone: Mars/Base }', /channels\.a\.time_zone is "Mars\/Base"; use a time zone/],
  ['a: { type: slack, lang: fr }', /channels\.a\.lang is "fr"; use en or he/],
  ['a: { type: slack, severity: error }', /channels\.a\.severity is "error"; use one of info, warning, critical/],
  ['a: { type: slack, sevrity: info }', /channels\.a\.sevrity is not known here; did you mean severity\?/],
  ['a: { type: slack, resolved: 1 }', /channels\.a\.resolved is 1; use true or false/],
  ['a: { type: slack, only: { servers: ["A..B"] } }', /channels\.a\.only\.servers\[0\] is "A\.\.B"/],
  ['a: { type: slack, only: { agents: [] } }', /channels\.a\.only\.agents is a list of 0/],
  [
    'a: { type: slack, only: { kinds: [agent.silnet] } }',
    /channels\.a\.only\.kinds names agent\.silnet, which is no kind; did you mean agent\.silent\?/,
  ],
  ['a: { type: slack, quiet_hours: { from: "22:00", to: "24:00" } }', /quiet_hours\.to is "24:00"; use a time of day/],
  ['a: { type: slack, quiet_hours: { from: 22, to: "07:00" } }', /quiet_hours\.from is 22; use a time of day/],
  ['a: { type: slack, quiet_hours: { from: "22:00" } }', /quiet_hours\.to is missing/],
  ['a: { type: slack, quiet_hours: { from: "22:00", to: "22:00" } }', /quiet_hours\.to is the same as from/],
  [
    'a: { type: slack, quiet_hours: { from: "22:00", to: "07:00", days: [sun] } }',
    /quiet_hours\.days\[0\] is "sun"; use one of monday/,
  ],
  ['a: { type: slack, quiet_hours: { from: "22:00", to: "07:00", except: info } }', /quiet_hours\.except is "info"/],
  ['a: { type: slack, escalate: 10s }', /channels\.a\.escalate is "10s"; use a duration from 1m to 7d/],
  ['a: { type: email, host: smtp.example.com, from: a@example.com }', /channels\.a\.to is missing/],
  [
    'a: { type: email, host: smtp.example.com, from: nobody, to: [b@example.com] }',
    /channels\.a\.from is "nobody"; use an e-mail address/,
  ],
  [
    'a: { type: email, host: smtp.example.com, from: "a@example.com\\r\\nBcc: x@example.com", to: [b@example.com] }',
    /channels\.a\.from is/,
  ],
  [
    'a: { type: email, host: smtp.example.com, from: "X\\nBcc: y <a@example.com>", to: [b@example.com] }',
    /channels\.a\.from is/,
  ],
  [
    'a: { type: email, host: smtp.example.com, from: a@example.com, to: ["b@example.com, c@example.com"] }',
    /channels\.a\.to\[0\] is/,
  ],
  [
    'a: { type: email, host: smtp.example.com, from: a@example.com, to: [b@example.com, b@example.com] }',
    /channels\.a\.to names b@example\.com twice/,
  ],
  [
    'a: { type: email, host: "smtp example", from: a@example.com, to: [b@example.com] }',
    /channels\.a\.host is "smtp example"/,
  ],
  [
    'a: { type: email, host: smtp.example.com, tls: none, from: a@example.com, to: [b@example.com] }',
    /channels\.a\.tls is none: alerts and the password would travel readable/,
  ],
  ['a: { type: ntfy, topic: "a b" }', /channels\.a\.topic is "a b"/],
  ['a: { type: webhook, url: "https://user:pw@example.com" }', /channels\.a\.url is "https:\/\/…@example\.com"/],
  ['a: { type: webhook, url: "ftp://example.com" }', /channels\.a\.url is/],
];

for (const [text, complaint] of REFUSED) {
  test(`refused with a remedy: ${text.replace('\n', '|')}`, async (t) => {
    const complaints = await complaintsOf(t, { 'orchestrator.yaml': `channels:\n  ${text}\n` });

    assert.equal(complaints.length, 1, complaints.join('\n'));
    assert.match(complaints[0]!, complaint);
  });
}

const RULE = (route: string) => `rules:\n  - { name: a, when: {}, then: { alert: warning, route: ${route} } }\n`;

test('a rule’s route names a channel, once there are any', async (t) => {
  const routed = (route: string, channels: string) =>
    complaintsOf(t, { 'agents/grok.yaml': RULE(route), 'orchestrator.yaml': channels });
  const channels = 'channels:\n  on-call: { type: slack }\n  mail2: { type: teams }\n';

  assert.deepEqual(await routed('[on-call, mail2]', channels), []);
  assert.deepEqual(await routed('anybody', 'listen: { port: 7700 }\n'), []);
  const [slip, ...more] = await routed('on_call', channels);
  assert.match(
    slip!,
    /agents\/grok\.yaml:2:\d+: rules\[0\]\.then\.route names on_call, which is no channel; did you mean on-call\?/,
  );
  assert.deepEqual(more, []);
  const [unknown] = await routed('support', channels);
  assert.match(
    unknown!,
    /names support, which is no channel; add it to channels in orchestrator\.yaml, or use on-call, mail2/,
  );
});
