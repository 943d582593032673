import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface SeenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of a request, it asserts
  readonly body: any;
}

/** An HTTP server in the orchestrator's place: it notes what it is asked and answers as told. Port kept over `stop` and `start`. */
export class FakeOrchestrator {
  readonly requests: SeenRequest[] = [];
  /** Status and body of the next answers; a body that is a string is sent as it is. */
  answer: (
    request: SeenRequest,
  ) => { status: number; body?: unknown; headers?: Record<string, string> } | 'hang' | 'reset' = () => ({
    status: 200,
    body: { accepted: 0, rejected: [], now: new Date().toISOString() },
  });
  #server: http.Server | undefined;
  #port = 0;

  static async start(t: TestContext): Promise<FakeOrchestrator> {
    const fake = new FakeOrchestrator();
    await fake.start();
    t.after(() => fake.stop());
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = http.createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const seen = {
        path: request.url ?? '',
        authorization: request.headers.authorization,
        body: JSON.parse(text || 'null'),
      };
      this.requests.push(seen);
      const answer = this.answer(seen);
      if (answer === 'reset') request.socket.resetAndDestroy();
      else if (answer !== 'hang') {
        const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(body);
      }
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
