import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A chat completion as it was asked for. */
export interface ModelRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly max_tokens?: number;
  readonly response_format?: { readonly type: string };
}

export type Scripted =
  | string
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | { readonly raw: string }
  | 'hang'
  | 'half';

export interface ModelServerOptions {
  /** What the model says, or what else happens; `request` has been found valid. */
  readonly answer: (request: ModelRequest, times: number) => Scripted;
  readonly models?: readonly string[];
  readonly key?: string;
  /** Of `json_schema`, `json_object`, `text`: what it knows; others are refused with `refusesBy`. */
  readonly forms?: readonly string[];
  readonly refusesBy?: number;
  /** Like the API's newer models: no temperature but 1, and `max_completion_tokens` in the place of `max_tokens`. */
  readonly isNew?: boolean;
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'];
/** What the API reference of chat completions lists, as far as it may be sent here. */
const FIELDS = [
  'model',
  'messages',
  'temperature',
  'max_tokens',
  'max_completion_tokens',
  'stream',
  'response_format',
  'seed',
  'stop',
  'top_p',
];

/**
 * A server that speaks OpenAI's chat completions, as strict as the API's reference: unknown fields, models, roles and forms are refused, a
 * strict schema must be closed, and JSON mode wants the word in a message. What the model says is scripted.
 */
export class ModelServer implements AsyncDisposable {
  readonly requests: ModelRequest[] = [];
  /** Bodies and headers of all, refused ones too. */
  readonly seen: { readonly body: string; readonly headers: http.IncomingHttpHeaders }[] = [];
  readonly #options: ModelServerOptions;
  readonly #server: http.Server;

  private constructor(options: ModelServerOptions) {
    this.#options = options;
    this.#server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.#take(request, Buffer.concat(chunks).toString(), response));
    });
  }

  static async start(options: ModelServerOptions): Promise<ModelServer> {
    const server = new ModelServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(request: http.IncomingMessage, body: string, response: http.ServerResponse): void {
    this.seen.push({ body, headers: request.headers });
    const asked = this.#check(request, body);
    if ('status' in asked) {
      const { status, message } = asked;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } }));
    } else {
      this.requests.push(asked);
      this.#answer(asked, response);
    }
  }

  #check(request: http.IncomingMessage, body: string): ModelRequest | { status: number; message: string } {
    const bad = (message: string, status = 400) => ({ status, message });
    const { key } = this.#options;
    if (request.url !== '/v1/chat/completions') return bad(`Invalid URL (${request.method} ${request.url})`, 404);
    if (request.method !== 'POST') return bad('Not allowed', 405);
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) return bad('Incorrect API key', 401);
    if (request.headers['content-type'] !== 'application/json') return bad('content-type', 415);
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(body);
    } catch {
      return bad('We could not parse the JSON body of your request');
    }
    const unknown = Object.keys(value).find((key) => !FIELDS.includes(key));
    if (unknown !== undefined) return bad(`Unrecognized request argument supplied: ${unknown}`);
    const { model, messages, temperature, max_tokens, stream, response_format } = value;
    if (typeof model !== 'string') return bad('you must provide a model parameter');
    if (!(this.#options.models ?? ['test-model']).includes(model)) return bad(`The model ${model} does not exist`, 404);
    if (!Array.isArray(messages) || messages.length === 0) return bad('messages');
    if (messages.some((one) => !ROLES.includes(one?.role) || typeof one.content !== 'string')) return bad('a message');
    if (temperature !== undefined && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 2))
      return bad('temperature');
    if (max_tokens !== undefined && !(Number.isInteger(max_tokens) && (max_tokens as number) > 0))
      return bad('max_tokens');
    if (this.#options.isNew ? max_tokens !== undefined : value['max_completion_tokens'] !== undefined)
      return bad('Unsupported parameter: use the other one');
    if (this.#options.isNew && temperature !== undefined && temperature !== 1)
      return bad('Unsupported value: temperature');
    if (stream !== undefined && stream !== false) return bad('this one does not stream');
    const wrong =
      response_format === undefined ? undefined : this.#formComplaint(response_format, JSON.stringify(messages));
    if (wrong !== undefined) return bad(wrong, this.#options.refusesBy ?? 400);
    return value as unknown as ModelRequest;
  }

  #formComplaint(form: unknown, messages: string): string | undefined {
    const { forms = ['json_schema', 'json_object', 'text'] } = this.#options;
    const { type, json_schema, ...more } = form as Record<string, unknown>;
    if (typeof type !== 'string' || !forms.includes(type)) return `response_format type must be one of ${forms}`;
    if (Object.keys(more).length > 0) return 'response_format has more than it may';
    if (type === 'json_object' && !/json/i.test(messages)) return "'messages' must contain the word 'json'";
    if (type !== 'json_schema') return undefined;
    const { name, schema, strict } = (json_schema ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) return 'json_schema.name';
    const { properties, required, additionalProperties } = (schema ?? {}) as Record<string, unknown>;
    if (typeof properties !== 'object') return 'json_schema.schema';
    const closed = additionalProperties === false && `${Object.keys(properties as object)}` === `${required}`;
    return strict === true && !closed ? 'a strict schema must be closed and require all its properties' : undefined;
  }

  #answer(asked: ModelRequest, response: http.ServerResponse): void {
    const scripted = this.#options.answer(asked, this.requests.length);
    if (scripted === 'hang') return;
    if (scripted === 'half') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"id":"half","choices":[');
      return;
    }
    if (typeof scripted === 'object' && 'raw' in scripted) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(scripted.raw);
      return;
    }
    if (typeof scripted === 'object') {
      response.writeHead(scripted.status, scripted.headers);
      response.end(scripted.body ?? '');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        id: `chatcmpl-${this.requests.length}`,
        object: 'chat.completion',
        created: 1_767_225_600,
        model: asked.model,
        choices: [
          { index: 0, message: { role: 'assistant', content: scripted }, logprobs: null, finish_reason: 'stop' },
        ],
        usage: { prompt_tokens: 400, completion_tokens: 20, total_tokens: 420 },
      }),
    );
  }
}
