/**
 * Where batches end up. One interface for a folder and for S3; each implementation passes
 * `tests/suites/archive-conformance.ts`. Keys are relative paths with `/`; see `contract/object-key.ts`.
 *
 * All methods reject with a `NervesysError`: `NSV_ARCHIVE_UNREACHABLE` and `NSV_ARCHIVE_BUSY` are retryable; `_DENIED` and
 * `_NO_BUCKET` need hands but are tried again slowly; `_REJECTED` and `NSV_OBJECT_KEY_INVALID` won't change by themselves.
 */
export interface Archive extends AsyncDisposable {
  /** What people are told: `folder /var/lib/nervesys/archive`, `s3 https://gateway…/bucket`. No secret. */
  readonly description: string;

  /**
   * Stores `body` under `key` unless something stands there (`If-None-Match: *`). Durable when it resolves.
   * `created`: it stands there now by this call. `taken`: something stands there already, nothing was changed; it may be
   * this very body (an earlier attempt whose answer was lost), which the caller finds out by comparing. `onLostAnswer` is called when an
   * attempt within this call ended so that it may have stored the body: only then can `taken` be this call's own doing.
   */
  put(key: string, body: Uint8Array, signal?: AbortSignal, onLostAnswer?: () => void): Promise<'created' | 'taken'>;

  /**
   * Stores `body` under `key` in the place of whatever stands there; durable when it resolves, and at every instant the old or the new stands
   * there whole. For what is renewed under one name (`reports/…`). What is below `logs/`, `backups/` and `configs/` is never renewed, and
   * rejects with `NSV_OBJECT_KEY_INVALID`.
   */
  replace(key: string, body: Uint8Array, mediaType: string, signal?: AbortSignal): Promise<void>;

  /** Size and MD5 of what stands at `key`; `undefined` when nothing does. */
  head(key: string, signal?: AbortSignal): Promise<ArchiveObject | undefined>;

  /** The bytes at `key`, or `[start, end)` of them; rejects with `NSV_ARCHIVE_NOT_FOUND` when nothing stands there. */
  get(
    key: string,
    options?: { readonly range?: readonly [start: number, end: number]; readonly signal?: AbortSignal },
  ): Promise<Buffer>;

  /**
   * Takes an object away; durable when it resolves, also when nothing stood there. Only what its caller knows to be its own. Rejects with
   * `NSV_ARCHIVE_DENIED` where the credential may write and not delete, as an agent's.
   */
  delete(key: string, signal?: AbortSignal): Promise<void>;

  /**
   * Learns what the store can do (does it honour `If-None-Match`?), where that isn't known beforehand. To be awaited before
   * the first `presignPut`, whose answer depends on it; cheap when repeated.
   */
  prepare?(signal?: AbortSignal): Promise<void>;

  /** Whether a name that is taken is safe by itself (`If-None-Match`); `undefined`: not known yet, see `prepare`. Absent: it is. */
  readonly guardsNames?: boolean | undefined;

  /** All objects whose key starts with `prefix` (ending in `/`, or empty), in no promised order, page by page. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ArchiveObject>;

  /**
   * A URL that permits one PUT of these bytes to this key until `expiresAt`, and the headers that must go with it;
   * `undefined` when this archive can't make one by itself (a folder: the orchestrator serves such URLs).
   */
  presignPut(request: PresignRequest): PresignedPut | undefined;
}

export interface ArchiveObject {
  readonly key: string;
  readonly bytes: number;
  /** Hex MD5 of the content where the store knows it (an S3 ETag of a single PUT); else `undefined`. */
  readonly md5: string | undefined;
}

export interface PresignRequest {
  readonly key: string;
  /** Hex. */
  readonly md5: string;
  readonly bytes: number;
  readonly expiresInSeconds: number;
}

export interface PresignedPut {
  readonly url: string;
  /** To be sent exactly as given. Without an `if-none-match` among them the store doesn't guard the name: ask `head` first. */
  readonly headers: Readonly<Record<string, string>>;
}
