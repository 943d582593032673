import { createHash } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../platform/clock.ts';
import { sha256Hex } from '../platform/digest.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import type { Random } from '../platform/random.ts';
import { systemRandom } from '../platform/random.ts';
import { backoffMs } from '../platform/retry.ts';
import type { Archive, ArchiveObject, PresignedPut, PresignRequest } from './archive.ts';
import { checkListPrefix, checkObjectKey } from './object-path.ts';
import { readRefusal, refusalError } from './s3-errors.ts';
import { type HttpAnswer, HttpClient, type HttpLimits } from './s3-http.ts';
import { parseListXml } from './s3-xml.ts';
import { amzDate, encodePath, encodeQuery, presignQuery, type QueryParameter, signRequest } from './sigv4.ts';

export interface S3Settings {
  /** `https://gateway.storjshare.io`; an origin without path. */
  readonly endpoint: string;
  readonly region?: string;
  readonly bucket: string;
  /** Where the bucket's name goes: into the path (default) or before the host. */
  readonly addressing?: 'path' | 'virtual-host';
  readonly accessKey: string;
  readonly secretKey: string;
  /** Goes with temporary keys (STS). */
  readonly sessionToken?: string | undefined;
}

/** What requests are signed with. Never log it. */
export type S3Keys = Pick<S3Settings, 'accessKey' | 'secretKey' | 'sessionToken'>;

export interface S3Parts {
  readonly clock: Clock;
  readonly random?: Random;
  readonly limits?: Partial<S3Limits>;
  /** Name resolution; the host's by default. */
  readonly lookup?: LookupFunction;
}

export interface S3Limits extends HttpLimits {
  /** The first attempt counts. Few: whoever calls owns the long patience, this only rides out a hiccup. */
  readonly attemptsMax: number;
  readonly backoffBaseMs: number;
  /** Also the longest `Retry-After` that is waited for here; a longer one is handed to the caller in `facts.retryAfterMs`. */
  readonly backoffMaxMs: number;
}

export const S3_LIMITS: S3Limits = {
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  answerBytesMax: 256 * 1024 * 1024,
  socketsMax: 8,
  attemptsMax: 4,
  backoffBaseMs: 250,
  backoffMaxMs: 3_000,
};

export const S3_REGION_DEFAULT = 'eu1';
/** Stores refuse from 15 minutes; a refusal with a Date this far from ours is a matter of clocks. */
const CLOCK_SKEW_MS_SUSPECT = 300_000;
/** Written by `prepare`, a few bytes, once a bucket. */
export const PROBE_KEY = 'nervesys-probe';
const PROBE_BODY = Buffer.from('Nervesys asks with this object whether the store honours If-None-Match.\n');

/**
 * The archive in an S3 bucket: Storj first, any S3 that checks signatures the standard way. Deliberately plain requests: one
 * PUT with `Content-MD5`, the body's real SHA-256 and `If-None-Match: *`; no checksum headers, no chunked signing, no
 * `Content-Encoding` (Storj refuses or breaks on them, and clients would unzip what should stay zipped).
 *
 * A PUT that is repeated after its answer was lost finds its own object and answers `taken`; the caller compares.
 */
export class S3Archive implements Archive {
  readonly description: string;
  readonly #region: string;
  readonly #origin: string;
  readonly #host: string;
  readonly #pathPrefix: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: S3Limits;
  readonly #http: HttpClient;
  /** The store's clock minus ours, learnt from its Date when it found ours too far off. */
  #skewMs = 0;
  /** Whether the store honours `If-None-Match: *`; `undefined` until it has shown it. */
  #conditional: boolean | undefined;
  #preparing: Promise<void> | undefined;

  #keys: S3Keys;

