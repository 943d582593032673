import type { UpgradeOrder, UpgradeReport } from '../contract/agent-upgrade.ts';
import { BOOT_HEADER, CONTRACT_HEADER, CONTRACT_VERSION, INCARNATION_HEADER } from '../contract/agreement.ts';
import type { AlertReport, AlertsRequest } from '../contract/alert.ts';
import type { BatchAnnouncement, BatchConfirmation, BatchPermission } from '../contract/batch.ts';
import { CORRECTIONS_HEADER, type ConfigDelivery, REVISION_PATTERN } from '../contract/config-delivery.ts';
import type { PlacedAnswer, PlacedBatch, ScopedCredentials } from '../contract/credentials.ts';
import type { EnrolAnswer, EnrolRequest } from '../contract/enrolment.ts';
import type { Heartbeat, HeartbeatsAnswer, HeartbeatsRequest } from '../contract/heartbeat.ts';
import { parseServerName } from '../contract/ids.ts';
import type { CorrectionsAnswer, TemplatesRequest } from '../contract/triage.ts';
import { NERVESYS_VERSION } from '../contract/version.ts';
import type { Clock } from '../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { type HttpConnections, type HttpResponse, httpRequest, openConnections } from '../platform/http-request.ts';
import { isUntrusted } from '../platform/peer-certificate.ts';
import { retryAfterMs } from '../platform/retry.ts';
import type { Incarnation } from './bootstrap/incarnation.ts';
import { wrongCertificate } from './bootstrap/pinned-certificate.ts';
import { readCorrections } from './edge-ai/read-corrections.ts';

export interface OrchestratorClientOptions {
  /** Base URL, `http://127.0.0.1:7700`. */
  readonly url: string;
  /** The server's own key; without one only `enrol` is permitted. */
  readonly key?: string;
  /** The certificate (PEM) by which an `https:` orchestrator is known, or how to ask for it anew; absent: what the system trusts. */
  readonly authority?: string | (() => string | undefined) | undefined;
  /** Which process this is; told with each request. */
  readonly incarnation?: Incarnation | undefined;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS_DEFAULT = 15_000;
/** A program over a slow line. */
const DOWNLOAD_TIMEOUT_MS = 300_000;
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
/** Heartbeats, alerts and one batch at a time: more connections than this would only wait on each other. */
const CONNECTIONS_MAX = 4;
/** As many corrections as there may be, with the longest texts. */
const CORRECTIONS_BYTES_MAX = 16 * 1024 * 1024;
const CORRECTIONS_TAG_PATTERN = /^[0-9a-z]{1,64}$/;
const SAID_LENGTH_MAX = 300;
/** What the orchestrator says of this agent itself keeps its code; everything else is `NSV_ORCHESTRATOR_REFUSED`. */
const PASSED_ON: ReadonlySet<string> = new Set([
  'NSV_AGENT_REVOKED',
  'NSV_AGENT_CLONED',
  'NSV_AGENT_TOO_OLD',
  'NSV_ORCHESTRATOR_TOO_OLD',
  'NSV_KEY_NOT_DUE',
  'NSV_TLS_EXPECTED',
]);

/**
 * The agent's side of the orchestrator's API (DESIGN 4.6), one method a call. All reject with a `NervesysError`:
 * `NSV_ORCHESTRATOR_UNREACHABLE` (retryable) when nothing came back, `NSV_CERTIFICATE_WRONG` (retryable) when nothing was sent, `PASSED_ON` and `NSV_TOKEN_*` as the orchestrator said
 * them, `NSV_ORCHESTRATOR_REFUSED` for everything else, with `status` and the far `code` in its facts, retryable for
 * 408, 429 and 5xx; or with the signal's reason.
 */
export class OrchestratorClient implements AsyncDisposable {
  readonly url: string;
  readonly #authority: () => string | undefined;
  /** Why nothing can be sent until somebody mends it: a certificate that is not to be trusted, or an orchestrator that has gone over to HTTPS. */
  tlsTrouble: NervesysError | undefined;
  readonly #incarnation: Incarnation | undefined;
  #key: string | undefined;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #connections: HttpConnections;
  #correctionsTag: string | undefined;
  #correctionsListener: ((tag: string) => void) | undefined;

  constructor(options: OrchestratorClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
    const { authority } = options;
    this.#authority = typeof authority === 'function' ? authority : () => authority;
    this.#connections = openConnections({ connectionsMax: CONNECTIONS_MAX, authority: this.authority });
    this.#key = options.key;
    this.#incarnation = options.incarnation;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
  }

