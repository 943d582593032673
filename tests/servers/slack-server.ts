import { type ProviderAnswer, type ProviderRequest, ProviderServer } from './provider-server.ts';

/** An incoming webhook as Slack documents it: Block Kit with its limits, one-word answers. */
export class SlackServer extends ProviderServer {
  readonly path = '/services/T0000/B0000/XXsecretXX';

  static async start(): Promise<SlackServer> {
    const server: SlackServer = new SlackServer((request) => server.#accept(request));
    return server.listen();
  }

  get webhook(): string {
    return `${this.url}${this.path}`;
  }

  #accept({ method, path, headers, json }: ProviderRequest): ProviderAnswer {
    if (method !== 'POST') return { status: 405, body: 'method_not_allowed' };
    if (path !== this.path) return { status: 404, body: 'no_service' };
    if (!/^application\/json/.test(headers['content-type'] ?? '')) return { status: 400, body: 'invalid_payload' };
    if (typeof json !== 'object' || json === null) return { status: 400, body: 'invalid_payload' };
    if (typeof json.text !== 'string' && !Array.isArray(json.blocks)) return { status: 400, body: 'no_text' };
    if (json.text?.length > 40_000) return { status: 400, body: 'msg_too_long' };
    return markupIsRight(json.text ?? '') && blocksAreRight(json.blocks ?? [])
      ? { status: 200, body: 'ok' }
      : { status: 400, body: 'invalid_blocks' };
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is what is checked
type Block = any;

function blocksAreRight(blocks: readonly Block[]): boolean {
  return Array.isArray(blocks) && blocks.length <= 50 && blocks.every(blockIsRight);
}

function blockIsRight(block: Block): boolean {
  const keys = Object.keys(block).sort().join();
  switch (block.type) {
    case 'header':
      return keys === 'text,type' && block.text.type === 'plain_text' && textIsRight(block.text, 150);
    case 'section':
      return keys === 'text,type' && textIsRight(block.text, 3_000);
    case 'context':
      return (
        keys === 'elements,type' &&
        block.elements.length >= 1 &&
        block.elements.length <= 10 &&
        block.elements.every((one: Block) => textIsRight(one, 3_000))
      );
    default:
      return false;
  }
}

function textIsRight(text: Block, most: number): boolean {
  if (typeof text?.text !== 'string' || text.text.length < 1 || text.text.length > most) return false;
  if (text.type === 'plain_text') return text.verbatim === undefined;
  return text.type === 'mrkdwn' && text.emoji === undefined && markupIsRight(text.text);
}

/** `<` opens a link of ours and nothing else, `&` only an entity of the three. Fences of code come in pairs. */
function markupIsRight(text: string): boolean {
  const withoutLinks = text.replace(/<https?:\/\/[^<>|\s]+\|[^<>|]+>/g, '');
  if (/[<>]/.test(withoutLinks) || /&(?!amp;|lt;|gt;)/.test(withoutLinks)) return false;
  return (text.match(/```/g)?.length ?? 0) % 2 === 0 && (text.match(/```/g)?.length ?? 0) <= 2;
}

/** What people see of a message. */
export function slackText({ json }: ProviderRequest): string {
  const texts = json.blocks.flatMap((block: Block) => [
    block.text?.text,
    ...(block.elements ?? []).map((one: Block) => one.text),
  ]);
  return texts.filter(Boolean).join('\n');
}
