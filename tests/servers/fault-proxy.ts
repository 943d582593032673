import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A slow line brings a piece each so many ms. */
const SLOW_STEP_MS = 20;

/**
 * A TCP proxy on 127.0.0.1 in front of one port of this machine, or of a Unix socket by its path, to cut the network, slow it down, or let it go silent, in the middle of anything.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #target: number | string;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #state: 'open' | 'cut' | 'stalled' = 'open';
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #cutAfterBytes = Number.POSITIVE_INFINITY;

  static async start(target: number | string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(target: number | string) {
    this.#target = target;
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
    for (const [client, target] of this.#pairs) {
      client.resetAndDestroy();
      if (typeof this.#target === 'number') target.resetAndDestroy();
      else target.destroy(); // a Unix socket knows no reset
    }
  }

  /** Brings at most so much a second, in each direction of each connection, until `resume`. */
  slow(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resets each connection once it has brought so many more bytes to the target, mostly in the middle of a body, until `resume`. */
  cutAfter(bytes: number): void {
    this.#cutAfterBytes = Math.ceil(bytes);
  }

  /** From now on nothing passes, in neither direction, and nobody is told: a half-open peer. New connections are taken, and silent too. */
  stall(): void {
    this.#state = 'stalled';
    for (const [client, target] of this.#pairs) {
      client.unpipe().pause();
      target.unpipe().pause();
    }
  }

  /** Lets everything pass again; what was stalled goes on. */
  resume(): void {
    if (this.#state === 'stalled') for (const pair of this.#pairs) this.#flow(pair);
    this.#state = 'open';
    this.#bytesPerSecond = this.#cutAfterBytes = Number.POSITIVE_INFINITY;
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
    const target = typeof this.#target === 'number' ? connect(this.#target, '127.0.0.1') : connect(this.#target);
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
    if (this.#state === 'open') this.#flow(pair);
  }

  #flow([client, target]: readonly [Socket, Socket]): void {
    client.pipe(this.#line(() => client.resetAndDestroy())).pipe(target);
    target.pipe(this.#line()).pipe(client);
  }

  /** What passes, as slowly and as far as is set; `onCut` when it has brought enough. */
  #line(onCut?: () => void): Transform {
    let broughtBytes = 0;
    const line: Transform = new Transform({
      transform: async (chunk: Buffer, _encoding, done) => {
        for (let rest = chunk; rest.length > 0; ) {
          if (onCut !== undefined && broughtBytes >= this.#cutAfterBytes) return onCut();
          const stepBytes = Math.max(1, Math.floor((this.#bytesPerSecond * SLOW_STEP_MS) / 1_000));
          const leftBytes = onCut === undefined ? stepBytes : this.#cutAfterBytes - broughtBytes;
          const piece = rest.subarray(0, Math.min(stepBytes, leftBytes));
          rest = rest.subarray(piece.length);
          broughtBytes += piece.length;
          line.push(piece);
          if (this.#bytesPerSecond !== Number.POSITIVE_INFINITY) await sleep(SLOW_STEP_MS);
        }
        done();
      },
    });
    return line;
  }
}
