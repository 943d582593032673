import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../platform/clock.ts';

/** One HTTP request to the store; `path` is encoded and carries the query. */
export interface HttpRequest {
  readonly method: 'PUT' | 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpLimits {
  /** TCP and TLS must stand within this. */
  readonly connectTimeoutMs: number;
  /** A connection on which nothing moves for this long is given up: the peer may be gone without a word (half-open). */
  readonly idleTimeoutMs: number;
  /** A longer answer is cut off with an error: nobody's answer may fill our memory. */
  readonly answerBytesMax: number;
  readonly socketsMax: number;
}

/**
 * Plain HTTP to one host with keep-alive: no redirects, no decompression, no retries, no global state. `fetch` would do, but
 * costs an agent 40 MB of memory and unzips what it should only carry.
 */
export class HttpClient {
  readonly #base: URL;
  readonly #host: string;
  readonly #limits: HttpLimits;
  readonly #clock: Clock;
  readonly #agent: http.Agent;
  readonly #lookup: LookupFunction | undefined;

  constructor(
    base: URL,
    host: string,
    parts: { readonly clock: Clock; readonly limits: HttpLimits; readonly lookup?: LookupFunction | undefined },
  ) {
    this.#base = base;
    this.#host = host;
    this.#limits = parts.limits;
    this.#clock = parts.clock;
    this.#lookup = parts.lookup;
    const options = { keepAlive: true, maxSockets: parts.limits.socketsMax, maxFreeSockets: 2 };
    this.#agent = base.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  /** Rejects with Node's network error, or a `TimeoutError`, or the signal's reason. */
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const connecting = new AbortController();
      const sent = (this.#base.protocol === 'https:' ? https : http).request({
        agent: this.#agent,
        hostname: this.#host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
        port: this.#base.port,
        method: request.method,
        path: request.path,
        headers: { ...request.headers, host: this.#host },
        ...(this.#lookup === undefined ? {} : { lookup: this.#lookup }),
      });
      const settle = (act: () => void) => {
        connecting.abort();
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const fail = (error: unknown) => {
        settle(() => reject(error));
        sent.destroy();
      };
      const onAbort = () => fail(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });

      sent.on('error', fail);
      sent.on('socket', (socket) => {
        if (socket.connecting) {
          const ready = this.#base.protocol === 'https:' ? 'secureConnect' : 'connect';
          socket.once(ready, () => connecting.abort());
          this.#clock.sleep(this.#limits.connectTimeoutMs, connecting.signal).then(
            () => fail(timeout(`no connection within ${this.#limits.connectTimeoutMs} ms`)),
            () => undefined, // it stands, or the request is over
          );
        }
      });
      // The socket's own idle timer, since only it sees every byte that moves; the Clock can't.
      sent.setTimeout(this.#limits.idleTimeoutMs, () =>
        fail(timeout(`nothing moved for ${this.#limits.idleTimeoutMs} ms`)),
      );
      sent.on('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        if (request.method === 'HEAD') {
          // Its headers are all of it. Some stores (Swift) send the body of a 404 after them all the same, which ends the connection.
          settle(() => resolve({ status, headers, body: Buffer.alloc(0) }));
          response.on('error', () => undefined).resume();
          return;
        }
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > this.#limits.answerBytesMax) {
            return fail(new RangeError(`the answer is longer than ${this.#limits.answerBytesMax} bytes`));
          }
          chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          if (!response.complete) return fail(timeout('the answer was cut off'));
          settle(() => resolve({ status, headers, body: Buffer.concat(chunks) }));
          // An answer before the whole body was taken (a refusal): the rest is of no use to anybody.
          if (!sent.writableFinished) sent.destroy();
        });
      });
      sent.end(request.body);
    });
  }

  /** Closes connections as soon as nothing is under way on them. */
  closeWhenIdle(): void {
    this.#agent.maxFreeSockets = 0;
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  /** Closes idle connections, and those in use with an error. */
  close(): void {
    this.#agent.destroy();
  }
}

function timeout(message: string): DOMException {
  return new DOMException(message, 'TimeoutError');
}
