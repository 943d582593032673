import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badRequest, DriveRefusal, TokenRefusal } from './drive/answers.ts';
import { parseMetadata, parseMultipart } from './drive/multipart.ts';
import { type Caller, Oauth } from './drive/oauth.ts';
import { selectFields } from './drive/query.ts';
import { DriveStore, type Metadata, type StoredFile } from './drive/store.ts';

/** What goes wrong with a request instead of its right answer; `lost…`, `done-silence`: it was done, and the answer never came. */
export type DriveFault =
  | 'rate'
  | 'user-rate'
  | '429'
  | '500'
  | '503'
  | 'html-502'
  | 'html-200'
  | 'reset'
  | 'lost'
  | 'lost-502'
  | 'silence'
  | 'done-silence'
  | '401'
  | 'quota'
  | 'file-limit'
  | 'denied'
  | 'invalid-grant';

interface Session {
  readonly id: string;
  readonly metadata: Metadata;
  /** Updates this one; undefined: makes one. */
  readonly fileId: string | undefined;
  readonly caller: Caller;
  readonly allDrives: boolean;
  readonly total: number;
  readonly fields: string;
  received: Buffer;
  result: StoredFile | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const CHUNK_UNIT = 256 * 1024;
const MULTIPART_BYTES_MAX = 5 * 1024 * 1024;
const FILE_FIELDS = [
  ...[
    'kind',
    'id',
    'name',
    'mimeType',
    'trashed',
    'explicitlyTrashed',
    'parents',
    'driveId',
    'teamDriveId',
    'appProperties',
  ],
  ...[
    'md5Checksum',
    'size',
    'headRevisionId',
    'createdTime',
    'modifiedTime',
    'webViewLink',
    'capabilities',
    'canAddChildren',
    'canEdit',
  ],
];
const LIST_FIELDS = [...FILE_FIELDS, 'files', 'nextPageToken', 'incompleteSearch'];
const ABOUT_FIELDS = ['user', 'emailAddress', 'storageQuota', 'limit', 'usage', 'kind'];
const DEFAULT_FIELDS = 'kind,id,name,mimeType';
const COMMON = ['alt', 'fields', 'prettyPrint', 'supportsAllDrives'];

/**
 * A strict Drive v3 and Google's token endpoint, written from Google's documentation: it refuses what Google refuses, and hides what Google
 * hides. `failFrom(n, …)` makes the n-th request from then on go wrong.
 */
export class DriveServer implements AsyncDisposable {
  /** The host's clock, moved by so much. */
  skewMs = 0;
  readonly oauth = new Oauth(() => this.now());
  readonly store = new DriveStore(() => this.now());
  /** What was asked, by its name, in order. */
  readonly asked: string[] = [];
  /** Raw requests' lines and headers, for looking for secrets and wrong parameters. */
  readonly urls: string[] = [];
  /** Only so much of a chunk is kept, as a server does whose storage was slow; a multiple of 256 KiB. */
  keepOfChunk = Number.POSITIVE_INFINITY;
  /** A session ends with the n-th of its chunks from now on, with this status. */
  endSession: { readonly status: 404 | 410; after: number } | undefined;
  /** What it stores is not what came, so often. */
  garbles = 0;
  /** What a 503 says of when to come again, in seconds. */
  retryAfter: string | undefined;
  #fault: { readonly kind: DriveFault; readonly lasting: boolean; at: number } | undefined;
  readonly #sessions = new Map<string, Session>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
  }

