import { NervesysError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { OrchestratorClient } from '../orchestrator-client.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';

export interface KeyRotation {
  readonly home: string;
  readonly client: Pick<OrchestratorClient, 'rotateKey' | 'useKey'>;
  readonly logger: Logger;
}

/**
 * Exchanges this server's key: the orchestrator gives a successor, it is written where the old one stands, and only then used, at which the
 * orchestrator lets go of the old one. Killed before the writing, the old key is there and opens; killed after it, the new one is and
 * does. Asked again, the orchestrator forgets the successor that nobody used.
 *
 * Rejects with what `rotateKey` rejects with, or `NSV_HOME_UNUSABLE`; the old key goes on being used then.
 */
export async function rotateKey({ home, client, logger }: KeyRotation, signal?: AbortSignal): Promise<void> {
  const stored = await readKeyFile(home);
  if (stored === undefined || stored === 'damaged')
    throw new NervesysError(
      'NSV_HOME_UNUSABLE',
      `exchange the key of this server: the stored one is ${stored ?? 'missing'}`,
    );
  const key = await client.rotateKey(signal);
  await writeKeyFile(home, { ...stored, key });
  client.useKey(key);
  logger.info('this server has a new key', { server: stored.server });
}
