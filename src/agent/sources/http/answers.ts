import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../platform/clock.ts';
import type { NervesysError } from '../../../platform/errors.ts';
import { hasBody } from './body.ts';

/** An answer, ready to be sent. */
export interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * What a refused client may still send while we wait for it to read its answer. Closing earlier would reset the connection,
 * and a reset destroys the answer on its way (many clients send their whole body before they read).
 */
export interface DiscardLimits {
  readonly bytesMax: number;
  readonly totalMs: number;
  /** Without a byte for so long, the client has stopped: it reads, or it is gone. */
  readonly idleMs: number;
}

/** Seconds a client is asked to wait when the buffer is full or closing. */
const RETRY_AFTER_SECONDS = 5;
const DISCARD_CHECK_MS = 50;

export function jsonAnswer(value: unknown, status = 200): Answer & { readonly body: string } {
  return { status, body: `${JSON.stringify(value)}\n` };
}

/** The problem document of an error; `extra` members are added to it (RFC 9457 §3.2). */
export async function problemAnswer(
  error: NervesysError,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const { PROBLEM_CONTENT_TYPE, problemOf } = await import('./problem-document.ts'); // with the texts of all errors
  const document = problemOf(error);
  const waits = document.status === 429 || document.status === 503;
  const allow = error.facts['allow'];
  return {
    status: document.status,
    type: PROBLEM_CONTENT_TYPE,
    headers: {
      ...(waits ? { 'retry-after': String(error.facts['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS) } : {}),
      ...(typeof allow === 'string' ? { allow } : {}),
    },
    body: `${JSON.stringify({ ...document, ...boundOf(error), ...extra })}\n`,
  };
}

/** What would have been small enough, where that is known. */
function boundOf({ facts }: NervesysError): { readonly bytes_max?: number } {
  return typeof facts['bytesMax'] === 'number' ? { bytes_max: facts['bytesMax'] } : {};
}

/**
 * Sends an answer. When the request's body has not been read to its end, the connection can't be used again: the answer goes
 * out whole, then the rest of the body is read and thrown away within `limits`, then the connection closes.
 */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  clock: Clock,
  limits: DiscardLimits,
): Promise<void> {
  if (response.destroyed || response.headersSent) return;
  const unread = hasBody(request) && !request.complete;
  const headers: Record<string, string | number> = {
    'content-type': answer.type ?? 'application/json',
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  };
  if (!unread) {
    response.writeHead(answer.status, headers).end(answer.body);
    return;
  }
  response.writeHead(answer.status, { ...headers, connection: 'close' });
  response.write(answer.body); // complete by its Content-Length; end() would close the connection at once
  await discard(request, clock, limits);
  response.end();
}

async function discard(request: IncomingMessage, clock: Clock, limits: DiscardLimits): Promise<void> {
  const startedAt = clock.monotonic();
  let bytes = 0;
  let lastByteAt = startedAt;
  const ended = new AbortController();
  const stop = () => ended.abort();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    lastByteAt = clock.monotonic();
    if (bytes > limits.bytesMax) stop();
  });
  request.on('end', stop).on('error', stop).on('close', stop);
  request.resume();
  while (!ended.signal.aborted && !request.destroyed) {
    const now = clock.monotonic();
    if (now - startedAt > limits.totalMs || now - lastByteAt > limits.idleMs) break;
    await clock.sleep(DISCARD_CHECK_MS, ended.signal).catch(() => undefined); // ended early: that is what it waits for
  }
  request.pause();
}
