import { NervesysError } from '../platform/errors.ts';
import type { Archive } from './archive.ts';
import { DirectoryArchive } from './directory-client.ts';
import { S3Archive, type S3Parts, type S3Settings } from './storj-client.ts';

export type { Archive, ArchiveObject, PresignedPut, PresignRequest } from './archive.ts';
export { type BucketAddress, S3_REGION_DEFAULT } from './bucket-place.ts';
export { DirectoryArchive } from './directory-client.ts';
export { checkObjectKey } from './object-path.ts';
export { readRefusal, refusalError } from './s3-errors.ts';
export {
  PROBE_KEY,
  S3Archive,
  type S3Keys,
  type S3Parts,
  type S3Settings,
} from './storj-client.ts';
export { type AssumeRoleRequest, StsClient, type StsSettings, type TemporaryKeys } from './sts-client.ts';

/** Where the archive is. Secrets are in here: never log it whole. */
export type ArchiveSettings =
  | { readonly type: 'folder'; readonly path: string }
  | ({ readonly type: 's3' } & S3Settings);

/** Opens the archive that the settings name. A folder is created and tried at once; S3 is first asked when it is used. */
export async function openArchive(settings: ArchiveSettings, parts: S3Parts): Promise<Archive> {
  switch (settings.type) {
    case 'folder':
      return DirectoryArchive.open(settings.path, parts);
    case 's3':
      return new S3Archive(settings, parts);
    default:
      settings satisfies never;
      throw new NervesysError('NSV_SETTING_INVALID', 'the archive is neither a folder nor s3');
  }
}
