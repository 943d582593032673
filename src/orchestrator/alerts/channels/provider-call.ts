import { NERVESYS_VERSION } from '../../../contract/version.ts';
import type { Clock } from '../../../platform/clock.ts';
import { errorCode, NervesysError } from '../../../platform/errors.ts';
import { type HttpResponse, httpRequest } from '../../../platform/http-request.ts';
import { retryAfterMs } from '../../../platform/retry.ts';
import { saidSafely } from '../../../platform/safe-text.ts';
import { TELL_TIMEOUT_MS } from './channel.ts';

export interface ProviderCall {
  /** The channel's name, for messages. */
  readonly channel: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: string;
  /** What must be in no error: the provider may say it back. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the provider says of a refusal, and when to come again, where that isn't its whole body and `Retry-After`. */
  readonly explain?: (response: HttpResponse) => Explained;
}

export interface Explained {
  readonly said?: string | undefined;
  readonly hint?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Where the status alone would tell wrongly. */
  readonly code?: ChannelErrorCode | undefined;
}

export type ChannelErrorCode =
  | 'NSV_CHANNEL_UNREACHABLE'
  | 'NSV_CHANNEL_BUSY'
  | 'NSV_CHANNEL_DENIED'
  | 'NSV_CHANNEL_REFUSED';

const RESPONSE_BYTES_MAX = 256 * 1024;
/** A provider that asks for more is asked again all the same: somebody is waiting to be told. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * Posts JSON to a provider, once; resolves with its answer of 2xx. Everything else rejects as `NSV_CHANNEL_*` with what the provider said.
 * Redirects are not followed. No error names more of the address than its host, since the rest may be the secret.
 */
export async function callProvider(call: ProviderCall): Promise<HttpResponse> {
  const { channel, url, clock, signal } = call;
  let response: HttpResponse;
  try {
    response = await httpRequest(
      {
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          accept: 'application/json',
          'user-agent': `Nervesys/${NERVESYS_VERSION}`,
          ...call.headers,
        },
        body: call.body,
        timeoutMs: TELL_TIMEOUT_MS,
        signal,
        responseBytesMax: RESPONSE_BYTES_MAX,
      },
      clock,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(channel, url, error);
  }
  if (response.status >= 200 && response.status < 300) return response;
  throw refusal(call, response);
}

/** The JSON object that was answered, or an empty one. */
export function jsonOf({ body }: HttpResponse): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** For a failure that isn't an answer: nothing of the error itself is kept, for its message may name the whole address. */
export function unreachable(channel: string, url: { readonly host: string }, error: unknown): NervesysError {
  const code = errorCode(error);
  const tooLarge = code === 'ERR_RESPONSE_TOO_LARGE';
  const reason =
    REASONS[code] ??
    (/CERT|SSL|TLS|ALTNAME|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)
      ? `its certificate is not trusted (${code})`
      : code);
  return new NervesysError(
    tooLarge ? 'NSV_CHANNEL_REFUSED' : 'NSV_CHANNEL_UNREACHABLE',
    `tell by channel ${channel}: ${url.host}: ${reason}`,
    {
      retryable: !tooLarge,
      hint: tooLarge ? 'is this the address of the provider?' : 'check the address, and that this machine may reach it',
      facts: { reason: code },
    },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up just now',
  ETIMEDOUT: `no answer within ${TELL_TIMEOUT_MS / 1000} s`,
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ERR_RESPONSE_TOO_LARGE: 'its answer is too large',
};

function refusal({ channel, url, secrets, clock, explain }: ProviderCall, response: HttpResponse): NervesysError {
  const { status, headers } = response;
  const explained = explain?.(response) ?? {};
  const said = saidSafely(explained.said ?? plainOf(response), secrets);
  const code = explained.code ?? codeOf(status);
  const busy = code === 'NSV_CHANNEL_BUSY';
  const asked = explained.retryAfterMs ?? retryAfterMs(headers['retry-after'], clock.now());
  return new NervesysError(
    code,
    `tell by channel ${channel}: ${url.host} answered ${status}${said === '' ? '' : `: ${said}`}`,
    {
      retryable: busy,
      hint: explained.hint ?? hintOf(status, code),
      facts: {
        status,
        ...(busy && asked !== undefined ? { retryAfterMs: Math.min(asked, RETRY_AFTER_MS_MAX) } : {}),
      },
    },
  );
}

function codeOf(status: number): ChannelErrorCode {
  if (status >= 500 || [408, 425, 429].includes(status)) return 'NSV_CHANNEL_BUSY';
  return [401, 403, 404, 410].includes(status) ? 'NSV_CHANNEL_DENIED' : 'NSV_CHANNEL_REFUSED';
}

function hintOf(status: number, code: ChannelErrorCode): string {
  if (code === 'NSV_CHANNEL_BUSY') return 'nothing to do: it is tried again';
  if (status >= 300 && status < 400) return 'redirects are not followed: give the address it leads to';
  return code === 'NSV_CHANNEL_DENIED'
    ? 'check the secret of this channel, and that what it opens is still there'
    : 'see what the provider says; try it with `nervesys alerts test`';
}

/** Pages are told by their status alone. */
function plainOf({ headers, body }: HttpResponse): string {
  return /html/.test(headers['content-type'] ?? '') ? '' : body.toString('utf8');
}
