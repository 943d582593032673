import http from 'node:http';
import https from 'node:https';
import { later, wallClockMs } from './timers.ts';

/** Where the lean agent is: its URL, and its Unix socket where that is to be used (the URL then gives only the path's base). */
export interface AgentAddress {
  readonly url: URL;
  readonly socketPath: string | undefined;
}

export type DoorAnswer =
  | { readonly type: 'taken'; readonly rejectedLines: readonly number[]; readonly reason: string | undefined }
  /** Nothing was taken, as far as can be told. `afterMs` is the agent's own wish. */
  | { readonly type: 'again'; readonly reason: string; readonly afterMs: number | undefined }
  /** The request as it is will never be taken. */
  | { readonly type: 'refused'; readonly reason: string; readonly tooLarge: boolean };

/** From the first byte sent to the last received. */
const REQUEST_TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 1_048_576;
/** Below the 65 s after which the agent closes idle connections, so that it is we who close. */
const IDLE_MS = 30_000;

/** The lean agent's doors over one kept-alive connection that never keeps the process alive. Never rejects. */
export class AgentDoor {
  readonly #address: AgentAddress;
  readonly #connection: http.Agent;

  constructor(address: AgentAddress) {
    this.#address = address;
    const options = { keepAlive: true, maxSockets: 1, timeout: IDLE_MS };
    this.#connection = address.url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  async postRecords(body: string, idempotencyKey: string, signal: AbortSignal): Promise<DoorAnswer> {
    const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': idempotencyKey };
    return judge(await this.#ask('POST', '/logs', headers, body, signal), 'accepted');
  }

  async putStatus(agentId: string, body: string, signal: AbortSignal): Promise<DoorAnswer> {
    const path = `/agents/${encodeURIComponent(agentId)}/status`;
    return judge(await this.#ask('PUT', path, { 'content-type': 'application/json' }, body, signal), 'agent_id');
  }

  close(): void {
    this.#connection.destroy();
  }

  /** A connection that the agent closed while it was idle says nothing about the agent: such a request goes again, once. */
  async #ask(method: string, path: string, headers: Record<string, string>, body: string, signal: AbortSignal) {
    const first = await this.#attempt(method, path, headers, body, signal);
    return 'stale' in first ? this.#attempt(method, path, headers, body, signal) : first;
  }

  #attempt(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { url, socketPath } = this.#address;
    const bytes = Buffer.from(body);
    return new Promise((resolve) => {
      const cancelTimer = later(REQUEST_TIMEOUT_MS, () =>
        end({ failure: `no answer within ${REQUEST_TIMEOUT_MS} ms` }),
      );
      const giveUp = () => end({ failure: 'not waited for' });
      const end = (outcome: Outcome) => {
        cancelTimer();
        signal.removeEventListener('abort', giveUp);
        resolve(outcome);
        if (!('status' in outcome)) request.destroy();
      };
      let answered = false;
      const request = (url.protocol === 'https:' ? https : http).request(new URL(path, url), {
        method,
        headers: { ...headers, 'content-length': bytes.length },
        agent: this.#connection,
        ...(socketPath === undefined ? {} : { socketPath }),
      });
      signal.addEventListener('abort', giveUp, { once: true });
      request.on('socket', (socket) => socket.unref());
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (answered) return; // the body could not be sent to its end, but the answer is on its way
        const stale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '');
        end(stale && !signal.aborted ? { stale, failure: error.message } : { failure: explain(error) });
      });
      request.on('response', (response) => {
        answered = true;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > ANSWER_BYTES_MAX) end({ failure: 'the answer is too large to be an agent’s' });
          else chunks.push(chunk);
        });
        response.on('end', () => {
          if (!request.writableFinished) request.destroy(); // refused before it was read: this connection is done
          end({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() });
        });
        response.on('aborted', () => end({ failure: 'the connection broke in the middle of the answer' }));
        response.on('error', (error) => end({ failure: explain(error) }));
      });
      if (signal.aborted) giveUp();
      else request.end(bytes);
    });
  }
}

type Outcome =
  | { readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: string }
  | { readonly failure: string; readonly stale?: boolean };

/** Only what the agent says of the body itself is final. A 404 or 403 means that another program answers there, or a door is set wrong. */
function judge(outcome: Outcome, mark: string): DoorAnswer {
  if (!('status' in outcome)) return { type: 'again', reason: outcome.failure, afterMs: undefined };
  const answer = parseObject(outcome.body);
  const { status } = outcome;
  if (status === 200 && answer?.[mark] !== undefined) {
    const rejected = Array.isArray(answer['rejected'])
      ? (answer['rejected'] as { line?: unknown; message?: unknown }[])
      : [];
    const lines = rejected.map(({ line }) => line).filter((line) => typeof line === 'number');
    return {
      type: 'taken',
      rejectedLines: lines,
      reason: rejected.length === 0 ? undefined : String(rejected[0]?.message),
    };
  }
  const code = typeof answer?.['code'] === 'string' ? answer['code'] : undefined;
  const detail = typeof answer?.['detail'] === 'string' ? `: ${answer['detail']}` : '';
  const reason = status === 200 ? 'what answers is not a Nervesys agent' : `status ${status} ${code ?? ''}${detail}`;
  if (code !== undefined && [400, 413, 415, 422].includes(status))
    return { type: 'refused', reason, tooLarge: status === 413 };
  return { type: 'again', reason, afterMs: retryAfterMs(outcome.headers['retry-after']) };
}

/** RFC 9110 §10.2.3: seconds, or an HTTP date. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallClockMs());
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'connection refused: nothing listens there';
  return error.message || error.code || String(error);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // another program's answer
  }
}
