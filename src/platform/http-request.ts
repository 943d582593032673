import http from 'node:http';
import https from 'node:https';
import type { Clock } from './clock.ts';
import { systemClock, withDeadline } from './clock.ts';
import { errorCode } from './errors.ts';
import { isNoTls, trustOnly } from './peer-certificate.ts';

/** One request. Nothing is followed, retried (but see `httpRequest`) or decoded: what came is what is handed back. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the first byte sent to the last byte received, ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** A keep-alive pool (`openConnections`); without one each request has a connection of its own. */
  readonly connections?: HttpConnections | undefined;
  /** A larger answer is an error, so that a confused peer can't fill our memory. */
  readonly responseBytesMax?: number;
  /** A Unix socket to connect to; the URL then gives only path and `Host`. */
  readonly socketPath?: string | undefined;
  /** Over HTTPS: as with `openConnections`, for a request with a connection of its own. */
  readonly authority?: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Connections that are kept open between requests. Who opens them, closes them. */
export interface HttpConnections extends AsyncDisposable {
  readonly http: http.Agent;
  readonly https: https.Agent;
  readonly authority: string | undefined;
  close(): void;
}

const TIMEOUT_MS_DEFAULT = 30_000;
const RESPONSE_BYTES_MAX_DEFAULT = 16 * 1024 * 1024;

export function openConnections(
  options: {
    readonly connectionsMax?: number;
    /** Over HTTPS: the one certificate (PEM) that a server must show or be signed by (`trustOnly`); absent: what the system trusts. */
    readonly authority?: string | undefined;
  } = {},
): HttpConnections {
  const { authority } = options;
  // Idle sockets are closed by us before common servers (5 s and more) close them, which saves most reset races.
  const shared = { keepAlive: true, maxSockets: options.connectionsMax ?? 8, maxFreeSockets: 4, timeout: 60_000 };
  const plain = new http.Agent(shared);
  // Made at the first use: TLS is 5 MB of memory, which an agent that only talks to its own machine need not pay.
  let secure: https.Agent | undefined;
  const close = () => {
    plain.destroy();
    secure?.destroy();
  };
  return {
    http: plain,
    get https() {
      // With the agent, not with each request: Node doesn't keep a connection whose request brings its own check of the name.
      secure ??= new https.Agent({ ...shared, ...(authority === undefined ? {} : trustOnly(authority)) });
      return secure;
    },
    authority,
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
}

/**
 * Sends one request and resolves with its whole answer, whatever its status. Rejects with an `Error` that has Node's `code`
 * (`ECONNREFUSED`, `ETIMEDOUT`, …) and a message that names method, address and what happened; never a query, a header or a
 * body, since those may hold secrets. Aborting rejects with the signal's reason.
 *
 * A kept-alive connection that the peer closed while it was idle is the one failure that is tried again, once: nothing of
 * the request was answered on it, and every server that keeps connections alive produces it.
 */
export async function httpRequest(request: HttpRequest, clock: Clock = systemClock): Promise<HttpResponse> {
  const url = typeof request.url === 'string' ? new URL(request.url) : request.url;
  const timeoutMs = request.timeoutMs ?? TIMEOUT_MS_DEFAULT;
  request.signal?.throwIfAborted();
  try {
    return await withDeadline(clock, timeoutMs, request.signal, async (signal) => {
      const first = await attempt(request, url, signal);
      if (first !== undefined) return first;
      const { connections, authority = connections?.authority, ...rest } = request;
      return (await attempt({ ...rest, authority }, url, signal))!;
    });
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw explain(request, url, error);
  }
}

/** `undefined`: the kept-alive connection turned out to be closed, nothing was answered; only with `connections`. */
function attempt(request: HttpRequest, url: URL, signal: AbortSignal): Promise<HttpResponse | undefined> {
  const secure = url.protocol === 'https:';
  const bytesMax = request.responseBytesMax ?? RESPONSE_BYTES_MAX_DEFAULT;
  const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
  const headers: Record<string, string> = { ...request.headers };
  if (body !== undefined) headers['content-length'] = String(body.byteLength);
  return new Promise((resolve, reject) => {
    let answered = false;
    const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error);
    const outgoing = (secure ? https : http).request(url, {
      method: request.method,
      headers,
      signal,
      agent: request.connections === undefined ? false : secure ? request.connections.https : request.connections.http,
      ...(request.socketPath === undefined ? {} : { socketPath: request.socketPath }),
      ...(secure && request.authority !== undefined && request.connections === undefined
        ? trustOnly(request.authority)
        : {}),
    });
    outgoing.on('response', (incoming) => {
      answered = true;
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bytesMax) {
          fail(coded('ERR_RESPONSE_TOO_LARGE', `the answer is larger than ${bytesMax} bytes`));
          outgoing.destroy();
        } else chunks.push(chunk);
      });
      incoming.on('end', () => {
        // An answer that came before the whole body was sent (a refusal) leaves a connection that can't be used again.
        if (!outgoing.writableFinished) outgoing.destroy();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      });
      incoming.on('error', fail);
      incoming.on('aborted', () => fail(coded('ECONNRESET', 'the connection broke in the middle of the answer')));
    });
    outgoing.on('error', (error) => {
      if (answered) return; // the body could not be sent to its end, but the answer is on its way: its own events decide
      const stale = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(errorCode(error));
      if (stale && !signal.aborted) resolve(undefined);
      else fail(error);
    });
    outgoing.end(body);
  });
}

/** The same failure with a message a person can act on; addresses without query and credentials. */
function explain(request: HttpRequest, url: URL, error: unknown): Error {
  const where = request.socketPath ?? `${url.protocol}//${url.host}${url.pathname}`;
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  const code = timedOut ? 'ETIMEDOUT' : errorCode(error);
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused: nothing listens there',
    ECONNRESET: 'the connection was reset',
    ENOTFOUND: 'the name is not known',
    EAI_AGAIN: 'the name could not be looked up just now',
    ETIMEDOUT: `no answer within ${request.timeoutMs ?? TIMEOUT_MS_DEFAULT} ms`,
    ENOENT: 'there is no such socket',
    EACCES: 'permission denied',
  };
  const reason = isNoTls(error)
    ? 'what answers there speaks no TLS; is its address http://?'
    : (reasons[code] ?? (error instanceof Error ? error.message || code : String(error)));
  return coded(code, `${request.method} ${where}: ${reason}`, error);
}

function coded(code: string, message: string, cause?: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, { code });
}
