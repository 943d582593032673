import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Signature Version 4 as a server checks it, written from the specification and on purpose without our client's signer: a
 * mistake shared by both would prove nothing. Works on the request as it came over the wire.
 */
export interface WireRequest {
  readonly method: string;
  /** Path and query exactly as received. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Account {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The verified request's payload hash as declared, and whether it was a presigned URL; or why it is refused. */
export type Verdict =
  | { readonly ok: true; readonly payloadHash: string; readonly presigned: boolean }
  | { readonly ok: false; readonly refusal: Refusal };

const SKEW_MS_MAX = 15 * 60_000;
const PRESIGN_SECONDS_MAX = 604_800;

/** The access key that a request names, in its header or its query. */
export function namedAccessKey({ url, headers }: WireRequest): string | undefined {
  const authorization = header({ method: '', url, headers }, 'authorization') ?? '';
  const named = /[ ,]Credential=([^/,]+)\//.exec(authorization)?.[1];
  return named ?? decode(/[?&]X-Amz-Credential=([^&]+)/.exec(url)?.[1] ?? '').split('/')[0];
}

export function verifySignature(request: WireRequest, account: Account, now: number, expectedService = 's3'): Verdict {
  const [rawPath = '/', rawQuery = ''] = splitOnce(request.url, '?');
  const query = rawQuery === '' ? [] : rawQuery.split('&').map((pair) => splitOnce(pair, '=').map(decode));
  const parameter = (name: string) => query.find(([key]) => key === name)?.[1];
  const presigned = parameter('X-Amz-Algorithm') !== undefined;
  const authorization = header(request, 'authorization');

  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  if (presigned) {
    if (parameter('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
      return refuse(400, 'AuthorizationQueryParametersError', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
    }
    credential = parameter('X-Amz-Credential');
    signedHeaders = parameter('X-Amz-SignedHeaders');
    signature = parameter('X-Amz-Signature');
  } else {
    if (authorization === undefined) return refuse(403, 'AccessDenied', 'Access Denied.');
    const match = /^AWS4-HMAC-SHA256 (.*)$/.exec(authorization);
    if (match === null)
      return refuse(400, 'InvalidRequest', 'The authorization mechanism you have provided is not supported.');
    const fields = new Map(match[1]!.split(',').map((field) => splitOnce(field.trim(), '=') as [string, string]));
    credential = fields.get('Credential');
    signedHeaders = fields.get('SignedHeaders');
    signature = fields.get('Signature');
  }
  if (!credential || !signedHeaders || !signature) {
    return refuse(400, 'AuthorizationHeaderMalformed', 'Credential, SignedHeaders and Signature are all needed.');
  }

  const [accessKey, day, region, service, terminator] = credential.split('/');
  if (accessKey !== account.accessKey) {
    return refuse(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  }
  if (region !== account.region) {
    return refuse(
      400,
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${region}' is wrong; expecting '${account.region}'`,
    );
  }
  if (service !== expectedService || terminator !== 'aws4_request') {
    return refuse(400, 'AuthorizationHeaderMalformed', 'The credential scope is malformed.');
  }

  const stamp = presigned ? parameter('X-Amz-Date') : header(request, 'x-amz-date');
  const at = stamp === undefined ? Number.NaN : parseStamp(stamp);
  if (stamp === undefined || Number.isNaN(at)) return refuse(403, 'AccessDenied', 'A valid X-Amz-Date is required.');
  if (stamp.slice(0, 8) !== day) return refuse(400, 'AuthorizationHeaderMalformed', 'Invalid credential date.');
  if (presigned) {
    const seconds = Number(parameter('X-Amz-Expires'));
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > PRESIGN_SECONDS_MAX) {
      return refuse(400, 'AuthorizationQueryParametersError', 'X-Amz-Expires must be between 1 and 604800.');
    }
    if (at - now > SKEW_MS_MAX) return refuse(403, 'AccessDenied', 'Request is not valid yet');
    if (now > at + seconds * 1000) return refuse(403, 'AccessDenied', 'Request has expired');
  } else if (Math.abs(now - at) > SKEW_MS_MAX) {
    return refuse(
      403,
      'RequestTimeTooSkewed',
      "The difference between the request time and the server's time is too large.",
    );
  }

  const names = signedHeaders.split(';');
  const complaint = signedHeadersComplaint(request, names);
  if (complaint !== undefined) return refuse(403, 'AccessDenied', complaint);

  const payloadHash = presigned ? 'UNSIGNED-PAYLOAD' : header(request, 'x-amz-content-sha256');
  if (payloadHash === undefined)
    return refuse(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');

  const canonical = [
    request.method,
    rawPath
      .split('/')
      .map((part) => encode(decode(part)))
      .join('/'),
    query
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => `${encode(name ?? '')}=${encode(value ?? '')}`)
      .sort()
      .join('&'),
    names.map((name) => `${name}:${(header(request, name) ?? '').trim().replace(/ +/g, ' ')}\n`).join(''),
    signedHeaders,
    payloadHash,
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const dayKey = createHmac('sha256', `AWS4${account.secretKey}`).update(day!).digest();
  const regionKey = createHmac('sha256', dayKey).update(region).digest();
  const serviceKey = createHmac('sha256', regionKey).update(expectedService).digest();
  const signingKey = createHmac('sha256', serviceKey).update('aws4_request').digest();
  const expected = createHmac('sha256', signingKey).update(toSign).digest();
  const given = Buffer.from(signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return refuse(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  return { ok: true, payloadHash, presigned };
}

/** Host, each `x-amz-*` and what decides over content must be signed, in order and present. */
function signedHeadersComplaint(request: WireRequest, names: readonly string[]): string | undefined {
  if ([...names].sort().join(';') !== names.join(';')) return 'SignedHeaders must be sorted.';
  if (names.some((name) => name !== name.toLowerCase())) return 'SignedHeaders must be in lower case.';
  const absent = names.find((name) => header(request, name) === undefined);
  if (absent !== undefined) return `There were headers signed which are not present: ${absent}`;
  const needed = ['host', 'content-md5', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  const unsigned = needed.find((name) => header(request, name) !== undefined && !names.includes(name));
  return unsigned === undefined
    ? undefined
    : `There were headers present in the request which were not signed: ${unsigned}`;
}

function refuse(status: number, code: string, message: string): Verdict {
  return { ok: false, refusal: { status, code, message } };
}

function header(request: WireRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

function parseStamp(stamp: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  return match === null
    ? Number.NaN
    : Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`);
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Byte by byte, as the specification puts it. */
function encode(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9\-._~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
