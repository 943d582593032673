import { ALERT_SEVERITIES } from '../contract/alert.ts';
import { AGENT_ID_LENGTH_MAX } from '../contract/ids.ts';
import { parseServerPattern, SERVER_PATTERN } from '../contract/server-pattern.ts';
import { byType } from './by-type.ts';
import {
  CHANNEL_TYPES,
  type ChannelCommon,
  type ChannelSettings,
  type ChannelType,
  type QuietHours,
  WEEKDAYS,
} from './channel-settings.ts';
import { clockTime } from './clock-time.ts';
import {
  described,
  duration,
  type Field,
  type Fields,
  flag,
  group,
  httpUrl,
  list,
  number,
  oneOf,
  parsed,
  type Read,
  record,
  required,
  text,
  withDefault,
} from './fields.ts';
import { mailAddress, mailSender } from './mail-address.ts';
import { timeZone } from './time-zone.ts';

/** A name that rules can say in `route`, and that makes the name of an environment variable. */
export const CHANNEL_NAME = /^[a-z][a-z0-9_-]{0,39}$/;
export const CHANNEL_NAME_MEANING = 'a name of small letters, digits, _ and -, such as oncall';
const CHANNELS_MAX = 50;
const PATTERNS_MAX = 100;
const RECIPIENTS_MAX = 50;

const patterns = (item: Field<string>, of: string) => list(item, { lengthMin: 1, lengthMax: PATTERNS_MAX, of });

const quietFields = {
  from: required(described(clockTime, 'When they begin, in its time zone.')),
  to: required(described(clockTime, 'When they end; of the next day where that is not after `from`.')),
  days: described(
    list(oneOf(...WEEKDAYS), { lengthMin: 1, lengthMax: WEEKDAYS.length, of: 'days such as sunday' }),
    'The days on which they begin; left out: each.',
  ),
  except: withDefault(
    oneOf('warning', 'critical', 'none'),
    'critical',
    'From this severity on it is told all the same; `none`: nothing is.',
  ),
} as const;

const commonFields = {
  lang: withDefault(oneOf('en', 'he'), 'en', 'The language it is told in: English or Hebrew.'),
  time_zone: withDefault(timeZone, 'UTC', 'Of the times it is told, and of its quiet hours.'),
  severity: withDefault(oneOf(...ALERT_SEVERITIES), 'warning', 'The least severity it is told of.'),
  only: described(
    group({
      agents: described(
        patterns(
          text({
            lengthMax: AGENT_ID_LENGTH_MAX,
            meaning: 'the name of an AI agent; * stands for any characters, ? for one',
          }),
          'names of AI agents',
        ),
        'Of these AI agents.',
      ),
      servers: described(
        patterns(
          parsed('a server name such as AIGARDEN01, or a pattern', SERVER_PATTERN.source, parseServerPattern),
          'names of servers',
        ),
        'On these servers.',
      ),
      kinds: described(
        patterns(
          parsed('a kind such as agent.silent, or a pattern such as threshold.*', '^[a-z0-9_.*?]{1,100}$', (value) =>
            /^[a-z0-9_.*?]{1,100}$/.test(value) ? value : undefined,
          ),
          'kinds of alerts',
        ),
        'Of these kinds (docs/OPERATIONS.md lists them).',
      ),
    }),
    'What it is told of, where that is not everything: all that is given must hold. * stands for any characters.',
  ),
  resolved: withDefault(flag(), true, 'Whether it is told that a trouble is over.'),
  quiet_hours: described(
    group(quietFields),
    'When it is left alone: what comes then is told at their end, if it still holds.',
  ),
  escalate: described(
    duration('1m', '7d'),
    'It is told only of what nobody has acknowledged for so long; left out: at once.',
  ),
} as const;

