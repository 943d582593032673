import type { Config, LoadedConfig } from '../config/index.ts';
import { NervesysError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Archive } from '../storage/index.ts';
import { openConfiguredArchive } from './runtime.ts';
import type { Settings } from './settings.ts';

/**
 * The archive that an agent reaches with keys of its own, by `credentials` of storage.yaml; `undefined`: it asks the orchestrator for a
 * permission for each batch. An agent that joins none has nobody to ask: it uses the keys that it was given.
 * @throws NervesysError `NSV_SETTING_INVALID` where keys are called for and none are set.
 */
export async function openOwnArchive(
  settings: Settings,
  loaded: LoadedConfig,
  joins: boolean,
  logger: Logger,
): Promise<Archive | undefined> {
  const { credentials } = loaded.config.storage;
  requireOwnKeys(settings, loaded.config, joins);
  if (needsOwnKeys(credentials, joins)) return openConfiguredArchive(settings, loaded);
  if (settings.storj !== undefined)
    logger.info('STORJ_* is set and not used for batches: the orchestrator permits each', { credentials });
  return undefined;
}

/** @throws NervesysError `NSV_SETTING_INVALID` where this configuration calls for keys of the agent's own and none are set. */
export function requireOwnKeys(settings: Settings, { storage: { credentials } }: Config, joins: boolean): void {
  if (settings.storj !== undefined || !needsOwnKeys(credentials, joins)) return;
  throw new NervesysError(
    'NSV_SETTING_INVALID',
    `archive from ${settings.server}: storage.yaml says credentials: ${credentials}, and STORJ_ACCESS_KEY and STORJ_SECRET_KEY are not set`,
    { hint: 'set both on this server, or say credentials: presigned, which needs no keys here' },
  );
}

function needsOwnKeys(credentials: LoadedConfig['config']['storage']['credentials'], joins: boolean): boolean {
  switch (credentials) {
    case 'static':
      return true;
    case 'presigned':
    case 'scoped':
      return !joins;
    default:
      credentials satisfies never;
      return false;
  }
}
