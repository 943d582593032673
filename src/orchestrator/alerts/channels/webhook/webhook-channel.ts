import { createHmac } from 'node:crypto';
import type { WebhookSettings } from '../../../../config/index.ts';
import type { Clock } from '../../../../platform/clock.ts';
import { cleanText } from '../../../../platform/safe-text.ts';
import { renderMessage } from '../../messages/render-message.ts';
import type { Notification, NotifiedAlert } from '../../notification.ts';
import type { Channel, Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { callProvider } from '../provider-call.ts';

/** What one alert may tell of its detail, and of its title and lines together, in JSON. */
const DETAIL_MAX = 8_192;
const TITLE_MAX = 500;
const NAME_MAX = 300;
const LINE_MAX = 2_000;
const LINES_MAX = 50;
/** What most receivers take without being told to take more. */
const BODY_BYTES_MAX = 256 * 1024;

/**
 * Posts JSON, signed as Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`. The id is the same on each
 * attempt, so that a receiver can drop what it has; the timestamp is that of the attempt, so that it can refuse what is old.
 */
export class WebhookChannel implements Channel {
  readonly name: string;
  readonly type = 'webhook';
  readonly #settings: WebhookSettings;
  readonly #key: Buffer;
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(settings: WebhookSettings, secret: string, { clock }: ChannelDeps) {
    this.name = settings.name;
    this.#settings = settings;
    this.#secret = secret;
    this.#key = signingKey(secret);
    this.#clock = clock;
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const { lang, timeZone, url } = this.#settings;
    const body = webhookBody(notification, { lang, timeZone, now: this.#clock.now() });
    const id = webhookId(notification.id);
    const timestamp = String(Math.floor(this.#clock.now() / 1_000));
    const signature = createHmac('sha256', this.#key).update(`${id}.${timestamp}.${body}`).digest('base64');
    await callProvider({
      channel: this.name,
      url: new URL(url),
      headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` },
      body,
      secrets: [this.#secret],
      clock: this.#clock,
      signal,
    });
    return { providerId: null };
  }
}

/** `whsec_` and base64, or any other text as it is. */
export function signingKey(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
}

/** What a header can carry; ids that have nothing else stay as they are. */
function webhookId(id: string): string {
  return id.replace(/[^\w:-]/g, '_').slice(0, 200);
}

function webhookBody(notification: Notification, options: Parameters<typeof renderMessage>[1]): string {
  const message = renderMessage(notification, options);
  const body = (alerts: readonly NotifiedAlert[], whole: boolean) =>
    JSON.stringify({
      type: `alert.${notification.event}`,
      timestamp: notification.at,
      data: {
        group_key: bounded(notification.groupKey),
        severity: notification.severity,
        total: notification.total,
        headline: message.headline,
        summary: message.summary,
        link: message.link?.url ?? null,
        alerts: alerts.map((one) => alertData(one, whole)),
      },
    });
  for (const count of [20, 10, 5, 1]) {
    const text = body(notification.alerts.slice(0, count), count > 1);
    if (Buffer.byteLength(text) <= BODY_BYTES_MAX) return text;
  }
  return body([], false);
}

function alertData({ lines, detail, ...alert }: NotifiedAlert, whole: boolean) {
  return {
    ...alert,
    id: bounded(alert.id),
    server: bounded(alert.server),
    agent_id: alert.agent_id === null ? null : bounded(alert.agent_id),
    acknowledged_by: alert.acknowledged_by === null ? null : bounded(alert.acknowledged_by),
    kind: cleanText(alert.kind, 100),
    title: cleanText(alert.title, TITLE_MAX),
    detail: whole && jsonLength(detail) <= DETAIL_MAX ? wellFormed(detail) : { truncated: true },
    lines: whole ? lines.slice(-LINES_MAX).map((line) => line.slice(0, LINE_MAX).toWellFormed()) : [],
  };
}

/** Names are for programs: whole, unless they are none. */
function bounded(name: string): string {
  return name.slice(0, NAME_MAX).toWellFormed();
}

function jsonLength(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}

/** Lone surrogates, which JSON parsers of other languages refuse, are replaced in every text. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.toWellFormed(), wellFormed(one)]));
  return value;
}
