import type { AlertsRequest } from '../contract/alert.ts';
import type { BatchAnnouncement, BatchConfirmation, BatchPermission } from '../contract/batch.ts';
import type { EnrolAnswer, EnrolRequest } from '../contract/enrolment.ts';
import type { HeartbeatsAnswer, HeartbeatsRequest } from '../contract/heartbeat.ts';
import type { Problem } from '../contract/problem.ts';
import { describeError, NervesysError } from '../platform/errors.ts';
import { type HttpConnections, type HttpResponse, httpRequest, openConnections } from '../platform/http-request.ts';

const REQUEST_TIMEOUT_MS = 20_000;
/** Heartbeats, alerts and one batch at a time: more connections than this would only wait on each other. */
const CONNECTIONS_MAX = 4;

/**
 * The agent's side of the orchestrator's API (DESIGN 4.6). Every call rejects with a `NervesysError`: retryable
 * `NSV_ORCHESTRATOR_UNREACHABLE` where nothing answered or it was busy, else the code that it answered.
 */
export class OrchestratorClient implements AsyncDisposable {
  /** Base URL. */
  readonly url: string;
  readonly #key: string | undefined;
  readonly #connections: HttpConnections = openConnections({ connectionsMax: CONNECTIONS_MAX });

  /** Without a key only `enrol` is permitted. */
  constructor({ url, key }: { readonly url: string; readonly key?: string }) {
    this.url = url;
    this.#key = key;
  }

  enrol(request: EnrolRequest, signal?: AbortSignal): Promise<EnrolAnswer> {
    return this.#post('/api/v1/enroll', request, signal);
  }

  sendHeartbeats(request: HeartbeatsRequest, signal?: AbortSignal): Promise<HeartbeatsAnswer> {
    return this.#post('/api/v1/heartbeats', request, signal);
  }

  async sendAlerts(request: AlertsRequest, signal?: AbortSignal): Promise<void> {
    await this.#post('/api/v1/alerts', request, signal);
  }

  announceBatch(announcement: BatchAnnouncement, signal?: AbortSignal): Promise<BatchPermission> {
    return this.#post('/api/v1/batches', announcement, signal);
  }

  confirmBatch(confirmation: BatchConfirmation, signal?: AbortSignal): Promise<BatchPermission> {
    return this.#post('/api/v1/batches/confirm', confirmation, signal);
  }

  async close(): Promise<void> {
    this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #post<Answer>(path: string, body: object, signal: AbortSignal | undefined): Promise<Answer> {
    let answer: HttpResponse;
    try {
      answer = await httpRequest({
        method: 'POST',
        url: new URL(path, this.url),
        headers: {
          'content-type': 'application/json',
          ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        },
        body: JSON.stringify(body),
        timeoutMs: REQUEST_TIMEOUT_MS,
        signal,
        connections: this.#connections,
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', `ask the orchestrator: ${describeError(error)}`, {
        retryable: true,
        cause: error,
        hint: 'is it running, and is its address right? Nothing is lost meanwhile',
      });
    }
    return readAnswer<Answer>(answer, `POST ${path}`);
  }
}

function readAnswer<Answer>(answer: HttpResponse, what: string): Answer {
  let value: unknown;
  try {
    value = answer.body.length === 0 ? undefined : JSON.parse(answer.body.toString('utf8'));
  } catch {
    value = undefined; // a proxy's page, perhaps; the status speaks for itself
  }
  if (answer.status >= 200 && answer.status < 300) {
    if (typeof value === 'object' && value !== null) return value as Answer;
    throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', `${what}: answered ${answer.status} without JSON`, {
      hint: 'does another program listen at this address?',
    });
  }
  const problem = (typeof value === 'object' && value !== null ? value : {}) as Partial<Problem>;
  const passing = answer.status === 429 || answer.status >= 500;
  const code = typeof problem.code === 'string' && problem.code.startsWith('NSV_') ? problem.code : undefined;
  throw new NervesysError(
    code ?? (passing ? 'NSV_ORCHESTRATOR_UNREACHABLE' : 'NSV_ORCHESTRATOR_REFUSED'),
    `${what}: ${problem.detail ?? `answered ${answer.status}`}`,
    {
      retryable: passing,
      ...(typeof problem.hint === 'string' ? { hint: problem.hint } : {}),
      facts: { status: answer.status, retryAfter: answer.headers['retry-after'] },
    },
  );
}
