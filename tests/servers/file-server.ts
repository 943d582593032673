import type http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issueServerCertificate } from '../../src/orchestrator/tls/issue-certificate.ts';

/** What happens to one request; `undefined`: it is answered as it should. */
export type Misdeed =
  /** Sends no more after so many bytes, until `breakOff`. */
  | { readonly type: 'stall'; readonly afterBytes: number }
  | { readonly type: 'status'; readonly status: number }
  | { readonly type: 'redirect'; readonly to: string }
  /** Says that the file is another size than it is. */
  | { readonly type: 'size'; readonly bytes: number }
  /** Does not say how large it is. */
  | { readonly type: 'chunked' }
  /** Answers ranges with the whole file. */
  | { readonly type: 'whole' };

/** Serves one file over HTTPS, with ranges (RFC 9110 §14), and misbehaves when it is told to. */
export class FileServer implements AsyncDisposable {
  /** In PEM: whoever asks must trust it. */
  readonly authority: string;
  readonly ranges: (string | undefined)[] = [];
  /** One for each request, the first ones first. */
  readonly misdeeds: (Misdeed | undefined)[] = [];
  file: Buffer;
  readonly #server: https.Server;

  private constructor(file: Buffer, authority: string, server: https.Server) {
    this.file = file;
    this.authority = authority;
    this.#server = server;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async start(file: Buffer): Promise<FileServer> {
    const authority = await createAuthority(Date.now());
    const { certificate, key } = await issueServerCertificate(authority, ['localhost', '127.0.0.1'], Date.now());
    const server = https.createServer({ cert: certificate, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FileServer(file, authority.certificate, server);
  }

  url(path = '/models/tiny.gguf'): URL {
    return new URL(path, `https://localhost:${(this.#server.address() as AddressInfo).port}`);
  }

  /** Every connection breaks. */
  breakOff(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const misdeed = this.misdeeds.shift();
    this.ranges.push(request.headers.range);
    const from = misdeed?.type === 'whole' ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const { length } = this.file;
    if (misdeed?.type === 'status') response.writeHead(misdeed.status).end('<html>no</html>');
    else if (misdeed?.type === 'redirect') response.writeHead(302, { location: misdeed.to }).end();
    else if (misdeed?.type === 'chunked') response.writeHead(200).end(this.file);
    else if (from >= length && from > 0) response.writeHead(416, { 'content-range': `bytes */${length}` }).end();
    else {
      const size = misdeed?.type === 'size' ? misdeed.bytes : length;
      const body = this.file.subarray(from);
      if (from > 0)
        response.writeHead(206, {
          'content-range': `bytes ${from}-${size - 1}/${size}`,
          'content-length': size - from,
        });
      else response.writeHead(200, { 'content-length': size });
      if (misdeed?.type === 'stall') response.write(body.subarray(0, misdeed.afterBytes));
      else if (size > length) response.write(body, () => response.destroy());
      else response.end(body);
    }
  }
}
