import type { ChannelSettings } from '../../../config/index.ts';
import { channelSecretName } from '../../../contract/channels.ts';
import { isLoopbackHost } from '../../../platform/loopback.ts';
import type { Channel } from './channel.ts';
import type { ChannelDeps } from './deps.ts';
import { EmailChannel } from './email/email-channel.ts';
import { NtfyChannel } from './ntfy/ntfy-channel.ts';
import { PagerDutyChannel } from './pagerduty/pagerduty-channel.ts';
import { SlackChannel } from './slack/slack-channel.ts';
import { TeamsChannel } from './teams/teams-channel.ts';
import { TelegramChannel } from './telegram/telegram-channel.ts';
import { signingKey, WebhookChannel } from './webhook/webhook-channel.ts';

/** A channel that can't be used as it stands, and why: its secret is missing or none. Never says what the secret is. */
export interface Unconfigured {
  readonly problem: string;
  readonly hint: string;
}

const WEBHOOK_KEY_BYTES_MIN = 16;

/** The channel of these settings with its secret, or what keeps it from being one. */
export function openChannel(
  settings: ChannelSettings,
  given: string | undefined,
  deps: ChannelDeps,
): Channel | Unconfigured {
  const secret = given?.trim() || undefined;
  const variable = channelSecretName(settings.name);
  const wrong = (problem: string, hint: string): Unconfigured => ({ problem, hint });
  const missing = (what: string) =>
    wrong(`its secret is missing: ${what}`, `set ${variable} or ${variable}_FILE, or put ${variable} into Vault`);
  switch (settings.type) {
    case 'email':
      if (settings.user !== undefined && secret === undefined) return missing('the password of its user');
      return new EmailChannel(settings, secret, deps);
    case 'ntfy':
      if (settings.access === 'open') return new NtfyChannel(settings, undefined, deps);
      if (secret === undefined) return missing('the access token');
      return isHeaderSafe(secret)
        ? new NtfyChannel(settings, secret, deps)
        : wrong('its secret is no access token', `${variable}: one word such as tk_…`);
    case 'pagerduty':
      if (secret === undefined) return missing('the integration key');
      return new PagerDutyChannel(settings, secret, deps);
    case 'slack':
    case 'teams': {
      if (secret === undefined) return missing('the address of its webhook');
      const problem = addressProblem(settings.type, secret);
      if (problem !== undefined) return wrong(problem, `${variable}: the whole address, as it was shown`);
      return settings.type === 'slack'
        ? new SlackChannel(settings, secret, deps)
        : new TeamsChannel(settings, secret, deps);
    }
    case 'telegram':
      if (secret === undefined) return missing('the token of its bot');
      return /^\d+:[\w-]+$/.test(secret)
        ? new TelegramChannel(settings, secret, deps)
        : wrong('its secret is no token of a bot', `${variable}: as @BotFather gave it, digits, a colon and letters`);
    case 'webhook':
      if (secret === undefined) return missing('the key of its signature');
      return signingKey(secret).length >= WEBHOOK_KEY_BYTES_MIN
        ? new WebhookChannel(settings, secret, deps)
        : wrong('its secret is too short to sign with', `${variable}: whsec_ and the base64 of 24 to 64 random bytes`);
    default:
      return settings satisfies never;
  }
}

export function isUnconfigured(opened: Channel | Unconfigured): opened is Unconfigured {
  return 'problem' in opened;
}

function addressProblem(type: 'slack' | 'teams', secret: string): string | undefined {
  const url = URL.canParse(secret) ? new URL(secret) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'its secret is no address';
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return 'its address is http: it would travel readable';
  if (type === 'teams' && /(^|\.)(webhook\.office\.com|outlook\.office(365)?\.com)$/.test(url.hostname))
    return 'its address is an Office connector’s, which Microsoft has retired: make a workflow in the channel instead';
  return undefined;
}

/** Printable ASCII: what a header carries everywhere. */
function isHeaderSafe(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
