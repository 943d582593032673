import type { TelegramSettings } from '../../../../config/index.ts';
import type { Clock } from '../../../../platform/clock.ts';
import { NervesysError } from '../../../../platform/errors.ts';
import type { HttpResponse } from '../../../../platform/http-request.ts';
import type { Logger } from '../../../../platform/logger.ts';
import { fitMessage } from '../../messages/fit-message.ts';
import { listItems, type RenderedMessage, renderMessage } from '../../messages/render-message.ts';
import type { Notification } from '../../notification.ts';
import type { Channel, Told } from '../channel.ts';
import type { ChannelDeps } from '../deps.ts';
import { callProvider, type Explained, jsonOf } from '../provider-call.ts';

/** Telegram counts UTF-16 units of the text after its entities are read; the raw text is longer, so this is on the safe side. */
const TEXT_MAX = 4_096;

/** Sends by the Bot API (`sendMessage`, HTML). A group that became a supergroup has another number: it is told there at once. */
export class TelegramChannel implements Channel {
  readonly name: string;
  readonly type = 'telegram';
  readonly #settings: TelegramSettings;
  readonly #secret: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Where the chat has moved to. */
  #chatId: string;

  constructor(settings: TelegramSettings, secret: string, { clock, logger }: ChannelDeps) {
    this.name = settings.name;
    this.#settings = settings;
    this.#secret = secret;
    this.#clock = clock;
    this.#logger = logger;
    this.#chatId = settings.chatId;
  }

  async tell(notification: Notification, signal: AbortSignal): Promise<Told> {
    const { lang, timeZone } = this.#settings;
    const message = renderMessage(notification, { lang, timeZone, now: this.#clock.now() });
    const text = fitMessage(message, telegramText, (html) => html.length <= TEXT_MAX);
    try {
      return await this.#send(text, notification, signal);
    } catch (error) {
      const moved = error instanceof NervesysError ? error.facts['migratedTo'] : undefined;
      if (typeof moved !== 'string' || moved === this.#chatId) throw error;
      this.#logger.warn('the chat has another number since it became a supergroup; set it as chat_id', {
        channel: this.name,
        chatId: moved,
      });
      this.#chatId = moved;
      return this.#send(text, notification, signal);
    }
  }

  async #send(text: string, { severity, event }: Notification, signal: AbortSignal): Promise<Told> {
    const { url, threadId } = this.#settings;
    let migratedTo: string | undefined;
    const explain = (response: HttpResponse): Explained => {
      const { description, parameters } = jsonOf(response);
      const { retry_after: retryAfter, migrate_to_chat_id: migrated } = (parameters ?? {}) as Record<string, unknown>;
      if (typeof migrated === 'number' || typeof migrated === 'string') migratedTo = String(migrated);
      const said = typeof description === 'string' ? description : undefined;
      return {
        said,
        retryAfterMs: typeof retryAfter === 'number' ? retryAfter * 1_000 : undefined,
        ...hintFor(response.status, said ?? ''),
      };
    };
    try {
      const response = await callProvider({
        channel: this.name,
        url: new URL(`${url}/bot${this.#secret}/sendMessage`),
        body: JSON.stringify({
          chat_id: this.#chatId,
          ...(threadId === undefined ? {} : { message_thread_id: threadId }),
          text,
          parse_mode: 'HTML',
          link_preview_options: { is_disabled: true },
          // What needs nobody to get up makes no sound.
          disable_notification: severity === 'info' || event === 'acknowledged',
        }),
        secrets: [this.#secret],
        clock: this.#clock,
        signal,
        explain,
      });
      const { result } = jsonOf(response) as { result?: { message_id?: unknown } };
      return { providerId: typeof result?.message_id === 'number' ? String(result.message_id) : null };
    } catch (error) {
      if (!(error instanceof NervesysError) || migratedTo === undefined) throw error;
      throw new NervesysError(error.code, error.message, {
        hint: `the chat has become a supergroup: use chat_id: ${migratedTo}`,
        facts: { ...error.facts, migratedTo },
      });
    }
  }
}

function hintFor(status: number, said: string): Pick<Explained, 'hint' | 'code'> {
  if (status === 401 || status === 404)
    return { hint: 'the token of the bot is wrong or was revoked: ask @BotFather for it', code: 'NSV_CHANNEL_DENIED' };
  if (/chat not found/i.test(said))
    return {
      hint: 'check chat_id; a person must have started the bot, a group must have it as a member',
      code: 'NSV_CHANNEL_DENIED',
    };
  if (/thread not found/i.test(said)) return { hint: 'check thread_id: the topic was deleted, or the group has none' };
  if (status === 403) return { hint: 'the bot was blocked, or was removed from the chat: let it in again' };
  return {};
}

function telegramText(message: RenderedMessage): string {
  const { subject, summary, facts, lines, linesTitle, link } = message;
  const told =
    facts.length === 0
      ? escapeHtml(summary)
      : facts.map(({ label, value }) => `<b>${escapeHtml(label)}:</b> ${escapeHtml(value)}`).join('\n');
  const parts = [
    `<b>${escapeHtml(subject)}</b>\n${told}`,
    listItems(message, '• ').map(escapeHtml).join('\n'),
    lines.length === 0 ? '' : `${escapeHtml(linesTitle)}:\n<pre>${escapeHtml(lines.join('\n'))}</pre>`,
    link === undefined ? '' : `<a href="${escapeHtml(link.url)}">${escapeHtml(link.text)}</a>`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