  /** Opens no connection yet. Throws `NSV_SETTING_INVALID` on an unusable endpoint or bucket name. */
  constructor(settings: S3Settings, parts: S3Parts) {
    const base = parseEndpoint(settings.endpoint);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(settings.bucket)) {
      throw new NervesysError('NSV_SETTING_INVALID', `bucket ${JSON.stringify(settings.bucket)} is not a bucket name`);
    }
    const virtualHost = settings.addressing === 'virtual-host';
    this.#keys = keysOf(settings);
    this.#region = settings.region ?? S3_REGION_DEFAULT;
    this.#host = virtualHost ? `${settings.bucket}.${base.host}` : base.host;
    this.#origin = `${base.protocol}//${this.#host}`;
    this.#pathPrefix = virtualHost ? '/' : `/${settings.bucket}/`;
    this.#clock = parts.clock;
    this.#random = parts.random ?? systemRandom;
    this.#limits = { ...S3_LIMITS, ...parts.limits };
    this.#http = new HttpClient(base, this.#host, { clock: parts.clock, limits: this.#limits, lookup: parts.lookup });
    this.description = `s3 ${base.origin}/${settings.bucket}`;
  }

  /** Signs with these from the next request on: keys were rotated. What was presigned with the earlier ones stays as it is. */
  useKeys(keys: S3Keys): void {
    this.#keys = keysOf(keys);
  }

  /** Whether the store honours `If-None-Match: *`; `undefined` until it has shown it (`prepare`, or a first taken name). */
  get guardsNames(): boolean | undefined {
    return this.#conditional;
  }

  /**
   * What the store says to these keys when they write the probe's object again, with the condition (412 where it is honoured) or without
   * it: its HTTP status. Nothing is tried twice and nothing is concluded. Call it after `prepare`, so that the object stands there.
   */
  async tryProbe(conditional: boolean, signal?: AbortSignal): Promise<number> {
    return (await this.#putOnce(PROBE_KEY, PROBE_BODY, conditional, signal)).status;
  }

  async put(
    key: string,
    body: Uint8Array,
    signal?: AbortSignal,
    onLostAnswer?: () => void,
  ): Promise<'created' | 'taken'> {
    checkObjectKey(key);
    const attempt = async () => {
      if (this.#conditional !== false) {
        const answer = await this.#putOnce(key, body, true, signal);
        if (answer.status !== 501) return this.#putOutcome(key, answer);
        // This store (OpenStack Swift) knows no conditional writes: ask first from now on.
        this.#conditional = false;
      }
      // Between this question and the write another writer may take the name and be overwritten. Names are a server's own
      // (`logs/<server>/…`) and a lean agent sends one batch at a time, so the other writer would have to be a twin of this server.
      if ((await this.#headOnce(key, signal)) !== undefined) return 'taken';
      return this.#putOutcome(key, await this.#putOnce(key, body, false, signal));
    };
    return this.#retrying(attempt, signal, onLostAnswer);
  }

  async head(key: string, signal?: AbortSignal): Promise<ArchiveObject | undefined> {
    checkObjectKey(key);
    return this.#retrying(() => this.#headOnce(key, signal), signal);
  }

  async get(
    key: string,
    options: { readonly range?: readonly [start: number, end: number]; readonly signal?: AbortSignal } = {},
  ): Promise<Buffer> {
    checkObjectKey(key);
    const { range, signal } = options;
    // HTTP has no empty range: ask for one byte, for the answer whether the object is there, and drop it.
    const headers = range === undefined ? {} : { range: `bytes=${range[0]}-${Math.max(range[0], range[1] - 1)}` };
    return this.#retrying(async () => {
      const answer = await this.#request({ method: 'GET', key, headers }, signal);
      switch (answer.status) {
        case 200: // whole, also from a store that heeds no Range
          return range === undefined ? answer.body : answer.body.subarray(range[0], Math.max(range[0], range[1]));
        case 206:
          return range === undefined ? answer.body : answer.body.subarray(0, Math.max(0, range[1] - range[0]));
        case 416: // begins past the end
          return Buffer.alloc(0);
        case 404:
          if (readRefusal(answer, this.#clock.now()).code === 'NoSuchBucket') throw this.#refused(`get ${key}`, answer);
          throw new NervesysError('NSV_ARCHIVE_NOT_FOUND', `get ${key}: nothing stands there in ${this.description}`);
        default:
          throw this.#refused(`get ${key}`, answer);
      }
    }, signal);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ArchiveObject> {
    checkListPrefix(prefix);
    let token: string | undefined;
    do {
      const query: QueryParameter[] = [
        ['list-type', '2'],
        ['encoding-type', 'url'],
        ['prefix', prefix],
        ...(token === undefined ? [] : [['continuation-token', token] as const]),
      ];
      const page = await this.#retrying(async () => {
        const answer = await this.#request({ method: 'GET', key: '', query }, signal);
        if (answer.status !== 200) throw this.#refused(`list ${prefix}`, answer);
        const parsed = parseListXml(answer.body.toString('utf8'));
        if (parsed !== undefined && (parsed.nextToken === undefined || parsed.nextToken !== token)) return parsed;
        throw new NervesysError(
          'NSV_ARCHIVE_REJECTED',
          `list ${prefix}: ${this.description} gave an unreadable listing`,
        );
      }, signal);
      for (const { key, bytes, etag } of page.objects) {
        if (!key.endsWith('/')) yield { key, bytes, md5: md5OfEtag(etag) }; // "folders" that consoles create are no objects
      }
      token = page.nextToken;
    } while (token !== undefined);
  }

  presignPut(request: PresignRequest): PresignedPut {
    checkObjectKey(request.key);
    const headers = {
      'content-length': String(request.bytes),
      'content-md5': Buffer.from(request.md5, 'hex').toString('base64'),
      'content-type': 'application/gzip',
      ...(this.#conditional === false ? {} : { 'if-none-match': '*' }),
    };
    const path = encodePath(this.#pathPrefix + request.key);
    const { sessionToken } = this.#keys;
    const token: QueryParameter[] = sessionToken === undefined ? [] : [['X-Amz-Security-Token', sessionToken]];
    const query = presignQuery(
      { method: 'PUT', path, query: token, headers: { ...headers, host: this.#host } },
      this.#credentials(),
      this.#clock.now() + this.#skewMs,
      request.expiresInSeconds,
    );
    return { url: `${this.#origin}${path}?${query}`, headers };
  }

  /**
   * Finds out whether the store honours `If-None-Match: *`, by writing a small object twice: a store may refuse the condition
   * (then `presignPut` leaves it out) or, worse, ignore it in silence. Where the key may not write the probe, nothing is learnt.
   */
  prepare(signal?: AbortSignal): Promise<void> {
    if (this.#conditional !== undefined) return Promise.resolve();
    this.#preparing ??= this.#probe(signal).finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
  }

  async #probe(signal: AbortSignal | undefined): Promise<void> {
    for (let round = 0; round < 2 && this.#conditional === undefined; round++) {
      const answer = await this.#retrying(async () => {
        const answer = await this.#putOnce(PROBE_KEY, PROBE_BODY, true, signal);
        if (answer.status === 403) return answer;
        if (answer.status !== 501) this.#putOutcome(PROBE_KEY, answer);
        return answer;
      }, signal);
      if (answer.status === 403) return;
      if (answer.status === 412) this.#conditional = true;
      if (answer.status === 501) this.#conditional = false;
    }
    this.#conditional ??= false; // twice written: the condition was ignored
  }

  #putOnce(key: string, body: Uint8Array, conditional: boolean, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const headers = {
      'content-length': String(body.byteLength),
      'content-md5': createHash('md5').update(body).digest('base64'),
      'content-type': 'application/gzip',
      ...(conditional ? { 'if-none-match': '*' } : {}),
    };
    return this.#request({ method: 'PUT', key, headers, body }, signal);
  }

  #putOutcome(key: string, answer: HttpAnswer): 'created' | 'taken' {
    if (answer.status === 200 || answer.status === 201 || answer.status === 204) return 'created';
    if (answer.status === 412) {
      this.#conditional = true;
      return 'taken';
    }
    throw this.#refused(`put ${key}`, answer);
  }

  async #headOnce(key: string, signal: AbortSignal | undefined): Promise<ArchiveObject | undefined> {
    const answer = await this.#request({ method: 'HEAD', key }, signal);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.#refused(`head ${key}`, answer);
    return { key, bytes: Number(answer.headers['content-length']), md5: md5OfEtag(answer.headers.etag) };
  }

  /** One signed request; signed once more where the store's Date shows that our clock is off. */
  async #request(request: S3Request, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const signedAt = this.#clock.now() + this.#skewMs; // as this one is signed: another request may learn the skew meanwhile
    const answer = await this.#send(request, signal);
    if (answer.status !== 403 && answer.status !== 400) return answer;
    const serverAt = Date.parse(answer.headers.date ?? '');
    if (Number.isNaN(serverAt) || Math.abs(serverAt - signedAt) < CLOCK_SKEW_MS_SUSPECT) return answer;
    this.#skewMs = serverAt - this.#clock.now();
    return this.#send(request, signal);
  }

  async #send(request: S3Request, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const at = this.#clock.now() + this.#skewMs;
    const path = encodePath(this.#pathPrefix + request.key);
    const query = request.query ?? [];
    const payloadHash = sha256Hex(request.body ?? '');
    const { sessionToken } = this.#keys;
    const headers = {
      ...request.headers,
      'x-amz-content-sha256': payloadHash,
      'x-amz-date': amzDate(at),
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    };
    const authorization = signRequest(
      { method: request.method, path, query, headers: { ...headers, host: this.#host }, payloadHash },
      this.#credentials(),
      at,
    );
    try {
      return await this.#http.send(
        {
          method: request.method,
          path: query.length === 0 ? path : `${path}?${encodeQuery(query)}`,
          headers: { ...headers, authorization },
          body: request.body,
        },
        signal,
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const attempt = `${request.method} ${request.key || 'list'}: ${this.description}`;
      if (error instanceof RangeError) throw new NervesysError('NSV_ARCHIVE_REJECTED', `${attempt}: ${error.message}`);
      throw new NervesysError('NSV_ARCHIVE_UNREACHABLE', `${attempt} did not answer: ${describeError(error)}`, {
        retryable: true,
        facts: { networkCode: errorCode(error) },
      });
    }
  }

  /** Repeats `work` a few times on failures that pass, heeding Retry-After. `onRepeat` is told before it is repeated. */
  async #retrying<T>(work: () => Promise<T>, signal: AbortSignal | undefined, onRepeat?: () => void): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof NervesysError && error.retryable) || attempt >= this.#limits.attemptsMax) throw error;
        if (error.code === 'NSV_ARCHIVE_FULL') throw error;
        const asked = Number(error.facts['retryAfterMs'] ?? 0);
        if (asked > this.#limits.backoffMaxMs) throw error;
        const policy = { baseMs: this.#limits.backoffBaseMs, maxMs: this.#limits.backoffMaxMs };
        onRepeat?.();
        await this.#clock.sleep(Math.max(asked, backoffMs(attempt, policy, this.#random)), signal);
      }
    }
  }

  #refused(attempt: string, answer: HttpAnswer): NervesysError {
    const refusal = readRefusal(answer, this.#clock.now());
    // A store may quote what it was sent; whatever it quotes, no secret is passed on.
    const { secretKey, sessionToken } = this.#keys;
    const message = [secretKey, sessionToken].reduce<string>(
      (text, secret) => (secret === undefined ? text : text.replaceAll(secret, '***')),
      refusal.message,
    );
    return refusalError(`${attempt}: ${this.description}`, { ...refusal, message });
  }

  #credentials() {
    const { accessKey, secretKey } = this.#keys;
    return { accessKey, secretKey, region: this.#region };
  }
}