  get authority(): string | undefined {
    return this.#authority();
  }

  async enrol(request: EnrolRequest, signal?: AbortSignal): Promise<EnrolAnswer> {
    const answer = await this.#post('/api/v1/enroll', request, signal);
    const { key, server } = answer;
    if (typeof key !== 'string' || key === '' || typeof server !== 'string' || parseServerName(server) === undefined)
      throw this.#strange('POST', '/api/v1/enroll', 'an answer without "key" and "server"');
    return answer as unknown as EnrolAnswer;
  }

  /** The successor of the key in use; both open until the new one is first used. */
  async rotateKey(signal?: AbortSignal): Promise<string> {
    const { key } = await this.#post('/api/v1/enroll/rotate', {}, signal);
    if (typeof key !== 'string' || key === '')
      throw this.#strange('POST', '/api/v1/enroll/rotate', 'an answer without "key"');
    return key;
  }

  /** The key of every request from now on. */
  useKey(key: string): void {
    this.#key = key;
  }

  async sendHeartbeats(heartbeats: readonly Heartbeat[], signal?: AbortSignal): Promise<HeartbeatsAnswer> {
    const request: HeartbeatsRequest = { heartbeats };
    const answer = await this.#post('/api/v1/heartbeats', request, signal);
    if (!Array.isArray(answer['rejected']) || typeof answer['now'] !== 'string')
      throw this.#strange('POST', '/api/v1/heartbeats', 'an answer without "rejected" and "now"');
    this.#sawCorrections(answer['triage_corrections']);
    return answer as unknown as HeartbeatsAnswer;
  }

  async sendAlerts(alerts: readonly AlertReport[], signal?: AbortSignal): Promise<void> {
    const request: AlertsRequest = { alerts };
    await this.#post('/api/v1/alerts', request, signal);
  }

  /** Idempotent by the request's id: one that comes again counts once. */
  async sendTemplates(request: TemplatesRequest, signal?: AbortSignal): Promise<void> {
    await this.#post('/api/v1/templates', request, signal);
  }

