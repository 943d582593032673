import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProviderRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Must be UTF-8; what isn't is refused before anybody looks. */
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a provider reads of a request, it checks
  readonly json: any;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

/** A provider over HTTP for tests: answers by `accept`, or for once by what a test puts in its way. Keeps what it has taken. */
export class ProviderServer implements AsyncDisposable {
  /** What was answered with 2xx. */
  readonly taken: ProviderRequest[] = [];
  /** Every request, whatever its answer. */
  readonly asked: ProviderRequest[] = [];
  readonly #faults: (ProviderAnswer | 'silence' | 'reset')[] = [];
  readonly #server: Server;

  protected constructor(accept: (request: ProviderRequest) => ProviderAnswer) {
    this.#server = createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of incoming) chunks.push(chunk as Buffer);
      } catch {
        return; // the client gave up
      }
      const request = read(incoming.method ?? '', incoming.url ?? '', incoming.headers, Buffer.concat(chunks));
      this.asked.push(request);
      const fault = this.#faults.shift();
      if (fault === 'silence') return;
      if (fault === 'reset') {
        incoming.socket.destroy();
        return;
      }
      const answer = fault ?? accept(request);
      if (answer.status >= 200 && answer.status < 300) this.taken.push(request);
      const isText = typeof answer.body === 'string';
      response.writeHead(answer.status, {
        'content-type': isText ? 'text/plain' : 'application/json',
        ...answer.headers,
      });
      response.end(isText ? answer.body : JSON.stringify(answer.body ?? {}));
    });
  }

  protected async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this;
  }

  static async answering(accept: (request: ProviderRequest) => ProviderAnswer): Promise<ProviderServer> {
    return new ProviderServer(accept).listen();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next request gets this instead. */
  next(fault: ProviderAnswer | 'silence' | 'reset'): void {
    this.#faults.push(fault);
  }

  /** Nothing listens any more. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function read(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): ProviderRequest {
  const text = body.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { method, path, headers, text, json };
}

/** Texts that a provider's parser, or a reader's eye, would stumble over: control characters, half characters, what turns text around. */
export function isHarmful(text: string): boolean {
  return !text.isWellFormed() || /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066\u2067]/.test(text);
}
