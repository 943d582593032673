import type { ServerName } from '../../contract/ids.ts';
import type { S3Keys } from '../../storage/index.ts';

export interface IssueRequest {
  readonly server: ServerName;
  /** What may be written below: `logs/AIGARDEN01/`. */
  readonly prefix: string;
  readonly seconds: number;
}

/** Keys with an end. Never log them. */
export interface IssuedKeys extends S3Keys {
  /** Epoch ms; may be earlier than was asked for. */
  readonly expiresAt: number;
}

/**
 * Makes keys by which objects can be put below one prefix until they expire, and nothing else. Each call makes new ones. Rejects with a
 * `NervesysError`: an archive's, or `NSV_CREDENTIALS_*`.
 */
export interface CredentialIssuer {
  /** For people and the audit log: `sts https://…`. No secret. */
  readonly description: string;
  issue(request: IssueRequest, signal: AbortSignal): Promise<IssuedKeys>;
}

/** Where the bucket is, as the servers are told. */
export interface BucketPlace {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly addressing: 'path' | 'virtual_host';
}
