import type { AlertView, FleetAgent, FleetAnswer, FleetServer } from '../../contract/fleet.ts';
import type { FleetConfig } from '../../contract/rollout.ts';

/** What the page knows of the fleet. Replaced, never changed in place: what kept its identity needs no repaint. */
export interface FleetModel {
  /** False until the first answer; the page shows nothing rather than an empty fleet before. */
  readonly loaded: boolean;
  readonly agents: ReadonlyMap<string, FleetAgent>;
  readonly servers: ReadonlyMap<string, FleetServer>;
  /** Newest first. */
  readonly alerts: readonly AlertView[];
  /** What configuration is desired and what is under way. Absent: an older orchestrator. */
  readonly config?: FleetConfig;
}

export type FleetEvent =
  | { readonly type: 'fleet'; readonly agent: FleetAgent }
  | { readonly type: 'server'; readonly server: FleetServer }
  | { readonly type: 'alert'; readonly alert: AlertView }
  | { readonly type: 'config'; readonly config: FleetConfig };

/** As many alerts as a person would scroll through; older ones stay in the orchestrator. */
export const ALERTS_KEPT_MAX = 200;

export const EMPTY_FLEET: FleetModel = { loaded: false, agents: new Map(), servers: new Map(), alerts: [] };

/** An AI agent is known by its name and its server together. Neither may hold a control character, so the pair is unambiguous. */
export function agentKey(agent: { readonly agent_id: string; readonly server: string }): string {
  return `${agent.server}\n${agent.agent_id}`;
}

/** The fleet as the orchestrator tells it whole. An agent that didn't change keeps its identity. */
export function loadFleet(model: FleetModel, answer: FleetAnswer, alerts: readonly AlertView[]): FleetModel {
  return {
    loaded: true,
    agents: new Map(answer.agents.map((agent) => [agentKey(agent), kept(model.agents.get(agentKey(agent)), agent)])),
    servers: new Map(answer.servers.map((server) => [server.server, kept(model.servers.get(server.server), server)])),
    alerts: newestFirst(alerts),
    ...(answer.config === undefined ? {} : { config: kept(model.config, answer.config) }),
  };
}

/**
 * Applies events in the order they came. An event that is older than what is known (it was under way while the whole
 * fleet was fetched) changes nothing. What no event tells of keeps its identity.
 */
export function applyEvents(model: FleetModel, events: readonly FleetEvent[]): FleetModel {
  if (events.length === 0) return model;
  const agents = new Map(model.agents);
  const servers = new Map(model.servers);
  const alerts = new Map(model.alerts.map((alert) => [alert.id, alert]));
  let config = model.config;
  for (const event of events) {
    switch (event.type) {
      case 'fleet': {
        const known = agents.get(agentKey(event.agent));
        if (known === undefined || !isOlder(event.agent.received_at, known.received_at)) {
          agents.set(agentKey(event.agent), event.agent);
        }
        break;
      }
      case 'server':
        servers.set(event.server.server, event.server);
        break;
      case 'alert': {
        const known = alerts.get(event.alert.id);
        if (known === undefined || !isOlder(event.alert.last_at, known.last_at))
          alerts.set(event.alert.id, event.alert);
        break;
      }
      case 'config':
        config = event.config;
        break;
      default:
        event satisfies never;
    }
  }
  const tellsOf = (type: FleetEvent['type']) => events.some((event) => event.type === type);
  return {
    ...model,
    agents: tellsOf('fleet') ? agents : model.agents,
    servers: tellsOf('server') ? servers : model.servers,
    alerts: tellsOf('alert') ? newestFirst([...alerts.values()]) : model.alerts,
    ...(config === undefined ? {} : { config }),
  };
}

/** Reads one server-sent event; `undefined` for a name we don't know (a newer orchestrator) or data that isn't an object. */
export function readEvent(name: string, data: string): FleetEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (name === 'fleet' && 'agent_id' in value) return { type: 'fleet', agent: value as FleetAgent };
  if (name === 'server' && 'server' in value) return { type: 'server', server: value as FleetServer };
  if (name === 'alert' && 'id' in value) return { type: 'alert', alert: value as AlertView };
  if (name === 'config' && 'desired' in value) return { type: 'config', config: value as FleetConfig };
  return undefined;
}

/** Far more than an event is ever under way. What seems older still is news of an orchestrator whose clock was set back. */
const UNDER_WAY_MS_MAX = 600_000;

function isOlder(at: string, than: string): boolean {
  const ms = Date.parse(than) - Date.parse(at);
  return ms > 0 && ms < UNDER_WAY_MS_MAX;
}

function newestFirst(alerts: readonly AlertView[]): readonly AlertView[] {
  return [...alerts].sort((a, b) => Date.parse(b.last_at) - Date.parse(a.last_at)).slice(0, ALERTS_KEPT_MAX);
}

/** The known object where nothing changed, so that its row isn't painted again. */
function kept<T>(known: T | undefined, fresh: T): T {
  return known !== undefined && JSON.stringify(known) === JSON.stringify(fresh) ? known : fresh;
}
