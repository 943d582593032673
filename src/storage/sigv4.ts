import { createHmac } from 'node:crypto';
import { sha256Hex } from '../platform/digest.ts';

/**
 * AWS Signature Version 4 as S3 speaks it, and nothing else: pure functions of request, credentials and instant.
 *
 * The caller builds the request with the same `encodePath` and `encodeQuery` that are signed here, so what goes over the
 * wire and what was signed can't drift apart. S3's dialect encodes the path once (other AWS services do it twice).
 */
export interface SigningCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  /** `s3` except in AWS's published test vectors. */
  readonly service?: string;
}

export interface RequestToSign {
  readonly method: string;
  /** As sent: already encoded by `encodePath`, without the query. */
  readonly path: string;
  /** Names and values before encoding. */
  readonly query?: readonly QueryParameter[];
  /** Every header that is to be signed, `host` among them; names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hex SHA-256 of the body, or `UNSIGNED_PAYLOAD`. */
  readonly payloadHash: string;
}

export type QueryParameter = readonly [name: string, value: string];

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The value of the `Authorization` header. The headers must hold an `x-amz-date` (or `date`) of the same instant `at`, epoch ms. */
export function signRequest(request: RequestToSign, credentials: SigningCredentials, at: number): string {
  const { canonical, signedHeaders } = canonicalRequest(request);
  const scope = credentialScope(credentials, at);
  const signature = sign(canonical, credentials, at);
  return `${ALGORITHM} Credential=${credentials.accessKey}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

/** The query of a presigned URL, encoded, signature last; the request's own parameters come first. */
export function presignQuery(
  request: Omit<RequestToSign, 'payloadHash'>,
  credentials: SigningCredentials,
  at: number,
  expiresInSeconds: number,
): string {
  const query: QueryParameter[] = [
    ...(request.query ?? []),
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${credentials.accessKey}/${credentialScope(credentials, at)}`],
    ['X-Amz-Date', amzDate(at)],
    ['X-Amz-Expires', String(expiresInSeconds)],
    ['X-Amz-SignedHeaders', signedHeaderNames(request.headers).join(';')],
  ];
  const { canonical } = canonicalRequest({ ...request, query, payloadHash: UNSIGNED_PAYLOAD });
  return `${encodeQuery(query)}&X-Amz-Signature=${sign(canonical, credentials, at)}`;
}

/** `20130524T000000Z`. */
export function amzDate(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** A path with every part percent-encoded by SigV4's rule; slashes stay. */
export function encodePath(path: string): string {
  return path.split('/').map(encodePart).join('/');
}

/** A query in the canonical form: encoded, sorted by name, then value, each with `=`. */
export function encodeQuery(query: readonly QueryParameter[]): string {
  return query
    .map(([name, value]) => [encodePart(name), encodePart(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compareText(nameA, nameB) || compareText(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function canonicalRequest(request: RequestToSign): { readonly canonical: string; readonly signedHeaders: string } {
  const headers = new Map(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')]),
  );
  const names = signedHeaderNames(request.headers);
  const signedHeaders = names.join(';');
  const canonical = [
    request.method,
    request.path,
    encodeQuery(request.query ?? []),
    ...names.map((name) => `${name}:${headers.get(name)}`),
    '',
    signedHeaders,
    request.payloadHash,
  ].join('\n');
  return { canonical, signedHeaders };
}

function signedHeaderNames(headers: Readonly<Record<string, string>>): string[] {
  return Object.keys(headers)
    .map((name) => name.toLowerCase())
    .sort();
}

function sign(canonical: string, credentials: SigningCredentials, at: number): string {
  const stringToSign = [ALGORITHM, amzDate(at), credentialScope(credentials, at), sha256Hex(canonical)].join('\n');
  const steps = [amzDate(at).slice(0, 8), credentials.region, credentials.service ?? 's3', 'aws4_request'];
  const key = steps.reduce<Buffer>((secret, step) => hmac(secret, step), Buffer.from(`AWS4${credentials.secretKey}`));
  return hmac(key, stringToSign).toString('hex');
}

function credentialScope(credentials: SigningCredentials, at: number): string {
  return `${amzDate(at).slice(0, 8)}/${credentials.region}/${credentials.service ?? 's3'}/aws4_request`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Everything but `A–Z a–z 0–9 - . _ ~`, as UTF-8, upper-case hex. `encodeURIComponent` leaves five more as they are. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
