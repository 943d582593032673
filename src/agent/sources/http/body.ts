import type { IncomingMessage } from 'node:http';
import { NervesysError } from '../../../platform/errors.ts';
import { gunzip } from '../../../platform/gzip.ts';
import { formatSize } from '../../../platform/quantity.ts';

/** Two inflations keep two cores busy; more at once would only hold more half-inflated bodies in memory. */
const INFLATIONS_MAX = 2;

/** The client went away before its request was complete: nobody is left to be answered. */
export class ClientGone extends Error {}

/**
 * What all requests together may hold in memory. A body counts as it arrives and until its request is answered; past the
 * bound requests are refused with 429 rather than the agent growing.
 */
export class BodyBudget {
  readonly #bytesMax: number;
  #bytes = 0;
  #inflating = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws NervesysError `NSV_TOO_BUSY` */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax)
      throw new NervesysError('NSV_TOO_BUSY', `requests that are being read hold ${formatSize(this.#bytes)} already`, {
        retryable: true,
      });
    this.#bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Runs one inflation when it is its turn. */
  async inflate<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inflating >= INFLATIONS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inflating++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inflating--;
      else next(); // takes over our place
    }
  }
}

/** What one request holds of the budget; given back when it was answered. */
export interface BodyLease {
  readonly budget: BodyBudget;
  bytes: number;
}

export function release(lease: BodyLease): void {
  lease.budget.giveBack(lease.bytes);
  lease.bytes = 0;
}

/** Whether a body follows the request's head. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/**
 * Throws what can be known to be wrong with a body before reading it.
 * @throws NervesysError `NSV_BODY_TOO_LARGE`, `NSV_BODY_ENCODING`
 */
export function checkBodyHead(request: IncomingMessage, bytesMax: number): void {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  isGzip(request);
}

/**
 * The whole body, inflated where it came as gzip. After a rejection the rest of the body may still be on its way; the answer
 * has to see to that (`answers.ts`).
 * @throws NervesysError `NSV_BODY_TOO_LARGE`, `NSV_BODY_ENCODING`, `NSV_TOO_BUSY`; `ClientGone`
 */
export async function readBody(request: IncomingMessage, bytesMax: number, lease: BodyLease): Promise<Buffer> {
  checkBodyHead(request, bytesMax);
  const raw = await collect(request, bytesMax, lease);
  return isGzip(request) ? inflate(raw, bytesMax, lease) : raw;
}

function collect(request: IncomingMessage, bytesMax: number, lease: BodyLease): Promise<Buffer> {
  if (!hasBody(request)) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > bytesMax) throw tooLarge(bytesMax);
        lease.budget.take(chunk.length);
        lease.bytes += chunk.length;
        chunks.push(chunk);
      } catch (error) {
        chunks.length = 0;
        request.pause();
        settle(() => reject(error));
      }
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)));
    const onGone = () => settle(() => reject(new ClientGone('the client closed its connection')));
    const settle = (conclude: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      request.on('error', () => undefined); // a later reset must not become an uncaught error
      conclude();
    };
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

async function inflate(raw: Buffer, bytesMax: number, lease: BodyLease): Promise<Buffer> {
  try {
    const inflated = await lease.budget.inflate(() => gunzip(raw, { maxOutputLength: bytesMax }));
    lease.budget.take(inflated.length);
    lease.bytes += inflated.length;
    return inflated;
  } catch (error) {
    if (error instanceof NervesysError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax, ' when inflated');
    throw new NervesysError('NSV_BODY_ENCODING', `the body is not valid gzip: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function isGzip(request: IncomingMessage): boolean {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'gzip' || encoding === 'x-gzip') return true;
  if (encoding === 'identity' || encoding === '') return false;
  throw new NervesysError('NSV_BODY_ENCODING', `Content-Encoding "${encoding.slice(0, 50)}" is not supported`);
}

function tooLarge(bytesMax: number, how = ''): NervesysError {
  return new NervesysError('NSV_BODY_TOO_LARGE', `the body is larger than ${bytesMax} bytes${how}; nothing was taken`, {
    facts: { bytesMax },
  });
}
