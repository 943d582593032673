export { DEFAULT_ALERTS } from './alerts-section.ts';
export { BACKUP_DEFAULTS } from './backup-section.ts';
export { builtInConfig } from './built-in.ts';
export {
  CHANNEL_TYPES,
  type ChannelSettings,
  type ChannelType,
  type EmailSettings,
  type NtfySettings,
  type PagerDutySettings,
  type QuietHours,
  type SlackSettings,
  type TeamsSettings,
  type TelegramSettings,
  WEEKDAYS,
  type WebhookSettings,
  type Weekday,
} from './channel-settings.ts';
export type { CommitSigner } from './commit-signer.ts';
export { type Complaint, formatComplaint, nearest } from './complaints.ts';
export type {
  AgentDefaults,
  AgentSettings,
  AlertSettings,
  ArchivePrices,
  BackupSettings,
  Config,
  ConfigSource,
  FileSource,
  HistorySettings,
  Limit,
  MaintenanceWindow,
  OnFull,
  OrchestratorSettings,
  RolloutSettings,
  StorageSettings,
  Thresholds,
} from './config.ts';
export { AGENTS_FOLDER, type ConfigTexts, readConfigFolder, TOP_FILES } from './config-folder.ts';
export { type ConfigChange, diffConfigs } from './diff-configs.ts';
export { addExampleConfig, copyExampleConfig } from './example-config.ts';
export { type ExplainedSetting, explainAgent } from './explain-agent.ts';
export type { FoundRevision, RevisionStore } from './found-revision.ts';
export { configJsonSchemas } from './json-schemas.ts';
export {
  type CheckedConfig,
  checkConfigFolder,
  checkConfigTexts,
  type LoadedConfig,
  loadConfig,
  revisionOf,
} from './load-config.ts';
export type {
  ArchiveShelfSettings,
  DriveShelfSettings,
  EmailShelfSettings,
  FolderShelfSettings,
  ReportSettings,
  ShelfSettings,
} from './report-settings.ts';
export { REPORTS_DEFAULTS } from './reports-section.ts';
export { agentsOn, journaldOn, resolveAgent, sourcesOn, syslogOn } from './resolve-agent.ts';
export { serverPart } from './server-part.ts';
export { writeRule } from './write-rule.ts';
