import net from 'node:net';

/** An answer as the benches need it. */
export interface WireAnswer {
  readonly status: number;
  readonly body: string;
  /** What `Retry-After` asks for; 1 where it is absent. */
  readonly retryAfterSeconds: number;
}

/**
 * One kept-alive HTTP connection that costs next to nothing: on two cores a full client would take the CPU from what is measured.
 * One request at a time; the answers have a Content-Length.
 */
export class WireClient {
  readonly #socket: net.Socket;
  readonly #host: string;
  #received = '';
  #waiting: { resolve: (answer: WireAnswer) => void; reject: (error: Error) => void } | undefined;

  static connect(url: string): Promise<WireClient> {
    const { hostname, port, host } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new WireClient(socket, host));
      });
    });
  }

  private constructor(socket: net.Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setEncoding('latin1').on('data', (text) => this.#take(String(text)));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')));
  }

  /** The bytes of a request, which may be sent again and again. */
  request(path: string, body: Buffer, headers = '', contentType = 'application/x-ndjson'): Buffer {
    const head = `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: ${contentType}\r\n${headers}Content-Length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, 'latin1'), body]);
  }

  /** The same without a body. */
  get(path: string): Buffer {
    return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`, 'latin1');
  }

  send(request: Buffer): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd);
    const bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + bodyBytes;
    if (this.#received.length < end) return;
    const body = this.#received.slice(headEnd + 4, end);
    this.#received = this.#received.slice(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const retryAfterSeconds = Number(/^retry-after: *(\d+)/im.exec(head)?.[1] ?? 1);
    waiting?.resolve({ status: Number(head.slice(9, 12)), body, retryAfterSeconds });
  }
}
