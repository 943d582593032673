import type { Socket } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import type { App } from './app.ts';

/** Requests in flight get this long to end when we close; then their connections are cut. */
const FINISH_MS = 3_000;
const POLL_MS = 20;

/** Closes an HTTP server as soon as its requests in flight have ended. Made before the server listens. */
export class ServerCloser {
  readonly #app: App;
  readonly #clock: Clock;
  /** Connections that have not asked anything yet: browsers open such ahead, and Node doesn't count them as idle. */
  readonly #silent = new Map<string, Socket>();

  constructor(app: App, clock: Clock) {
    this.#app = app;
    this.#clock = clock;
    app.server.on('connection', (socket: Socket) => {
      // By the far end: over TLS the socket of a request is another object than the one that was accepted.
      const peer = peerOf(socket);
      this.#silent.set(peer, socket);
      socket.once('close', () => this.#silent.delete(peer));
    });
    app.server.on('request', (request) => this.#silent.delete(peerOf(request.socket)));
  }

  async close(): Promise<void> {
    const { server } = this.#app;
    let closed = false;
    const closing = this.#app.close().finally(() => {
      closed = true;
    });
    for (const socket of this.#silent.values()) socket.destroy();
    const deadline = this.#clock.monotonic() + FINISH_MS;
    while (!closed) {
      // A connection whose request was in flight becomes idle now, and its client would keep it.
      if (this.#clock.monotonic() > deadline) server.closeAllConnections();
      else server.closeIdleConnections();
      await this.#clock.sleep(POLL_MS);
    }
    await closing;
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
