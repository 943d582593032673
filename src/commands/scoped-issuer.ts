import type { LoadedConfig } from '../config/index.ts';
import { type ScopedSettings, StsIssuer, UplinkIssuer } from '../orchestrator/index.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { bucketPlace, objectExpiryMs } from './runtime.ts';
import { type Settings, searchPath } from './settings.ts';

export interface ScopedIssuing extends ScopedSettings {
  /** Takes over keys that were rotated. */
  readonly follow: (settings: Settings) => void;
}

/**
 * How this orchestrator makes scoped credentials, where storage.yaml says so: by `uplink` with an access grant of Storj, else by STS with the
 * archive's own keys. `undefined`: each object is permitted by itself.
 * @throws NervesysError `NSV_SETTING_INVALID` where the archive is a folder: it has no credentials to give.
 */
export function openScopedIssuing(
  parts: AsyncDisposableStack,
  settings: Settings,
  loaded: LoadedConfig,
  logger: Logger,
): ScopedIssuing | undefined {
  const { credentials, credentialsTtlMs: lifetimeMs, archive } = loaded.config.storage;
  const { storj, accessGrant } = settings;
  if (credentials !== 'scoped') return undefined;
  if (storj === undefined)
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      'start the orchestrator: storage.yaml says credentials: scoped, and the archive is a folder, which has none to give',
      { hint: 'set STORJ_ACCESS_KEY and STORJ_SECRET_KEY of a bucket, or say credentials: presigned' },
    );
  const place = bucketPlace(storj, loaded.config.storage);
  const logsExpireAfterMs = objectExpiryMs(loaded.config.storage, place.endpoint);
  if (accessGrant !== undefined) {
    const { program, authService } = archive.uplink;
    const options = { program, authService, bucket: place.bucket, grant: accessGrant, path: searchPath() };
    const issuer = new UplinkIssuer({ ...options, clock: systemClock });
    const follow = (next: Settings) => {
      if (next.accessGrant !== undefined) issuer.useGrant(next.accessGrant);
    };
    return { issuer, place, lifetimeMs, logsExpireAfterMs, follow };
  }
  const issuer = parts.use(new StsIssuer({ place, ...archive.sts, keys: storj, clock: systemClock, logger }));
  const follow = (next: Settings) => {
    if (next.storj !== undefined) issuer.useKeys(next.storj);
  };
  return { issuer, place, lifetimeMs, logsExpireAfterMs, follow };
}
