import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { PROBE_KEY, S3Archive, type S3Keys, StsClient, type TemporaryKeys } from '../../storage/index.ts';
import type { BucketPlace, CredentialIssuer, IssuedKeys, IssueRequest } from './issuer.ts';
import { sessionPolicy } from './session-policy.ts';

export interface StsIssuerOptions {
  readonly place: BucketPlace;
  /** The STS service's address; absent: AWS' own for a bucket there, else the bucket's endpoint (MinIO, radosgw). */
  readonly endpoint?: string | undefined;
  readonly roleArn?: string | undefined;
  /** Gives credentials too where the store's policies can't demand the condition of each put. */
  readonly allowOverwriting?: boolean | undefined;
  /** The orchestrator's own. */
  readonly keys: S3Keys;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** STS gives no shorter session, and nobody a role whose sessions must be shorter than an hour. */
const SECONDS_MIN = 900;
const SECONDS_EVERY_ROLE_PERMITS = 3_600;
/** What AWS, MinIO and radosgw say of a duration that they don't permit. */
const TOO_LONG_CODES: ReadonlySet<unknown> = new Set(['ValidationError', 'InvalidParameterValue', 'InvalidArgument']);
const SESSION_NAME_LENGTH_MAX = 64;

/** Credentials by STS: `AssumeRole` with a policy that leaves the session nothing but puts below the server's prefix. */
export class StsIssuer implements CredentialIssuer, Disposable {
  readonly #options: StsIssuerOptions;
  readonly #sts: StsClient;
  readonly #partition: string;
  #keys: S3Keys;
  /** Whether the store heeds the policy's condition that a put must not overwrite; `undefined` until it was tried. */
  #guarded: boolean | undefined;
  #secondsMax = Number.POSITIVE_INFINITY;

  /** Throws `NSV_SETTING_INVALID` on an unusable endpoint. */
  constructor(options: StsIssuerOptions) {
    const { place, endpoint = stsEndpoint(place), clock } = options;
    this.#options = options;
    this.#keys = options.keys;
    this.#sts = new StsClient({ endpoint, region: place.region }, clock);
    this.#partition = /^arn:([\w-]+):/.exec(options.roleArn ?? '')?.[1] ?? 'aws';
  }

  get description(): string {
    return this.#sts.description;
  }

  /** Asks with these from the next time on: keys were rotated. */
  useKeys(keys: S3Keys): void {
    this.#keys = keys;
  }

  async issue({ server, prefix, seconds }: IssueRequest, signal: AbortSignal): Promise<IssuedKeys> {
    this.#guarded ??= await this.#tryGuard(signal);
    if (!this.#guarded && this.#options.allowOverwriting !== true)
      throw new NervesysError(
        'NSV_CREDENTIALS_UNAVAILABLE',
        `issue scoped credentials: the policies of ${this.description} can't demand If-None-Match, so stolen ones could overwrite what their server has archived`,
        {
          hint: 'Use credentials: presigned in storage.yaml; or turn on versioning or object lock for the bucket and say archive.sts.allow_overwriting: true.',
        },
      );
    const sessionName = `nervesys-${server}`.slice(0, SESSION_NAME_LENGTH_MAX);
    const resource = `${prefix}*`;
    const ask = (askedSeconds: number) =>
      this.#assume({ resource, sessionName, seconds: askedSeconds, guarded: this.#guarded === true }, signal);
    const allowed = Math.min(seconds, this.#secondsMax);
    try {
      return await ask(allowed);
    } catch (error) {
      const mayBeTooLong =
        error instanceof NervesysError && !error.retryable && TOO_LONG_CODES.has(error.facts['s3Code']);
      if (!mayBeTooLong || allowed <= SECONDS_EVERY_ROLE_PERMITS) throw error;
      const keys = await ask(SECONDS_EVERY_ROLE_PERMITS);
      this.#secondsMax = SECONDS_EVERY_ROLE_PERMITS;
      this.#options.logger.warn('the role permits shorter sessions only; credentials last an hour', {
        hint: 'raise its MaxSessionDuration, or set credentials_ttl in storage.yaml to 1h',
        askedSeconds: allowed,
        ...errorFields(error),
      });
      return keys;
    }
  }

  [Symbol.dispose](): void {
    this.#sts[Symbol.dispose]();
  }

  /**
   * Tries it rather than believe it: a store may refuse the condition, pass over it, or take it for one that nothing fulfils. Called after the
   * archive's `prepare`, which has put the probe's object in its place.
   */
  async #tryGuard(signal: AbortSignal): Promise<boolean> {
    const { place, clock, logger } = this.#options;
    const probe = { resource: PROBE_KEY, sessionName: 'nervesys-probe', seconds: SECONDS_MIN };
    let keys: TemporaryKeys;
    try {
      keys = await this.#assume({ ...probe, guarded: true }, signal);
    } catch (error) {
      if (!(error instanceof NervesysError) || error.retryable) throw error;
      await this.#assume({ ...probe, guarded: false }, signal); // where it isn't the condition that is refused, this tells what is
      logger.warn(UNGUARDED, { service: this.description, ...errorFields(error) });
      return false;
    }
    const { endpoint, region, bucket } = place;
    const addressing = place.addressing === 'virtual_host' ? 'virtual-host' : 'path';
    await using archive = new S3Archive({ endpoint, region, bucket, addressing, ...keys }, { clock });
    const [without, withCondition] = [await archive.tryProbe(false, signal), await archive.tryProbe(true, signal)];
    if (without >= 500 || withCondition >= 500)
      throw new NervesysError('NSV_ARCHIVE_BUSY', `try temporary keys: ${archive.description} failed for a moment`, {
        retryable: true,
        facts: { without, withCondition },
      });
    const guarded = without === 403 && withCondition === 412;
    if (!guarded) logger.warn(UNGUARDED, { service: this.description, without, withCondition });
    return guarded;
  }

  #assume(
    session: {
      readonly resource: string;
      readonly sessionName: string;
      readonly seconds: number;
      readonly guarded: boolean;
    },
    signal: AbortSignal,
  ): Promise<TemporaryKeys> {
    const { resource, sessionName, seconds, guarded } = session;
    const { bucket } = this.#options.place;
    const policy = sessionPolicy({ bucket, resource, guarded, partition: this.#partition });
    const { roleArn } = this.#options;
    return this.#sts.assumeRole({ keys: this.#keys, roleArn, sessionName, policy, seconds }, signal);
  }
}

const UNGUARDED =
  "this store's session policies can't forbid overwriting: stolen scoped credentials could replace what their server has archived";

function stsEndpoint({ endpoint, region }: BucketPlace): string {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
  const aws = /\.(amazonaws\.com(?:\.cn)?)$/.exec(host)?.[1];
  return aws === undefined ? endpoint : `https://sts.${region}.${aws}`;
}