  /** What people said of templates, all that holds, unless it is what `has` is the tag of: then `undefined`. */
  async fetchCorrections(has: string | undefined, signal?: AbortSignal): Promise<CorrectionsAnswer | undefined> {
    const path = '/api/v1/triage/corrections';
    const answered = await this.#request('GET', path, undefined, signal, {
      responseBytesMax: CORRECTIONS_BYTES_MAX,
      ...(has === undefined ? {} : { headers: { 'if-none-match': `"${has}"` } }),
    });
    if (answered.status === 304) return undefined;
    const value = parseObject(answered.body);
    if (answered.status !== 200) throw this.#refusal('GET', path, answered, value);
    const corrections = readCorrections(value);
    if (corrections === undefined) throw this.#strange('GET', path, 'an answer that holds no corrections');
    return corrections;
  }

  /** Called with the tag of the corrections that hold, whenever an answer tells it; one listener. */
  onCorrectionsTag(listener: ((tag: string) => void) | undefined): void {
    this.#correctionsListener = listener;
  }

  /** Idempotent: the same batch gets the same key again. */
  announceBatch(announcement: BatchAnnouncement, signal?: AbortSignal): Promise<BatchPermission> {
    return this.#permission('/api/v1/batches', announcement, signal);
  }

  /** Tells how the upload went; another permission comes back where the name turned out to be taken. */
  confirmBatch(confirmation: BatchConfirmation, signal?: AbortSignal): Promise<BatchPermission> {
    return this.#permission('/api/v1/batches/confirm', confirmation, signal);
  }

  /** What this agent is to become; null: nothing, for now. An agent that is too old for all else is answered here. */
  async askForUpgrade(signal?: AbortSignal): Promise<UpgradeOrder | null> {
    const { order } = await this.#ask('GET', '/api/v1/agent/upgrade', undefined, signal);
    if (order === null || isUpgradeOrder(order)) return order;
    throw this.#strange('GET', '/api/v1/agent/upgrade', 'an answer that is no order');
  }

  async reportUpgrade(report: UpgradeReport, signal?: AbortSignal): Promise<void> {
    await this.#post('/api/v1/agent/upgrade', report, signal);
  }

  /** The one-file agent; whether it is what was announced, the caller checks. */
  async downloadBundle(bytesMax: number, signal?: AbortSignal): Promise<Buffer> {
    const path = '/api/v1/agent/bundle';
    const answered = await this.#request('GET', path, undefined, signal, {
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
      responseBytesMax: Math.max(bytesMax, RESPONSE_BYTES_MAX),
    });
    if (answered.status !== 200) throw this.#refusal('GET', path, answered, parseObject(answered.body));
    return answered.body;
  }

  /** New credentials for this server's own prefix; secrets are in there. */
  async issueCredentials(signal?: AbortSignal): Promise<ScopedCredentials> {
    const answer = await this.#post('/api/v1/credentials', {}, signal);
    if (!isCredentials(answer))
      throw this.#strange('POST', '/api/v1/credentials', 'an answer that holds no credentials');
    return answer as unknown as ScopedCredentials;
  }

  /** Tells where a batch was put by this server's own choice; what stands there comes back. Idempotent. */
  async placeBatch(placed: PlacedBatch, signal?: AbortSignal): Promise<PlacedAnswer['standing']> {
    const { standing } = await this.#post('/api/v1/batches/placed', placed, signal);
    if (standing === 'ours' || standing === 'other' || standing === 'nothing') return standing;
    throw this.#strange('POST', '/api/v1/batches/placed', 'an answer that does not say what stands there');
  }

  /** What this server is to run, where it is another revision than `has`; held by the orchestrator for up to `waitSeconds`. `undefined`: nothing else. */
  async pollConfig(
    has: string | undefined,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<ConfigDelivery | undefined> {
    // Other corrections than those that it has told of end the wait, too.
    const seen = this.#correctionsTag === undefined ? '' : `&corrections=${encodeURIComponent(this.#correctionsTag)}`;
    const path = `/api/v1/config?wait=${waitSeconds}${seen}`;
    const answered = await this.#request('GET', path, undefined, signal, {
      timeoutMs: waitSeconds * 1_000 + this.#timeoutMs,
      ...(has === undefined ? {} : { headers: { 'if-none-match': `"${has}"` } }),
    });
    this.#sawCorrections(answered.headers[CORRECTIONS_HEADER]);
    if (answered.status === 304) return undefined;
    const value = parseObject(answered.body);
    if (answered.status !== 200) throw this.#refusal('GET', path, answered, value);
    if (
      typeof value?.['format'] === 'number' &&
      typeof value['revision'] === 'string' &&
      REVISION_PATTERN.test(value['revision'])
    )
      return value as unknown as ConfigDelivery;
    throw this.#strange('GET', path, 'an answer that is no configuration');
  }

  /** Closes kept connections. Safe twice; a later call opens new ones. */
  async close(): Promise<void> {
    this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #sawCorrections(tag: unknown): void {
    if (typeof tag !== 'string' || !CORRECTIONS_TAG_PATTERN.test(tag)) return; // an older orchestrator
    this.#correctionsTag = tag;
    this.#correctionsListener?.(tag);
  }

  async #permission(path: string, body: object, signal: AbortSignal | undefined): Promise<BatchPermission> {
    const answer = await this.#post(path, body, signal);
    const { state, key, url, headers } = answer;
    const usable =
      typeof key === 'string' &&
      (state === 'archived' ||
        (state === 'upload' && typeof url === 'string' && typeof headers === 'object' && headers !== null));
    if (!usable) throw this.#strange('POST', path, 'an answer that is no permission');
    return answer as unknown as BatchPermission;
  }

  #post(path: string, body: object, signal: AbortSignal | undefined): Promise<Record<string, unknown>> {
    return this.#ask('POST', path, body, signal);
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, unknown>> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const key = this.#key;
    let response = await this.#request(method, path, text, signal);
    let value = parseObject(response.body);
    // It was on its way with the key before, which went at the first use of this one: a refusal has done nothing, so it goes again.
    if (key !== this.#key && value?.['code'] === 'NSV_AGENT_REVOKED') {
      response = await this.#request(method, path, text, signal);
      value = parseObject(response.body);
    }
    if (response.status < 200 || response.status > 299) {
      const refusal = this.#refusal(method, path, response, value);
      if (refusal.code === 'NSV_TLS_EXPECTED') this.tlsTrouble = refusal;
      throw refusal;
    }
    if (value === undefined && response.status !== 204)
      throw this.#strange(method, path, 'something that is no JSON object');
    return value ?? {};
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
    signal: AbortSignal | undefined,
    {
      headers,
      ...bounds
    }: {
      readonly timeoutMs?: number;
      readonly responseBytesMax?: number;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<HttpResponse> {
    try {
      const response = await httpRequest(
        {
          method,
          url: this.url + path,
          headers: {
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            accept: 'application/json',
            ...headers,
            'user-agent': `nervesys-agent/${NERVESYS_VERSION}`,
            [CONTRACT_HEADER]: String(CONTRACT_VERSION),
            ...incarnationHeaders(this.#incarnation),
            ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
          },
          ...(body === undefined ? {} : { body }),
          timeoutMs: this.#timeoutMs,
          responseBytesMax: RESPONSE_BYTES_MAX,
          ...bounds,
          connections: this.#trustedConnections(),
          signal,
        },
        this.#clock,
      );
      this.tlsTrouble = undefined;
      return response;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (isUntrusted(errorCode(error))) {
        this.tlsTrouble = await wrongCertificate(this, this.#clock, error, signal);
        throw this.tlsTrouble;
      }
      throw new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', `ask the orchestrator: ${describeError(error)}`, {
        cause: error,
        retryable: true,
        hint: 'Is it running, and is its address right? Nothing is lost meanwhile.',
      });
    }
  }

  /** The agent beside its orchestrator knows of a new certificate at once: kept connections and their trust are of the old one. */
  #trustedConnections(): HttpConnections {
    const { authority } = this;
    if (authority !== this.#connections.authority) {
      this.#connections.close();
      this.#connections = openConnections({ connectionsMax: CONNECTIONS_MAX, authority });
    }
    return this.#connections;
  }

  #refusal(
    method: string,
    path: string,
    response: HttpResponse,
    value: Record<string, unknown> | undefined,
  ): NervesysError {
    const { status } = response;
    const farCode = typeof value?.['code'] === 'string' ? value['code'] : undefined;
    const passedOn = farCode !== undefined && (PASSED_ON.has(farCode) || farCode.startsWith('NSV_TOKEN_'));
    const waitMs = retryAfterMs(response.headers['retry-after'], this.#clock.now());
    const said = text(value?.['detail']) ?? text(value?.['title']);
    const hint = text(value?.['hint']);
    return new NervesysError(
      passedOn ? farCode : 'NSV_ORCHESTRATOR_REFUSED',
      `${method} ${this.url}${path}: ${status}${farCode === undefined ? '' : ` ${farCode}`}${said === undefined ? '' : `: ${said}`}`,
      {
        // Another version is one upgrade away, here or there: it is asked again until then.
        retryable: status === 408 || status === 429 || status >= 500 || (farCode?.endsWith('_TOO_OLD') ?? false),
        ...(hint === undefined ? {} : { hint }),
        facts: {
          status,
          ...(farCode === undefined ? {} : { code: farCode }),
          ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
        },
      },
    );
  }

  /** Another program answers there (a proxy's sign-in page, a wrong port): that may pass, and nothing was done. */
  #strange(method: string, path: string, found: string): NervesysError {
    return new NervesysError('NSV_ORCHESTRATOR_REFUSED', `${method} ${this.url}${path}: ${found} came back`, {
      retryable: true,
      hint: 'Check that this address is the orchestrator and that no proxy answers in its place.',
    });
  }
}