interface S3Request {
  readonly method: 'PUT' | 'GET' | 'HEAD';
  /** '' for the bucket itself. */
  readonly key: string;
  readonly query?: readonly QueryParameter[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

function keysOf({ accessKey, secretKey, sessionToken }: S3Keys): S3Keys {
  return { accessKey, secretKey, sessionToken };
}

/** @throws NervesysError `NSV_SETTING_INVALID` unless it is scheme, host and port alone. */
export function parseEndpoint(endpoint: string): URL {
  const base = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const usable =
    base !== undefined &&
    (base.protocol === 'https:' || base.protocol === 'http:') &&
    base.pathname === '/' &&
    base.search === '' &&
    base.username === '' &&
    base.password === '';
  if (usable) return base;
  throw new NervesysError(
    'NSV_SETTING_INVALID',
    'the archive endpoint is not an address like https://gateway.example',
    {
      hint: 'Set STORJ_ENDPOINT to scheme, host and port alone; the bucket goes into STORJ_BUCKET.',
    },
  );
}

/** An ETag that is a plain MD5: of a single, unencrypted PUT. A multipart object's ends in `-<parts>`. */
function md5OfEtag(etag: string | undefined): string | undefined {
  return /^"?([0-9a-f]{32})"?$/i.exec(etag?.trim() ?? '')?.[1]?.toLowerCase();
}
