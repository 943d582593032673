import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy on 127.0.0.1 in front of one port, to cut the network, or let it go silent, in the middle of anything. */
export class FaultProxy implements AsyncDisposable {
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #state: 'open' | 'cut' | 'stalled' = 'open';

  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#accept(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections through it now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Resets every connection, and each new one at once, until `resume`. */
  cut(): void {
    this.#state = 'cut';
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** From now on nothing passes, in neither direction, and nobody is told: a half-open peer. New connections are taken, and silent too. */
  stall(): void {
    this.#state = 'stalled';
    for (const [client, target] of this.#pairs) {
      client.unpipe(target).pause();
      target.unpipe(client).pause();
    }
  }

  /** Lets everything pass again; what was stalled goes on. */
  resume(): void {
    if (this.#state === 'stalled') for (const [client, target] of this.#pairs) flow(client, target);
    this.#state = 'open';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined); // the ends see what happened; the proxy has no opinion
    if (this.#state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const target = connect(this.#targetPort, '127.0.0.1');
    target.on('error', () => client.resetAndDestroy());
    const pair = [client, target] as const;
    this.#pairs.add(pair);
    client.on('close', () => {
      target.destroy();
      this.#pairs.delete(pair);
    });
    target.on('close', () => {
      if (this.#state !== 'stalled') client.destroy();
    });
    if (this.#state === 'open') flow(client, target);
  }
}

function flow(client: Socket, target: Socket): void {
  client.pipe(target);
  target.pipe(client);
}
