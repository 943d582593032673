import { errorCode } from '../../platform/errors.ts';
import { retryAfterMs } from '../../platform/retry.ts';

const SAID_MAX = 300;
const BUSY_REASONS: ReadonlySet<string> = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'rate_limit_exceeded',
  'backendError',
  'internalError',
]);
const BUSY_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * A request that failed, without what the client library's error carries along: the request with its headers, its body, and whatever Google
 * said back of them.
 */
export class DriveFailure extends Error {
  /** Absent: there was no answer. */
  readonly status: number | undefined;
  /** Google's own word for it (`storageQuotaExceeded`, `invalid_grant`), else ''. */
  readonly reason: string;
  /** Whether the token was refused, rather than the request. */
  readonly isSignIn: boolean;
  readonly networkCode: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    said: string,
    facts: {
      readonly status?: number | undefined;
      readonly reason?: string;
      readonly isSignIn?: boolean;
      readonly networkCode?: string;
      readonly retryAfterMs?: number | undefined;
    },
  ) {
    super(said);
    this.name = 'DriveFailure';
    this.status = facts.status;
    this.reason = facts.reason ?? '';
    this.isSignIn = facts.isSignIn ?? false;
    this.networkCode = facts.networkCode;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** Whether the same request may go well in a while. Permissions and quotas of storage are for people. */
  get passes(): boolean {
    if (this.status === undefined) return true;
    return BUSY_STATUSES.has(this.status) || (this.status === 403 && BUSY_REASONS.has(this.reason));
  }
}

/**
 * What the library threw of a request, as far as it may be told; `secrets` are taken out of what Google said. Throws what is no failure of a
 * request: that is a mistake of a program's, and time doesn't help.
 */
export function readFailure(error: unknown, secrets: readonly string[], now: number): DriveFailure {
  if (error instanceof DriveFailure) return error;
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  if (!timedOut && !(error instanceof Error && 'config' in error)) throw error;
  const { response } = error as { readonly response?: LibraryResponse };
  if (response === undefined) {
    const code = timedOut ? 'ETIMEDOUT' : networkCodeOf(error);
    return new DriveFailure(code, { networkCode: code });
  }
  const { status, headers } = response;
  const after = retryAfterMs(headers?.get?.('retry-after') ?? undefined, now);
  const body = objectOf(response.data);
  if (typeof body?.['error'] === 'string') {
    const description = typeof body['error_description'] === 'string' ? body['error_description'] : '';
    const said = clean(`${body['error']}: ${description}`, secrets);
    return new DriveFailure(said, { status, reason: body['error'], isSignIn: true, retryAfterMs: after });
  }
  const answered = objectOf(body?.['error']);
  const [first] = Array.isArray(answered?.['errors']) ? (answered['errors'] as unknown[]) : [];
  const reason = objectOf(first)?.['reason'];
  const message = answered?.['message'];
  return new DriveFailure(clean(typeof message === 'string' ? message : '', secrets), {
    status,
    reason: typeof reason === 'string' ? reason : '',
    retryAfterMs: after,
  });
}

interface LibraryResponse {
  readonly status: number;
  readonly headers?: { readonly get?: (name: string) => string | null };
  readonly data?: unknown;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === 'string') {
    try {
      return objectOf(JSON.parse(value) as unknown);
    } catch {
      return undefined; // a page of a proxy or balancer
    }
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

/** A code without what the message of the socket has of addresses. */
function networkCodeOf(error: unknown): string {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const code = errorCode(one);
    if (/^[A-Z][A-Z0-9_]+$/.test(code) && code !== 'UNKNOWN') return code;
  }
  return 'ECONNRESET';
}

function clean(text: string, secrets: readonly string[]): string {
  const bounded = secrets.reduce((said, secret) => said.replaceAll(secret, '…'), text.slice(0, SAID_MAX * 10));
  return bounded
    .replace(/ya29\.[\w.-]+/g, '…')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, SAID_MAX);
}
