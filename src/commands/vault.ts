import { type Database, VaultSecrets } from '../orchestrator/index.ts';
import { systemClock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { type Archive, S3Archive } from '../storage/index.ts';
import type { ScopedIssuing } from './scoped-issuer.ts';
import { readSettings, readSettingsWith, readVaultPlace, type Settings } from './settings.ts';

export interface SettingsWithSecrets {
  readonly settings: Settings;
  /** `undefined`: no Vault is named, the environment says it all. */
  readonly vault: VaultSecrets | undefined;
}

/** The settings, with what Vault holds where one is named. Rejects with `NSV_VAULT_*` when it can't be asked. */
export async function readSettingsAndSecrets(
  parts: AsyncDisposableStack,
  options: { readonly home?: string | undefined },
  logger: Logger,
): Promise<SettingsWithSecrets> {
  const place = readVaultPlace();
  if (place === undefined) return { settings: readSettings(options), vault: undefined };
  if (place.address.startsWith('http:') && !/^http:\/\/(127\.|localhost|\[::1\])/.test(place.address))
    logger.warn('Vault is asked over plain HTTP: secrets travel unencrypted', { address: place.address });
  const vault = parts.use(await VaultSecrets.open({ settings: place, clock: systemClock, logger }));
  return { settings: readSettingsWith(vault.values, options), vault };
}

/** Takes over what is rotated in Vault while we run: the archive's keys, and the password of the database. */
export function followRotation(
  vault: VaultSecrets,
  current: Settings,
  {
    archive,
    database,
    scoped,
    logger,
  }: {
    readonly archive: Archive;
    readonly database: Database;
    readonly scoped?: ScopedIssuing | undefined;
    readonly logger: Logger;
  },
): void {
  vault.watch((values) => {
    const next = readSettingsWith(values, { home: current.home });
    scoped?.follow(next);
    let restartFor: string | undefined;
    if (next.storj !== undefined && archive instanceof S3Archive) {
      archive.useKeys(next.storj);
      const places = [next, current].map(({ storj }) => [storj?.bucket, storj?.endpoint, storj?.region].join());
      if (places[0] !== places[1]) restartFor = 'the archive';
    } else if ((next.storj === undefined) !== (current.storj === undefined)) restartFor = 'the archive';
    if (next.databaseUrl !== current.databaseUrl) {
      if (placeOf(next.databaseUrl) === placeOf(current.databaseUrl)) database.useAddress(next.databaseUrl as string);
      else restartFor = 'the database';
    }
    if (restartFor !== undefined) logger.warn('Vault names another place; restart to move', { part: restartFor });
  });
}

/** The address without user and password: another user of the same database is no other place. */
function placeOf(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return `${url.host}${url.pathname}${url.search}`;
}
