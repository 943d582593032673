import { createHash } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../platform/clock.ts';
import { sha256Hex } from '../platform/digest.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import type { Random } from '../platform/random.ts';
import { systemRandom } from '../platform/random.ts';
import { backoffMs } from '../platform/retry.ts';
import type { Archive, ArchiveObject, PresignedPut, PresignRequest } from './archive.ts';
import { type BucketAddress, BucketPlace } from './bucket-place.ts';
import { checkListPrefix, checkObjectKey, checkReplaceableKey } from './object-path.ts';
import { readRefusal, refusalError } from './s3-errors.ts';
import type { HttpAnswer, HttpLimits } from './s3-http.ts';
import { parseListXml } from './s3-xml.ts';
import { amzDate, encodePath, encodeQuery, presignQuery, type QueryParameter, signRequest } from './sigv4.ts';

export interface S3Settings extends BucketAddress {
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
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: S3Limits;
  readonly #lookup: LookupFunction | undefined;
  #place: BucketPlace;
  #keys: S3Keys;
  #preparing: Promise<void> | undefined;

  /** Opens no connection yet. Throws `NSV_SETTING_INVALID` on an unusable endpoint or bucket name. */
  constructor(settings: S3Settings, parts: S3Parts) {
    this.#keys = keysOf(settings);
    this.#clock = parts.clock;
    this.#random = parts.random ?? systemRandom;
    this.#limits = { ...S3_LIMITS, ...parts.limits };
    this.#lookup = parts.lookup;
    this.#place = this.#placeAt(settings);
  }

  get description(): string {
    return this.#place.description;
  }

