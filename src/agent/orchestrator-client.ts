import type { AlertReport } from '../contract/alert.ts';
import type { BatchAnnouncement, BatchConfirmation, BatchPermission } from '../contract/batch.ts';
import type { EnrolAnswer, EnrolRequest } from '../contract/enrolment.ts';
import type { Heartbeat, HeartbeatsAnswer } from '../contract/heartbeat.ts';
import type { Problem } from '../contract/problem.ts';
import type { Clock } from '../platform/clock.ts';
import { describeError, NervesysError } from '../platform/errors.ts';
import { type HttpConnections, type HttpResponse, httpRequest, openConnections } from '../platform/http-request.ts';
import { retryAfterMs } from '../platform/retry.ts';

const REQUEST_TIMEOUT_MS = 15_000;
/** Heartbeats, alerts and one batch at a time: more connections than this would only wait on each other. */
const CONNECTIONS_MAX = 4;

/** Refusals that the agent acts on keep their own code; of others it is enough to know that there was one. */
const OWN_CODES = /^NSV_(TOKEN_[A-Z]+|AGENT_REVOKED)$/;

export interface OrchestratorClientOptions {
  /** Base URL. */
  readonly url: string;
  /** The server's own key; without it only `enrol` is permitted. */
  readonly key?: string;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/**
 * The agent's side of the orchestrator's API (DESIGN 4.6). Every call rejects with a `NervesysError`: retryable
 * `NSV_ORCHESTRATOR_UNREACHABLE` where nothing answered; `NSV_AGENT_REVOKED`, `NSV_TOKEN_*` where it said so; else
 * `NSV_ORCHESTRATOR_REFUSED` with status, the far code and `retryAfterMs` in `facts`.
 */
export class OrchestratorClient implements AsyncDisposable {
  readonly url: string;
  readonly #options: OrchestratorClientOptions;
  readonly #connections: HttpConnections = openConnections({ connectionsMax: CONNECTIONS_MAX });

  constructor(options: OrchestratorClientOptions) {
    this.url = options.url;
    this.#options = options;
  }

  async enrol(request: EnrolRequest, signal?: AbortSignal): Promise<EnrolAnswer> {
    const answer = await this.#post('/api/v1/enroll', request, signal);
    return checked(answer, 'enrol', (value: Partial<EnrolAnswer>) => isText(value.key) && isText(value.server));
  }

  async sendHeartbeats(heartbeats: readonly Heartbeat[], signal?: AbortSignal): Promise<HeartbeatsAnswer> {
    const answer = await this.#post('/api/v1/heartbeats', { heartbeats }, signal);
    return checked(
      answer,
      'send heartbeats',
      (value: Partial<HeartbeatsAnswer>) => isText(value.now) && Array.isArray(value.rejected),
    );
  }

  async sendAlerts(alerts: readonly AlertReport[], signal?: AbortSignal): Promise<void> {
    await this.#post('/api/v1/alerts', { alerts }, signal);
  }

  async announceBatch(announcement: BatchAnnouncement, signal?: AbortSignal): Promise<BatchPermission> {
    return checkedPermission(await this.#post('/api/v1/batches', announcement, signal), 'announce a batch');
  }

  async confirmBatch(confirmation: BatchConfirmation, signal?: AbortSignal): Promise<BatchPermission> {
    return checkedPermission(await this.#post('/api/v1/batches/confirm', confirmation, signal), 'confirm a batch');
  }

  async close(): Promise<void> {
    this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves with the answer's JSON; `undefined` where it has none. */
  async #post(path: string, body: object, signal: AbortSignal | undefined): Promise<unknown> {
    const { key, clock, timeoutMs = REQUEST_TIMEOUT_MS } = this.#options;
    let answer: HttpResponse;
    try {
      answer = await httpRequest(
        {
          method: 'POST',
          url: new URL(path, this.url),
          headers: {
            'content-type': 'application/json',
            ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          },
          body: JSON.stringify(body),
          timeoutMs,
          signal,
          connections: this.#connections,
        },
        clock,
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', `ask the orchestrator: ${describeError(error)}`, {
        retryable: true,
        cause: error,
        hint: 'is it running, and is its address right? Nothing is lost meanwhile',
      });
    }
    const value = parseJson(answer.body);
    if (answer.status >= 200 && answer.status < 300) return value;
    throw refusal(`POST ${path}`, answer, (value ?? {}) as Partial<Problem>, clock.now());
  }
}

function refusal(what: string, answer: HttpResponse, problem: Partial<Problem>, now: number): NervesysError {
  const code = isText(problem.code) && OWN_CODES.test(problem.code) ? problem.code : 'NSV_ORCHESTRATOR_REFUSED';
  return new NervesysError(code, `${what}: ${problem.detail ?? 'no reason given'} (${answer.status})`, {
    retryable: answer.status === 429 || answer.status >= 500,
    ...(isText(problem.hint) ? { hint: problem.hint } : {}),
    facts: {
      status: answer.status,
      code: problem.code,
      retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
    },
  });
}

/** A good answer of the wrong shape comes from something else at this address (a proxy's page); it may pass. */
function checked<Answer>(answer: unknown, what: string, isAnswer: (value: Partial<Answer>) => boolean): Answer {
  if (typeof answer === 'object' && answer !== null && isAnswer(answer as Partial<Answer>)) return answer as Answer;
  throw new NervesysError('NSV_ORCHESTRATOR_REFUSED', `${what}: the answer is not one of an orchestrator`, {
    retryable: true,
    hint: 'does another program listen at this address?',
  });
}

function checkedPermission(answer: unknown, what: string): BatchPermission {
  type Fields = Partial<Record<'state' | 'key' | 'url', unknown>>;
  return checked<BatchPermission>(answer, what, (value) => {
    const { state, key, url } = value as Fields;
    return isText(key) && (state === 'archived' || (state === 'upload' && isText(url)));
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function parseJson(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // not JSON: whoever needs an answer says so
  }
}
