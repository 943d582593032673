import { NervesysError } from '../platform/errors.ts';
import { retryAfterMs } from '../platform/retry.ts';
import type { HttpAnswer } from './s3-http.ts';
import { parseErrorXml } from './s3-xml.ts';

/** What S3 said, shortened; stores put long and strange things into messages. */
const MESSAGE_LENGTH_MAX = 300;

export interface S3Refusal {
  readonly status: number;
  /** S3's own code, `NoSuchKey`; '' where the answer has none (HEAD, proxies). */
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

export function readRefusal(answer: Pick<HttpAnswer, 'status' | 'headers' | 'body'>, now: number): S3Refusal {
  const error = parseErrorXml(answer.body.toString('utf8'));
  return {
    status: answer.status,
    code: error?.code ?? '',
    message: (error?.message ?? '').slice(0, MESSAGE_LENGTH_MAX),
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
  };
}

/** Our error for a refusal. `attempt` says what was attempted on what: `put logs/…: s3 https://…/bucket`. */
export function refusalError(attempt: string, refusal: S3Refusal): NervesysError {
  const said = [refusal.status, refusal.code, refusal.message && `(${refusal.message})`].filter(Boolean).join(' ');
  const facts = {
    status: refusal.status,
    s3Code: refusal.code,
    ...(refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs }),
  };
  if (refusal.code === 'NoSuchBucket') {
    return new NervesysError('NSV_ARCHIVE_NO_BUCKET', `${attempt} has no such bucket: ${said}`, { facts });
  }
  if (QUOTA_CODES.has(refusal.code) || refusal.status === 507) {
    return new NervesysError('NSV_ARCHIVE_FULL', `${attempt} is full: ${said}`, { facts, retryable: true });
  }
  if (refusal.status === 401 || refusal.status === 403 || DENIED_CODES.has(refusal.code)) {
    const hint = DENIED_HINTS[refusal.code];
    const details = hint === undefined ? { facts } : { facts, hint };
    return new NervesysError('NSV_ARCHIVE_DENIED', `${attempt} refused the key or its permission: ${said}`, details);
  }
  if (isPassing(refusal)) {
    return new NervesysError('NSV_ARCHIVE_BUSY', `${attempt} asked to try later: ${said}`, { facts, retryable: true });
  }
  const hint = REJECTED_HINTS[refusal.code] ?? (refusal.status < 400 ? REJECTED_HINTS['PermanentRedirect'] : undefined);
  return new NervesysError(
    'NSV_ARCHIVE_REJECTED',
    `${attempt} refused the request: ${said}`,
    hint === undefined ? { facts } : { facts, hint },
  );
}

/** Whether the same request may succeed soon without anybody changing anything. 501 says it never will. */
export function isPassing(refusal: S3Refusal): boolean {
  return (
    refusal.status === 429 ||
    refusal.status === 408 ||
    (refusal.status >= 500 && refusal.status !== 501) ||
    PASSING_CODES.has(refusal.code)
  );
}

/** Answers below 500 that pass: two writers at one name at once, a body that came too slowly. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
]);
const QUOTA_CODES: ReadonlySet<string> = new Set(['QuotaExceeded', 'StorageFull', 'XMinioStorageFull']);
const DENIED_CODES: ReadonlySet<string> = new Set(['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired']);
const DENIED_HINTS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'Check STORJ_ACCESS_KEY: the archive does not know it.',
  SignatureDoesNotMatch: 'Check STORJ_SECRET_KEY: it does not belong to the access key.',
  RequestTimeTooSkewed: "Set this machine's clock: the archive's is too far from it.",
};
const REJECTED_HINTS: Readonly<Record<string, string>> = {
  AuthorizationHeaderMalformed: 'Check STORJ_REGION: the archive expects another region.',
  PermanentRedirect: 'Check STORJ_ENDPOINT and STORJ_REGION: the bucket is elsewhere.',
  InvalidBucketName: 'Check STORJ_BUCKET.',
};