  /**
   * Goes to another bucket, or another way to it, with the next request; what is under way ends where it began, and what stands there stays
   * there. `false`: it is there already. Throws as the constructor does, and stays where it is then.
   */
  usePlace(address: BucketAddress): boolean {
    const place = this.#placeAt(address);
    if (place.isAt(this.#place)) return false;
    const before = this.#place;
    this.#place = place;
    this.#preparing = undefined;
    before.http.closeWhenIdle();
    return true;
  }

  /** Signs with these from the next request on: keys were rotated. What was presigned with the earlier ones stays as it is. */
  useKeys(keys: S3Keys): void {
    this.#keys = keysOf(keys);
  }

  /** Whether the store honours `If-None-Match: *`; `undefined` until it has shown it (`prepare`, or a first taken name). */
  get guardsNames(): boolean | undefined {
    return this.#place.conditional;
  }

  /**
   * What the store says to these keys when they write the probe's object again, with the condition (412 where it is honoured) or without
   * it: its HTTP status. Nothing is tried twice and nothing is concluded. Call it after `prepare`, so that the object stands there.
   */
  async tryProbe(conditional: boolean, signal?: AbortSignal): Promise<number> {
    return (await this.#putOnce(this.#place, PROBE_KEY, PROBE_BODY, conditional, signal)).status;
  }

  async put(
    key: string,
    body: Uint8Array,
    signal?: AbortSignal,
    onLostAnswer?: () => void,
  ): Promise<'created' | 'taken'> {
    checkObjectKey(key);
    const attempt = async () => {
      const place = this.#place;
      if (place.conditional !== false) {
        const answer = await this.#putOnce(place, key, body, true, signal);
        if (answer.status !== 501) return this.#putOutcome(place, key, answer);
        // This store (OpenStack Swift) knows no conditional writes: ask first from now on.
        place.conditional = false;
      }
      // Between this question and the write another writer may take the name and be overwritten. Names are a server's own
      // (`logs/<server>/…`) and a lean agent sends one batch at a time, so the other writer would have to be a twin of this server.
      if ((await this.#headOnce(place, key, signal)) !== undefined) return 'taken';
      return this.#putOutcome(place, key, await this.#putOnce(place, key, body, false, signal));
    };
    return this.#retrying(attempt, signal, onLostAnswer);
  }

  async replace(key: string, body: Uint8Array, mediaType: string, signal?: AbortSignal): Promise<void> {
    checkReplaceableKey(key);
    await this.#retrying(async () => {
      const place = this.#place;
      this.#putOutcome(place, key, await this.#putOnce(place, key, body, false, signal, mediaType));
    }, signal);
  }

  async head(key: string, signal?: AbortSignal): Promise<ArchiveObject | undefined> {
    checkObjectKey(key);
    return this.#retrying(() => this.#headOnce(this.#place, key, signal), signal);
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

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkObjectKey(key);
    await this.#retrying(async () => {
      const answer = await this.#request({ method: 'DELETE', key }, signal);
      if (answer.status === 200 || answer.status === 204) return;
      // Nothing stood there; a bucket that is gone is a failure.
      if (answer.status === 404 && readRefusal(answer, this.#clock.now()).code !== 'NoSuchBucket') return;
      throw this.#refused(`delete ${key}`, answer);
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
      ...(this.#place.conditional === false ? {} : { 'if-none-match': '*' }),
      ...this.#place.expiry(request.key),
    };
    const { pathPrefix, host, origin, skewMs } = this.#place;
    const path = encodePath(pathPrefix + request.key);
    const { sessionToken } = this.#keys;
    const token: QueryParameter[] = sessionToken === undefined ? [] : [['X-Amz-Security-Token', sessionToken]];
    const query = presignQuery(
      { method: 'PUT', path, query: token, headers: { ...headers, host } },
      this.#credentials(this.#place),
      this.#clock.now() + skewMs,
      request.expiresInSeconds,
    );
    return { url: `${origin}${path}?${query}`, headers };
  }

  /**
   * Finds out whether the store honours `If-None-Match: *`, by writing a small object twice: a store may refuse the condition
   * (then `presignPut` leaves it out) or, worse, ignore it in silence. Where the key may not write the probe, nothing is learnt.
   */
  prepare(signal?: AbortSignal): Promise<void> {
    if (this.#place.conditional !== undefined) return Promise.resolve();
    if (this.#preparing !== undefined) return this.#preparing;
    const preparing = this.#probe(this.#place, signal).finally(() => {
      if (this.#preparing === preparing) this.#preparing = undefined;
    });
    this.#preparing = preparing;
    return preparing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#place.http.close();
  }

  async #probe(place: BucketPlace, signal: AbortSignal | undefined): Promise<void> {
    for (let round = 0; round < 2 && place.conditional === undefined; round++) {
      const answer = await this.#retrying(async () => {
        const answer = await this.#putOnce(place, PROBE_KEY, PROBE_BODY, true, signal);
        if (answer.status === 403) return answer;
        if (answer.status !== 501) this.#putOutcome(place, PROBE_KEY, answer);
        return answer;
      }, signal);
      if (answer.status === 403) return;
      if (answer.status === 412) place.conditional = true;
      if (answer.status === 501) place.conditional = false;
    }
    place.conditional ??= false; // twice written: the condition was ignored
  }

  #putOnce(
    place: BucketPlace,
    key: string,
    body: Uint8Array,
    conditional: boolean,
    signal: AbortSignal | undefined,
    mediaType = 'application/gzip',
  ): Promise<HttpAnswer> {
    const headers = {
      'content-length': String(body.byteLength),
      'content-md5': createHash('md5').update(body).digest('base64'),
      'content-type': mediaType,
      ...(conditional ? { 'if-none-match': '*' } : {}),
      ...place.expiry(key),
    };
    return this.#request({ method: 'PUT', key, headers, body }, signal, place);
  }

  #putOutcome(place: BucketPlace, key: string, answer: HttpAnswer): 'created' | 'taken' {
    if (answer.status === 200 || answer.status === 201 || answer.status === 204) return 'created';
    if (answer.status === 412) {
      place.conditional = true;
      return 'taken';
    }
    throw this.#refused(`put ${key}`, answer);
  }

  async #headOnce(
    place: BucketPlace,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<ArchiveObject | undefined> {
    const answer = await this.#request({ method: 'HEAD', key }, signal, place);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.#refused(`head ${key}`, answer);
    return { key, bytes: Number(answer.headers['content-length']), md5: md5OfEtag(answer.headers.etag) };
  }

  /** One signed request; signed once more where the store's Date shows that our clock is off. */
  async #request(request: S3Request, signal: AbortSignal | undefined, place = this.#place): Promise<HttpAnswer> {
    const signedAt = this.#clock.now() + place.skewMs; // as this one is signed: another request may learn the skew meanwhile
    const answer = await this.#send(request, signal, place);
    if (answer.status !== 403 && answer.status !== 400) return answer;
    const serverAt = Date.parse(answer.headers.date ?? '');
    if (Number.isNaN(serverAt) || Math.abs(serverAt - signedAt) < CLOCK_SKEW_MS_SUSPECT) return answer;
    place.skewMs = serverAt - this.#clock.now();
    return this.#send(request, signal, place);
  }

  async #send(request: S3Request, signal: AbortSignal | undefined, place: BucketPlace): Promise<HttpAnswer> {
    const at = this.#clock.now() + place.skewMs;
    const path = encodePath(place.pathPrefix + request.key);
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
      { method: request.method, path, query, headers: { ...headers, host: place.host }, payloadHash },
      this.#credentials(place),
      at,
    );
    try {
      return await place.http.send(
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
      const attempt = `${request.method} ${request.key || 'list'}: ${place.description}`;
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

  #placeAt(address: BucketAddress): BucketPlace {
    return new BucketPlace(address, { clock: this.#clock, limits: this.#limits, lookup: this.#lookup });
  }

  #credentials({ region }: BucketPlace) {
    const { accessKey, secretKey } = this.#keys;
    return { accessKey, secretKey, region };
  }
}

interface S3Request {
  readonly method: 'PUT' | 'GET' | 'HEAD' | 'DELETE';
  /** '' for the bucket itself. */
  readonly key: string;
  readonly query?: readonly QueryParameter[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

function keysOf({ accessKey, secretKey, sessionToken }: S3Keys): S3Keys {
  return { accessKey, secretKey, sessionToken };
}

/** An ETag that is a plain MD5: of a single, unencrypted PUT. A multipart object's ends in `-<parts>`. */
function md5OfEtag(etag: string | undefined): string | undefined {
  return /^"?([0-9a-f]{32})"?$/i.exec(etag?.trim() ?? '')?.[1]?.toLowerCase();
}
