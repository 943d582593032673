import type { Clock } from '../../platform/clock.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { isNoTls, pemSha256, readShownCertificates, type ShownCertificate } from '../../platform/peer-certificate.ts';

const HANDSHAKE_TIMEOUT_MS = 15_000;

/**
 * The certificate (PEM) that a token's fingerprint names, as the orchestrator shows it; `undefined` where the token names none. It is asked for
 * before anything is sent: every later request, the one with the secret first, trusts this certificate alone, so that whoever answers then
 * must hold its key or one that it signed.
 * @throws NervesysError `NSV_CERTIFICATE_WRONG` and `NSV_ORCHESTRATOR_UNREACHABLE`, both retryable; or the signal's reason.
 */
export async function findPinnedCertificate(
  token: { readonly url: string; readonly fingerprint: string | null },
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (token.fingerprint === null) return undefined;
  const url = new URL(token.url);
  const expected = token.fingerprint.replaceAll(':', '').toLowerCase();
  if (url.protocol !== 'https:')
    throw new NervesysError('NSV_TOKEN_MALFORMED', `the token names a certificate for ${url.origin}, which has none`, {
      hint: 'Create a new token; `public_url` in orchestrator.yaml should begin with https://.',
    });
  let shown: readonly ShownCertificate[];
  try {
    shown = await readShownCertificates(url, clock, { timeoutMs: HANDSHAKE_TIMEOUT_MS, signal });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const found = isNoTls(error) ? 'what answers there speaks no TLS' : describeError(error);
    throw new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', `ask ${url.origin} for its certificate: ${found}`, {
      cause: error,
      retryable: true,
      hint: 'Is it running, and is its address right? Nothing is lost meanwhile.',
    });
  }
  const pinned = shown.find((one) => one.sha256 === expected);
  if (pinned === undefined) throw differs(url, 'named by the token', expected, shown);
  return pinned.pem;
}

/** What to say when a request was not sent because of the certificate: which one was expected, and which stands there now. */
export async function wrongCertificate(
  { url, authority }: { readonly url: string; readonly authority: string | undefined },
  clock: Clock,
  cause: unknown,
  signal: AbortSignal | undefined,
): Promise<NervesysError> {
  const expected = authority === undefined ? undefined : pemSha256(authority);
  const target = new URL(url);
  const shown = await readShownCertificates(target, clock, { timeoutMs: HANDSHAKE_TIMEOUT_MS, signal }).catch(() => []);
  // Shown, and yet refused: the dates, the name or a signature is wrong, and the cause says which.
  if (expected === undefined || shown.length === 0 || shown.some((one) => one.sha256 === expected))
    return new NervesysError('NSV_CERTIFICATE_WRONG', `trust ${target.origin}: ${describeError(cause)}`, {
      cause,
      retryable: true,
      hint: HINT,
    });
  return differs(target, 'this server joined with', expected, shown, cause);
}

function differs(
  url: URL,
  named: string,
  expected: string,
  shown: readonly ShownCertificate[],
  cause?: unknown,
): NervesysError {
  // The last one is the authority, by which a person compares; a stranger's chain may be of any length.
  const found = shown.at(-1)?.sha256 ?? 'none';
  return new NervesysError(
    'NSV_CERTIFICATE_WRONG',
    `the orchestrator's certificate at ${url.origin} is not the one ${named} (expected sha256 ${expected}, found ${found}); nothing was sent`,
    { retryable: true, hint: HINT, ...(cause === undefined ? {} : { cause }) },
  );
}

const HINT =
  'Is this the right address, and does nobody stand in between? If the orchestrator was set up anew, join again with a new token. Records are kept meanwhile.';
