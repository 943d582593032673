import { agentDefaultsFile, agentFile } from './agent-file.ts';
import type { JsonSchema } from './fields.ts';
import { orchestratorFile } from './orchestrator-file.ts';
import { storageFile } from './storage-file.ts';
import { thresholdsFile } from './thresholds-file.ts';

/**
 * The JSON Schema of each settings file, by its name in `config/schemas/`: editors complete and check with them what the
 * loader checks. A test keeps the published files equal to these.
 */
export function configJsonSchemas(): Readonly<Record<string, JsonSchema>> {
  return {
    'agent.schema.json': titled('An AI agent: agents/<name>.yaml', agentFile.schema),
    'agent-defaults.schema.json': titled('Defaults of AI agents: agents/_defaults.yaml', agentDefaultsFile.schema),
    'orchestrator.schema.json': titled('The orchestrator: orchestrator.yaml', orchestratorFile.schema),
    'storage.schema.json': titled('Buffer, upload and archive: storage.yaml', storageFile.schema),
    'thresholds.schema.json': titled('Limits past which people are told: thresholds.yaml', thresholdsFile.schema),
  };
}

/** Draft 7 is what editors understand best. */
function titled(title: string, schema: JsonSchema): JsonSchema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: `Nervesys: ${title}`, ...schema };
}
