import { randomUUID } from 'node:crypto';
import type { OnFull } from '../../config/index.ts';
import type { AgentStatus } from '../../contract/heartbeat.ts';
import type { AgentId } from '../../contract/ids.ts';
import type { LogsAnswer } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { type HttpConnections, type HttpResponse, httpRequest } from '../../platform/http-request.ts';
import { retryAfterMs } from '../../platform/retry.ts';
import type { AgentAddress } from '../connection.ts';

/** Records that are sent together; body and key stay the same over all attempts, so that the agent counts them once. */
export interface OutgoingBatch {
  readonly body: string;
  readonly records: number;
  readonly idempotencyKey: string;
}

export function outgoingBatch(lines: readonly string[]): OutgoingBatch {
  return { body: `${lines.join('\n')}\n`, records: lines.length, idempotencyKey: randomUUID() };
}

/** An AI agent's own word about itself, `PUT /agents/<agent_id>/status`. */
export interface OwnStatus {
  readonly status: AgentStatus;
  readonly last_action?: string;
  readonly pid?: number;
  readonly exit_code?: number;
  readonly detail?: string;
}

export type SendOutcome =
  | { readonly type: 'taken'; readonly answer: LogsAnswer }
  /** Nothing was taken, as far as can be told; `afterMs` is the agent's own wish. */
  | { readonly type: 'again'; readonly reason: string; readonly afterMs: number | undefined }
  /** The request as it is will never be taken. */
  | { readonly type: 'refused'; readonly reason: string; readonly tooLarge: boolean };

const REQUEST_TIMEOUT_MS = 15_000;

/** The lean agent's public doors, as any client uses them. Never throws for a failure of the other side. */
export class AgentDoor {
  readonly #locate: () => AgentAddress;
  readonly #connections: HttpConnections;
  readonly #clock: Clock;
  readonly #onFull: OnFull;

  /** `locate` is asked before each attempt: a restarted agent may have another socket. `connections` stay the caller's. */
  constructor(options: {
    locate: () => AgentAddress;
    connections: HttpConnections;
    clock: Clock;
    /** What becomes of the records when the agent's buffer is full; absent: they wait here. */
    onFull?: OnFull | undefined;
  }) {
    this.#onFull = options.onFull ?? 'hold';
    this.#locate = options.locate;
    this.#connections = options.connections;
    this.#clock = options.clock;
  }

  async sendRecords(batch: OutgoingBatch, signal?: AbortSignal): Promise<SendOutcome> {
    const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': batch.idempotencyKey };
    const response = await this.#request('POST', `/logs?on_full=${this.#onFull}`, headers, batch.body, signal);
    if ('reason' in response) return { type: 'again', reason: response.reason, afterMs: undefined };
    const value = parseJson(response.body);
    if (response.status === 200 && typeof value?.['accepted'] === 'number') {
      return { type: 'taken', answer: value as unknown as LogsAnswer };
    }
    return this.#notTaken(response, value);
  }

  async putStatus(agentId: AgentId, status: OwnStatus, signal?: AbortSignal): Promise<SendOutcome> {
    const path = `/agents/${encodeURIComponent(agentId)}/status`;
    const headers = { 'content-type': 'application/json' };
    const response = await this.#request('PUT', path, headers, JSON.stringify(status), signal);
    if ('reason' in response) return { type: 'again', reason: response.reason, afterMs: undefined };
    if (response.status >= 200 && response.status < 300) {
      return { type: 'taken', answer: { accepted: 0, dropped: 0, rejected: [] } };
    }
    return this.#notTaken(response, parseJson(response.body));
  }

  /** Only what the agent says of the body itself is final. A 404 or 401 means that another program answers there for now. */
  #notTaken(response: HttpResponse, value: Readonly<Record<string, unknown>> | undefined): SendOutcome {
    const reason = reasonOf(response, value);
    if ([400, 413, 415, 422].includes(response.status) && value?.['code'] !== undefined) {
      return { type: 'refused', reason, tooLarge: response.status === 413 };
    }
    return { type: 'again', reason, afterMs: retryAfterMs(response.headers['retry-after'], this.#clock.now()) };
  }

  async #request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse | { readonly reason: string }> {
    const { url, socketPath } = this.#locate();
    try {
      return await httpRequest(
        {
          method,
          url: new URL(path, url),
          headers,
          body,
          socketPath,
          signal,
          connections: this.#connections,
          timeoutMs: REQUEST_TIMEOUT_MS,
        },
        this.#clock,
      );
    } catch (error) {
      signal?.throwIfAborted();
      return { reason: error instanceof Error ? error.message : String(error) };
    }
  }
}

function parseJson(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(response: HttpResponse, value: Readonly<Record<string, unknown>> | undefined): string {
  const code = typeof value?.['code'] === 'string' ? ` ${value['code']}` : '';
  const detail = typeof value?.['detail'] === 'string' ? `: ${value['detail']}` : '';
  return response.status === 200 ? 'what answers is not a Nervesys agent' : `status ${response.status}${code}${detail}`;
}
