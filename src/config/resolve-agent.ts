import type { AgentConfigAnswer, ThresholdLimit } from '../contract/agent-config.ts';
import type {
  AgentDefaults,
  AgentSettings,
  Config,
  FileSource,
  JournaldSource,
  Limit,
  SharedSource,
  Source,
  SyslogSource,
} from './config.ts';
import { writeRule } from './write-rule.ts';

/** What the AI agent `agentId` on `server` is told about itself; one without a file is told the defaults, `known: false`. */
export function resolveAgent(config: Config, agentId: string, server: string): AgentConfigAnswer {
  const own = config.agents.find((agent) => agent.agentId === agentId);
  const settings: AgentDefaults & { readonly sources?: readonly Source[] } = own ?? config.agentDefaults;
  const { thresholds } = settings;
  return {
    agent_id: agentId,
    server,
    known: own !== undefined,
    assigned: runsOn(settings, server),
    role: settings.role,
    description: settings.description,
    silent_after_seconds: settings.silentAfterMs / 1000,
    thresholds: {
      cpu_percent: told(thresholds.cpuPercent),
      ram_percent: told(thresholds.ramPercent),
      disk_percent: told(thresholds.diskPercent),
      buffer_percent: told(thresholds.bufferPercent),
      errors_per_minute: told(thresholds.errorsPerMinute),
      oldest_unarchived_seconds: inSeconds(thresholds.oldestUnarchivedMs),
      lost_records: told(thresholds.lostRecords),
      clock_skew_seconds: inSeconds(thresholds.clockSkewMs),
    },
    rules: settings.rules.map(writeRule),
    sources: (settings.sources ?? []).filter(isFile).map(({ file, startAt }) => ({ file, start_at: startAt })),
    revision: config.revision,
  };
}

/** The AI agents of the configuration that run on `server`. */
export function agentsOn(config: Config, server: string): readonly AgentSettings[] {
  return config.agents.filter((agent) => runsOn(agent, server));
}

/** The files to follow on `server`, each with the AI agent that its lines belong to. */
export function sourcesOn(config: Config, server: string): readonly (FileSource & { readonly agentId: string })[] {
  return agentsOn(config, server).flatMap(({ agentId, sources }) =>
    sources.filter(isFile).map((source) => ({ agentId, ...source })),
  );
}

/** A syslog or journald source, and the AI agent in whose file it stands; `undefined`: in the defaults. */
export type DoorOn<T extends SharedSource> = T & { readonly agentId: string | undefined };

/** What listens for syslog on `server`. */
export function syslogOn(config: Config, server: string): readonly DoorOn<SyslogSource>[] {
  return doorsOn(config, server).filter((door): door is DoorOn<SyslogSource> => 'syslog' in door);
}

/** The journals to follow on `server`. */
export function journaldOn(config: Config, server: string): readonly DoorOn<JournaldSource>[] {
  return doorsOn(config, server).filter((door): door is DoorOn<JournaldSource> => 'journald' in door);
}

function doorsOn(config: Config, server: string): readonly DoorOn<SharedSource>[] {
  const shared = runsOn(config.agentDefaults, server) ? config.sharedSources : [];
  return [
    ...shared.map((source) => ({ agentId: undefined, ...source })),
    ...agentsOn(config, server).flatMap(({ agentId, sources }) =>
      sources.filter((source): source is SharedSource => !isFile(source)).map((source) => ({ agentId, ...source })),
    ),
  ];
}

function isFile(source: Source): source is FileSource {
  return 'file' in source;
}

function runsOn({ servers }: AgentDefaults, server: string): boolean {
  return servers === undefined || servers.some((name) => name === server);
}

function told({ warning, critical, forMs, hysteresisPercent, clearAfterMs }: Limit): ThresholdLimit {
  return {
    warning,
    critical,
    for_seconds: forMs / 1000,
    hysteresis_percent: hysteresisPercent,
    clear_after_seconds: clearAfterMs / 1000,
  };
}

function inSeconds(limit: Limit): ThresholdLimit {
  return told({ ...limit, warning: limit.warning / 1000, critical: limit.critical / 1000 });
}
