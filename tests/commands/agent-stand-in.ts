import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TakenRecord {
  readonly agent_id: string;
  readonly level: string;
  readonly message: string;
  readonly action: string;
  readonly timestamp: string;
  readonly context: Record<string, unknown>;
  readonly [key: string]: unknown;
}

/** How the next `POST /logs` is treated. */
export type Mood = 'take' | 'busy' | 'take but lose the answer';

/** A small lean agent over real HTTP: takes records, remembers idempotency keys, and can be in a bad mood. */
export class AgentStandIn implements AsyncDisposable {
  readonly records: TakenRecord[] = [];
  readonly statuses: Record<string, unknown>[] = [];
  requests = 0;
  mood: Mood = 'take';
  /** A larger body is 413. */
  bodyBytesMax = Number.POSITIVE_INFINITY;
  readonly #answers = new Map<string, string>();
  #server: http.Server | undefined;
  #port = 0;

  get port(): number {
    return this.#port;
  }

  messages(): string[] {
    return this.records.filter((record) => record.action === 'output').map((record) => record.message);
  }

  /** Listens on a port of its own, after `close` on the same one. */
  async listen(): Promise<this> {
    const server = http.createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (request.method === 'PUT') {
      this.statuses.push({ path: request.url, ...JSON.parse(body) });
      response.writeHead(204).end();
      return;
    }
    this.requests++;
    if (this.mood === 'busy') {
      response
        .writeHead(429, { 'content-type': 'application/problem+json', 'retry-after': '0' })
        .end(JSON.stringify({ code: 'NSV_BUFFER_FULL', detail: 'full' }));
      return;
    }
    if (body.length > this.bodyBytesMax) {
      response
        .writeHead(413, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify({ code: 'NSV_RECORDS_TOO_LARGE', detail: 'too large', bytes_max: this.bodyBytesMax }));
      return;
    }
    const key = String(request.headers['idempotency-key']);
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      const lines = body.split('\n').filter((line) => line !== '');
      this.records.push(...lines.map((line) => JSON.parse(line) as TakenRecord));
      answer = JSON.stringify({ accepted: lines.length, dropped: 0, rejected: [] });
      this.#answers.set(key, answer);
    }
    if (this.mood === 'take but lose the answer') {
      this.mood = 'take';
      request.socket.destroy();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  }
}
