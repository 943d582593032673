import type { AlertSeverity } from '../contract/alert.ts';
import type { MailSender } from './mail-address.ts';

export const CHANNEL_TYPES = ['email', 'ntfy', 'pagerduty', 'slack', 'teams', 'telegram', 'webhook'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A way by which people are told, without its secret. */
export type ChannelSettings =
  | EmailSettings
  | NtfySettings
  | PagerDutySettings
  | SlackSettings
  | TeamsSettings
  | TelegramSettings
  | WebhookSettings;

/** What every channel has, whatever its type. */
export interface ChannelCommon {
  /** Rules name it in `route`. */
  readonly name: string;
  readonly lang: 'en' | 'he';
  /** IANA name; of the times it shows, and of its quiet hours. */
  readonly timeZone: string;
  /** The least severity it is told of. */
  readonly severity: AlertSeverity;
  /** What it is told of; each list absent: of all. Patterns of `matchesServerPattern`. */
  readonly only: {
    readonly agents: readonly string[] | undefined;
    readonly servers: readonly string[] | undefined;
    readonly kinds: readonly string[] | undefined;
  };
  /** Whether it is told that a trouble is over. */
  readonly resolved: boolean;
  readonly quietHours: QuietHours | undefined;
  /** It is told only of what nobody has acknowledged for so long; absent: at once. */
  readonly escalateAfterMs: number | undefined;
}

/** When a channel is left alone, in its time zone. What comes then is told when they end, if it still holds. */
export interface QuietHours {
  /** Minutes after midnight; `to` at or before `from` is of the next day. */
  readonly fromMinutes: number;
  readonly toMinutes: number;
  /** The days on which they begin. */
  readonly days: readonly Weekday[];
  /** From this severity on it is told all the same; absent: nothing is. */
  readonly except: AlertSeverity | undefined;
}

export interface WebhookSettings extends ChannelCommon {
  readonly type: 'webhook';
  readonly url: string;
}

export interface EmailSettings extends ChannelCommon {
  readonly type: 'email';
  readonly host: string;
  readonly port: number;
  /** `starttls`: required, never given up on; `none` only to this machine. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** Absent: the server asks for no password. */
  readonly user: string | undefined;
  readonly from: MailSender;
  readonly to: readonly string[];
}

/** Its incoming webhook's address is its secret. */
export interface SlackSettings extends ChannelCommon {
  readonly type: 'slack';
}

/** The bot's token is its secret. */
export interface TelegramSettings extends ChannelCommon {
  readonly type: 'telegram';
  /** A number, negative for groups, or `@name` of a public channel. */
  readonly chatId: string;
  /** A topic of a forum. */
  readonly threadId: number | undefined;
  readonly url: string;
}

/** The workflow's address is its secret. */
export interface TeamsSettings extends ChannelCommon {
  readonly type: 'teams';
}

/** The integration's routing key is its secret. */
export interface PagerDutySettings extends ChannelCommon {
  readonly type: 'pagerduty';
  /** `https://events.pagerduty.com`, or that of the EU. */
  readonly url: string;
}

/** The access token is its secret. */
export interface NtfySettings extends ChannelCommon {
  readonly type: 'ntfy';
  readonly url: string;
  readonly topic: string;
  /** `open`: there is no token, and the topic takes messages from all who know its name. */
  readonly access: 'token' | 'open';
}
