import { NervesysError } from '../platform/errors.ts';
import { HttpClient } from './s3-http.ts';

/** Where a bucket is. */
export interface BucketAddress {
  /** `https://gateway.storjshare.io`; an origin without path. */
  readonly endpoint: string;
  readonly region?: string;
  readonly bucket: string;
  /** Where the bucket's name goes: into the path (default) or before the host. */
  readonly addressing?: 'path' | 'virtual-host';
  /** Objects below `logs/` are written with an end so long after; absent: with none. Only some stores heed it (Storj). */
  readonly logsExpireAfterMs?: number | undefined;
}

export const S3_REGION_DEFAULT = 'eu1';

/** A bucket at its store, with the connections to it and what was learnt about it. */
export class BucketPlace {
  readonly description: string;
  readonly region: string;
  readonly origin: string;
  readonly host: string;
  readonly pathPrefix: string;
  readonly http: HttpClient;
  readonly #logsExpireAfterMs: number | undefined;
  /** The store's clock minus ours, learnt from its Date when it found ours too far off. */
  skewMs = 0;
  /** Whether the store honours `If-None-Match: *`; `undefined` until it has shown it. */
  conditional: boolean | undefined;

  /** Opens no connection yet. Throws `NSV_SETTING_INVALID` on an unusable endpoint or bucket name. */
  constructor(address: BucketAddress, parts: ConstructorParameters<typeof HttpClient>[2]) {
    const { endpoint, bucket, addressing, region = S3_REGION_DEFAULT } = address;
    const base = parseEndpoint(endpoint);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(bucket))
      throw new NervesysError('NSV_SETTING_INVALID', `bucket ${JSON.stringify(bucket)} is not a bucket name`);
    const isVirtualHost = addressing === 'virtual-host';
    this.region = region;
    this.#logsExpireAfterMs = address.logsExpireAfterMs;
    this.host = isVirtualHost ? `${bucket}.${base.host}` : base.host;
    this.origin = `${base.protocol}//${this.host}`;
    this.pathPrefix = isVirtualHost ? '/' : `/${bucket}/`;
    this.http = new HttpClient(base, this.host, parts);
    this.description = `s3 ${base.origin}/${bucket}`;
  }

  /** Whether it is the same bucket, reached in the same way, and what is written there ends as early. */
  isAt(other: BucketPlace): boolean {
    return (
      this.origin === other.origin &&
      this.pathPrefix === other.pathPrefix &&
      this.region === other.region &&
      this.#logsExpireAfterMs === other.#logsExpireAfterMs
    );
  }

  /** The headers by which an object ends by itself: in whole hours from its writing on, never early. */
  expiry(key: string): Readonly<Record<string, string>> {
    if (this.#logsExpireAfterMs === undefined || !key.startsWith('logs/')) return {};
    return { 'x-amz-meta-object-expires': `+${Math.ceil(this.#logsExpireAfterMs / 3_600_000)}h` };
  }
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