/** What each type has besides; its secret is never here. */
export const ownFields = {
  email: {
    host: required(
      described(
        parsed('the name of a mail server such as smtp.example.com', '^[A-Za-z0-9._:-]{1,253}$', (value) =>
          /^[A-Za-z0-9._:-]{1,253}$/.test(value) ? value : undefined,
        ),
        'The mail server (SMTP).',
      ),
    ),
    port: described(
      number({ least: 1, most: 65535, whole: true }),
      'Its port; left out: 587, with `tls: implicit` 465, with `tls: none` 25.',
    ),
    tls: withDefault(
      oneOf('starttls', 'implicit', 'none'),
      'starttls',
      '`starttls`: TLS is asked for and insisted on; `implicit`: from the first byte; `none`: on this machine only.',
    ),
    user: described(
      text({ lengthMax: 254 }),
      'The user, whose password is the secret; left out: it asks for no password.',
    ),
    from: required(described(mailSender, 'The sender: an address, or a name with it.')),
    to: required(
      described(
        list(mailAddress, { lengthMin: 1, lengthMax: RECIPIENTS_MAX, of: 'addresses' }),
        'Who gets it; all see each other.',
      ),
    ),
  },
  ntfy: {
    url: withDefault(httpUrl(), 'https://ntfy.sh', 'The ntfy server.'),
    topic: required(
      described(
        parsed('a topic of 1 to 64 letters, digits, _ and -', '^[A-Za-z0-9_-]{1,64}$', (value) =>
          /^[A-Za-z0-9_-]{1,64}$/.test(value) ? value : undefined,
        ),
        'The topic.',
      ),
    ),
    access: withDefault(
      oneOf('token', 'open'),
      'token',
      '`token`: an access token is its secret; `open`: it takes messages from everybody who knows its name.',
    ),
  },
  pagerduty: {
    url: withDefault(
      httpUrl(),
      'https://events.pagerduty.com',
      'Where events go; https://events.eu.pagerduty.com in the EU. The integration key is its secret.',
    ),
  },
  slack: {},
  teams: {},
  telegram: {
    chat_id: required(described(chatId(), 'The chat: its number (negative for groups), or @name of a public channel.')),
    thread_id: described(number({ least: 1, most: 2_147_483_647, whole: true }), 'A topic in a group with topics.'),
    url: withDefault(
      httpUrl(),
      'https://api.telegram.org',
      'The Bot API, where you run one. The bot’s token is its secret.',
    ),
  },
  webhook: {
    url: required(described(httpUrl(), 'Where it is posted to. The key of its signature is its secret.')),
  },
} as const satisfies Readonly<Record<ChannelType, Fields>>;

type CommonRead = Read<typeof commonFields>;
type OwnRead<T extends ChannelType> = Read<(typeof ownFields)[T]>;
type ChannelRead = { [T in ChannelType]: CommonRead & OwnRead<T> & { readonly type: T } }[ChannelType];

const channel: Field<ChannelRead> = byType(CHANNEL_TYPES, ownFields, commonFields);

/** The `channels:` section of `orchestrator.yaml`. */
export const channelsSection = described(
  record({ expects: CHANNEL_NAME_MEANING, pattern: CHANNEL_NAME }, channel),
  `Ways by which people are told of alerts, by names that rules may say in \`route\`; at most ${CHANNELS_MAX}.`,
);
export { CHANNELS_MAX };

export function channelSettings(read: ReadonlyMap<string, ChannelRead> | undefined): readonly ChannelSettings[] {
  return [...(read ?? [])].map(([name, one]): ChannelSettings => {
    const common = commonSettings(name, one);
    switch (one.type) {
      case 'email': {
        const { type, host, tls, user, from, to } = one;
        return { ...common, type, host, port: one.port ?? MAIL_PORTS[tls], tls, user, from, to };
      }
      case 'ntfy':
        return { ...common, type: one.type, url: one.url, topic: one.topic, access: one.access };
      case 'telegram':
        return { ...common, type: one.type, chatId: one.chat_id, threadId: one.thread_id, url: one.url };
      case 'pagerduty':
      case 'webhook':
        return { ...common, type: one.type, url: one.url };
      case 'slack':
      case 'teams':
        return { ...common, type: one.type };
      default:
        return one satisfies never;
    }
  });
}

/** Where `port` is left out. */
export const MAIL_PORTS = { starttls: 587, implicit: 465, none: 25 } as const;

function commonSettings(name: string, read: CommonRead): ChannelCommon {
  const { lang, time_zone, severity, only, resolved, quiet_hours: quiet, escalate } = read;
  const quietHours: QuietHours | undefined = quiet && {
    fromMinutes: quiet.from,
    toMinutes: quiet.to,
    days: quiet.days ?? WEEKDAYS,
    except: quiet.except === 'none' ? undefined : quiet.except,
  };
  return {
    name,
    lang,
    timeZone: time_zone,
    severity,
    only: { agents: only?.agents, servers: only?.servers, kinds: only?.kinds },
    resolved,
    quietHours,
    escalateAfterMs: escalate,
  };
}

/** Written as a number or as text: an editor's plain `-1001234` is as good as `"@name"`. */
function chatId(): Field<string> {
  const expects = 'the number of a chat, such as -1001234567890, or "@name" of a public channel';
  const asText = parsed(expects, '^(-?\\d{1,20}|@[A-Za-z][A-Za-z0-9_]{3,63})$', (value) =>
    /^(-?[1-9]\d{0,19}|@[A-Za-z]\w{3,63})$/.test(value) ? value : undefined,
  );
  return {
    schema: { anyOf: [{ type: 'integer' }, asText.schema] },
    expects,
    read(located, path, complaints) {
      const value = located.type === 'scalar' ? located.value : undefined;
      if (typeof value === 'number' && Number.isSafeInteger(value) && value !== 0) return String(value);
      return asText.read(located, path, complaints);
    },
  };
}
