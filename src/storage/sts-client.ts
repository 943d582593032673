import type { Clock } from '../platform/clock.ts';
import { sha256Hex } from '../platform/digest.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { parseEndpoint } from './bucket-place.ts';
import { readRefusal, refusalError } from './s3-errors.ts';
import { type HttpAnswer, HttpClient } from './s3-http.ts';
import { parseAssumeRoleXml } from './s3-xml.ts';
import { amzDate, encodeQuery, signRequest } from './sigv4.ts';
import type { S3Keys } from './storj-client.ts';

export interface StsSettings {
  /** `https://sts.eu-central-1.amazonaws.com`; MinIO and radosgw answer at the bucket's own endpoint. An origin without path. */
  readonly endpoint: string;
  readonly region: string;
}

export interface AssumeRoleRequest {
  /** Its keys sign the request: what they may do themselves bounds what the session may do. */
  readonly keys: S3Keys;
  /** AWS and radosgw need one; MinIO asks for none and passes over it. */
  readonly roleArn: string | undefined;
  /** Shown in the store's own log. */
  readonly sessionName: string;
  /** JSON; the session may do what both this and the role permit. */
  readonly policy: string;
  readonly seconds: number;
}

/** Temporary keys. Never log them. */
export interface TemporaryKeys extends S3Keys {
  readonly sessionToken: string;
  /** Epoch ms by our clock, where it is near the store's or was found to be off. */
  readonly expiresAt: number;
}

const LIMITS = { connectTimeoutMs: 5_000, idleTimeoutMs: 10_000, answerBytesMax: 64 * 1024, socketsMax: 4 };
/** As with S3: a refusal with a Date this far from ours is a matter of clocks. */
const CLOCK_SKEW_MS_SUSPECT = 300_000;

/**
 * The one call of the Security Token Service that is needed here, `AssumeRole` with an inline session policy, as AWS, MinIO and radosgw offer
 * it: a signed form by POST, answered in XML. No retries: whoever asks comes again.
 */
export class StsClient implements Disposable {
  readonly description: string;
  readonly #settings: StsSettings;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #http: HttpClient;
  #skewMs = 0;

  /** Opens no connection yet. Throws `NSV_SETTING_INVALID` on an unusable endpoint. */
  constructor(settings: StsSettings, clock: Clock) {
    const base = parseEndpoint(settings.endpoint);
    this.#settings = settings;
    this.#host = base.host;
    this.#clock = clock;
    this.#http = new HttpClient(base, base.host, { clock, limits: LIMITS });
    this.description = `sts ${base.origin}`;
  }

  /** Rejects as an archive does: `NSV_ARCHIVE_UNREACHABLE`, `_BUSY`, `_DENIED`, `_REJECTED`, with STS' own code in `facts.s3Code`. */
  async assumeRole(request: AssumeRoleRequest, signal?: AbortSignal): Promise<TemporaryKeys> {
    const form = encodeQuery([
      ['Action', 'AssumeRole'],
      ['Version', '2011-06-15'],
      ['DurationSeconds', String(request.seconds)],
      ['RoleSessionName', request.sessionName],
      ['Policy', request.policy],
      ...(request.roleArn === undefined ? [] : [['RoleArn', request.roleArn] as const]),
    ]);
    const attempt = `assume a role: ${this.description}`;
    const skewMs = this.#skewMs;
    let answer = await this.#post(form, request.keys, attempt, signal);
    if (answer.status !== 200 && this.#learnSkew(answer, skewMs)) {
      answer = await this.#post(form, request.keys, attempt, signal);
    }
    if (answer.status !== 200) throw this.#refused(attempt, answer, request.keys);
    const given = parseAssumeRoleXml(answer.body.toString('utf8'));
    const expiresAt = Date.parse(given?.expiration ?? '');
    if (given === undefined || Number.isNaN(expiresAt)) {
      throw new NervesysError('NSV_ARCHIVE_REJECTED', `${attempt} gave no keys that can be read`, {
        hint: 'Check archive.sts.endpoint in storage.yaml: is that an STS service?',
      });
    }
    const { accessKey, secretKey, sessionToken } = given;
    return { accessKey, secretKey, sessionToken, expiresAt: expiresAt - this.#skewMs };
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  async #post(form: string, keys: S3Keys, attempt: string, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const at = this.#clock.now() + this.#skewMs;
    const payloadHash = sha256Hex(form);
    const headers = {
      'content-length': String(Buffer.byteLength(form)),
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-amz-content-sha256': payloadHash,
      'x-amz-date': amzDate(at),
      ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }),
    };
    const authorization = signRequest(
      { method: 'POST', path: '/', headers: { ...headers, host: this.#host }, payloadHash },
      { accessKey: keys.accessKey, secretKey: keys.secretKey, region: this.#settings.region, service: 'sts' },
      at,
    );
    try {
      return await this.#http.send(
        { method: 'POST', path: '/', headers: { ...headers, authorization }, body: Buffer.from(form) },
        signal,
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new NervesysError('NSV_ARCHIVE_UNREACHABLE', `${attempt} did not answer: ${describeError(error)}`, {
        retryable: true,
        facts: { networkCode: errorCode(error) },
      });
    }
  }

  /** Whether the refusal is a matter of clocks: then the next request is signed by the service's. */
  #learnSkew({ headers }: HttpAnswer, signedWithMs: number): boolean {
    const skewMs = Date.parse(headers.date ?? '') - this.#clock.now();
    if (Number.isNaN(skewMs) || Math.abs(skewMs - signedWithMs) < CLOCK_SKEW_MS_SUSPECT) return false;
    this.#skewMs = skewMs;
    return true;
  }

  /** A service may quote what it was sent; whatever it quotes, the secret isn't passed on. */
  #refused(attempt: string, answer: HttpAnswer, keys: S3Keys): NervesysError {
    const refusal = readRefusal(answer, this.#clock.now());
    return refusalError(attempt, { ...refusal, message: refusal.message.replaceAll(keys.secretKey, '***') });
  }
}