  static async start(): Promise<DriveServer> {
    const server = new DriveServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  now(): number {
    return Date.now() + this.skewMs;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where `DriveShelf` finds it. */
  get endpoints(): { readonly api: string; readonly token: string } {
    return { api: `${this.url}/`, token: `${this.url}/token` };
  }

  /** The n-th request from now on (1 is the next) goes wrong; all after it too where it lasts. */
  failFrom(n: number, kind: DriveFault, lasting = false): void {
    this.#fault = { kind, lasting, at: this.asked.length + n };
  }

  heal(): void {
    this.#fault = undefined;
  }

  /** Whether the request that was to go wrong has come. */
  get hasFailed(): boolean {
    return this.#fault !== undefined && this.asked.length >= this.#fault.at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const name = nameOf(request.method ?? '', url);
    const number = this.asked.push(name);
    this.urls.push(`${request.method} ${request.url}`);
    const isToken = name === 'token';
    const { at, lasting, kind } = this.#fault ?? { at: Number.POSITIVE_INFINITY, lasting: false };
    const fault = number === at || (lasting && number > at) ? kind : undefined;
    if (fault === 'reset') return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (fault === 'silence') return; // until the client has had enough
    let answer: Answer;
    try {
      if (fault !== undefined && !/^lost|^done/.test(fault))
        answer = refuseBy(fault, isToken, this.retryAfter === undefined ? {} : { 'retry-after': this.retryAfter });
      else answer = this.#answer(name, request, url, Buffer.concat(chunks));
    } catch (error) {
      if (error instanceof DriveRefusal) answer = { status: error.status, headers: error.headers, body: error.body() };
      else if (error instanceof TokenRefusal) answer = { status: error.status, body: error.body() };
      else throw error;
    }
    if (fault === 'done-silence') return;
    if (fault === 'lost') return void request.socket.destroy();
    if (fault === 'lost-502')
      answer = { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>502</html>' };
    const body = bodyOf(answer.body);
    response.writeHead(answer.status, {
      'content-type': 'application/json; charset=UTF-8',
      'content-length': body.length,
      ...answer.headers,
    });
    response.end(body);
  }

  #answer(name: string, request: IncomingMessage, url: URL, body: Buffer): Answer {
    const { headers } = request;
    if (name === 'token') {
      if (!/^application\/x-www-form-urlencoded(;|$)/i.test(headers['content-type'] ?? ''))
        throw new TokenRefusal(400, 'invalid_request', 'Bad content type');
      return { status: 200, body: this.oauth.grant(new URLSearchParams(body.toString())) };
    }
    if (name === 'chunk') return this.#chunk(url, headers, body);
    const caller = this.oauth.callerOf(headers.authorization);
    const query = url.searchParams;
    const allDrives = query.get('supportsAllDrives') === 'true';
    const [, fileId] = /\/files\/([\w-]+)$/.exec(url.pathname) ?? [];
    const fields = query.get('fields') ?? DEFAULT_FIELDS;
    const show = (file: StoredFile): Answer => ({
      status: 200,
      body: selectFields(this.store.view(file, caller), fields, FILE_FIELDS),
    });
    switch (name) {
      case 'generateIds': {
        onlyParameters(query, ['count', 'space', 'type']);
        const count = Number(query.get('count') ?? 10);
        if (!(count >= 1 && count <= 1000)) throw badRequest('invalidParameter', 'Invalid value', 'count');
        return {
          status: 200,
          body: { kind: 'drive#generatedIds', space: 'drive', ids: this.store.generateIds(count) },
        };
      }
      case 'about': {
        if (!query.has('fields'))
          throw badRequest('required', "The 'fields' parameter is required for this method.", 'fields');
        const limit = caller.isServiceAccount ? 0 : this.store.quotaBytes;
        const about = {
          user: { emailAddress: caller.email },
          storageQuota: { limit: String(limit), usage: String(this.store.usedBytes(caller.email)) },
        };
        return { status: 200, body: selectFields(about, fields, ABOUT_FIELDS) };
      }
      case 'get':
        onlyParameters(query, []);
        if (query.get('alt') === 'media')
          return { status: 200, body: this.store.get(fileId!, caller, allDrives).content ?? Buffer.alloc(0) };
        return show(this.store.get(fileId!, caller, allDrives));
      case 'list': {
        onlyParameters(query, [
          'q',
          'corpora',
          'driveId',
          'includeItemsFromAllDrives',
          'orderBy',
          'pageSize',
          'spaces',
          'pageToken',
        ]);
        const found = this.store.list(
          {
            q: query.get('q') ?? '',
            corpora: query.get('corpora') ?? 'user',
            driveId: query.get('driveId') ?? undefined,
            allDrives,
            include: query.get('includeItemsFromAllDrives') === 'true',
            orderBy: query.get('orderBy') ?? '',
          },
          caller,
        );
        const page = found.slice(0, Number(query.get('pageSize') ?? 100)).map((file) => this.store.view(file, caller));
        return { status: 200, body: selectFields({ files: page, incompleteSearch: false }, fields, LIST_FIELDS) };
      }
      case 'create':
        onlyParameters(query, []);
        isJson(headers['content-type']);
        return show(this.store.create(parseMetadata(body), caller, allDrives, undefined));
      case 'update':
        onlyParameters(query, ['addParents', 'removeParents']);
        isJson(headers['content-type']);
        return show(this.store.update(fileId!, parseMetadata(body), caller, allDrives, undefined));
      case 'upload':
      case 'upload-update': {
        onlyParameters(query, ['uploadType']);
        if (query.get('uploadType') !== 'multipart')
          throw badRequest('invalidParameter', 'Invalid uploadType', 'uploadType');
        if (body.length > MULTIPART_BYTES_MAX + 10_000)
          throw new DriveRefusal(413, 'uploadTooLarge', 'Request is too large.');
        const { metadata, mediaType, content } = parseMultipart(headers['content-type'] ?? '', body);
        const whole = { ...metadata, mimeType: metadata.mimeType ?? mediaType };
        const kept = this.#stored(content);
        if (name === 'upload') return show(this.store.create(whole, caller, allDrives, kept));
        return show(this.store.update(fileId!, whole, caller, allDrives, kept));
      }
      case 'session':
      case 'session-update': {
        onlyParameters(query, ['uploadType']);
        isJson(headers['content-type']);
        const metadata = parseMetadata(body);
        const total = Number(headers['x-upload-content-length'] ?? Number.NaN);
        const mimeType = metadata.mimeType ?? String(headers['x-upload-content-type'] ?? 'application/octet-stream');
        if (name === 'session') this.store.checkCreate(metadata, caller, allDrives, total || 0);
        else this.store.checkUpdate(fileId!, metadata, caller, allDrives);
        const id = randomBytes(16).toString('hex');
        this.#sessions.set(id, {
          id,
          metadata: { ...metadata, mimeType },
          fileId,
          caller,
          allDrives,
          total,
          fields,
          received: Buffer.alloc(0),
          result: undefined,
        });
        return {
          status: 200,
          headers: { location: `${this.url}/upload/drive/v3/files?uploadType=resumable&upload_id=${id}` },
        };
      }
      default:
        throw new DriveRefusal(404, 'notFound', 'Not Found');
    }
  }

