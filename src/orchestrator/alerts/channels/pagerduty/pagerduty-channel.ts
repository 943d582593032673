import { createHash } from 'node:crypto';
import type { PagerDutySettings } from '../../../../config/index.ts';
import type { Clock } from '../../../../platform/clock.ts';
import { cleanText } from '../../../../platform/safe-text.ts';
import { listItems, type RenderedMessage, renderMessage } from '../../messages/render-message.ts';
import type { Notification } from '../../notification.ts';
import type { Channel, Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { callProvider, type Explained, jsonOf } from '../provider-call.ts';

const DEDUP_KEY_MAX = 255;
const SUMMARY_MAX = 1_024;

/**
 * Sends events (Events API v2). The group's key is the deduplication key, so one trouble is one incident whatever is told of it, and an
 * attempt that is repeated changes nothing. A test is resolved at once, so that it leaves nobody with an incident.
 */
export class PagerDutyChannel implements Channel {
  readonly name: string;
  readonly type = 'pagerduty';
  readonly #settings: PagerDutySettings;
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(settings: PagerDutySettings, secret: string, { clock }: ChannelDeps) {
    this.name = settings.name;
    this.#settings = settings;
    this.#secret = secret;
    this.#clock = clock;
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const { lang, timeZone } = this.#settings;
    const message = renderMessage(notification, { lang, timeZone, now: this.#clock.now() });
    const key = dedupKey(notification.groupKey);
    const { event } = notification;
    if (event === 'resolved' || event === 'acknowledged')
      return this.#send({ event_action: event === 'resolved' ? 'resolve' : 'acknowledge', dedup_key: key }, signal);
    const trigger = { event_action: 'trigger', dedup_key: key, ...triggerOf(message, notification) };
    const told = await this.#send(trigger, signal);
    if (event === 'test') await this.#send({ event_action: 'resolve', dedup_key: key }, signal);
    return told;
  }

  async #send(event: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Told> {
    const response = await callProvider({
      channel: this.name,
      url: new URL(`${this.#settings.url}/v2/enqueue`),
      body: JSON.stringify({ routing_key: this.#secret, ...event }),
      secrets: [this.#secret],
      clock: this.#clock,
      signal,
      explain: (answer): Explained => {
        const { message, errors } = jsonOf(answer);
        const said = [message, ...(Array.isArray(errors) ? errors : [])].filter((one) => typeof one === 'string');
        const wrongKey = answer.status === 400 && /routing_?key|integration key/i.test(said.join(' '));
        return {
          said: said.join('; ') || undefined,
          ...(wrongKey
            ? {
                code: 'NSV_CHANNEL_DENIED',
                hint: 'the secret is the 32 characters of an Events API v2 integration of the service',
              }
            : {}),
        };
      },
    });
    const { dedup_key: key } = jsonOf(response);
    return { providerId: typeof key === 'string' ? key : null };
  }
}

/** As it is, or shortened in a way that keeps two keys apart. */
export function dedupKey(groupKey: string): string {
  const key = groupKey.toWellFormed();
  if (key.length <= DEDUP_KEY_MAX) return key;
  return `${key.slice(0, 180).toWellFormed()}~${createHash('sha256').update(key).digest('hex')}`;
}

function triggerOf(message: RenderedMessage, { alerts, at, severity, total }: Notification) {
  const [first] = alerts;
  const { facts, items, lines, link } = message;
  const details = [
    ...facts.map(({ label, value }) => [label, value] as const),
    ...(items.length === 0 ? [] : [['#', listItems(message)] as const]),
    ...(lines.length === 0 ? [] : [[message.linesTitle, lines.join('\n')] as const]),
  ];
  return {
    payload: {
      summary: cleanText(message.headline, SUMMARY_MAX),
      source: total > 1 || first === undefined ? 'nervesys' : cleanText(first.server, 255) || 'nervesys',
      severity,
      timestamp: at,
      ...(first?.agent_id == null || total > 1 ? {} : { component: cleanText(first.agent_id, 255) }),
      ...(first === undefined ? {} : { class: cleanText(first.kind, 255) }),
      custom_details: Object.fromEntries(details),
    },
    client: 'Nervesys',
    ...(link === undefined ? {} : { client_url: link.url, links: [{ href: link.url, text: link.text }] }),
  };
}
