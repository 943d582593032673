import type { ServerName } from '../contract/ids.ts';
import type { AgentDefaults, Config, StorageSettings } from './config.ts';
import { agentsOn } from './resolve-agent.ts';

/**
 * What one server is served of a configuration: the AI agents that run on it, and no other server's name. The same functions
 * (`agentsOn`, `sourcesOn`, `resolveAgent`) give the same answers for this server as on the whole.
 */
export function serverPart(config: Config, server: string): Config {
  const { listen, publicUrl, tls, heartbeat, keys } = config.orchestrator;
  return {
    ...config,
    agents: agentsOn(config, server).map((agent) => narrowed(agent, server)),
    agentDefaults: narrowed(config.agentDefaults, server),
    configSource: { source: undefined, ...NO_REPOSITORY },
    // By name: what is added for the orchestrator alone (how it rolls out, who may sign) is no server's business.
    storage: withoutPrices(config.storage),
    orchestrator: { listen, publicUrl, tls, trustedProxies: [], git: NO_REPOSITORY, heartbeat, keys },
  };
}

/** Where the configuration comes from is the business of who serves it; where it goes says for itself where it gets it. */
const NO_REPOSITORY = { repository: undefined, branch: 'main', path: 'config', pollMs: 60_000, signedBy: undefined };

/** `servers` says only whether it is this one. */
function narrowed<T extends AgentDefaults>(settings: T, server: string): T {
  if (settings.servers === undefined) return settings;
  return { ...settings, servers: settings.servers.some((name) => name === server) ? [server as ServerName] : [] };
}

function withoutPrices({ prices: _, ...storage }: StorageSettings): StorageSettings {
  return storage;
}
