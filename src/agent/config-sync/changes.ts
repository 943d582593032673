import { agentsOn, type Config, journaldOn, sourcesOn, syslogOn } from '../../config/index.ts';

type Part = 'files' | 'doors' | 'redaction' | 'rules' | 'agents' | 'buffer' | 'archive' | 'listen';

/** What a new configuration changes on one server. */
export interface ConfigChanges {
  /** Parts that are made anew while the agent runs; whatever isn't named goes on untouched. */
  readonly restart: ReadonlySet<Part>;
  /** Settings that hold from the next start on, as people know them. */
  readonly later: readonly string[];
}

/** Pure: compares what holds for `server`. What is read anew at each use (thresholds, roles, intervals, jitter) restarts nothing. */
export function findChanges(before: Config, after: Config, server: string): ConfigChanges {
  const differ = (of: (config: Config) => unknown) => JSON.stringify(of(before)) !== JSON.stringify(of(after));
  const restart = new Set<Part>();
  const agents = (config: Config) => agentsOn(config, server).map(({ agentId }) => agentId);
  if (differ((config) => sourcesOn(config, server))) restart.add('files');
  if (differ((config) => doorsOn(config, server, agents(config)))) restart.add('doors');
  if (differ((config) => [config.agentDefaults.redaction, config.agents.map((one) => [one.agentId, one.redaction])]))
    restart.add('redaction');
  if (differ(({ agentDefaults, agents }) => [agentDefaults.rules, agents.map((one) => [one.agentId, one.rules])]))
    restart.add('rules');
  if (differ(agents)) restart.add('agents');
  if (differ(({ storage: { buffer, upload } }) => [buffer.limitBytes, upload.windowMs, upload.batchSizeBytes]))
    restart.add('buffer');
  if (differ(({ storage: { archive, retention } }) => [archive, retention])) restart.add('archive');
  if (differ((config) => config.agentListen)) restart.add('listen');
  const later = [
    ['storage.buffer.path', (config: Config) => config.storage.buffer.path],
    ['storage.credentials', (config: Config) => config.storage.credentials],
  ] as const;
  return { restart, later: later.filter(([, of]) => differ(of)).map(([name]) => name) };
}

/** Syslog and the journal, which look up the AI agents that are configured; none: nothing of them matters. */
function doorsOn(config: Config, server: string, agents: readonly string[]): unknown {
  const doors = [...syslogOn(config, server), ...journaldOn(config, server)];
  return doors.length === 0 ? null : [doors, agents];
}
