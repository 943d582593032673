import type { Config } from '../../config/index.ts';
import type { FleetPolicy } from './judge-state.ts';

/** One map a configuration: the policy is asked for with every request of a server. */
const limitsOf = new WeakMap<Config, ReadonlyMap<string, number>>();

/** How the fleet is judged by `config`; by `otherwise` where there is none yet. */
export function fleetPolicy(otherwise: FleetPolicy, config: Config | undefined): FleetPolicy {
  if (config === undefined) return otherwise;
  let silentAfterMsOf = limitsOf.get(config);
  if (silentAfterMsOf === undefined) {
    silentAfterMsOf = new Map(config.agents.map(({ agentId, silentAfterMs }) => [agentId, silentAfterMs]));
    limitsOf.set(config, silentAfterMsOf);
  }
  const { lateAfterMs, downAfterMs } = config.orchestrator.heartbeat;
  return {
    ...otherwise,
    lateAfterMs,
    downAfterMs,
    silentAfterMs: config.agentDefaults.silentAfterMs,
    silentAfterMsOf,
  };
}
