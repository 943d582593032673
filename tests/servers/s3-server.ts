import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { namedAccessKey, type Refusal, verifySignature } from './s3-signature.ts';
import { type StsOptions, StsSessions } from './sts-sessions.ts';

export interface S3ServerOptions {
  readonly bucket?: string;
  readonly region?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  /** The server's clock, epoch ms. */
  readonly now?: () => number;
  /** What `If-None-Match` meets: Storj honours `*`, Swift refuses with 501, some old servers ignore it in silence. */
  readonly conditionalWrites?: 'honoured' | 'refused' | 'ignored';
  /** Objects a page of a listing; small here, so that every test paginates. */
  readonly pageObjectsMax?: number;
  /** Storj's limit of one write a second to one name: a faster one is answered 503 SlowDown. */
  readonly oneWritePerSecond?: boolean;
  /** A credential that may write and nothing else: HEAD, GET and listing are denied, whether something stands there or not. */
  readonly writeOnly?: boolean;
  /** Temporary keys by AssumeRole, at the same address as with MinIO and radosgw; absent: there is no such service. */
  readonly sts?: StsOptions;
}

export interface RecordedRequest {
  readonly method: string;
  /** Path and query as received. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly bodyBytes: number;
  /** 0 where the connection was dropped or left hanging. */
  readonly status: number;
  /** S3's error code, '' for none. */
  readonly code: string;
}

export interface StoredObject {
  readonly body: Buffer;
  readonly md5: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly storedAt: number;
  /** When it ends by itself, by `x-amz-meta-object-expires`, as at Storj. */
  readonly expiresAt?: number | undefined;
}

/**
 * What the next requests meet. `dropAfter` does the work and loses the answer, `truncate` sends only the beginning of it; `none` lets one
 * pass before the next fault.
 */
export type Fault =
  | { readonly type: 'status'; readonly status: number; readonly code?: string; readonly retryAfter?: string }
  | { readonly type: 'dropBefore' | 'dropAfter' | 'truncate' | 'hang' | 'none' };

/** What Storj has none of; asking for it must not go unnoticed. */
const SUBRESOURCES_REFUSED = ['lifecycle', 'policy', 'acl', 'cors', 'encryption', 'replication', 'website', 'uploads'];

/**
 * An S3 server for tests, in memory, as strict as Storj's gateway: signatures (header and presigned), clock skew, payload
 * hash, Content-MD5 and conditional writes are checked for real, and what Storj refuses is refused. Listings come in an order
 * that is not the keys' own. Faults are put in front of it with `failNext`, `down` and `up`.
 */
