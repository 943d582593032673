import { createHash } from 'node:crypto';
import type { NtfySettings } from '../../../../config/index.ts';
import type { AlertSeverity } from '../../../../contract/alert.ts';
import type { Clock } from '../../../../platform/clock.ts';
import { fitMessage } from '../../messages/fit-message.ts';
import { plainBody } from '../../messages/plain-text.ts';
import { renderMessage } from '../../messages/render-message.ts';
import type { Notification } from '../../notification.ts';
import type { Channel, Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { callProvider, type Explained, jsonOf } from '../provider-call.ts';

/** What is larger becomes an attachment, which nobody reads on a lock screen. */
const MESSAGE_BYTES_MAX = 4_096;
const PRIORITY: Readonly<Record<AlertSeverity, number>> = { info: 2, warning: 4, critical: 5 };
/** ntfy shows these tags as emoji before the title. */
const TAGS: Readonly<Record<AlertSeverity, string>> = {
  info: 'large_blue_circle',
  warning: 'orange_circle',
  critical: 'red_circle',
};

/** Publishes JSON to a topic. What is told later of the same trouble takes the place of what was told before (`sequence_id`). */
export class NtfyChannel implements Channel {
  readonly name: string;
  readonly type = 'ntfy';
  readonly #settings: NtfySettings;
  readonly #token: string | undefined;
  readonly #clock: Clock;

  /** `token` is absent for an open topic. */
  constructor(settings: NtfySettings, token: string | undefined, { clock }: ChannelDeps) {
    this.name = settings.name;
    this.#settings = settings;
    this.#token = token;
    this.#clock = clock;
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const { lang, timeZone, topic, url } = this.#settings;
    const { event, severity } = notification;
    const message = renderMessage(notification, { lang, timeZone, now: this.#clock.now() });
    const over = event === 'resolved' || event === 'acknowledged' || event === 'test';
    const response = await callProvider({
      channel: this.name,
      url: new URL(url),
      headers: this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` },
      body: JSON.stringify({
        topic,
        title: message.headline,
        message: fitMessage(
          message,
          (one) => plainBody(one, { withLink: false }) || one.summary,
          (text) => Buffer.byteLength(text) <= MESSAGE_BYTES_MAX,
        ),
        priority: over ? 3 : PRIORITY[severity],
        tags: [
          event === 'resolved'
            ? 'white_check_mark'
            : event === 'acknowledged'
              ? 'eyes'
              : event === 'test'
                ? 'bell'
                : TAGS[severity],
        ],
        ...(message.link === undefined ? {} : { click: message.link.url }),
        sequence_id: createHash('sha256').update(notification.groupKey).digest('hex').slice(0, 32),
      }),
      secrets: [this.#token ?? ''],
      clock: this.#clock,
      signal,
      explain: (answer): Explained => {
        const { error } = jsonOf(answer);
        return { said: typeof error === 'string' ? error : undefined, hint: HINTS[answer.status] };
      },
    });
    const { id } = jsonOf(response);
    return { providerId: typeof id === 'string' ? id : null };
  }
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'the access token is wrong or has expired: make a new one in the account, and set it as the secret',
  403: 'the token may not write to this topic; an open topic needs `access: open`',
  404: 'is `url` the address of an ntfy server?',
};
