import type { WebhookSettings } from '../../src/config/index.ts';
import type { Channel, Told } from '../../src/orchestrator/alerts/channels/channel.ts';
import type { Notification } from '../../src/orchestrator/alerts/notification.ts';
import { channelSettings } from './channel-settings.ts';

/** Settings of a webhook that is told everything at once; `change` says what is different. */
export function webhookSettings(name: string, change: Partial<WebhookSettings> = {}): WebhookSettings {
  return channelSettings({ type: 'webhook', url: 'http://127.0.0.1:9/', name, ...change });
}

/** A channel that keeps what it is told, and answers as it is bid. */
export class RecordingChannel implements Channel {
  readonly name: string;
  readonly type = 'webhook';
  readonly told: Notification[] = [];
  /** What the provider does next; taken by default. */
  answer: (notification: Notification, signal: AbortSignal) => Promise<Told>;

  constructor(name: string) {
    this.name = name;
    this.answer = async () => ({ providerId: null });
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const answer = await this.answer(notification, signal);
    this.told.push(notification);
    return answer;
  }

  /** What was told, as `event kind×count of it`. */
  get summary(): string[] {
    return this.told.map(({ event, alerts, total }) => `${event} ${alerts[0]?.kind}${total > 1 ? ` ×${total}` : ''}`);
  }
}
