import type { drive_v3 } from '@googleapis/drive';
import { type Clock, withDeadline } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { backoffMs } from '../../platform/retry.ts';
import { type DriveCredential, secretsOf } from './drive-credential.ts';
import { DriveFailure, readFailure } from './drive-failure.ts';

export interface DriveLimits {
  /** Of one request. */
  readonly requestTimeoutMs: number;
  /** How often one `put` may try again in all; the long patience is the caller's. */
  readonly retriesMax: number;
  readonly backoffBaseMs: number;
  /** Also the longest `Retry-After` that is waited for here. */
  readonly backoffMaxMs: number;
  /** Up to here metadata and content go in one request (Google: 5 MB), above in a session. */
  readonly multipartBytesMax: number;
  /** Of a session's requests; a multiple of 256 KiB. */
  readonly chunkBytes: number;
}

export const DRIVE_LIMITS: DriveLimits = {
  requestTimeoutMs: 60_000,
  retriesMax: 6,
  backoffBaseMs: 1_000,
  backoffMaxMs: 32_000,
  multipartBytesMax: 5_000_000,
  chunkBytes: 4 * 1024 * 1024,
};

/** Where Google is asked, for tests; there is no setting of it, since a credential goes there. */
export interface DriveEndpoints {
  readonly api: string;
  readonly token: string;
}

const API = 'https://www.googleapis.com/';
const TOKEN = 'https://oauth2.googleapis.com/token';

/** How often more may be tried within one job. */
export class Patience {
  #left: number;

  constructor(retries: number) {
    this.#left = retries;
  }

  take(): boolean {
    return this.#left-- > 0;
  }
}

/** One job at Drive: a `put` or a `check`. */
export interface DriveJob {
  readonly patience: Patience;
  readonly signal: AbortSignal;
}

/** What each method of the client is given. */
export interface CallOptions {
  readonly signal: AbortSignal;
  readonly rootUrl?: string;
}

export interface DriveResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly data: unknown;
}

type Client = NonNullable<Awaited<ReturnType<typeof makeClient>>>;

/**
 * Google's own client, with one patience over all: its retries, by timers of its own and without regard to quotas, are off. Rejects with
 * `DriveFailure` only, or the signal's reason.
 */
export class DriveConnection {
  readonly limits: DriveLimits;
  readonly #credential: DriveCredential;
  readonly #subject: string | undefined;
  readonly #scope: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #endpoints: DriveEndpoints | undefined;
  readonly #closing: AbortSignal;
  #client: Promise<Client> | undefined;
  #signingIn: Promise<unknown> | undefined;
  #signInDeadline: AbortSignal | undefined;

  constructor(
    settings: { readonly credential: DriveCredential; readonly subject: string | undefined; readonly scope: string },
    parts: {
      readonly clock: Clock;
      readonly random: Random;
      readonly closing: AbortSignal;
      readonly limits?: Partial<DriveLimits> | undefined;
      readonly endpoints?: DriveEndpoints | undefined;
    },
  ) {
    this.#credential = settings.credential;
    this.#subject = settings.subject;
    this.#scope = settings.scope;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#closing = parts.closing;
    this.#endpoints = parts.endpoints;
    this.limits = { ...DRIVE_LIMITS, ...parts.limits };
  }

  /** One call of the API, again while that may help and the job's patience lasts. `onRetry` is told before each further attempt. */
  call<T>(
    job: DriveJob,
    work: (drive: drive_v3.Drive, options: CallOptions) => Promise<{ readonly data: T }>,
  ): Promise<T> {
    const rootUrl = this.#endpoints === undefined ? {} : { rootUrl: this.#endpoints.api };
    return this.#retrying(job, async (client, signal) => (await work(client.drive, { signal, ...rootUrl })).data);
  }

  /** A request that the client has no method for: of a resumable upload. `make` is asked before each attempt. */
  request(
    job: DriveJob,
    make: () => {
      readonly url: string;
      readonly method: 'POST' | 'PATCH' | 'PUT';
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array | string | undefined;
    },
    onRetry: () => void = () => undefined,
  ): Promise<DriveResponse> {
    return this.#retrying(
      job,
      async (client, signal) => {
        const { url, method, headers, body } = make();
        if (!this.#isGoogle(url))
          throw new DriveFailure('Google named an address that is not its own', { status: 400 });
        return (await client.auth.request({
          url,
          method,
          headers: { ...headers },
          ...(body === undefined ? {} : { data: body }),
          signal,
          responseType: 'text',
          validateStatus: (status) => (status >= 200 && status < 300) || status === 308,
        })) as DriveResponse;
      },
      onRetry,
    );
  }

