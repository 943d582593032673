import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Clock } from '../../platform/clock.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';

const REDIRECTS_MAX = 5;
/** A connection that brings nothing for so long is given up; what has come is kept. */
const SILENT_MS = 60_000;

export interface Download {
  /** Of the whole file; `undefined`: the server does not say. */
  readonly sizeBytes: number | undefined;
  /** From where on the bytes come: 0 where the server can't go on in the middle. */
  readonly offset: number;
  readonly body: AsyncIterable<Buffer>;
}

export interface DownloadOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The one certificate (PEM) that is trusted; absent: what the system trusts. */
  readonly authority?: string | undefined;
  readonly silentMs?: number;
}

/**
 * Asks for a file from byte `offset` on, over HTTPS only, wherever it is led to. Rejects with `NSV_MODEL_NOT_FETCHED`, retryable where another
 * attempt may help; so does the body. An address may hold a signature in its query: no message shows more than host and path.
 */
export async function openDownload(address: URL, offset: number, options: DownloadOptions): Promise<Download> {
  let url = address;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    if (url.protocol !== 'https:')
      throw refused(url, 'plain http is refused, for whoever stands in between could put another file in its place', {
        hint: 'use an https address, or fetch the file yourself and give its path',
      });
    const answer = await get(url, offset, options);
    const { statusCode: status = 0, headers } = answer;
    if (status >= 300 && status < 400 && headers.location !== undefined) {
      answer.destroy();
      if (!URL.canParse(headers.location, url.href)) throw refused(url, 'it leads to what is no address');
      url = new URL(headers.location, url);
      continue;
    }
    const found = placeOf(answer, offset);
    if (found !== undefined) return { ...found, body: bodyOf(url, answer) };
    answer.destroy();
    if (status === 416 && offset > 0) return openDownload(address, 0, options); // what was kept is longer than the file
    throw refused(url, `it answered ${status}`, {
      retryable: status === 429 || status >= 500,
      hint: status === 404 ? 'is the address right?' : 'try the address in a browser; some models want an account',
    });
  }
  throw refused(url, `it leads elsewhere more than ${REDIRECTS_MAX} times`);
}

function get(url: URL, offset: number, { signal, authority, silentMs = SILENT_MS }: DownloadOptions) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = https.get(url, {
      headers: { accept: '*/*', 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) },
      agent: false,
      signal,
      ...(authority === undefined ? {} : { ca: authority }),
    });
    request.setTimeout(silentMs, () => request.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })));
    request.once('response', resolve);
    request.on('error', (error) => reject(signal.aborted ? signal.reason : broken(url, error)));
  });
}

/** Which part of the file an answer brings; `undefined`: none. */
function placeOf({ statusCode, headers }: IncomingMessage, offset: number): Omit<Download, 'body'> | undefined {
  const length = /^\d{1,15}$/.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : undefined;
  if (statusCode === 200) return { sizeBytes: length, offset: 0 };
  const range =
    statusCode === 206 ? /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(headers['content-range'] ?? '') : null;
  return range !== null && Number(range[1]) === offset ? { sizeBytes: Number(range[2]), offset } : undefined;
}

async function* bodyOf(url: URL, answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* answer as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof DOMException) throw error;
    throw broken(url, error);
  } finally {
    answer.destroy();
  }
}

function broken(url: URL, error: unknown): NervesysError {
  const reasons: Readonly<Record<string, string>> = {
    ETIMEDOUT: 'nothing came for a minute',
    ECONNRESET: 'the connection broke',
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the name is not known',
  };
  const code = errorCode(error);
  return refused(url, reasons[code] ?? (error instanceof Error ? error.message || code : code), {
    retryable: !/CERT|TLS|SSL|SELF_SIGNED/.test(code),
    cause: error,
  });
}

function refused(url: URL, what: string, details: ConstructorParameters<typeof NervesysError>[2] = {}): NervesysError {
  return new NervesysError(
    'NSV_MODEL_NOT_FETCHED',
    `fetch ${url.protocol}//${url.host}${url.pathname}: ${what}`,
    details,
  );
}
