import { agentsOn, type Config, journaldOn, sourcesOn, syslogOn } from '../../config/index.ts';

/** What a new configuration changes on one server. */
export interface ConfigChanges {
  /** Parts that are made anew while the agent runs; whatever isn't named goes on untouched. */
  readonly restart: ReadonlySet<'files' | 'doors' | 'redaction' | 'rules' | 'agents'>;
  /** Settings that hold from the next start on, as people know them. */
  readonly later: readonly string[];
}

/** Pure: compares what holds for `server`. What is read anew at each use (thresholds, roles, intervals, jitter) restarts nothing. */
export function findChanges(before: Config, after: Config, server: string): ConfigChanges {
  const differ = (of: (config: Config) => unknown) => JSON.stringify(of(before)) !== JSON.stringify(of(after));
  const restart = new Set<'files' | 'doors' | 'redaction' | 'rules' | 'agents'>();
  const agents = (config: Config) => agentsOn(config, server).map(({ agentId }) => agentId);
  if (differ((config) => sourcesOn(config, server))) restart.add('files');
  if (differ((config) => doorsOn(config, server, agents(config)))) restart.add('doors');
  if (differ((config) => [config.agentDefaults.redaction, config.agents.map((one) => [one.agentId, one.redaction])]))
    restart.add('redaction');
  if (differ(({ agentDefaults, agents }) => [agentDefaults.rules, agents.map((one) => [one.agentId, one.rules])]))
    restart.add('rules');
  if (differ(agents)) restart.add('agents');
  const later = [
    ['listen', (config: Config) => config.agentListen],
    ['storage.buffer', (config: Config) => config.storage.buffer],
    ['storage.upload.window', (config: Config) => config.storage.upload.windowMs],
    ['storage.upload.batch_size', (config: Config) => config.storage.upload.batchSizeBytes],
    ['storage.credentials', (config: Config) => config.storage.credentials],
    [
      'storage.archive',
      (config: Config) => (config.storage.credentials === 'presigned' ? null : config.storage.archive),
    ],
  ] as const;
  return { restart, later: later.filter(([, of]) => differ(of)).map(([name]) => name) };
}

/** Syslog and the journal, which look up the AI agents that are configured; none: nothing of them matters. */
function doorsOn(config: Config, server: string, agents: readonly string[]): unknown {
  const doors = [...syslogOn(config, server), ...journaldOn(config, server)];
  return doors.length === 0 ? null : [doors, agents];
}
