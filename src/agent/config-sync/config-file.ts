import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import type { ConfigDelivery } from '../../contract/config-delivery.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import { errorCode } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { ConfigRepository } from './git-sync.ts';

function configFile(home: string): string {
  return join(home, 'agent', 'config.json');
}

/** Where a kept configuration came from: what another source has said is not to be started with. */
function sourceName(repository: ConfigRepository | undefined): string {
  return repository === undefined
    ? 'orchestrator'
    : `git ${repository.repository} ${repository.branch} ${repository.path}`;
}

/** While it is replaced the file stands there twice. */
export const KEPT_COPIES = 2;

/** What it may take on the disk by now. */
export function keptConfigBytes(home: string): number {
  return KEPT_COPIES * (statSync(configFile(home), { throwIfNoEntry: false })?.size ?? 0);
}

/** As it is kept; `repository`: where it is from, if not from the orchestrator. */
export function keptConfigText(delivery: ConfigDelivery, repository?: ConfigRepository): string {
  return `${JSON.stringify({ ...delivery, from: sourceName(repository) })}\n`;
}

/** Keeps what was applied, so that the agent starts with it when nobody answers. Rejects with Node's errors; what was kept before stands then. */
export async function keepConfig(home: string, text: string): Promise<void> {
  await writeFileAtomic(configFile(home), text);
}

/** What the orchestrator (or `repository`) gave last and ran here; `undefined`: nothing, or nothing that can be read (which is logged). */
export async function readKeptConfig(
  home: string,
  logger: Logger,
  repository?: ConfigRepository,
): Promise<Config | undefined> {
  try {
    const text = await readFile(configFile(home), 'utf8');
    const kept = JSON.parse(text) as ConfigDelivery & { readonly from?: string };
    const { revision, config, from = sourceName(undefined) } = kept; // an older agent knew one source
    if (from !== sourceName(repository)) return undefined;
    const { readServerPart } = await import('../../config/read-server-part.ts');
    return await readServerPart(config, String(revision));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      logger.warn('the configuration kept from before cannot be read; it is asked for anew', errorFields(error));
    return undefined;
  }
}