  #chunk(url: URL, headers: IncomingMessage['headers'], body: Buffer): Answer {
    const session = this.#sessions.get(url.searchParams.get('upload_id') ?? '');
    if (session === undefined) throw new DriveRefusal(404, 'notFound', 'Not Found');
    if (this.endSession !== undefined && --this.endSession.after <= 0) {
      const { status } = this.endSession;
      this.#sessions.delete(session.id);
      this.endSession = undefined;
      throw new DriveRefusal(status, status === 410 ? 'gone' : 'notFound', 'The session has ended.');
    }
    const done = (file: StoredFile): Answer => ({
      status: 200,
      body: selectFields(this.store.view(file, session.caller), session.fields, FILE_FIELDS),
    });
    if (session.result !== undefined) return done(session.result);
    const [, start, end, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
    if (total === undefined || Number(total) !== session.total)
      throw badRequest('badRequest', 'Failed to parse Content-Range header.');
    if (start !== undefined) {
      const [from, to] = [Number(start), Number(end)];
      const isLast = to + 1 === session.total;
      if (body.length !== to - from + 1 || to >= session.total) throw badRequest('badRequest', 'Wrong length');
      if (!isLast && body.length % CHUNK_UNIT !== 0) throw badRequest('badRequest', 'Not a multiple of 262144 bytes');
      if (from !== session.received.length)
        throw badRequest('badRequest', 'Invalid range: not where the last one ended');
      session.received = Buffer.concat([session.received, body.subarray(0, this.keepOfChunk)]);
    } else if (body.length > 0) throw badRequest('badRequest', 'A question has no body');
    const got = session.received.length;
    if (got < session.total) return { status: 308, headers: got === 0 ? {} : { range: `bytes=0-${got - 1}` } };
    const { metadata, fileId, caller, allDrives } = session;
    const kept = this.#stored(session.received);
    session.result =
      fileId === undefined
        ? this.store.create(metadata, caller, allDrives, kept)
        : this.store.update(fileId, metadata, caller, allDrives, kept);
    return done(session.result);
  }

