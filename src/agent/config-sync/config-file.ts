import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import { CONFIG_DELIVERY_FORMAT, type ConfigDelivery } from '../../contract/config-delivery.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { ConfigRepository } from './git-sync.ts';

export function configFile(home: string): string {
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

/** As it is kept; `repository`: where it is from, if not from the orchestrator. A digest of all tells whether somebody has changed it. */
export function keptConfigText(delivery: ConfigDelivery, repository?: ConfigRepository): string {
  const kept = { ...delivery, from: sourceName(repository) };
  return `${JSON.stringify({ ...kept, sha256: sha256Hex(JSON.stringify(kept)) })}\n`;
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
    const { sha256, ...kept } = JSON.parse(text) as ConfigDelivery & {
      readonly from?: string;
      readonly sha256?: string;
    };
    const { format, revision, config, from = sourceName(undefined) } = kept; // an older agent knew one source, and kept no digest
    if (from !== sourceName(repository)) return undefined;
    if (sha256 !== undefined && sha256 !== sha256Hex(JSON.stringify(kept))) throw unreadable('somebody has changed it');
    if (format !== CONFIG_DELIVERY_FORMAT || typeof revision !== 'string')
      throw unreadable(`it is in form ${format}, this agent reads ${CONFIG_DELIVERY_FORMAT}`);
    const { readServerPart } = await import('../../config/read-server-part.ts');
    const read = await readServerPart(config, revision);
    await checkPatterns(read);
    return read;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      logger.warn('the configuration kept from before cannot be read; it is asked for anew', errorFields(error));
    return undefined;
  }
}

/** An agent that was set back to an older program may not know what its successor has kept. @throws what the parts throw that use it. */
async function checkPatterns({ agentDefaults, agents }: Config): Promise<void> {
  const { Redactors } = await import('../redaction/index.ts');
  new Redactors(agentDefaults.redaction, agents);
  if ([agentDefaults, ...agents].every(({ rules }) => rules.length === 0)) return;
  const { CompiledRule } = await import('../rules/compiled-rule.ts');
  for (const { rules } of [agentDefaults, ...agents]) for (const rule of rules) new CompiledRule(rule);
}

function unreadable(found: string): NervesysError {
  return new NervesysError('NSV_CONFIG_INVALID', `read the configuration kept from before: ${found}`);
}
