import { type ProviderAnswer, type ProviderRequest, ProviderServer } from './provider-server.ts';

/** Publishing as JSON as ntfy documents it, with its error codes; one topic, one token. */
export class NtfyServer extends ProviderServer {
  readonly topic = 'nervesys_alerts';
  readonly token = 'tk_secretsecretsecretsecretsecre';
  #messages = 0;

  static async start(): Promise<NtfyServer> {
    const server: NtfyServer = new NtfyServer((request) => server.#accept(request));
    return server.listen();
  }

  #accept({ method, path, headers, json }: ProviderRequest): ProviderAnswer {
    if (path !== '/' || (method !== 'POST' && method !== 'PUT')) return refused(404, 40401, 'page not found');
    if (typeof json !== 'object' || json === null)
      return refused(400, 40017, 'invalid request: request body must be message JSON');
    const { topic, title, message, priority, tags, click, sequence_id: sequence } = json;
    if (typeof topic !== 'string' || !/^[-_A-Za-z0-9]{1,64}$/.test(topic))
      return refused(400, 40009, 'invalid request: topic invalid');
    const { authorization } = headers;
    if (authorization !== undefined && authorization !== `Bearer ${this.token}`)
      return refused(401, 40101, 'unauthorized');
    if (topic === this.topic && authorization === undefined) return refused(403, 40301, 'forbidden');
    if (typeof message !== 'string' || typeof title !== 'string')
      return refused(400, 40017, 'invalid request: request body must be message JSON');
    if (Buffer.byteLength(message) > 4_096)
      return refused(413, 41301, 'attachment too large, or bandwidth limit reached');
    if (!Number.isInteger(priority) || priority < 1 || priority > 5)
      return refused(400, 40007, 'invalid priority parameter');
    if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== 'string' || tag.includes(',')))
      return refused(400, 40017, 'invalid request: request body must be message JSON');
    if (click !== undefined && !URL.canParse(click)) return refused(400, 40024, 'invalid request: click URL');
    if (sequence !== undefined && !/^[-_A-Za-z0-9]{1,64}$/.test(sequence))
      return refused(400, 40049, 'invalid request: sequence ID invalid');
    return { status: 200, body: { id: `m${++this.#messages}`, event: 'message', topic, title, message } };
  }
}

function refused(status: number, code: number, error: string): ProviderAnswer {
  return { status, body: { code, http: status, error, link: 'https://ntfy.sh/docs/publish/' } };
}

export function ntfyText({ json }: ProviderRequest): string {
  return `${json.title}\n${json.message}`;
}