  /** The address of an upload's beginning. */
  uploadUrl(fileId: string | undefined, query: Readonly<Record<string, string>>): string {
    const url = new URL(
      `upload/drive/v3/files${fileId === undefined ? '' : `/${fileId}`}`,
      this.#endpoints?.api ?? API,
    );
    url.search = new URLSearchParams(query).toString();
    return url.href;
  }

  async #retrying<T>(
    job: DriveJob,
    work: (client: Client, signal: AbortSignal) => Promise<T>,
    onRetry: () => void = () => undefined,
  ): Promise<T> {
    const { signal, patience } = job;
    this.#client ??= makeClient(
      this.#credential,
      this.#subject,
      this.#scope,
      this.#endpoints?.token,
      () => this.#signInDeadline,
    );
    const client = await this.#client;
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      let failure: DriveFailure;
      try {
        await this.#signIn(client, signal);
        return await withDeadline(this.#clock, this.limits.requestTimeoutMs, signal, (deadline) =>
          work(client, deadline),
        );
      } catch (error) {
        signal.throwIfAborted();
        failure = readFailure(error, secretsOf(this.#credential), this.#clock.now());
      }
      if (failure.status === 401 && !failure.isSignIn && !renewed) {
        renewed = true; // the token was withdrawn before its time
        client.auth.setCredentials({ ...client.auth.credentials, expiry_date: 1 });
        onRetry();
        continue;
      }
      const { backoffBaseMs: baseMs, backoffMaxMs: maxMs } = this.limits;
      const asked = failure.retryAfterMs ?? 0;
      if (!failure.passes || asked > maxMs || !patience.take()) throw failure;
      await this.#clock.sleep(Math.max(asked, backoffMs(attempt, { baseMs, maxMs }, this.#random)), signal);
      onRetry();
    }
  }

  /** A token that holds a while; one request for all who wait for it. */
  async #signIn(client: Client, signal: AbortSignal): Promise<void> {
    this.#signingIn ??= withDeadline(this.#clock, this.limits.requestTimeoutMs, this.#closing, (deadline) => {
      this.#signInDeadline = deadline;
      return client.auth.getAccessToken().catch((error: unknown) => {
        if (deadline.aborted || (error instanceof Error && 'config' in error)) throw error;
        throw new DriveFailure('what was answered is no token', { status: 502 });
      });
    }).finally(() => {
      this.#signingIn = undefined;
    });
    await orAborted(this.#signingIn, signal);
  }

  #isGoogle(address: string): boolean {
    const url = new URL(address);
    if (this.#endpoints !== undefined) return url.origin === new URL(this.#endpoints.api).origin;
    return url.protocol === 'https:' && /(^|\.)googleapis\.com$/.test(url.hostname);
  }
}

async function makeClient(
  credential: DriveCredential,
  subject: string | undefined,
  scope: string,
  tokenUrl: string | undefined,
  signInDeadline: () => AbortSignal | undefined,
) {
  const google = await import('@googleapis/drive'); // 2 MB: loaded where somebody has such a shelf, and only then
  const quiet = { useAuthRequestParameters: false }; // else the library may log requests, with their tokens
  const auth =
    credential.type === 'service_account'
      ? new google.auth.JWT({
          email: credential.email,
          key: credential.privateKey,
          scopes: [scope],
          ...quiet,
          ...(credential.keyId === undefined ? {} : { keyId: credential.keyId }),
          ...(subject === undefined ? {} : { subject }),
        })
      : new google.auth.OAuth2({ clientId: credential.clientId, clientSecret: credential.clientSecret, ...quiet });
  if (credential.type === 'authorized_user') auth.setCredentials({ refresh_token: credential.refreshToken });
  auth.transporter.interceptors.request.add({
    resolved: async (config) => {
      config.retry = false;
      config.retryConfig = { retry: 0 };
      if (config.url.href === TOKEN) {
        const deadline = signInDeadline();
        if (deadline !== undefined) config.signal = deadline;
        if (tokenUrl !== undefined) config.url = new URL(tokenUrl);
      }
      return config;
    },
  });
  const drive = google.drive({ version: 'v3', auth });
  return { auth, drive };
}

/** The promise's outcome, unless the signal is first; what it waits for goes on for the others. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