  #stored(content: Buffer): Buffer {
    if (this.garbles-- <= 0) return content;
    return Buffer.concat([content.subarray(1), Buffer.from('?')]);
  }
}

function bodyOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
}

function nameOf(method: string, { pathname, searchParams }: URL): string {
  if (method === 'POST' && pathname === '/token') return 'token';
  const upload = pathname.startsWith('/upload/');
  const path = upload ? pathname.slice('/upload'.length) : pathname;
  const resumable = upload && searchParams.get('uploadType') === 'resumable';
  if (method === 'PUT' && resumable) return 'chunk';
  if (method === 'GET' && path === '/drive/v3/about') return 'about';
  if (method === 'GET' && path === '/drive/v3/files/generateIds') return 'generateIds';
  if (method === 'GET' && path === '/drive/v3/files') return 'list';
  if (method === 'GET' && /^\/drive\/v3\/files\/[\w-]+$/.test(path)) return 'get';
  if (method === 'POST' && path === '/drive/v3/files') return resumable ? 'session' : upload ? 'upload' : 'create';
  if (method === 'PATCH' && /^\/drive\/v3\/files\/[\w-]+$/.test(path))
    return resumable ? 'session-update' : upload ? 'upload-update' : 'update';
  return `unknown ${method} ${pathname}`;
}

function onlyParameters(query: URLSearchParams, allowed: readonly string[]): void {
  for (const name of query.keys())
    if (![...COMMON, ...allowed].includes(name)) throw badRequest('invalidParameter', `Unknown name "${name}"`, name);
}

function isJson(type: string | undefined): void {
  if (!/^application\/json(; ?charset=utf-8)?$/i.test(type ?? ''))
    throw badRequest('badContent', 'Unsupported content type');
}

function refuseBy(fault: DriveFault, isToken: boolean, headers: Readonly<Record<string, string>>): Answer {
  switch (fault) {
    case 'html-502':
      return {
        status: 502,
        headers: { 'content-type': 'text/html; charset=UTF-8' },
        body: '<!DOCTYPE html><title>Error 502</title>',
      };
    case 'html-200':
      return { status: 200, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><title>Welcome</title>' };
    case '500':
      if (isToken) throw new TokenRefusal(500, 'internal_failure', 'Backend error');
      throw new DriveRefusal(500, 'backendError', 'Backend Error');
    case '503':
      if (isToken) throw new TokenRefusal(503, 'temporarily_unavailable', 'Try later');
      throw new DriveRefusal(503, 'backendError', 'The service is currently unavailable.', {
        headers,
      });
    case '429':
      if (isToken) throw new TokenRefusal(429, 'rate_limit_exceeded', 'Too many requests');
      throw new DriveRefusal(429, 'rateLimitExceeded', 'Rate Limit Exceeded');
    default:
      break;
  }
  if (isToken) {
    if (fault === 'rate' || fault === 'user-rate')
      throw new TokenRefusal(403, 'rate_limit_exceeded', 'Rate Limit Exceeded');
    throw new TokenRefusal(400, 'invalid_grant', 'Token has been expired or revoked.');
  }
  switch (fault) {
    case 'rate':
      throw new DriveRefusal(403, 'rateLimitExceeded', 'Rate Limit Exceeded');
    case 'user-rate':
      throw new DriveRefusal(403, 'userRateLimitExceeded', 'User Rate Limit Exceeded');
    case '401':
    case 'invalid-grant':
      throw new DriveRefusal(401, 'authError', 'Invalid Credentials');
    case 'quota':
      throw new DriveRefusal(403, 'storageQuotaExceeded', "The user's Drive storage quota has been exceeded.");
    case 'file-limit':
      throw new DriveRefusal(
        403,
        'teamDriveFileLimitExceeded',
        'The file limit for this shared drive has been exceeded.',
      );
    case 'denied':
      throw new DriveRefusal(
        403,
        'insufficientFilePermissions',
        'The user does not have sufficient permissions for this file.',
      );
    default:
      throw new Error(`fault ${fault} is none of an answer`);
  }
}