function isUpgradeOrder(value: unknown): value is UpgradeOrder {
  const { version, bundle_sha256, bundle_bytes } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof version === 'string' &&
    typeof bundle_sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(bundle_sha256) &&
    Number.isSafeInteger(bundle_bytes)
  );
}

function isCredentials(answer: Record<string, unknown>): boolean {
  const { type, session_token: token, addressing, expires_at: expiresAt, now, prefixes } = answer;
  const expiry = answer['logs_expire_after_seconds'];
  const texts = ['access_key', 'secret_key', 'bucket', 'endpoint', 'region'].map((name) => answer[name]);
  return (
    type === 'scoped' &&
    texts.every((value) => typeof value === 'string' && value !== '') &&
    (token === undefined || typeof token === 'string') &&
    (addressing === 'path' || addressing === 'virtual_host') &&
    // Less than a day is no retention that anybody can have set: what is sent must not vanish by a mistake.
    (expiry === undefined || (typeof expiry === 'number' && expiry >= 86_400)) &&
    Array.isArray(prefixes) &&
    !Number.isNaN(Date.parse(String(expiresAt)) - Date.parse(String(now)))
  );
}

function incarnationHeaders(incarnation: Incarnation | undefined): Record<string, string> {
  if (incarnation === undefined) return {};
  const { id, bootId } = incarnation;
  return { [INCARNATION_HEADER]: id, ...(bootId === null ? {} : { [BOOT_HEADER]: bootId }) };
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // the caller says what came instead
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, SAID_LENGTH_MAX) : undefined;
}