export class S3Server implements AsyncDisposable {
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly requests: RecordedRequest[] = [];
  readonly #options: S3ServerOptions;
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #faults: Fault[] = [];
  readonly #sockets = new Set<Socket>();
  /** The temporary keys that were given out. */
  readonly sessions: StsSessions | undefined;
  #writeOnly: boolean;
  #http: http.Server | undefined;
  #port = 0;

  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const server = new S3Server(options);
    await server.up();
    return server;
  }

  private constructor(options: S3ServerOptions) {
    this.#options = options;
    this.#writeOnly = options.writeOnly ?? false;
    this.bucket = options.bucket ?? 'owalai-test';
    this.region = options.region ?? 'eu1';
    this.accessKey = options.accessKey ?? 'jtestaccesskey';
    this.secretKey = options.secretKey ?? 'jtestsecret/with+odd=characters';
    this.#buckets.set(this.bucket, new Map());
    this.sessions = options.sts === undefined ? undefined : new StsSessions(options.sts);
  }

  get port(): number {
    return this.#port;
  }

  /** From now on the credential may read too. */
  grantReading(): void {
    this.#writeOnly = false;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Settings for `openArchive`. */
  get settings() {
    return {
      type: 's3' as const,
      endpoint: this.endpoint,
      region: this.region,
      bucket: this.bucket,
      accessKey: this.accessKey,
      secretKey: this.secretKey,
    };
  }

  /** The settings of whoever keeps its archive here, as `.env` names them. */
  get environment() {
    return {
      STORJ_ACCESS_KEY: this.accessKey,
      STORJ_SECRET_KEY: this.secretKey,
      STORJ_BUCKET: this.bucket,
      STORJ_REGION: this.region,
      STORJ_ENDPOINT: this.endpoint,
    };
  }

  /** What stands in the bucket, by key. */
  get objects(): ReadonlyMap<string, StoredObject> {
    return this.#buckets.get(this.bucket) ?? new Map();
  }

  /** Puts an object past all checks: somebody else's. */
  plant(key: string, body: Uint8Array, overrides: Partial<StoredObject> = {}): void {
    const bytes = Buffer.from(body);
    const object = { body: bytes, md5: md5Of(bytes), contentType: undefined, contentEncoding: undefined, storedAt: 0 };
    this.#buckets.get(this.bucket)!.set(key, { ...object, ...overrides });
  }

  remove(key: string): void {
    this.#buckets.get(this.bucket)!.delete(key);
  }

  dropBucket(): void {
    this.#buckets.delete(this.bucket);
  }

  /** The next `count` requests meet this fault, after those already lined up. */
  failNext(count: number, fault: Fault): void {
    for (let i = 0; i < count; i++) this.#faults.push(fault);
  }

  /** Forgets the faults that were not met yet. */
  heal(): void {
    this.#faults.length = 0;
  }

  /** Refuses connections and cuts those that stand, until `up`. What was stored stays. */
  async down(): Promise<void> {
    const server = this.#http;
    this.#http = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    if (this.#http !== undefined) return;
    const server = http.createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#http = server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const fault = this.#faults.shift();
    const record = (status: number, code: string, bodyBytes: number) => {
      const { method = '', url = '', headers } = request;
      this.requests.push({ method, url, headers, bodyBytes, status, code });
    };
    if (fault?.type === 'dropBefore') {
      record(0, '', 0);
      request.socket.destroy();
      return;
    }
    if (fault?.type === 'hang') {
      record(0, '', 0);
      request.resume();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);

    const answer =
      fault?.type === 'status'
        ? refused({
            status: fault.status,
            code: fault.code ?? 'ServiceUnavailable',
            message: 'Please reduce your request rate.',
          })
        : this.#answer(request, body);
    if (fault?.type === 'dropAfter') {
      record(0, '', body.length);
      request.socket.destroy();
      return;
    }
    if (fault?.type === 'truncate') {
      record(0, '', body.length);
      const head = `HTTP/1.1 ${answer.status} \r\ncontent-length: ${answer.body.length + 1}\r\n`;
      request.socket.end(answer.body.length === 0 ? head : `${head}\r\n${answer.body.toString('latin1', 0, 10)}`);
      return;
    }
    record(answer.status, answer.code, body.length);
    const headers: http.OutgoingHttpHeaders = { ...answer.headers, date: new Date(this.#now()).toUTCString() };
    if (fault?.type === 'status' && fault.retryAfter !== undefined) headers['retry-after'] = fault.retryAfter;
    headers['content-length'] ??= answer.body.length;
    response.writeHead(answer.status, headers);
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  #answer(request: http.IncomingMessage, body: Buffer): Answer {
    const { method = '', url = '/', headers } = request;
    if (method === 'POST' && url === '/' && this.sessions !== undefined) return this.#sts(request, body);
    const session = this.sessions?.find(namedAccessKey({ method, url, headers }));
    const account = session === undefined ? this : { ...session, region: this.region };
    const verdict = verifySignature({ method, url, headers }, account, this.#now());
    if (!verdict.ok) return refused(verdict.refusal);
    const inQuery = new URL(url, this.endpoint).searchParams.get('X-Amz-Security-Token') ?? undefined;
    const token = headers['x-amz-security-token'] ?? inQuery;
    if (session === undefined && token !== undefined)
      return refuse(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
    const refusal = this.#requestRefusal(headers, verdict.payloadHash, body);
    if (refusal !== undefined) return refused(refusal);

    const [path = '/', query = ''] = url.split('?', 2);
    const parameters = new URLSearchParams(query.replaceAll('+', '%2B'));
    const unsupported = SUBRESOURCES_REFUSED.find((name) => parameters.has(name));
    if (unsupported !== undefined) return refuse(501, 'NotImplemented', `${unsupported} is not implemented.`);
    const { bucketName, key } = this.#addressed(headers.host ?? '', path);
    const bucket = this.#buckets.get(bucketName);
    for (const [name, { expiresAt }] of bucket ?? []) if ((expiresAt ?? Infinity) <= this.#now()) bucket?.delete(name);
    if (session !== undefined) {
      const condition = headers['if-none-match'];
      const denial = this.sessions!.denial(session, { token, method, bucketName, key, condition }, this.#now());
      if (denial !== undefined) return refused(denial);
    }
    if (key === '' && method === 'PUT') return this.#makeBucket(bucketName);
    if (bucket === undefined) return refuse(404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (this.#writeOnly && method !== 'PUT') return refuse(403, 'AccessDenied', 'Access Denied');
    if (key === '') {
      if (method === 'HEAD') return ok();
      return method === 'GET' ? this.#list(bucketName, bucket, parameters) : refuse(405, 'MethodNotAllowed', '');
    }
    switch (method) {
      case 'PUT':
        return this.#put(bucket, key, headers, body);
      case 'GET':
      case 'HEAD':
        return read(bucket, key, headers.range);
      case 'DELETE':
        bucket.delete(key);
        return { ...ok(), status: 204 };
      default:
        return refuse(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
    }
  }

  /** The form by POST that STS takes, signed with the bucket's own keys for the service `sts`. */
  #sts({ method = '', url = '', headers }: http.IncomingMessage, body: Buffer): Answer {
    const verdict = verifySignature({ method, url, headers }, this, this.#now(), 'sts');
    if (!verdict.ok) return refused(verdict.refusal);
    const refusal = this.#requestRefusal(headers, verdict.payloadHash, body);
    if (refusal !== undefined) return refused(refusal);
    const { status, code, xml } = this.sessions!.answer(headers['content-type'], body.toString('utf8'), this.#now());
    return { status, code, headers: { 'content-type': 'text/xml' }, body: Buffer.from(xml) };
  }

  #requestRefusal(headers: http.IncomingHttpHeaders, payloadHash: string, body: Buffer): Refusal | undefined {
    const checksum = Object.keys(headers).find((name) => /^x-amz-(sdk-)?checksum|^x-amz-trailer/.test(name));
    if (checksum !== undefined)
      return { status: 400, code: 'InvalidArgument', message: 'Checksum options are not supported' };
    if (payloadHash.startsWith('STREAMING-') || headers['content-encoding']?.includes('aws-chunked')) {
      return { status: 400, code: 'InvalidArgument', message: 'aws-chunked bodies are not supported' };
    }
    if (payloadHash !== 'UNSIGNED-PAYLOAD' && payloadHash !== createHash('sha256').update(body).digest('hex')) {
      return {
        status: 400,
        code: 'XAmzContentSHA256Mismatch',
        message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
      };
    }
    const md5 = headers['content-md5'];
    if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) {
      return {
        status: 400,
        code: 'BadDigest',
        message: 'The Content-MD5 you specified did not match what we received.',
      };
    }
    return undefined;
  }

  #put(bucket: Map<string, StoredObject>, key: string, headers: http.IncomingHttpHeaders, body: Buffer): Answer {
    if (headers['content-length'] === undefined) {
      return refuse(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
    }
    const condition = headers['if-none-match'];
    const honoured = this.#options.conditionalWrites ?? 'honoured';
    if (
      headers['if-match'] !== undefined ||
      (condition !== undefined && (honoured === 'refused' || condition !== '*'))
    ) {
      return refuse(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented.');
    }
    const standing = bucket.get(key);
    if (condition === '*' && honoured === 'honoured' && standing !== undefined) {
      return refuse(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    }
    if (this.#options.oneWritePerSecond && standing !== undefined && this.#now() - standing.storedAt < 1000) {
      return refuse(503, 'SlowDown', 'Please reduce your request rate.');
    }
    const md5 = md5Of(body);
    bucket.set(key, {
      body,
      md5,
      contentType: headers['content-type'],
      contentEncoding: headers['content-encoding'],
      storedAt: this.#now(),
      expiresAt: this.#expiryOf(headers['x-amz-meta-object-expires']),
    });
    return { ...ok(), headers: { etag: `"${md5}"` } };
  }

  /** Hours from now, as we write it. */
  #expiryOf(header: string | string[] | undefined): number | undefined {
    const hours = /^\+(\d+)h$/.exec(String(header ?? ''))?.[1];
    return hours === undefined ? undefined : this.#now() + Number(hours) * 3_600_000;
  }

  #list(name: string, bucket: Map<string, StoredObject>, parameters: URLSearchParams): Answer {
    if (parameters.get('list-type') !== '2') return refuse(501, 'NotImplemented', 'Only ListObjectsV2 here.');
    const prefix = parameters.get('prefix') ?? '';
    const pageMax = Math.min(Number(parameters.get('max-keys') ?? 1000), this.#options.pageObjectsMax ?? 3);
    const start = Number(Buffer.from(parameters.get('continuation-token') ?? '', 'base64').toString() || 0);
    const encodeKey = (key: string) =>
      parameters.get('encoding-type') === 'url' ? encodeURIComponent(key).replaceAll('%20', '+') : escapeXml(key);
    // Storj lists encrypted keys in the order of their encryption: any order but the keys' own.
    const keys = [...bucket.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort((a, b) => (md5Of(Buffer.from(a)) < md5Of(Buffer.from(b)) ? -1 : 1));
    const page = keys.slice(start, start + pageMax);
    const truncated = start + pageMax < keys.length;
    const contents = page.map((key) => {
      const { body, md5 } = bucket.get(key)!;
      return `<Contents><Key>${encodeKey(key)}</Key><LastModified>2025-12-10T00:00:00.000Z</LastModified><ETag>&quot;${md5}&quot;</ETag><Size>${body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
    });
    const token = Buffer.from(String(start + pageMax)).toString('base64');
    const xml = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${escapeXml(name)}</Name><Prefix>${encodeKey(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${pageMax}</MaxKeys>${parameters.get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : ''}<IsTruncated>${truncated}</IsTruncated>${truncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : ''}${contents.join('')}</ListBucketResult>`;
    return { ...ok(), headers: { 'content-type': 'application/xml' }, body: Buffer.from(xml) };
  }

  #makeBucket(name: string): Answer {
    if (this.#buckets.has(name)) return refuse(409, 'BucketAlreadyOwnedByYou', 'The bucket is yours already.');
    this.#buckets.set(name, new Map());
    return ok();
  }

  /** Path-style `/bucket/key`, or virtual-host style `bucket.…`, where the Host begins with a bucket's name. */
  #addressed(host: string, path: string): { readonly bucketName: string; readonly key: string } {
    const name = host.replace(/:\d+$/, '');
    const label = name.split('.')[0]!;
    const virtual = !/^[\d.]+$/.test(name) && name.includes('.') && this.#buckets.has(label);
    const [bucketPart = '', ...rest] = path.slice(1).split('/');
    return virtual
      ? { bucketName: label, key: decodeURIComponent(path.slice(1)) }
      : { bucketName: decodeURIComponent(bucketPart), key: decodeURIComponent(rest.join('/')) };
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer;
}

function ok(): Answer {
  return { status: 200, code: '', headers: {}, body: Buffer.alloc(0) };
}

function refuse(status: number, code: string, message: string): Answer {
  return refused({ status, code, message });
}

function refused({ status, code, message }: Refusal): Answer {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message><RequestId>1</RequestId></Error>`;
  return { status, code, headers: { 'content-type': 'application/xml' }, body: Buffer.from(xml) };
}

function read(bucket: Map<string, StoredObject>, key: string, range: string | undefined): Answer {
  const object = bucket.get(key);
  if (object === undefined) return refuse(404, 'NoSuchKey', 'The specified key does not exist.');
  const headers = {
    etag: `"${object.md5}"`,
    'accept-ranges': 'bytes',
    ...(object.contentType === undefined ? {} : { 'content-type': object.contentType }),
  };
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  if (match === null)
    return { ...ok(), headers: { ...headers, 'content-length': object.body.length }, body: object.body };
  const start = Number(match[1]);
  if (start >= object.body.length) return refuse(416, 'InvalidRange', 'The requested range is not satisfiable');
  const body = object.body.subarray(start, match[2] === '' ? undefined : Number(match[2]) + 1);
  const contentRange = `bytes ${start}-${start + body.length - 1}/${object.body.length}`;
  return { ...ok(), status: 206, headers: { ...headers, 'content-range': contentRange }, body };
}

function md5Of(data: Buffer): string {
  return createHash('md5').update(data).digest('hex');
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
