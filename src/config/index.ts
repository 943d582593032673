export type {
  AgentDefaults,
  AgentSettings,
  Config,
  FileSource,
  Limit,
  OnFull,
  OrchestratorSettings,
  StorageSettings,
  Thresholds,
} from './config.ts';
export { copyExampleConfig } from './example-config.ts';
export { configJsonSchemas } from './json-schemas.ts';
export { builtInConfig, type LoadedConfig, loadConfig } from './load-config.ts';
export { agentsOn, journaldOn, resolveAgent, sourcesOn, syslogOn } from './resolve-agent.ts';
