import type { LoadedConfig } from '../config/index.ts';
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
  const given = settings.storj !== undefined;
  if (needsOwnKeys(credentials, joins)) {
    if (given) return openConfiguredArchive(settings, loaded);
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `start the agent of ${settings.server}: storage.yaml says credentials: ${credentials}, and STORJ_ACCESS_KEY and STORJ_SECRET_KEY are not set`,
      { hint: 'set both on this server, or say credentials: presigned, which needs no keys here' },
    );
  }
  if (given) logger.info('STORJ_* is set and not used for batches: the orchestrator permits each', { credentials });
  return undefined;
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
