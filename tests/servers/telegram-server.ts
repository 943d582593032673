import { type ProviderAnswer, type ProviderRequest, ProviderServer } from './provider-server.ts';

/** `sendMessage` of the Bot API as Telegram documents it: HTML entities, 4096 characters, `ok`/`error_code`/`description`/`parameters`. */
export class TelegramServer extends ProviderServer {
  readonly token = '123456789:AAE-secret_of_the_bot';
  chats: readonly string[] = ['-1001'];
  /** Old number → new number. */
  migrated = new Map<string, number>();
  #messages = 0;

  static async start(): Promise<TelegramServer> {
    const server: TelegramServer = new TelegramServer((request) => server.#accept(request));
    return server.listen();
  }

  #accept({ method, path, json }: ProviderRequest): ProviderAnswer {
    const [, token, call] = /^\/bot([^/]*)\/(\w+)$/.exec(path) ?? [];
    if (token !== this.token) return refused(401, 'Unauthorized');
    if (method !== 'POST' || call !== 'sendMessage') return refused(404, 'Not Found');
    const known = [
      'chat_id',
      'message_thread_id',
      'text',
      'parse_mode',
      'link_preview_options',
      'disable_notification',
    ];
    if (typeof json !== 'object' || Object.keys(json).some((key) => !known.includes(key)))
      return refused(400, 'Bad Request: unsupported parameter');
    const chat = String(json.chat_id);
    const moved = this.migrated.get(chat);
    if (moved !== undefined)
      return refused(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: moved });
    if (!this.chats.includes(chat)) return refused(400, 'Bad Request: chat not found');
    if (typeof json.text !== 'string' || json.text === '') return refused(400, 'Bad Request: message text is empty');
    if (json.parse_mode !== 'HTML') return refused(400, 'Bad Request: unsupported parse_mode');
    const text = parseHtml(json.text);
    if (text === undefined) return refused(400, "Bad Request: can't parse entities");
    if (text.length > 4_096) return refused(400, 'Bad Request: message is too long');
    return { status: 200, body: { ok: true, result: { message_id: ++this.#messages, chat: { id: chat }, text } } };
  }
}

function refused(status: number, description: string, parameters?: object): ProviderAnswer {
  return { status, body: { ok: false, error_code: status, description, ...(parameters && { parameters }) } };
}

/** The text without its tags; `undefined` where the markup is not what Telegram takes. */
export function parseHtml(html: string): string | undefined {
  const open: string[] = [];
  let text = '';
  for (const [token] of html.matchAll(/<[^>]*>?|&[^;\s]*;?|[^<&]+/g)) {
    if (token.startsWith('<')) {
      const [, close, tag] = /^<(\/?)(b|i|u|s|pre|code|a)(?: href="https?:\/\/[^"<>]*")?>$/.exec(token) ?? [];
      if (tag === undefined) return undefined;
      if (close === '/' ? open.pop() !== tag : open.push(tag) > 10) return undefined;
    } else if (token.startsWith('&')) {
      const character = ENTITIES[token];
      if (character === undefined) return undefined;
      text += character;
    } else if (token.includes('>')) return undefined;
    else text += token;
  }
  return open.length === 0 ? text : undefined;
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' };
