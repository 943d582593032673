import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import type { ConfigDelivery } from '../../contract/config-delivery.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import { errorCode } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';

function configFile(home: string): string {
  return join(home, 'agent', 'config.json');
}

/** Keeps what was applied, so that the agent starts with it when nobody answers. Rejects with Node's errors; what was kept before stands then. */
export async function keepConfig(home: string, delivery: ConfigDelivery): Promise<void> {
  await writeFileAtomic(configFile(home), `${JSON.stringify(delivery)}\n`);
}

/** What the orchestrator served last and ran here; `undefined`: nothing, or nothing that can be read (which is logged). */
export async function readKeptConfig(home: string, logger: Logger): Promise<Config | undefined> {
  try {
    const text = await readFile(configFile(home), 'utf8');
    const { readServerPart } = await import('../../config/read-server-part.ts');
    const { revision, config } = JSON.parse(text) as ConfigDelivery;
    return await readServerPart(config, String(revision));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      logger.warn('the configuration kept from before cannot be read; it is asked for anew', errorFields(error));
    return undefined;
  }
}
