import { type ProviderAnswer, type ProviderRequest, ProviderServer } from './provider-server.ts';

/** A Workflows webhook of Teams: an Adaptive Card in a message, at most 28 KB in UTF-16, answered 202; errors as Power Automate words them. */
export class TeamsServer extends ProviderServer {
  readonly path = '/workflows/0123abcd/triggers/manual/paths/invoke';
  readonly signature = 'sIgNaTuRe-of-the-workflow';

  static async start(): Promise<TeamsServer> {
    const server: TeamsServer = new TeamsServer((request) => server.#accept(request));
    return server.listen();
  }

  get webhook(): string {
    return `${this.url}${this.path}?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${this.signature}`;
  }

  #accept({ method, path, headers, text, json }: ProviderRequest): ProviderAnswer {
    const url = new URL(path, this.url);
    if (method !== 'POST') return refused(405, 'MethodNotAllowed', 'The method is not allowed.');
    if (url.pathname !== this.path) return refused(404, 'WorkflowNotFound', 'The workflow could not be found.');
    if (url.searchParams.get('sig') === null)
      return refused(
        401,
        'DirectApiAuthorizationRequired',
        'The request must be authenticated only by Shared Access scheme.',
      );
    if (url.searchParams.get('sig') !== this.signature)
      return refused(401, 'AuthorizationFailed', 'The authentication credentials are not valid.');
    if (!/^application\/json; ?charset=utf-8$/.test(headers['content-type'] ?? '') || text.length * 2 > 28 * 1024)
      return refused(413, 'RequestEntityTooLarge', 'Request Entity too large');
    return cardIsRight(json)
      ? { status: 202, headers: { 'x-ms-workflow-run-id': '08584' } }
      : refused(400, 'TriggerInputSchemaMismatch', 'The input body does not match its schema.');
  }
}

function refused(status: number, code: string, message: string): ProviderAnswer {
  return { status, body: { error: { code, message } } };
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is what is checked
type Card = any;

function cardIsRight(json: Card): boolean {
  const [attachment, ...others] = json?.attachments ?? [];
  const card = attachment?.content;
  return (
    json?.type === 'message' &&
    others.length === 0 &&
    attachment?.contentType === 'application/vnd.microsoft.card.adaptive' &&
    card?.type === 'AdaptiveCard' &&
    /^1\.[0-5]$/.test(card.version) &&
    Array.isArray(card.body) &&
    card.body.length > 0 &&
    card.body.every(blockIsRight) &&
    (card.actions ?? []).every(
      (one: Card) => one.type === 'Action.OpenUrl' && /^https?:/.test(one.url) && one.title !== '',
    )
  );
}

/** Only runs of text: a TextBlock or a FactSet would read Markdown. */
function blockIsRight(block: Card): boolean {
  return (
    block.type === 'RichTextBlock' &&
    block.inlines.length > 0 &&
    block.inlines.every((one: Card) => one.type === 'TextRun' && typeof one.text === 'string' && one.text !== '')
  );
}

export function teamsText({ json }: ProviderRequest): string {
  return json.attachments[0].content.body
    .map((block: Card) => block.inlines.map((one: Card) => one.text).join(''))
    .join('\n');
}
